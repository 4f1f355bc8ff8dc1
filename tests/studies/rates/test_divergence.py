"""How a sweep marks the runs that diverged: as a trainer does."""

import numpy as np
import pytest

from mlp import MLP, SGD, Dense, Trainer, TrainingDiverged, learning_rate_sweep


def line(weight=1.0):
    return MLP([Dense(1, 1, weights=[[weight]], bias=False)], "squared_error")


def alone(net, X, Y, rate, epochs, batch_size):
    """Return the status of a run alone, and the epoch in which it diverged."""
    trainer = Trainer(net, SGD(rate), batch_size=batch_size)
    try:
        trainer.fit(X, Y, epochs)
    except TrainingDiverged as error:
        return trainer.history.status, error.epoch
    return trainer.history.status, 0


def assert_as_alone(result, net, X, Y, epochs, batch_size):
    for i, rate in enumerate(result.rates):
        found = (result.status[i], int(result.diverged_at[i, 0]))
        assert found == alone(net.copy(), X, Y, rate, epochs, batch_size)


@pytest.mark.parametrize("batch_size", [None, 1])
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_loss_that_overflows_is_found_before_the_next_update(epochs, batch_size):
    # w = 1 - 1e200, and w^2 has no place in float64
    X, Y = [[1.0]], [[0.0]]
    result = learning_rate_sweep(line(), X, Y, [0.1, 1e200], epochs, batch_size)
    assert result.status == ["completed", "diverged" if epochs > 1 else "completed"]
    assert result.diverged_at.tolist() == [[0], [2 if epochs > 1 else 0]]
    assert_as_alone(result, line(), X, Y, epochs, batch_size)
    assert result.loss[1, 0] == 0.5
    assert np.isnan(result.loss[1, 1:]).all()
    assert result.best == 0.1
    assert ("the last loss is not finite" in str(result)) == (epochs == 1)


def test_a_network_whose_loss_is_infinite_from_the_start_diverges_in_the_first_epoch():
    result = learning_rate_sweep(line(1e200), [[1.0]], [[0.0]], [0.1, 0.2], 2)
    assert result.diverged_at.tolist() == [[1], [1]]
    assert_as_alone(result, line(1e200), [[1.0]], [[0.0]], 2, None)
    assert np.isnan(result.loss).all()
    assert np.isnan(result.best)


@pytest.mark.parametrize("batch_size", [None, 1])
def test_after_a_divergence_there_is_no_loss_though_the_last_good_weights_have_one(batch_size):
    # 1e308 times a gradient of 3 overflows, so the update is not made: w stays 1
    X, Y = [[3.0], [3.0]], [[0.0], [0.0]]
    result = learning_rate_sweep(line(), X, Y, [0.01, 1e308], 3, batch_size)
    assert result.diverged_at.tolist() == [[0], [1]]
    assert_as_alone(result, line(), X, Y, 3, batch_size)
    assert result.network(1).evaluate(X, Y) == result.loss[1, 0] == 4.5
    assert np.isnan(result.loss[1, 1:]).all()
    assert np.isfinite(result.loss[0]).all()
