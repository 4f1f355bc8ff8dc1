"""Every kind of layer, of learning rate and of optimizer: what a run that goes on must carry."""

import os
import signal
from operator import attrgetter

import numpy as np

from mlp import (
    MLP,
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    EarlyStopping,
    LambdaCallback,
    Layer,
    LayerNorm,
    PeriodicEmbedding,
    ReduceLROnPlateau,
    Scale,
    Trainer,
)
from mlp.core.parameters import Parameter
from mlp.optim import SCHEDULES, make_optimizer, make_schedule
from tests.training.small import OPTIMIZERS, classes, optimizer

DATA = classes(n=26)
HELD_OUT = classes(n=10, seed=3)
EPOCHS, BATCHES = 4, 4  # of 8, 8, 8 and 2 rows
IN_AN_EPOCH, AT_ITS_END = 2 * BATCHES + 2, 2 * BATCHES
OPTIONS = {"batch_size": 8, "l2": 0.01, "clip_norm": 1.0, "metrics": ["accuracy"]}
COLUMNS = ("loss", "lr", "grad_norm", "val_loss", "val_accuracy")


class Noise(Layer):
    """A layer of one's own, with a trained scale, a running mean and random draws."""

    def parameters(self):
        return (
            Parameter("scale", (1,), lambda rng: np.ones(1)),
            Parameter("mean", (1,), lambda rng: np.zeros(1), trainable=False),
        )

    def forward(self, A_in, training, rng):
        self.A_in = A_in
        if training:
            self.params["mean"][...] = (
                0.9 * self.params["mean"] + 0.1 * A_in.mean((-2, -1))[..., None]
            )
            A_in = A_in + 0.01 * rng.normal(size=A_in.shape[-2:])
        return A_in * self.params["scale"][..., None] - 0.1 * self.params["mean"][..., None]

    def backward(self, dA, need_dA_in=True):
        self.grads["scale"][...] = (dA * self.A_in).sum((-2, -1))[..., None]
        return dA * self.params["scale"][..., None]


class Bent:
    """An activation of one's own."""

    def forward(self, Z, out):
        return np.sin(Z, out=out)

    def backward(self, dA, Z, A, out):
        return np.multiply(dA, np.cos(Z), out=out)


def _around(*middle, hidden="tanh"):
    return lambda: [Dense(4, 6, hidden), *(make() for make in middle), Dense(6, 3, "softmax")]


LAYERS = {
    "Dense": _around(),
    "Dropout": _around(lambda: Dropout(0.3)),
    "BatchNorm": _around(BatchNorm),
    "LayerNorm": _around(LayerNorm),
    "PeriodicEmbedding": lambda: [
        PeriodicEmbedding(4, 2, m=3, dim=2),
        Dense(6, 6, "tanh"),
        Dense(6, 3, "softmax"),
    ],
    "Scale": _around(lambda: Scale(6.0)),
    "ActivationLayer": _around(BatchNorm, lambda: ActivationLayer("relu"), hidden="identity"),
    "own": _around(Noise),
    "own activation": _around(hidden=Bent()),
}

RATES = {
    "fixed": lambda lr: lr,
    "function": lambda lr: lambda step: lr / (1.0 + 0.1 * step),
    **{name: lambda lr, name=name: make_schedule(name, lr, EPOCHS * BATCHES) for name in SCHEDULES},
}


def pairs(layers, K):
    """Each rate with one optimizer; over all layers, with every optimizer."""
    first = list(LAYERS).index(layers) + (0 if K is None else 3)
    return [(rate, OPTIMIZERS[(first + i) % len(OPTIMIZERS)]) for i, rate in enumerate(RATES)]


def network(layers, K=None, seed=1):
    net = MLP(LAYERS[layers](), "cross_entropy", seed=seed)
    return net if K is None else net.replicate(K)


def trainer(layers, rate, optimizer, K=None, callbacks=(), **options):
    """A trainer of a small network with these kinds of things."""
    lr = 0.05 if K is None else np.geomspace(0.01, 0.1, K)
    method = make_optimizer(optimizer, lr=RATES[rate](lr))
    return Trainer(network(layers, K), method, **OPTIONS, callbacks=callbacks, **options)


def interrupted_after(batches):
    """A callback that presses Ctrl-C once so many batches are done."""
    done = []

    def on_batch_end(trainer):
        done.append(trainer.batch)
        if len(done) == batches:
            os.kill(os.getpid(), signal.SIGINT)

    return LambdaCallback(on_batch_end=on_batch_end)


def assert_same_run(one, other, columns=COLUMNS):
    """Fail unless two trainers stand at the same place, to the last bit."""
    assert one.net.theta.tobytes() == other.net.theta.tobytes()
    assert one.net.fixed.tobytes() == other.net.fixed.tobytes()
    mine, its = one.optimizer.state_dict(), other.optimizer.state_dict()
    assert mine["steps"] == its["steps"]
    for name in mine["state"]:
        assert np.array_equal(mine["state"][name], its["state"][name])
    assert np.array_equal(one.optimizer.lr_scale, other.optimizer.lr_scale)
    for name in ("_rng", "net._rng"):
        mine, its = (attrgetter(name)(t).bit_generator.state for t in (one, other))
        assert mine == its
    assert np.array_equal(one.alive, other.alive)
    assert np.array_equal(one.batch_loss, other.batch_loss, equal_nan=True)
    assert one.history.diverged_at == other.history.diverged_at
    assert one.history.status == other.history.status
    assert one.epoch == other.epoch
    for name in columns:
        assert np.array_equal(one.history[name], other.history[name], equal_nan=True)


def watched(K=None, patience=4, **options):
    """A trainer with everything that watches a run and changes it."""
    callbacks = [
        EarlyStopping(patience=patience, **options),
        ReduceLROnPlateau(patience=1, factor=0.5),
    ]
    net = network("Dropout", K)
    lr = 0.3 if K is None else np.geomspace(0.01, 1.0, K)
    return Trainer(net, optimizer("momentum", lr), **OPTIONS, callbacks=callbacks)


def fit(trainer, epochs=EPOCHS):
    return trainer.fit(*DATA, epochs, validation=HELD_OUT)


def resume(trainer, path, epochs=EPOCHS):
    return trainer.resume(path, *DATA, epochs, validation=HELD_OUT)
