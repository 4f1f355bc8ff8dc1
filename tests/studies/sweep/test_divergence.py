"""How a sweep marks the runs that diverged."""

import numpy as np
import pytest

from mlp import MLP, Dense, learning_rate_sweep


def line(weight=1.0):
    return MLP([Dense(1, 1, weights=[[weight]], bias=False)], "squared_error")


@pytest.mark.parametrize("batch_size", [None, 1])
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_finite_weights_with_an_infinite_loss_are_a_divergence_in_their_epoch(epochs, batch_size):
    # w = 1 - 1e200, and w^2 has no place in float64
    result = learning_rate_sweep(line(), [[1.0]], [[0.0]], [0.1, 1e200], epochs, batch_size)
    assert result.status == ["completed", "diverged"]
    assert result.diverged_at.tolist() == [[0], [1]]
    assert result.loss[1, 0] == 0.5
    assert np.isnan(result.loss[1, 1:]).all()
    assert result.best == 0.1


def test_a_network_whose_loss_is_infinite_from_the_start_diverges_in_the_first_epoch():
    result = learning_rate_sweep(line(1e200), [[1.0]], [[0.0]], [0.1, 0.2], 2)
    assert result.diverged_at.tolist() == [[1], [1]]
    assert np.isnan(result.loss).all()
    assert np.isnan(result.best)


@pytest.mark.parametrize("batch_size", [None, 1])
def test_after_a_divergence_there_is_no_loss_though_the_last_good_weights_have_one(batch_size):
    # 1e308 times a gradient of 3 overflows, so the update is not made: w stays 1
    X, Y = [[3.0], [3.0]], [[0.0], [0.0]]
    result = learning_rate_sweep(line(), X, Y, [0.01, 1e308], 3, batch_size)
    assert result.diverged_at.tolist() == [[0], [1]]
    assert result.network(1).evaluate(X, Y) == result.loss[1, 0] == 4.5
    assert np.isnan(result.loss[1, 1:]).all()
    assert np.isfinite(result.loss[0]).all()
