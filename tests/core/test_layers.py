"""Dropout, penalties, and which layers fit together."""

import numpy as np
import pytest

from mlp.core import MLP, Dense, Dropout, Penalty


def only_dropout(rate, replicas=None):
    """Return a network that is dropout and nothing else: a bias, dropped, summed."""
    net = MLP([Dense(1, 1000, weights=np.zeros((1, 1000)), bias=1.0), Dropout(rate)], "mse")
    return net if replicas is None else net.replicate(replicas)


def masked(net, rng, rows=50):
    lead = () if net.replicas is None else (net.replicas,)
    net.loss_and_grad(np.ones((rows, 1)), np.zeros((rows, 1000)), rng=rng)
    return net.layers[1].scratch("A", np.empty((*lead, rows, 1000)))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(rate):
    A = masked(only_dropout(rate), np.random.default_rng(0))
    kept = A != 0
    assert kept.mean() == pytest.approx(1 - rate, abs=0.01)
    assert np.allclose(A[kept], 1 / (1 - rate), rtol=1e-15)
    assert not np.array_equal(kept[0], kept[1])


def test_dropout_is_a_draw_of_the_generator_that_is_given():
    net = only_dropout(0.5)
    first, again, other = (masked(net, np.random.default_rng(s)).copy() for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_all_replicas_see_the_same_mask():
    A = masked(only_dropout(0.5, replicas=3), np.random.default_rng(0))
    assert np.array_equal(A[0], A[1])
    assert np.array_equal(A[0], A[2])


def test_dropout_does_nothing_outside_training():
    with_it = MLP([Dropout(0.5), Dense(3, 4), Dropout(0.9), Dense(4, 2)], "mse", seed=0)
    without = MLP([Dense(3, 4), Dense(4, 2)], "mse", seed=0)
    X, Y = np.eye(3), np.ones((3, 2))
    assert np.array_equal(with_it.predict(X), without.predict(X))
    assert with_it.evaluate(X, Y) == without.evaluate(X, Y)
    assert with_it.loss_and_grad(X, Y) != without.loss_and_grad(X, Y)


def test_a_rate_of_zero_draws_nothing_and_changes_nothing():
    with_it = MLP([Dense(3, 4), Dropout(0.0), Dense(4, 2)], "mse", seed=0)
    without = MLP([Dense(3, 4), Dense(4, 2)], "mse", seed=0)
    X, Y = np.eye(3), np.ones((3, 2))
    assert with_it.loss_and_grad(X, Y) == without.loss_and_grad(X, Y)
    assert np.array_equal(with_it.grad, without.grad)
    assert with_it._rng.bit_generator.state == without._rng.bit_generator.state


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan"), 2])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ValueError, match="rate: received .*, expected"):
        Dropout(rate)


@pytest.mark.parametrize("rate", [True, "0.5", None, 0.5j])
def test_a_rate_that_is_no_number_is_refused(rate):
    with pytest.raises(TypeError, match="rate: received .*, expected"):
        Dropout(rate)


@pytest.mark.parametrize("name", ["l1", "l2"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), True, "1", None])
def test_a_wrong_penalty_is_refused(name, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name}: received .*, expected"):
        Penalty(**{name: value})


def test_a_penalty_of_zero_is_none():
    assert not Penalty()
    assert Penalty(l1=0.1)
    assert Penalty(l2=0.1)


@pytest.mark.parametrize("call", ["loss_and_grad", "evaluate"])
def test_what_is_no_penalty_is_refused_before_anything_is_changed(call):
    net = MLP([Dense(2, 1)], seed=0)
    with pytest.raises(TypeError, match="penalty: received 0.1, expected"):
        getattr(net, call)(np.ones((3, 2)), np.ones((3, 1)), penalty=0.1)
    assert np.array_equal(net.grad, np.zeros(3))


def test_from_sizes_puts_dropout_after_each_hidden_layer():
    net = MLP.from_sizes([4, 3, 2, 1], "tanh", "sigmoid", "mse", dropout=0.25, seed=0)
    assert repr(net) == (
        "MLP([Dense(4, 3, 'tanh'), Dropout(0.25), Dense(3, 2, 'tanh'), Dropout(0.25), "
        "Dense(2, 1, 'sigmoid')], loss='mse')"
    )
    assert repr(MLP.from_sizes([4, 1])) == "MLP([Dense(4, 1, 'identity')], loss='squared_error')"


def test_a_layer_used_twice_is_refused():
    layer = Dense(2, 2)
    with pytest.raises(ValueError, match="at 1, which already belongs to a network"):
        MLP([layer, layer])
    net = MLP([layer], seed=0)
    theta = net.theta.copy()
    with pytest.raises(ValueError, match="at 0, which already belongs to a network"):
        MLP([layer])
    assert np.array_equal(net.theta, theta)
    assert np.shares_memory(layer.W, net.theta)


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ([], ValueError, "received none, expected at least one"),
        ([Dropout(0.5)], ValueError, "expected at least one Dense"),
        ([Dense(2, 3), Dense(4, 1)], ValueError, "at 1, expected n_in=3"),
        ([Dense(2, 3), Dropout(0.1), Dense(2, 1)], ValueError, "at 2, expected n_in=3"),
        ([Dense(2, 3), "relu"], TypeError, "received 'relu' at 1, expected a Layer"),
        ([Dense], TypeError, "at 0, expected a Layer"),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers, error, message):
    with pytest.raises(error, match=message):
        MLP(layers)


def test_layers_that_were_refused_can_still_be_used():
    good = Dense(2, 3)
    with pytest.raises(ValueError, match="expected n_in=3"):
        MLP([good, Dense(4, 1)])
    with pytest.raises(ValueError, match="did you mean 'mse'"):
        MLP([good], loss="mes")
    with pytest.raises(ValueError, match="float64"):
        MLP([good], dtype="float16")
    assert MLP([good], seed=0).n_out == 3
