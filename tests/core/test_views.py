"""One theta and one grad: what layers show are views of them."""

import numpy as np
import pytest

from mlp.core import MLP, Dense
from tests.core.small import X, Y, make


def test_setters_copy_into_the_view():
    net, W, b = make(), np.ones((2, 4)), np.arange(4)
    theta, grad = net.theta, net.grad
    net.layers[0].W, net.layers[0].b, net.layers[0].dW = W, b, 2 * W
    assert net.theta is theta
    assert np.array_equal(theta[:8], np.ones(8))
    assert np.array_equal(theta[20:24], b)
    assert np.array_equal(grad[:8], np.full(8, 2.0))
    W[...] = 5.0
    assert np.array_equal(theta[:8], np.ones(8))
    new = np.arange(27.0)
    net.theta = new
    assert net.theta is theta
    assert not np.shares_memory(theta, new)
    assert np.array_equal(net.layers[0].W, new[:8].reshape(2, 4))


def test_one_value_for_all_replicas_can_be_set_at_once():
    net, one = make(replicas=3), make()
    net.theta = one.theta
    assert np.array_equal(net.theta, [one.theta] * 3)
    net.layers[0].W = np.ones((2, 4))
    assert np.array_equal(net.layers[0].W, np.ones((3, 2, 4)))
    net.layers[0].W = np.arange(24).reshape(3, 2, 4)
    assert net.layers[0].W[2, 1, 3] == 23


BAD_VALUES = {
    "a wrong shape": (np.ones((4, 2)), ValueError, "received shape"),
    "one number": (1.0, ValueError, "received shape"),
    "a row to repeat": (np.ones(4), ValueError, "received shape"),
    "NaN": ([[1, 2, 3, 4], [5, 6, 7, np.nan]], ValueError, r"received nan at \[1, 3\]"),
    "infinity": ([[1, 2, 3, 4], [-np.inf, 6, 7, 8]], ValueError, r"received -inf at \[1, 0\]"),
    "complex numbers": (np.ones((2, 4)) * 1j, TypeError, "complex128"),
    "text": ([["1"] * 4] * 2, TypeError, "expected real numbers"),
    "objects": (np.full((2, 4), None), TypeError, "object"),
    "ragged rows": ([[1, 2, 3, 4], [5]], ValueError, "rows"),
}


@pytest.mark.parametrize("replicas", [None, 3])
@pytest.mark.parametrize("what", list(BAD_VALUES))
def test_setting_what_does_not_fit_changes_nothing(what, replicas):
    net = make(replicas)
    before, (value, error, message) = net.theta.copy(), BAD_VALUES[what]
    with pytest.raises(error, match=message):
        net.layers[0].W = value
    assert np.array_equal(net.theta, before)


@pytest.mark.parametrize(
    "value",
    [np.ones(26), np.full(27, np.nan), 1.0, np.ones(27) * 1j, ["a"] * 27, np.ones((1, 27)), None],
)
@pytest.mark.parametrize("replicas", [None, 3])
def test_setting_theta_to_what_does_not_fit_changes_nothing(value, replicas):
    net = make(replicas)
    before = net.theta.copy()
    with pytest.raises((TypeError, ValueError), match="^theta: received .*, expected"):
        net.theta = value
    assert np.array_equal(net.theta, before)


@pytest.mark.parametrize("name", ["grad", "weights"])
def test_what_is_computed_cannot_be_rebound(name):
    net = make()
    with pytest.raises(AttributeError):
        setattr(net, name, np.zeros(27))


def test_fixed_biases_are_not_in_theta_and_do_not_move():
    net = make(train_bias=False, bias=[0.1, 0.2, 0.3])
    last = net.layers[2]
    assert net.theta.size == 2 * 4 + 4 * 3 + 4
    assert not np.shares_memory(last.b, net.theta)
    net.loss_and_grad(X, Y)
    net.theta -= net.grad
    assert np.array_equal(last.b, [0.1, 0.2, 0.3])
    with pytest.raises(AttributeError, match=r"'b'.*has none"):
        _ = last.db


def test_a_layer_without_bias_has_none():
    net = MLP([Dense(2, 3, bias=False)], seed=0)
    assert net.theta.size == 6
    assert np.allclose(net.predict(X), X @ net.layers[0].W, rtol=1e-15)
    with pytest.raises(AttributeError, match="has none"):
        _ = net.layers[0].b


@pytest.mark.parametrize("replicas", [None, 2])
def test_a_shared_bias_is_one_number_with_the_sum_of_the_gradients(replicas):
    kind = {"weights": np.arange(6).reshape(2, 3) / 6}
    shared = MLP([Dense(2, 3, "tanh", bias=0.3, share_bias=True, **kind)])
    each = MLP([Dense(2, 3, "tanh", bias=0.3, **kind)])
    if replicas:
        shared, each = shared.replicate(replicas), each.replicate(replicas)
    assert shared.layers[0].b.shape[-1] == 1
    assert np.array_equal(shared.predict(X), each.predict(X))
    shared.loss_and_grad(X, Y)
    each.loss_and_grad(X, Y)
    assert np.array_equal(shared.layers[0].dW, each.layers[0].dW)
    assert np.allclose(shared.layers[0].db[..., 0], each.layers[0].db.sum(axis=-1), rtol=1e-14)


@pytest.mark.parametrize("bias", [0.5, [0.5] * 3, np.full(3, 0.5), np.float32(0.5), np.array(0.5)])
def test_a_bias_is_given_as_a_number_or_as_one_for_each_unit(bias):
    net = MLP([Dense(2, 3, bias=bias)], seed=0)
    assert np.array_equal(net.layers[0].b, [0.5] * 3)


def test_given_weights_are_copied():
    W = np.ones((2, 3))
    layer = Dense(2, 3, weights=W)
    W[...] = 7.0
    assert np.array_equal(MLP([layer]).layers[0].W, np.ones((2, 3)))


def test_weights_are_the_part_of_theta_that_penalties_count():
    net = make()
    assert np.shares_memory(net.weights, net.theta)
    assert np.array_equal(net.weights, net.theta[:20])
