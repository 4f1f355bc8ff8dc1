"""lr_scale: a factor of the learning rate."""

import math

import numpy as np
import pytest

from mlp.optim import SGD, Adam, Exponential


def test_it_multiplies_a_number_and_a_schedule():
    optimizer = SGD(0.5)
    assert optimizer.lr_scale == 1.0
    optimizer.lr_scale = 0.5
    assert optimizer.rate(0) == 0.25
    optimizer.lr = Exponential(0.4, 0.5)
    assert [optimizer.rate(0), optimizer.rate(1)] == [0.2, 0.1]
    assert optimizer.lr(0) == 0.4


def test_a_step_uses_it():
    theta, grad = np.ones(3), np.ones(3)
    optimizer = SGD(0.5)
    optimizer.lr_scale = 0.5
    optimizer.step(theta, grad)
    assert (theta == 0.75).all()


def test_replicas_may_have_their_own():
    optimizer = SGD(0.5)
    optimizer.lr_scale = [1.0, 0.5, 0.1]
    assert optimizer.rate(0).tolist() == [0.5, 0.25, 0.05]
    theta = np.ones((3, 2))
    optimizer.step(theta, np.ones((3, 2)))
    assert np.array_equal(theta[:, 0], [0.5, 0.75, 0.95])


def test_reset_forgets_it_and_a_loaded_state_leaves_it_alone():
    optimizer = Adam(0.1)
    optimizer.lr_scale = 0.5
    optimizer.load_state_dict(optimizer.state_dict())
    assert optimizer.rate(0) == 0.05
    optimizer.reset()
    assert optimizer.rate(0) == 0.1


@pytest.mark.parametrize("scale", [-1.0, math.nan, [[1.0]]])
def test_a_bad_scale_is_rejected(scale):
    optimizer = SGD(0.1)
    with pytest.raises(ValueError, match="lr_scale: received"):
        optimizer.lr_scale = scale
    assert optimizer.lr_scale == 1.0
