"""A small network with dropout, and data for it."""

import numpy as np

from mlp.core import MLP, Dense, Dropout

X, Y = np.linspace(-1, 1, 8).reshape(4, 2), np.linspace(0, 1, 12).reshape(4, 3)


def make(replicas=None, dtype="float64", **last):
    layers = [Dense(2, 4, "gelu"), Dropout(0.3), Dense(4, 3, "sigmoid", **last)]
    net = MLP(layers, "mse", dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    net.theta = np.random.default_rng(1).normal(size=net.theta.shape)
    return net
