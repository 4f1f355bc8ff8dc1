"""What a sweep says of the runs that diverged."""

import numpy as np
import pytest

from mlp import MLP, Dense, learning_rate_sweep


def line(weight=1.0):
    return MLP([Dense(1, 1, weights=[[weight]], bias=False)], "squared_error")


def test_a_last_update_that_leaves_finite_weights_and_an_infinite_loss_is_a_divergence():
    # w = 1 - 1e200, and w^2 has no place in float64
    result = learning_rate_sweep(line(), [[1.0]], [[0.0]], [0.1, 1e200], epochs=1)
    assert result.status == ["completed", "diverged"]
    assert result.diverged_at.tolist() == [[0], [1]]
    assert result.loss[1, 0] == 0.5
    assert np.isnan(result.loss[1, 1])
    assert result.best == 0.1


@pytest.mark.parametrize("batch_size", [None, 1])
def test_after_a_divergence_there_is_no_loss_though_the_last_good_weights_have_one(batch_size):
    # 1e308 times a gradient of 3 overflows, so the update is not made: w stays 1
    X, Y = [[3.0], [3.0]], [[0.0], [0.0]]
    result = learning_rate_sweep(line(), X, Y, [0.01, 1e308], 3, batch_size)
    assert result.diverged_at.tolist() == [[0], [1]]
    assert result.network(1).evaluate(X, Y) == result.loss[1, 0] == 4.5
    assert np.isnan(result.loss[1, 1:]).all()
    assert np.isfinite(result.loss[0]).all()
