"""Problems to sweep over, and the single runs that the runs of a sweep must equal."""

import os
import time
from pathlib import Path

import numpy as np

from mlp import (
    MLP,
    BatchNorm,
    Callback,
    Dense,
    LayerNorm,
    Penalty,
    Trainer,
    TrainingDiverged,
)
from mlp.machine import blas_thread_count
from mlp.optim import make_optimizer
from tests.chart import CHART_T, CHART_X, chart_network


def labels(n, n_in, n_out):
    rng = np.random.default_rng(11)
    return rng.normal(size=(n, n_in)), rng.integers(0, n_out, n)


def chart(dtype):
    return chart_network(dtype), CHART_X, CHART_T, {}


def chart_over_rows(batch_size):
    def make(dtype):
        rng = np.random.default_rng(11)
        return (
            chart_network(dtype),
            rng.uniform(size=(9, 2)),
            rng.uniform(size=(9, 2)),
            {"batch_size": batch_size},
        )

    return make


def classifier(sizes, hidden, **layers):
    def make(dtype):
        net = MLP.from_sizes(
            sizes, hidden, "softmax", "cross_entropy", dtype=dtype, seed=3, **layers
        )
        X, y = labels(100, sizes[0], sizes[-1])
        return net, X, y, {"batch_size": 32}

    return make


def moved(make):
    """Return the problem with running statistics that have already moved."""

    def make_and_move(dtype):
        net, X, y, options = make(dtype)
        net.loss_and_grad(X, y)
        return net, X, y, options

    return make_and_move


def normalized(n_in, hidden):
    def make(dtype):
        layers = [BatchNorm(), Dense(n_in, hidden, "tanh"), BatchNorm(0.3), LayerNorm()]
        net = MLP([*layers, Dense(hidden, 2, "softmax")], "cross_entropy", dtype=dtype, seed=3)
        X, y = labels(100, n_in, 2)
        return net, X, y, {"batch_size": 32}

    return moved(make)


PROBLEMS = {
    "the chart": chart,
    "2-2-2 batch 1": chart_over_rows(1),
    "2-2-2 full batch": chart_over_rows(None),
    "10-16-3 tanh": classifier([10, 16, 3], "tanh"),
    "64-32-10 relu": classifier([64, 32, 10], "relu"),
    "10-16-3 with dropout": classifier([10, 16, 3], "tanh", dropout=0.3),
    "10-16-2 normalised": normalized(10, 16),
    "2-2-2 normalised": normalized(2, 2),
    "10-16-3 normalised before relu": moved(classifier([10, 16, 3], "relu", normalization="batch")),
}
RATES = (0.1, 0.02, 0.3)


class Losses(Callback):
    """The full training loss before training and after each epoch."""

    def __init__(self, *data, penalty=None):
        self.data, self.penalty, self.losses = data, penalty, []

    def on_start(self, trainer):
        self.losses.append(trainer.net.evaluate(*self.data, penalty=self.penalty))

    def on_epoch_end(self, trainer):
        self.on_start(trainer)


def run_alone(net, X, Y, rate, epochs, optimizer="sgd", sample_weight=None, **options):
    """Train a copy by a plain Trainer; return it and its losses, NaN from a divergence."""
    net = net.copy()
    penalty = Penalty(options.get("l1", 0.0), options.get("l2", 0.0))
    recorder = Losses(X, Y, sample_weight, penalty=penalty)
    method = make_optimizer(optimizer, lr=rate)
    options = {"batch_size": None, "seed": 0} | options
    try:
        Trainer(net, method, callbacks=[recorder], **options).fit(
            X, Y, epochs, sample_weight=sample_weight
        )
    except TrainingDiverged:
        recorder.losses += [np.nan] * (epochs + 1 - len(recorder.losses))
    return net, recorder.losses


def assert_runs_are_those_alone(result, net, X, Y, epochs, **options):
    for k, rate in enumerate(result.rates):
        own, losses = run_alone(net, X, Y, rate, epochs, **options)
        assert np.array_equal(result.network(k).theta, own.theta)
        assert np.array_equal(result.network(k).fixed, own.fixed)
        assert np.array_equal(result.losses[k, 0], losses, equal_nan=True)
        assert np.array_equal(result.loss[k], losses, equal_nan=True)


class Threads(Callback):
    """Fails unless BLAS has so many threads."""

    def __init__(self, n):
        self.n = n

    def on_epoch_end(self, trainer):
        if blas_thread_count() != self.n:
            raise RuntimeError(f"{blas_thread_count()} threads")


class Sleeper(Callback):
    """Leaves the number of its process in a folder, and sleeps."""

    def __init__(self, folder):
        self.folder = folder

    def note(self):
        Path(self.folder, str(os.getpid())).touch()

    def sleep(self):
        time.sleep(600.0)

    def on_epoch_end(self, trainer):
        self.note()
        self.sleep()
