"""Members that share weights: one network whose loss is the mean of those of its members."""

import numpy as np
import pytest

import mlp
from mlp.core import MemberDense, Penalty, SharedDense
from tests.core.cases import PAIRS, targets

K = 3


def network(output="identity", loss="mse", hidden="tanh", dtype="float64", dropout=0.0, seed=0):
    """Make a network of members all of whose numbers are random."""
    layers = [
        SharedDense(K, 4, 6, hidden, signs=True),
        mlp.Dropout(dropout),
        SharedDense(K, 6, 5, hidden),
        MemberDense(K, 5, 2, output),
    ]
    net = mlp.MLP(layers, loss, dtype=dtype, seed=seed)
    rng = np.random.default_rng(seed)
    net.theta = net.theta + rng.normal(0.0, 0.4, net.theta.shape)
    if loss == "poisson":
        net.layers[-1].b += 4.0
    return net


FEW, MANY = 3, 12  # rows: the factors multiply the rows, or the weights


def data(loss="mse", rows=7):
    rng = np.random.default_rng(5)
    return rng.normal(size=(rows, 4)), targets(loss, rng, rows, 2)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_the_gradient_is_that_of_the_reported_loss(output, loss):
    rng = np.random.default_rng(1)
    net, (X, Y) = network(output, loss), data(loss)
    weight = rng.uniform(0.5, 2.0, (K, 7))
    error, where = mlp.check_gradients(net, X, Y, weight, penalty=Penalty(l2=0.1), directions=8)
    assert error < 1e-5, where


def test_the_gradient_is_right_with_dropout_and_activations_apart():
    net, (X, Y) = network(hidden="gelu", dropout=0.4), data()
    layers = [
        mlp.LayerNorm(),
        SharedDense(K, 4, 6, signs=True, bias=False),
        mlp.ActivationLayer("gelu"),
        MemberDense(K, 6, 2, bias=False),
        mlp.ActivationLayer("softmax"),
    ]
    apart = mlp.MLP(layers, "cross_entropy", seed=0)
    for one, Y_of_one in ((net, Y), (apart, np.abs(Y) / np.abs(Y).sum(axis=1, keepdims=True))):
        error, where = mlp.check_gradients(one, X, Y_of_one)
        assert error < 1e-6, where


def test_both_ways_to_multiply_are_tested():
    net = network()
    for rows, has_many in ((FEW, False), (MANY, True)):
        net.predict(data(rows=rows)[0])
        assert net.layers[2]._arrays.has_many_rows is has_many
        assert net.layers[0]._arrays.has_many_rows is has_many


@pytest.mark.parametrize("rows", [FEW, MANY])
def test_the_gradient_is_right_in_both(rows):
    net, (X, Y) = network(hidden="gelu"), data(rows=rows)
    error, where = mlp.check_gradients(net, X, Y, np.arange(1.0, K * rows + 1).reshape(K, rows))
    assert error < 1e-6, where


@pytest.mark.parametrize("rows", [FEW, MANY])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_outputs_and_loss_are_those_of_one_product_for_each_member(dtype, rows):
    net, (X, Y) = network(dtype=dtype), data(rows=rows)
    first, second, last = net.layers[0], net.layers[2], net.layers[3]
    outputs = []
    for k in range(K):
        A = X
        for layer in (first, second):
            A = np.tanh(((A * layer.r[k]) @ layer.W) * layer.s[k] + layer.b[k])
        outputs.append(A @ last.W[k] + last.b[k])
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert np.allclose(net.predict(X), outputs, rtol=0, atol=tolerance)
    weight = np.arange(float(rows))
    losses = (((np.array(outputs) - Y) ** 2).mean(axis=-1) * weight).mean(axis=-1)
    assert np.isclose(net.evaluate(X, Y, weight), losses.mean(), rtol=10 * tolerance)
    assert np.isclose(net.loss_and_grad(X, Y, weight), losses.mean(), rtol=10 * tolerance)
    for k in range(K):
        assert np.isclose(net.replica(k).evaluate(X, Y, weight), losses[k], rtol=10 * tolerance)


@pytest.mark.parametrize("rows", [FEW, MANY])
def test_the_numbers_are_those_of_pytorch(rows):
    torch = pytest.importorskip("torch", reason="PyTorch is missing")
    net, (X, Y) = network(), data(rows=rows)
    tensors = {
        (i, name): torch.tensor(array, requires_grad=True)
        for i, layer in enumerate(net.layers)
        for name, array in layer.params.items()
    }
    A = torch.tensor(X)[:, None].expand(-1, K, -1)  # TabM has the members in the middle
    for i in (0, 2):
        W, r, s, b = (tensors[i, name] for name in "Wrsb")
        A = torch.tanh(((A * r) @ W) * s + b)
    A = (A.transpose(0, 1) @ tensors[3, "W"]).transpose(0, 1) + tensors[3, "b"]
    Y_of_each = torch.tensor(Y)[:, None].expand(-1, K, -1)
    loss = torch.nn.functional.mse_loss(A.flatten(0, 1), Y_of_each.flatten(0, 1))
    loss.backward()
    assert np.isclose(net.loss_and_grad(X, Y), loss.item(), rtol=1e-12)
    for (i, name), tensor in tensors.items():
        assert np.allclose(net.layers[i].grads[name], tensor.grad, rtol=0, atol=1e-12)


def test_the_first_factors_are_signs_and_the_others_are_one():
    layers = [SharedDense(50, 4, 6, signs=True), SharedDense(50, 6, 5), MemberDense(50, 5, 1)]
    net = mlp.MLP(layers, seed=0)
    signs = net.layers[0].r
    assert set(signs.ravel()) == {-1.0, 1.0}
    assert 60 < (signs > 0).sum() < 140
    assert (net.layers[1].r == 1.0).all()
    assert all((layer.s == 1.0).all() for layer in net.layers[:2])
    heads = net.layers[2].W
    assert len({head.tobytes() for head in heads}) == 50


def test_each_member_has_a_mask_of_its_own_in_dropout():
    layers = [SharedDense(K, 4, 40), mlp.Dropout(0.5), MemberDense(K, 40, 1)]
    net = mlp.MLP(layers, seed=0)
    net.loss_and_grad(*(np.ones((2, n)) for n in (4, 1)))
    masks = net.layers[1]._mask
    assert masks.shape == (K, 2, 40)
    assert not np.array_equal(masks[0], masks[1])


def test_penalties_count_the_weights_alone():
    net = network()
    sizes = sum(layer.W.size for layer in net.layers if hasattr(layer, "W"))
    assert net.weights.size == sizes == 4 * 6 + 6 * 5 + K * 5 * 2


def test_a_copied_layer_starts_from_the_present_values(tmp_path):
    net = network(dropout=0.2)
    again = mlp.MLP([layer.__copy__() for layer in net.layers], "mse", seed=9)
    assert np.array_equal(again.theta, net.theta)
    again.save(tmp_path / "net.npz")
    loaded = mlp.load(tmp_path / "net.npz")
    assert np.array_equal(loaded.theta, net.theta)
    loaded.initialize(3)
    assert np.array_equal(loaded.theta, net.theta)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: [SharedDense(2, 3, 4), MemberDense(3, 4, 1)], "after layers of 2 members"),
        (lambda: [SharedDense(2, 3, 4), mlp.BatchNorm(), MemberDense(2, 4, 1)], "BatchNorm"),
        (lambda: [MemberDense(2, 3, 4), mlp.Dense(4, 1)], "without parameters"),
    ],
)
def test_layers_that_do_not_serve_the_members_are_rejected(make, message):
    with pytest.raises(ValueError, match=message):
        mlp.MLP(make())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net: net.replicate(2), ValueError, "this network has 3 members"),
        (lambda net: net.replica(3), ValueError, "k: received 3, expected 0 to 2"),
        (lambda net: net.predict(np.ones((K, 2, 4))), ValueError, "X: received shape"),
        (lambda net: net.evaluate(*data(), np.ones((2, 7))), ValueError, r"\(7,\) or \(3, 7\)"),
        (lambda net: mlp.export.to_c(net, "net.h"), ValueError, "received 3 members"),
        (lambda net: mlp.sweep(net, *data(), {"lr": [0.1]}), TypeError, "net: received"),
        (lambda net: SharedDense(2, 3, 4, first={"q": 1}), ValueError, "first: received 'q'"),
        (lambda net: SharedDense(2, 3, 4, first={"s": [1]}), ValueError, "received shape"),
        (lambda net: SharedDense(2, 3, 4).member(0), ValueError, "a layer of a network"),
    ],
)
def test_what_does_not_fit_is_rejected(call, error, message):
    with pytest.raises(error, match=message):
        call(network())


def test_threads_get_the_numbers_they_would_get_alone():
    from concurrent.futures import ThreadPoolExecutor

    net, (X, _) = network(), data(rows=600)
    expected = net.predict(X)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: net.predict(X), range(40)))
    assert all(np.array_equal(one, expected) for one in found)
