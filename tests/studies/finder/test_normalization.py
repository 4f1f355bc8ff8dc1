"""The learning-rate finder evaluates batch normalization with the statistics of its rows."""

import numpy as np
import pytest

from mlp import MLP, SGD, BatchNorm, Dense, Dropout, LambdaCallback, Trainer, find_learning_rate
from mlp.core import Penalty
from tests.training.small import classes

X, y = classes(200)


def make(dropout=0.0):
    layers = [BatchNorm(), Dense(4, 8, "relu"), BatchNorm(), Dropout(dropout)]
    return MLP([*layers, Dense(8, 3, "softmax")], "cross_entropy", seed=0)


def test_the_losses_are_those_of_the_rows_as_one_batch_after_each_update_of_a_plain_run():
    losses, net, l2 = [], make(), 0.01
    record = LambdaCallback(
        on_batch_end=lambda trainer: losses.append(
            net.copy().loss_and_grad(X, y, penalty=Penalty(l2=l2))
        )
    )
    found = find_learning_rate(make(), X, y, lr_min=1e-4, lr_max=1.0, steps=15, l2=l2)
    rates = np.geomspace(1e-4, 1.0, 15)
    schedule = SGD(lambda step: float(rates[min(step, 14)]))
    Trainer(net, schedule, callbacks=[record], l2=l2).fit(X, y, 3)
    assert np.allclose(found.losses, losses[:15], rtol=1e-14)
    assert found.start == pytest.approx(make().loss_and_grad(X, y, penalty=Penalty(l2=l2)))


def test_there_is_no_dropout_in_them():
    without, with_it = (find_learning_rate(make(rate), X, y, steps=60).start for rate in (0.0, 0.5))
    assert with_it == without


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_neither_scale_nor_offset_of_the_inputs_changes_the_suggestion_much(optimizer):
    points = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    labels = (np.hypot(*points.T) > 0.6).astype(int)
    layers = [BatchNorm(), Dense(2, 16, "relu"), BatchNorm(), Dense(16, 2, "softmax")]
    net = MLP(layers, "cross_entropy", seed=0)
    rates = [
        find_learning_rate(
            net, scale * points + offset, labels, optimizer=optimizer, steps=300
        ).suggestion
        for scale, offset in ((1.0, 0.0), (100.0, 1000.0), (0.01, 0.0))
    ]
    assert min(rates) > 0.01  # with running statistics 1e-6, the first rate
    assert max(rates) < 2 * min(rates)


def test_the_network_stays_as_it_was():
    net = make(0.2)
    net.loss_and_grad(X, y)
    before = [array.tobytes() for array in (net.theta, net.grad, net.fixed)]
    find_learning_rate(net, X, y, steps=60)
    assert [array.tobytes() for array in (net.theta, net.grad, net.fixed)] == before
