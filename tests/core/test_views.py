"""One theta and one grad: what layers show are views of them, through every kind of copy."""

import copy
import pickle

import numpy as np
import pytest

from mlp.core import MLP, Dense, Dropout, Layer

X, Y = np.linspace(-1, 1, 8).reshape(4, 2), np.linspace(0, 1, 12).reshape(4, 3)


def make(replicas=None, dtype="float64", **last):
    layers = [Dense(2, 4, "gelu"), Dropout(0.3), Dense(4, 3, "sigmoid", **last)]
    net = MLP(layers, "mse", dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    net.theta = np.random.default_rng(1).normal(size=net.theta.shape)
    return net


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


def test_locate_names_every_number_of_theta():
    net = make()
    names = [net.locate(i) for i in range(net.theta.size)]
    assert names[0] == "layers[0] W[0, 0]"
    assert names[8] == "layers[2] W[0, 0]"
    assert names[20] == "layers[0] b[0]"
    assert names[26] == "layers[2] b[2]"
    assert len(set(names)) == len(names)
    with pytest.raises(IndexError, match="theta has 27"):
        net.locate(27)


def test_a_copied_layer_can_go_into_another_network():
    first = MLP([Dense(2, 2, "softmax", weights=np.eye(2))], "cross_entropy")
    first.theta += 1.0
    layer = copy.copy(first.layers[0])
    assert not layer.is_bound
    # there it is not the last, so not fused with a loss
    second = MLP([layer, Dense(2, 1)], "mse", seed=0)
    assert np.array_equal(layer.W, np.eye(2) + 1.0)  # as they are, not as they were given
    assert layer.canonical_loss is None
    assert_views(first)
    assert_views(second)


def test_a_network_of_layers_of_ones_own_is_copied_too():
    net = MLP([Dense(2, 3), Halve(), Dense(3, 1)], "mse", seed=0)
    for how in ("copy", "copy.copy", "pickle"):
        assert np.array_equal(COPIES[how](net).predict(X), net.predict(X))


class Halve(Layer):
    def forward(self, A_in, training, rng):
        return A_in / 2

    def backward(self, dA, need_dA_in=True):
        return dA / 2


def test_predictions_are_fresh_arrays():
    net = make()
    first = net.predict(X)
    kept = first.copy()
    net.predict(X + 1)
    net.loss_and_grad(X - 1, Y)
    assert np.array_equal(first, kept)


def test_evaluate_and_predict_touch_no_gradient_and_no_generator():
    net = make()
    net.loss_and_grad(X, Y)
    grad, state = net.grad.copy(), net._rng.bit_generator.state
    net.evaluate(X, Y)
    net.predict(X)
    assert np.array_equal(net.grad, grad)
    assert net._rng.bit_generator.state == state


def test_summary_and_repr_show_the_layers():
    net = make(train_bias=False)
    assert repr(net) == (
        "MLP([Dense(2, 4, 'gelu'), Dropout(0.3), Dense(4, 3, 'sigmoid')], loss='mse')"
    )
    lines = net.summary().splitlines()
    assert len(lines) == 5
    assert lines[2].split() == ["Dropout(0.3)", "4", "0"]
    assert lines[3].split()[-2:] == ["3", "15"]
    assert lines[4] == "24 trained parameters, float64, loss mse"
    assert "in each of 2 replicas" in net.replicate(2).summary()
