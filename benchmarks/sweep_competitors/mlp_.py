"""mlp: one replicated run, or every rate by itself."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from sweep_cases import CHECKED_RUNS, SweepCase

import mlp
from sweep_competitors.base import Sweep

Losses = NDArray[np.float64]


def network(case: SweepCase) -> mlp.MLP:
    """Return the network that all runs start from."""
    output, loss = ("sigmoid", "squared_error")
    hidden = "sigmoid"
    if case.problem == "digits":
        hidden, output, loss = "relu", "softmax", "cross_entropy"
    layers = [
        mlp.Dense(*W.shape, activation, weights=W, bias=False if b is None else b)
        for (W, b), activation in zip(case.weights(), (hidden, output), strict=True)
    ]
    return mlp.MLP(layers, loss)


class LossRecorder(mlp.Callback):
    """Records the full training loss before training and after each epoch."""

    def __init__(self, X: Losses, Y: Losses) -> None:
        self.X, self.Y = X, Y
        self.losses: list[float] = []

    def on_start(self, trainer: mlp.Trainer) -> None:
        self.losses.append(trainer.net.evaluate(self.X, self.Y))

    on_epoch_end = on_start


def one_run(case: SweepCase, shuffle: bool, rate: float) -> list[float]:
    """Train one network by itself, with no replicas."""
    X, Y = case.data()
    recorder = LossRecorder(X, Y)
    trainer = mlp.Trainer(
        network(case),
        mlp.SGD(rate),
        batch_size=case.batch,
        shuffle=shuffle,
        seed=0,
        callbacks=[recorder],
    )
    trainer.fit(X, Y, case.epochs)
    return recorder.losses


class Replicated(Sweep):
    """``mlp.learning_rate_sweep``: one run with K replicas."""

    def sweep(self) -> Losses:
        case = self.case
        result = mlp.learning_rate_sweep(
            network(case),
            *case.data(),
            case.rates,
            case.epochs,
            case.batch,
            shuffle=self.shuffle,
        )
        return result.losses[:, 0, :]


class InARow(Sweep):
    """K runs of `Trainer`, one after the other; of many equal ones only the first are made."""

    def __init__(self, case: SweepCase, trial: bool = True) -> None:
        super().__init__(case, trial)
        self.rates = case.rates[:CHECKED_RUNS].tolist()
        self.scale = case.K / len(self.rates)
        if self.scale > 1.0:
            self.form = f"{len(self.rates)} runs made, seconds x {self.scale:g}"

    def sweep(self) -> Losses:
        return np.array([one_run(self.case, self.shuffle, rate) for rate in self.rates])


class Processes(InARow):
    """The same runs spread over as many processes as there are cores, started in advance.

    Each has one BLAS thread: with more, the processes would fight for the cores.
    """

    def __init__(self, case: SweepCase, trial: bool = True) -> None:
        super().__init__(case, trial)
        self.n_workers = min(os.cpu_count() or 1, len(self.rates))
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by the processes when they load NumPy
        self.pool = ProcessPoolExecutor(self.n_workers, mp_context=get_context("spawn"))

    def sweep(self) -> Losses:
        run = partial(one_run, self.case, self.shuffle)
        share = -(-len(self.rates) // (4 * self.n_workers))
        return np.array(list(self.pool.map(run, self.rates, chunksize=share)))
