"""K networks at once: every replica has the bits of the same network alone."""

import numpy as np
import pytest

from mlp.core import ACTIVATIONS, Penalty
from tests.core.cases import PAIRS, apart, assert_same_bits, network, targets

TINY, *LARGER = SHAPES = [([2, 2, 2], 1), ([10, 16, 3], 32), ([64, 32, 10], 32)]
DTYPES = ["float64", "float32"]
K = 3


def cover(factor):
    """Pair each value of a factor with the tiny shape and a larger one, and with both dtypes.

    The arrays of tiny networks have another memory order, in which other loops of NumPy run.
    Four values in a row meet all pairs of a shape and a dtype.
    """
    for number, value in enumerate(factor):
        first = number // 2 % 2
        yield value, TINY, DTYPES[first]
        yield value, LARGER[number % 2], DTYPES[1 - first]


@pytest.mark.parametrize(("pair", "shape", "dtype"), list(cover(PAIRS)), ids=str)
def test_every_output_and_loss(pair, shape, dtype):
    (output, loss), (sizes, rows) = pair, shape
    rng = np.random.default_rng(0)
    net = network(sizes, "tanh", output, loss, rng=rng, replicas=K, dtype=dtype)
    X, Y = rng.normal(size=(rows, sizes[0])), targets(loss, rng, rows, sizes[-1])
    Y = Y.astype(dtype)
    assert_same_bits(net, X, Y)
    assert_same_bits(net, np.stack([X, 2 * X, X - 1]), Y, rng.uniform(0, 2, rows))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("sizes", "rows"), SHAPES, ids=str)
@pytest.mark.parametrize("hidden", list(ACTIVATIONS))
def test_every_hidden_activation_with_dropout_weights_and_penalties(hidden, sizes, rows, dtype):
    rng = np.random.default_rng(0)
    net = network(
        sizes,
        hidden,
        "softmax",
        "cross_entropy",
        rng=rng,
        replicas=K,
        dtype=dtype,
        dropout=0.3,
    )
    X, Y = rng.normal(size=(rows, sizes[0])), rng.integers(0, sizes[-1], rows)
    assert_same_bits(net, X, Y, rng.uniform(0, 2, rows), Penalty(l1=0.01, l2=0.1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [[70, 9, 3], [70, 9, 1], [1, 80, 2], [2, 80, 1], [3, 1, 80, 4]])
@pytest.mark.parametrize("rows", [1, 2, 40])
def test_products_of_one_or_two_terms_down_to_the_signs_of_zeros(rows, sizes, dtype):
    rng = np.random.default_rng(0)
    loss = ("softmax", "cross_entropy") if sizes[-1] > 1 else ("identity", "mse")
    net = network(sizes, "relu", *loss, rng=rng, replicas=K, dtype=dtype)
    X = rng.normal(size=(rows, sizes[0])) * (rng.random((rows, sizes[0])) < 0.7)
    Y = targets(loss[1], rng, rows, sizes[-1])
    net.loss_and_grad(X, Y)
    for k in range(K):
        alone = net.replica(k)
        alone.loss_and_grad(X, Y)
        assert alone.grad.tobytes() == net.grad[k].tobytes()


@pytest.mark.parametrize(("hidden", "shape", "dtype"), list(cover(ACTIVATIONS)), ids=str)
def test_every_activation_as_a_layer_of_its_own(hidden, shape, dtype):
    sizes, rows = shape
    rng = np.random.default_rng(0)
    for output, loss in (("softmax", "cross_entropy"), ("softmax", "mse"), ("identity", "mse")):
        net = network(sizes, hidden, output, loss, rng=rng, replicas=K, dtype=dtype, dropout=0.3)
        net = apart(net)
        X, Y = rng.normal(size=(rows, sizes[0])), targets(loss, rng, rows, sizes[-1])
        Y = Y.astype(dtype)
        assert_same_bits(net, X, Y)
        assert_same_bits(net, np.stack([X, 2 * X, X - 1]), Y, rng.uniform(0, 2, rows))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("sizes", "rows"), [*SHAPES, ([7, 100, 1], 33)], ids=str)
@pytest.mark.parametrize(
    "kind", [{"share_bias": True}, {"train_bias": False, "bias": 0.3}], ids=str
)
def test_every_kind_of_bias(kind, sizes, rows, dtype):
    rng = np.random.default_rng(0)
    net = network(sizes, "sigmoid", "tanh", "mse", rng=rng, replicas=K, dtype=dtype, **kind)
    X, Y = rng.normal(size=(rows, sizes[0])), rng.normal(size=(rows, sizes[-1]))
    assert_same_bits(net, X, Y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_weights_of_the_rows_of_each_replica(pair, dtype):
    output, loss = pair
    rng = np.random.default_rng(0)
    for sizes, rows in SHAPES[:2]:
        net = network(sizes, "tanh", output, loss, rng=rng, replicas=K, dtype=dtype)
        X, Y = rng.normal(size=(rows, sizes[0])), targets(loss, rng, rows, sizes[-1]).astype(dtype)
        counts = rng.multinomial(rows, np.full(rows, 1 / rows), K)  # of bootstrap samples
        assert_same_bits(net, X, Y, counts)


def test_more_rows_than_one_block_of_a_prediction():
    rng = np.random.default_rng(0)
    net = network([3, 4, 2], "relu", "identity", "mse", rng=rng, replicas=K)
    X, Y = rng.normal(size=(2500, 3)), rng.normal(size=(2500, 2))
    assert_same_bits(net, X, Y, rng.uniform(0, 2, 2500))
    assert_same_bits(net, X, Y, rng.uniform(0, 2, (K, 2500)))
    assert_same_bits(net, rng.normal(size=(K, 2500, 3)), Y)


def test_one_replica_is_a_network_with_a_leading_axis():
    rng = np.random.default_rng(0)
    one = network([3, 4, 2], "relu", "identity", "mse", rng=rng)
    net, X, Y = one.replicate(1), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    loss = net.loss_and_grad(X, Y)
    assert loss.shape == (1,)
    assert loss[0] == one.loss_and_grad(X, Y)
    assert np.array_equal(net.grad, one.grad[None])
    assert net.predict(X).shape == (1, 5, 2)


def test_a_replica_that_overflows_does_not_touch_the_others():
    rng = np.random.default_rng(0)
    net = network([3, 4, 2], "relu", "identity", "mse", rng=rng, replicas=K)
    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    before = net.loss_and_grad(X, Y)
    grad = net.grad.copy()
    net.theta[1] = 1e200
    with np.errstate(all="ignore"):
        after = net.loss_and_grad(X, Y)
    assert not np.isfinite(after[1])
    for k in (0, 2):
        assert after[k] == before[k]
        assert np.array_equal(net.grad[k], grad[k])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net: net.replicate(0), ValueError, "K: received 0, expected"),
        (lambda net: net.replicate(2.0), TypeError, "K: received 2.0, expected"),
        (lambda net: net.replicate(True), TypeError, "K: received True, expected"),
        (lambda net: net.replica(0), ValueError, "no replicas, expected"),
        (lambda net: net.replicate(2).replicate(2), ValueError, "already has 2 replicas"),
        (lambda net: net.replicate(2).replica(2), ValueError, "k: received 2, expected 0 to 1"),
        (lambda net: net.replicate(2).replica(-1), ValueError, "k: received -1, expected"),
    ],
)
def test_a_wrong_number_of_replicas_is_refused(call, error, message):
    net = network([3, 2], "relu", "identity", "mse", rng=np.random.default_rng(0))
    with pytest.raises(error, match=message):
        call(net)
