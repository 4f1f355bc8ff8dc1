"""Runs that a recorder of layers watches."""

import numpy as np

import mlp
from mlp import Dense, LayerRecorder, Trainer
from tests.training.small import classes

X, y = classes(n=60)
PROBE = np.random.default_rng(5).normal(size=(300, 4))  # more rows than a block


def noisy(seed=1, dtype="float64"):
    """A network whose training draws random numbers."""
    return mlp.MLP.from_sizes(
        [4, 8, 8, 3], "relu", "softmax", "cross_entropy", dropout=0.3, seed=seed, dtype=dtype
    )


def trained(net, epochs=3, probe=PROBE, seed=2, **options):
    recorder = LayerRecorder(probe, **options)
    trainer = Trainer(net, mlp.SGD(0.1), batch_size=16, seed=seed, callbacks=[recorder])
    trainer.fit(X, y, epochs)
    return trainer, recorder


def outputs(net, X):
    """The output of each dense layer, by the plain equations."""
    A, found = X, []
    for layer in net.layers:
        if isinstance(layer, Dense):
            Z = A @ layer.W + layer.b
            A = np.empty_like(Z)
            layer.activation.forward(Z, out=A)
            found.append(A)
    return found
