"""Every kind of copy has arrays of its own, with the same numbers and views of them."""

import copy
import pickle

import numpy as np
import pytest

import mlp
from mlp.core import MLP, Dense, Layer
from tests.core.small import X, Y, make


def through_pickle(net, protocol):
    return pickle.loads(pickle.dumps(net, protocol))  # noqa: S301


COPIES = {
    "made": lambda net: net,
    "copy": lambda net: net.copy(),
    "copy.copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda net: through_pickle(net, pickle.HIGHEST_PROTOCOL),
    "old pickle": lambda net: through_pickle(net, 2),
    "replicate": lambda net: net.replicate(3) if net.replicas is None else net.copy(),
    "replica": lambda net: (net.replicate(3) if net.replicas is None else net).replica(1),
    "astype": lambda net: net.astype("float32"),
    "copy of a copy": lambda net: copy.copy(copy.deepcopy(net)),
}


def assert_views(net):
    """Every layer's arrays lie in theta and grad, disjoint, and fill them."""
    rows = 1 if net.replicas is None else net.replicas
    for flat, names in ((net.theta, "Wb"), (net.grad, ("dW", "db"))):
        flat[...] = np.arange(flat.size).reshape(flat.shape)
        seen = []
        for name in names:
            for layer in net.layers:
                if isinstance(layer, Dense):
                    view = getattr(layer, name)
                    assert np.shares_memory(view, flat)
                    assert not np.shares_memory(view, net.grad if flat is net.theta else net.theta)
                    seen.append(view.reshape(rows, -1))
        assert np.array_equal(np.concatenate(seen, axis=1).ravel(), flat.ravel())


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("how", list(COPIES))
def test_layers_are_views_weights_first_then_biases(how, replicas):
    net = COPIES[how](make(replicas))
    assert_views(net)
    net.loss_and_grad(X, Y)
    net.predict(X)
    assert_views(net)


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("how", [name for name in COPIES if name != "made"])
def test_a_copy_is_independent_and_the_original_stays_whole(how, replicas):
    net = make(replicas)
    net.loss_and_grad(X, Y)
    theta, grad = net.theta.copy(), net.grad.copy()
    other = COPIES[how](net)
    arrays = [net.theta, net.grad, *(layer.W for layer in net.layers if hasattr(layer, "W"))]
    for array in arrays:
        assert not np.shares_memory(array, other.theta)
        assert not np.shares_memory(array, other.grad)
    assert all(a is not b for a, b in zip(net.layers, other.layers, strict=True))
    assert net.loss is not other.loss
    other.theta[...] = 0.0
    other.loss_and_grad(X, Y)
    assert np.array_equal(net.theta, theta)
    assert np.array_equal(net.grad, grad)
    assert_views(net)


@pytest.mark.parametrize("how", ["copy", "copy.copy", "deepcopy", "pickle", "copy of a copy"])
@pytest.mark.parametrize("replicas", [None, 2])
def test_a_copy_goes_on_with_the_same_numbers_and_masks(how, replicas):
    net = make(replicas, train_bias=False, bias=0.5)
    net.loss_and_grad(X, Y)  # the generator has moved on
    other = COPIES[how](net)
    assert np.array_equal(other.predict(X), net.predict(X))
    for _ in range(2):
        assert np.array_equal(other.loss_and_grad(X, Y), net.loss_and_grad(X, Y))
        assert np.array_equal(other.grad, net.grad)


def test_replicate_and_replica_are_each_others_inverse():
    net = make(train_bias=False, bias=[0.1, 0.2, 0.3])
    three = net.replicate(3)
    assert three.theta.shape == (3, net.theta.size)
    assert np.array_equal(three.theta, [net.theta] * 3)
    three.theta[1] += 1.0
    three.layers[2].b[2] = 7.0
    assert np.array_equal(three.replica(0).theta, net.theta)
    assert np.array_equal(three.replica(1).theta, net.theta + 1.0)
    assert np.array_equal(three.replica(1).layers[2].b, [0.1, 0.2, 0.3])
    assert np.array_equal(three.replica(2).layers[2].b, [7.0] * 3)
    assert three.replica(2).replicas is None


def test_astype_rounds_the_parameters():
    net = make()
    assert np.array_equal(net.astype("float32").theta, net.theta.astype(np.float32))
    assert net.astype("float32").predict(X).dtype == np.float32
    assert np.array_equal(net.astype("float64").theta, net.theta)


def test_a_copied_layer_can_go_into_another_network():
    first = MLP([Dense(2, 2, "softmax", weights=np.eye(2))], "cross_entropy")
    first.theta += 1.0
    layer = copy.copy(first.layers[0])
    assert not layer.is_bound
    second = MLP([layer, Dense(2, 1)], "mse", seed=0)
    assert np.array_equal(layer.W, np.eye(2) + 1.0)  # as they are, not as they were given
    # there it is not the last layer: its softmax goes back by its own derivative
    assert mlp.check_gradients(second, X[:, :2], Y[:, :1]).error < 1e-6
    assert_views(first)
    assert_views(second)


class Halve(Layer):
    def forward(self, A_in, training, rng):
        return A_in / 2

    def backward(self, dA, need_dA_in=True):
        return dA / 2


def test_a_network_of_layers_of_ones_own_is_copied_too():
    net = MLP([Dense(2, 3), Halve(), Dense(3, 1)], "mse", seed=0)
    for how in ("copy", "copy.copy", "pickle"):
        assert np.array_equal(COPIES[how](net).predict(X), net.predict(X))
