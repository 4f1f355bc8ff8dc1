"""The checker of gradients: it rejects what is slightly wrong and accepts what is right."""

import math

import numpy as np
import pytest

import mlp
from mlp.core import MLP, Dense, Penalty
from mlp.core.activations import Tanh
from mlp.core.losses import SquaredError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))


class WrongTanh(Tanh):
    """A tanh whose derivative is multiplied by `factor` at `where`."""

    def __init__(self, factor, where=...):
        self.factor, self.where = factor, where

    def backward(self, dA, Z, A, out):
        super().backward(dA, Z, A, out)
        out[self.where] *= self.factor


def net_with(activation, loss="squared_error"):
    return MLP([Dense(3, 4, activation), Dense(4, 2, "sigmoid")], loss, seed=1)


def test_a_right_gradient_has_a_tiny_error():
    assert mlp.check_gradients(net_with(WrongTanh(1.0)), X, Y).error < 1e-6


@pytest.mark.parametrize("factor", [1.001, 0.999])
@pytest.mark.parametrize("where", [..., (..., 2), (..., 0, slice(None)), (..., 3, 1)])
@pytest.mark.parametrize("replicas", [None, 2])
def test_a_derivative_off_by_a_thousandth_is_rejected(factor, where, replicas):
    net = net_with(WrongTanh(factor, where))
    net = net.replicate(replicas) if replicas else net
    error, _ = mlp.check_gradients(net, X, Y)
    assert error > 5e-5


def test_the_place_of_the_largest_error_is_named():
    error, where = mlp.check_gradients(net_with(WrongTanh(1.5, (..., 2))), X, Y)
    assert error > 0.3
    assert where.startswith(("layers[0] W[", "layers[0] b[2]", "X["))
    if where.startswith("layers[0] W["):
        assert ", 2]" in where


def test_an_error_in_one_replica_is_found():
    net = net_with(WrongTanh(1.001, (1,))).replicate(3)
    assert mlp.check_gradients(net, X, Y).error > 5e-4


def test_an_error_in_a_replica_with_small_gradients_is_found():
    net = net_with(WrongTanh(1.001, (1,))).replicate(2)
    net.layers[1].W[1] *= 1e-6  # so its first layer's gradient is a millionth of the other's
    net.layers[1].b[1] = 0.0
    Y_of_half = np.full((5, 2), 0.5)
    assert mlp.check_gradients(net, X, Y_of_half).error > 5e-4


@pytest.mark.parametrize("directions", [None, 5])
def test_an_error_in_a_large_network_is_found_along_directions(directions):
    net = MLP([Dense(100, 50, WrongTanh(1.001)), Dense(50, 2)], seed=1)
    big = np.random.default_rng(1).normal(size=(5, 100))
    error, where = mlp.check_gradients(net, big, Y, directions=directions)
    assert "direction" in where
    assert error > 1e-5
    net = MLP([Dense(100, 50, "tanh"), Dense(50, 2)], seed=1)
    assert mlp.check_gradients(net, big, Y, directions=directions).error < 1e-6


def test_a_loss_whose_gradient_is_off_is_rejected():
    class Off(SquaredError):
        def gradient(self, A, Y, out):
            super().gradient(A, Y, out)
            out *= 1.001

    assert mlp.check_gradients(net_with("tanh", Off()), X, Y).error > 5e-4


def test_a_loss_derived_from_a_canonical_one_is_not_taken_for_it():
    class Quartic(SquaredError):
        def rows(self, A, Y, out):
            np.sum((A - Y) ** 4, axis=-1, out=out)

        def gradient(self, A, Y, out):
            out[...] = 4 * (A - Y) ** 3

    net = MLP([Dense(3, 2)], Quartic(), seed=1)
    assert mlp.check_gradients(net, X, Y).error < 1e-6


@pytest.mark.parametrize("where", [..., (..., 3, 1)])
def test_a_derivative_that_is_not_a_number_is_reported_as_such(where):
    assert math.isnan(mlp.check_gradients(net_with(WrongTanh(np.nan, where)), X, Y).error)


def test_a_gradient_of_zero_is_accepted():
    net = MLP([Dense(3, 4, "relu", weights=-np.ones((3, 4)), bias=-1.0), Dense(4, 2)], seed=0)
    assert mlp.check_gradients(net, np.ones((5, 3)), np.zeros((5, 2))).error == 0.0


def test_the_network_and_the_data_stay_as_they_are():
    net, inputs = net_with("tanh"), X.copy()
    net.loss_and_grad(X, Y)
    theta, grad, state = net.theta.copy(), net.grad.copy(), net._rng.bit_generator.state
    mlp.check_gradients(net, inputs, Y, penalty=Penalty(l2=1.0))
    assert np.array_equal(net.theta, theta)
    assert np.array_equal(net.grad, grad)
    assert net._rng.bit_generator.state == state
    assert np.array_equal(inputs, X)


@pytest.mark.parametrize("arrange", [np.asfortranarray, lambda a: a.tolist(), lambda a: a[::-1]])
def test_any_layout_of_the_inputs_is_checked(arrange):
    assert mlp.check_gradients(net_with("tanh"), arrange(X), Y).error < 1e-6


def test_a_float32_network_is_checked_in_float64():
    net = net_with("tanh").astype("float32")
    assert mlp.check_gradients(net, X, Y).error < 1e-6


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"step": 0.0}, ValueError),
        ({"step": 1}, ValueError),
        ({"directions": 0}, ValueError),
        ({"directions": 2.5}, TypeError),
        ({"penalty": 0.1}, TypeError),
    ],
)
def test_wrong_options_are_refused(options, error):
    with pytest.raises(error, match="received .*, expected"):
        mlp.check_gradients(net_with("tanh"), X, Y, **options)


@pytest.mark.parametrize("bad", [X * 1j, X[0], X[:, :2], np.full((5, 3), np.nan)])
def test_wrong_inputs_are_refused(bad):
    with pytest.raises((TypeError, ValueError), match="^X: received .*, expected"):
        mlp.check_gradients(net_with("tanh"), bad, Y)
