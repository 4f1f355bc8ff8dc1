"""Layers of one's own whose shapes are told by the network, or that keep running statistics."""

import copy
import pickle

import numpy as np
import pytest

import mlp
from mlp.core import MLP, Dense, Dropout, Layer, Parameter
from mlp.core.losses import MeanSquaredError

X, Y = np.linspace(-1.0, 2.0, 8).reshape(4, 2), np.linspace(0.0, 1.0, 12).reshape(4, 3)


class Shrink(Layer):
    """Divides each unit by 1 plus the largest size that it has had in training."""

    least_rows = 2

    @property
    def largest(self):
        return self.params["largest"]

    def parameters(self):
        start = np.zeros(self.width)
        kind = {"trainable": False, "running": True, "least": 0.0}
        return (Parameter("largest", (self.width,), lambda rng: start, **kind),)

    def forward(self, A_in, training, rng):
        if training:
            np.maximum(self.largest, np.abs(A_in).max(axis=-2), out=self.largest)
        self.scale = 1.0 / (1.0 + self.largest[..., None, :])
        return A_in * self.scale

    def backward(self, dA, need_dA_in=True):
        return dA * self.scale


class Failing(MeanSquaredError):
    """A loss that has an error in its gradient."""

    def gradient(self, A, Y, out):
        raise ZeroDivisionError("of one's own")


def make(loss="mse", replicas=None):
    fixed = Dense(2, 3, "tanh", bias=0.5, train_bias=False)
    net = MLP([fixed, Shrink(), Dropout(0.5), Dense(3, 3), Shrink()], loss, seed=0)
    return net.replicate(replicas) if replicas else net


def test_each_layer_is_told_the_width_that_reaches_it():
    net = MLP([Shrink(), Dense(2, 3), Dropout(0.5), Shrink(), Dense(3, 1), Shrink()], seed=0)
    assert [layer.width for layer in net.layers] == [2, 2, 3, 3, 3, 1]
    assert net.fixed.size == 2 + 3 + 1


def test_a_layer_without_its_network_has_no_width():
    net = make()
    assert copy.copy(net.layers[1]).width is None
    alone = pickle.loads(pickle.dumps(net.layers[1]))  # noqa: S301
    assert alone.width is None
    assert MLP([Dense(2, 7), alone], seed=0).layers[1].largest.shape == (7,)


@pytest.mark.parametrize("how", [MLP.copy, copy.deepcopy, lambda net: net.replicate(2).replica(1)])
def test_copies_of_a_network_have_its_statistics(how):
    net = make()
    net.loss_and_grad(X, Y)
    other = how(net)
    assert np.array_equal(other.fixed, net.fixed)
    assert np.array_equal(other.predict(X), net.predict(X))
    net.loss_and_grad(10 * X, Y)
    assert not np.array_equal(other.fixed, net.fixed)


@pytest.mark.parametrize("replicas", [None, 2])
def test_running_statistics_are_the_last_part_of_fixed_and_move_with_each_step(replicas):
    net = make(replicas=replicas)
    assert np.array_equal(net.fixed[..., :3], np.full_like(net.fixed[..., :3], 0.5))
    assert np.array_equal(net.fixed[..., 3:], np.zeros_like(net.fixed[..., 3:]))
    net.loss_and_grad(X, Y)
    assert np.array_equal(net.fixed[..., :3], np.full_like(net.fixed[..., :3], 0.5))
    assert (net.fixed[..., 3:] > 0).all()
    assert np.shares_memory(net.fixed, net.layers[1].largest)


@pytest.mark.parametrize("replicas", [None, 2])
def test_only_a_step_of_training_moves_them(replicas):
    net = make(replicas=replicas)
    net.loss_and_grad(X, Y)
    fixed = net.fixed.copy()
    net.predict(10 * X)
    net.evaluate(10 * X, Y)
    net.input_gradient(10 * X, Y)
    mlp.check_gradients(net, 10 * X, Y, directions=2)
    assert np.array_equal(net.fixed, fixed)


@pytest.mark.parametrize("call", ["loss_and_grad", "input_gradient"])
@pytest.mark.parametrize("replicas", [None, 2])
def test_an_error_in_the_middle_of_a_step_leaves_them_as_they_were(replicas, call):
    net = make(Failing(), replicas)
    net.fixed = np.arange(9.0) / 10
    with pytest.raises(ZeroDivisionError):
        getattr(net, call)(X, Y)
    assert np.array_equal(net.fixed, np.broadcast_to(np.arange(9.0) / 10, net.fixed.shape))


def test_initialize_returns_to_the_first_ones():
    net = make()
    net.loss_and_grad(X, Y)
    net.initialize(1)
    assert np.array_equal(net.fixed[3:], np.zeros(6))


@pytest.mark.parametrize("call", ["loss_and_grad", "input_gradient"])
def test_too_few_rows_for_a_layer_are_refused_before_anything_is_changed(call):
    net = make()
    net.loss_and_grad(X, Y)
    before = [net.fixed.copy(), net.grad.copy(), net._rng.bit_generator.state]
    message = r"X: received 1 row, expected at least 2 in a batch of training, which Shrink"
    with pytest.raises(ValueError, match=message):
        getattr(net, call)(X[:1], Y[:1])
    assert np.array_equal(net.fixed, before[0])
    assert np.array_equal(net.grad, before[1])
    assert net._rng.bit_generator.state == before[2]
    assert net.predict(X[:1]).shape == (1, 3)


@pytest.mark.parametrize("replicas", [None, 2])
def test_numbers_below_the_least_are_rejected(replicas):
    net = make(replicas=replicas)
    before = net.fixed.copy()
    with pytest.raises(ValueError, match="largest: received -0.1, expected numbers >= 0"):
        net.fixed = np.full(9, -0.1)
    assert np.array_equal(net.fixed, before)
    net.fixed = np.full(9, 0.25)
    assert np.array_equal(net.layers[1].largest, np.full_like(net.layers[1].largest, 0.25))
    net = MLP([Dense(2, 3), mlp.BatchNorm()], seed=0)
    net = net.replicate(replicas) if replicas else net
    with pytest.raises(ValueError, match="running_var: received -0.1, expected numbers >= 0"):
        net.layers[1].running_var = np.full(3, -0.1)
    assert np.array_equal(net.layers[1].running_var, np.ones_like(net.layers[1].running_var))


def test_what_has_a_gradient_is_not_running():
    with pytest.raises(ValueError, match="trainable: received True for x, which is running"):
        Parameter("x", (3,), np.zeros, running=True)
