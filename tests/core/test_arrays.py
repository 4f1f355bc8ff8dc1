"""Products and sums: right at every size, and each replica is bit-identical to its run alone."""

import numpy as np
import pytest

import mlp
from mlp.core import MLP, Dense, Penalty
from mlp.machine import blas_threads
from tests.core.cases import assert_same_bits

RNG = np.random.default_rng(0)


def assert_products_are_right(rows, n_in, n_out, dtype, seed):
    """Check Z, dW and dA_in of replicas against NumPy, and their bits against each run alone.

    The three products of a layer are (rows, n_in) @ (n_in, n_out), its transposes beside them.
    """
    rng = np.random.default_rng(seed)
    net = MLP([Dense(n_in, n_out, "tanh"), Dense(n_out, 2)], "mse", dtype=dtype, seed=0)
    net = net.replicate(3)
    net.theta = rng.normal(size=net.theta.shape)
    X = rng.normal(size=(rows, n_in)).astype(dtype)
    Y = rng.normal(size=(rows, 2)).astype(dtype)
    assert_same_bits(net, X, Y)
    dX = net.input_gradient(X, Y)
    layer = net.layers[0]
    close = {"rtol": 1e-4, "atol": 1e-4} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-11}
    np.testing.assert_allclose(layer.Z, X @ layer.W + layer.b[:, None], **close)
    np.testing.assert_allclose(layer.dW, X.T @ layer.dZ, **close)
    np.testing.assert_allclose(dX, layer.dZ @ layer.W.swapaxes(1, 2), **close)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "sizes",
    [(1, 1, 1), (1, 2, 2), (7, 2, 2), (2, 7, 2), (40, 2, 3), (9, 5, 4), (40, 1, 30), (33, 2, 2)],
)
def test_products_of_few_terms_are_right(sizes, dtype):
    assert_products_are_right(*sizes, dtype, seed=0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_products_of_any_size_are_right(dtype):
    for seed in range(20):
        sizes = np.random.default_rng(seed).integers(3, 90, 3)
        assert_products_are_right(*map(int, sizes), dtype, seed)


@pytest.mark.parametrize("n", [1, 2, 3, 10])
@pytest.mark.parametrize("replicas", [None, 3])
def test_sums_over_the_units_of_a_row_are_right_at_every_width(n, replicas):
    rng = np.random.default_rng(n)
    pairs = [("identity", "mse"), ("sigmoid", "binary_cross_entropy")]
    if n > 1:  # one unit of softmax is always 1
        pairs += [("softmax", "mse"), ("softmax", "cross_entropy")]
    for output, loss in pairs:
        net = MLP([Dense(n, n, output)], loss, seed=0)
        net = net.replicate(replicas) if replicas else net
        for rows in (1, 2, 7):
            X, Y = rng.normal(size=(rows, n)), rng.dirichlet(np.ones(n), rows)
            error, where = mlp.check_gradients(net, X, Y)
            assert error < 1e-6, where


@pytest.mark.parametrize("depth", [1, 2, 15, 16, 17, 75])
def test_sums_over_all_weights_are_right_whatever_their_number(depth):
    # 4 weights a layer: sums of few and of many numbers are computed in different ways
    start = MLP.from_sizes([2] * (depth + 1), "tanh", seed=0)
    X, Y, penalty = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2)), Penalty(l1=0.01, l2=0.02)
    group = start.replicate(3)
    group.theta = RNG.normal(size=group.theta.shape)
    assert_same_bits(group, X, Y, penalty=penalty)
    expected = 0.01 * np.abs(group.weights).sum(axis=-1) + 0.01 * (group.weights**2).sum(axis=-1)
    found = group.evaluate(X, Y, penalty=penalty) - group.evaluate(X, Y)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    alone = [group.replica(k) for k in range(3)]
    mlp.Trainer(group, mlp.SGD(0.1), clip_norm=1e-3).fit(X, Y, epochs=2)
    for k, net in enumerate(alone):
        mlp.Trainer(net, mlp.SGD(0.1), clip_norm=1e-3).fit(X, Y, epochs=2)
        assert np.array_equal(group.theta[k], net.theta)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch", [1, 2, 3, 40])
@pytest.mark.parametrize("optimizer", [mlp.SGD, mlp.Adam])
def test_a_tiny_replica_is_its_run_alone_whatever_the_batch(batch, optimizer, dtype):
    X, Y = RNG.normal(size=(45, 2)), RNG.random((45, 2))
    options = {"batch_size": batch, "l1": 0.01, "l2": 0.02, "clip_norm": 0.05}
    start = MLP.from_sizes([2, 2, 2], "tanh", "sigmoid", dtype=dtype, seed=0)
    rates = np.array([0.01, 0.1, 0.5])
    group = mlp.Trainer(start.replicate(3), optimizer(rates), **options)
    losses = np.array(group.fit(X, Y, epochs=3)["loss"])
    for k, rate in enumerate(rates):
        net = start.copy()
        alone = mlp.Trainer(net, optimizer(float(rate)), **options).fit(X, Y, epochs=3)
        assert np.array_equal(group.net.theta[k], net.theta)
        assert losses[:, k].tolist() == alone["loss"]
        assert np.array_equal(group.net.predict(X)[k], net.predict(X))
        assert group.net.evaluate(X, Y)[k] == net.evaluate(X, Y)


@pytest.mark.parametrize("rows", [1, 8, 33, 300])
@pytest.mark.parametrize("n_out", [1, 2])
def test_a_tiny_layer_with_one_bias_for_all_units_sums_it_as_its_run_alone(rows, n_out):
    layer = Dense(2, n_out, "sigmoid", share_bias=True)
    net = MLP([layer], loss="squared_error", seed=0)
    X, Y = RNG.normal(size=(rows, 2)), RNG.random((rows, n_out))
    group = net.replicate(3)
    net.loss_and_grad(X, Y)
    group.loss_and_grad(X, Y)
    assert np.array_equal(group.grad, np.broadcast_to(net.grad, group.grad.shape))
    np.testing.assert_allclose(layer.db, [layer.dZ.sum()])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_replica_is_its_run_alone_whatever_the_threads_of_blas(threads):
    net = MLP.from_sizes([200, 300, 10], "relu", "softmax", "cross_entropy", seed=0).replicate(2)
    X, labels = RNG.normal(size=(256, 200)), RNG.integers(0, 10, 256)
    with blas_threads(threads):
        assert_same_bits(net, X, labels)


def test_arrays_that_are_not_aligned_in_memory_give_the_same_bits():
    X = RNG.normal(size=(64, 33))
    memory = np.zeros(X.nbytes + 1, np.uint8)
    unaligned = memory[1:].view("float64").reshape(X.shape)
    unaligned[...] = X
    assert not unaligned.flags.aligned
    Y = RNG.normal(size=(64, 3))
    found = []
    for inputs in (X, unaligned):
        net = MLP.from_sizes([33, 17, 3], loss="mse", seed=0)
        net.loss_and_grad(inputs, Y)
        found.append(net.grad.copy())
    assert np.array_equal(*found)


class InFloat64(mlp.Layer):
    """Gives float64 whatever the network computes in."""

    def forward(self, A_in, training, rng):
        return A_in * np.float64(2.0) + np.zeros(A_in.shape)

    def backward(self, dA, need_dA_in=True):
        return dA * np.float64(2.0)


def test_a_custom_layer_may_return_another_dtype():
    layers = [Dense(4, 5, "tanh"), InFloat64(), Dense(5, 3, "tanh"), Dense(3, 1)]
    net = MLP(layers, loss="mse", dtype="float32", seed=0)
    net.loss_and_grad(RNG.normal(size=(7, 4)), RNG.normal(size=(7, 1)))
    assert net.layers[2].A.dtype == net.grad.dtype == np.float32
