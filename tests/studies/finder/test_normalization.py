"""The learning-rate finder with layers that normalise."""

import numpy as np
import pytest

from mlp import MLP, BatchNorm, Dense, Dropout, find_learning_rate
from tests.training.small import classes

X, y = classes(200)


def make(dropout=0.0):
    layers = [BatchNorm(), Dense(4, 8, "relu"), BatchNorm(), Dropout(dropout)]
    return MLP([*layers, Dense(8, 3, "softmax")], "cross_entropy", seed=0)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_neither_scale_nor_offset_of_the_inputs_changes_the_suggestion_much(optimizer):
    points = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    labels = (np.hypot(*points.T) > 0.6).astype(int)
    layers = [BatchNorm(), Dense(2, 16, "relu"), BatchNorm(), Dense(16, 2, "softmax")]
    net = MLP(layers, "cross_entropy", seed=0)
    rates = [
        find_learning_rate(net, scale * points + offset, labels, optimizer=optimizer).suggestion
        for scale, offset in ((1.0, 0.0), (100.0, 1000.0), (0.01, 0.0))
    ]
    assert min(rates) > 0.01
    assert max(rates) < 3 * min(rates)


def test_the_network_stays_as_it_was():
    net = make(0.2)
    net.loss_and_grad(X, y)
    before = [array.tobytes() for array in (net.theta, net.grad, net.fixed)]
    find_learning_rate(net, X, y, steps=60)
    assert [array.tobytes() for array in (net.theta, net.grad, net.fixed)] == before
