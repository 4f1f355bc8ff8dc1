"""Products: written out, by BLAS, and in either memory order, always with the same bits."""

import numpy as np
import pytest

import mlp
from mlp.core.products import Products, dot_rows, empty, is_replicas_last, sum_of, sum_of_squares
from mlp.core.scratch import Scratch

RNG = np.random.default_rng(0)


def replicas_last(array):
    moved = empty(array.shape, array.dtype, replicas_last=True)
    moved[...] = array
    return moved


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 2, 2), (7, 2, 2), (2, 7, 2), (40, 2, 3), (9, 5, 4), (40, 1, 30)]
)
def test_a_product_is_that_of_numpy_and_has_the_same_bits_for_each_replica(shape, dtype):
    m, k, n = shape
    A = RNG.normal(size=(3, m, k)).astype(dtype)
    B = RNG.normal(size=(3, k, n)).astype(dtype)
    alone = np.stack([Products().matmul(a, b, np.empty((m, n), dtype)) for a, b in zip(A, B)])  # noqa: B905
    np.testing.assert_allclose(alone, A @ B, rtol=1e-5 if dtype == "float32" else 1e-12)
    first = Products().matmul(A, B, np.empty((3, m, n), dtype))
    last = Products().matmul(
        replicas_last(A), replicas_last(B), empty((3, m, n), np.dtype(dtype), replicas_last=True)
    )
    assert np.array_equal(first, alone)
    assert np.array_equal(last, alone)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("seed", range(20))
def test_the_product_of_a_single_network_has_the_bits_of_stacked_ones(seed, dtype):
    rng = np.random.default_rng(seed)
    m, k, n = rng.integers(3, 90, 3)
    pairs = {
        "A @ B": (rng.normal(size=(3, m, k)), rng.normal(size=(3, k, n))),
        "A.T @ B": (rng.normal(size=(3, k, m)).swapaxes(1, 2), rng.normal(size=(3, k, n))),
        "A @ B.T": (rng.normal(size=(3, m, k)), rng.normal(size=(3, n, k)).swapaxes(1, 2)),
        "ones @ B": (np.ones((3, 1, k)), rng.normal(size=(3, k, n))),
    }
    for name, (A, B) in pairs.items():
        A, B = A.astype(dtype), B.astype(dtype)  # keeps the order in memory
        stacked, alone = np.empty((3, A.shape[1], n), dtype), np.empty((A.shape[1], n), dtype)
        Products().for_sizes((m, k, n), stacked)(A, B, out=stacked)
        Products().for_sizes((m, k, n), alone)(A[1], B[1], out=alone)
        assert np.array_equal(alone, stacked[1]), name


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_a_dot_product_of_rows_is_that_of_numpy(n):
    A, B = RNG.normal(size=(2, 3, 4, n))
    np.testing.assert_allclose(dot_rows(A, B, np.empty((3, 4)), Scratch()), (A * B).sum(axis=-1))


@pytest.mark.parametrize("size", [0, 1, 5, 8, 64, 65, 300])
def test_sums_have_the_same_bits_in_either_memory_order(size):
    rows = RNG.normal(size=(3, size))
    for found in (rows, replicas_last(rows)):
        for k, row in enumerate(rows):
            assert sum_of(found)[k] == sum_of(row)
            assert sum_of_squares(found, Scratch())[k] == sum_of_squares(row, Scratch())
    np.testing.assert_allclose(sum_of(rows), rows.sum(axis=1))


def test_replicas_of_tiny_networks_stand_side_by_side_in_memory():
    tiny = mlp.MLP.from_sizes([2, 2, 1], seed=0).replicate(5)
    other = mlp.MLP.from_sizes([2, 3, 1], seed=0).replicate(5)
    assert is_replicas_last(tiny.theta)
    assert is_replicas_last(tiny.layers[0].W)
    assert not is_replicas_last(other.theta)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch", [1, 2, 3, 40])
@pytest.mark.parametrize("optimizer", [mlp.SGD, mlp.Adam])
def test_a_tiny_replica_is_its_run_alone_whatever_the_batch(batch, optimizer, dtype):
    X, Y = RNG.normal(size=(45, 2)), RNG.random((45, 2))
    options = {"batch_size": batch, "l1": 0.01, "l2": 0.02, "clip_norm": 0.05}
    start = mlp.MLP.from_sizes([2, 2, 2], "tanh", "sigmoid", dtype=dtype, seed=0)
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
    layer = mlp.Dense(2, n_out, "sigmoid", share_bias=True)
    net = mlp.MLP([layer], loss="squared_error", seed=0)
    X, Y = RNG.normal(size=(rows, 2)), RNG.random((rows, n_out))
    group = net.replicate(3)
    net.loss_and_grad(X, Y)
    group.loss_and_grad(X, Y)
    assert np.array_equal(group.grad, np.broadcast_to(net.grad, group.grad.shape))
    np.testing.assert_allclose(layer.db, [layer.dZ.sum()])


def test_what_is_not_aligned_in_memory_has_the_bits_of_what_is():
    X = RNG.normal(size=(64, 33))
    memory = np.zeros(X.nbytes + 1, np.uint8)
    unaligned = memory[1:].view("float64").reshape(X.shape)
    unaligned[...] = X
    assert not unaligned.flags.aligned
    Y = RNG.normal(size=(64, 3))
    found = []
    for inputs in (X, unaligned):
        net = mlp.MLP.from_sizes([33, 17, 3], loss="mse", seed=0)
        net.loss_and_grad(inputs, Y)
        found.append(net.grad.copy())
    assert np.array_equal(*found)


class InFloat64(mlp.Layer):
    """Gives float64 whatever the network computes in."""

    def forward(self, A_in, training, rng):
        return A_in * np.float64(2.0) + np.zeros(A_in.shape)

    def backward(self, dA, need_dA_in=True):
        return dA * np.float64(2.0)


def test_a_layer_of_ones_own_may_return_another_dtype():
    layers = [mlp.Dense(4, 5, "tanh"), InFloat64(), mlp.Dense(5, 3, "tanh"), mlp.Dense(3, 1)]
    net = mlp.MLP(layers, loss="mse", dtype="float32", seed=0)
    net.loss_and_grad(RNG.normal(size=(7, 4)), RNG.normal(size=(7, 1)))
    assert net.layers[2].A.dtype == net.grad.dtype == np.float32
