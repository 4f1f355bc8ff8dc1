"""Layers that normalise, as parts of a network: arguments, copies, replicas, memory."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest

import mlp
from mlp.core import MLP, BatchNorm, Dense, Dropout, LayerNorm
from tests.core.normalized import random_network

KINDS = [BatchNorm, LayerNorm]


def trained(kind, replicas=None, dtype="float64"):
    """Return a network all of whose numbers have moved."""
    net = MLP([Dense(2, 3, "tanh"), kind(), Dropout(0.3), Dense(3, 1)], dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    rng = np.random.default_rng(0)
    net.theta = rng.normal(size=net.theta.shape)
    for _ in range(3):
        net.loss_and_grad(rng.normal(size=(5, 2)), rng.normal(size=(5, 1)))
    return net


# --- arguments


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "eps", [0, 1e-40, 1e40, -1e-5, float("nan"), float("inf"), True, "1", None]
)
def test_an_eps_out_of_range_is_refused(kind, eps):
    with pytest.raises((TypeError, ValueError), match="^eps: received .*, expected"):
        kind(eps=eps)


@pytest.mark.parametrize("momentum", [-0.1, 1.1, float("nan"), True, "0.1", None])
def test_a_momentum_out_of_range_is_refused(momentum):
    with pytest.raises((TypeError, ValueError), match="^momentum: received .*, expected"):
        BatchNorm(momentum)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "error", "message"),
    [
        ([1.0], TypeError, r"first: received \[1.0\], expected a mapping"),
        ({"scale": 1.0}, ValueError, "first: received 'scale', expected one of gamma, beta"),
        ({"gamma": np.ones((1, 3))}, ValueError, r"first\['gamma'\]: received shape \(1, 3\)"),
        ({"beta": [1.0, np.nan, 2.0]}, ValueError, r"first\['beta'\]: received nan at \[1\]"),
        ({"gamma": "1"}, TypeError, r"first\['gamma'\]: received dtype <U1, expected"),
    ],
)
def test_first_values_that_do_not_fit_are_refused(kind, first, error, message):
    with pytest.raises(error, match=message):
        kind(first=first)


def test_a_first_variance_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"'running_var'\]: received -0.1, expected numbers >= 0"):
        BatchNorm(first={"running_var": [1.0, -0.1]})
    with pytest.raises(ValueError, match="expected one of gamma, beta$"):
        LayerNorm(first={"running_var": 1.0})


@pytest.mark.parametrize("kind", KINDS)
def test_first_values_of_another_width_are_refused_with_the_network(kind):
    layer = kind(first={"gamma": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"received shape \(2,\), expected \(\) or \(3,\)"):
        MLP([Dense(2, 3), layer])
    assert np.array_equal(MLP([Dense(3, 2), layer], seed=0).layers[1].gamma, [1.0, 2.0])


def test_first_values_are_copied_and_are_what_initialize_returns_to():
    gamma = np.array([1.0, 2.0, 3.0])
    first = {"gamma": gamma, "beta": 0.5, "running_mean": [4, 5, 6], "running_var": 7}
    net = MLP([Dense(2, 3), BatchNorm(first=first), Dense(3, 1)], seed=0)
    gamma[...] = 9.0
    norm, X = net.layers[1], np.eye(2)
    before = [norm.gamma.copy(), norm.beta.copy(), net.fixed.copy()]
    assert np.array_equal(before[0], [1.0, 2.0, 3.0])
    assert np.array_equal(before[1], [0.5] * 3)
    assert np.array_equal(before[2], [4.0, 5.0, 6.0, 7.0, 7.0, 7.0])
    net.loss_and_grad(X, X[:, :1])
    net.theta -= net.grad
    assert not np.array_equal(norm.gamma, before[0])
    net.initialize(1)
    for now, then in zip((norm.gamma, norm.beta, net.fixed), before, strict=True):
        assert np.array_equal(now, then)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_without_a_network_says_so(kind):
    with pytest.raises(ValueError, match="received no width, expected to be part of a network"):
        kind().parameters()
    with pytest.raises(AttributeError, match="not part of a network yet"):
        _ = kind().gamma
    with pytest.raises(AttributeError, match="no A before a pass"):
        _ = kind().A


def test_the_layers_are_shown_by_the_call_that_makes_them_and_counted():
    assert [repr(BatchNorm()), repr(LayerNorm())] == ["BatchNorm()", "LayerNorm()"]
    assert repr(BatchNorm(0.2, 1e-3)) == "BatchNorm(momentum=0.2, eps=0.001)"
    assert repr(LayerNorm(1e-3)) == "LayerNorm(eps=0.001)"
    net = MLP([LayerNorm(), Dense(2, 3), BatchNorm(), Dense(3, 1)], "mse", seed=0)
    lines = [line.split() for line in net.summary().splitlines()]
    assert lines[1] == ["LayerNorm()", "2", "4"]
    assert lines[3] == ["BatchNorm()", "3", "12"]
    assert lines[5][0] == "23"  # 4 + 9 + 6 + 4 are trained


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_without_a_meaning_for_any_number_is_refused_after_them(kind):
    with pytest.raises(ValueError, match="whose outputs are any number; expected probabilities"):
        MLP([Dense(2, 3), kind()], "cross_entropy")


def test_one_row_is_enough_for_layer_norm_and_too_little_for_batch_norm():
    X, Y = [[1.0, 2.0]], [[0.0]]
    for layers in ([BatchNorm(), Dense(2, 1)], [Dense(2, 1), BatchNorm()]):
        net = MLP(layers, seed=0)
        with pytest.raises(ValueError, match="received 1 row, expected at least 2 in a batch"):
            net.loss_and_grad(X, Y)
        with pytest.raises(ValueError, match="received 1 row, expected at least 2 in a batch"):
            mlp.check_gradients(net, X, Y)
        assert net.predict(X).shape == (1, 1)
        assert net.evaluate(X, Y) >= 0
    net = MLP([LayerNorm(), Dense(2, 1)], seed=0)
    assert net.loss_and_grad(X, Y) == net.evaluate(X, Y)


# --- copies


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize(
    "how",
    [
        MLP.copy,
        copy.deepcopy,
        lambda net: pickle.loads(pickle.dumps(net)),  # noqa: S301
        lambda net: net.astype(net.dtype),
    ],
)
def test_a_copy_goes_on_with_the_same_bits_and_leaves_the_original_alone(how, replicas, kind):
    net = trained(kind, replicas)
    other = how(net)
    fixed = net.fixed.copy()
    X, Y = np.random.default_rng(1).normal(size=(2, 5, 2))
    assert np.array_equal(other.predict(X), net.predict(X))
    assert np.array_equal(other.evaluate(X, Y[:, :1]), net.evaluate(X, Y[:, :1]))
    other_loss = other.loss_and_grad(X, Y[:, :1])
    assert np.array_equal(net.fixed, fixed)
    assert np.array_equal(net.loss_and_grad(X, Y[:, :1]), other_loss)
    assert np.array_equal(other.grad, net.grad)
    assert np.array_equal(other.fixed, net.fixed)


@pytest.mark.parametrize("kind", KINDS)
def test_replicas_have_the_numbers_of_the_network_and_theirs_can_be_taken_out(kind):
    net = trained(kind)
    three = net.replicate(3)
    assert np.array_equal(three.theta, [net.theta] * 3)
    assert np.array_equal(three.fixed, [net.fixed] * 3)
    three.fixed *= np.array([[1.0], [2.0], [3.0]])
    assert np.array_equal(three.replica(2).fixed, 3 * net.fixed)


@pytest.mark.parametrize("kind", KINDS)
def test_astype_rounds_all_numbers(kind):
    net = trained(kind)
    assert np.array_equal(net.astype("float32").fixed, net.fixed.astype(np.float32))
    assert net.astype("float32").predict(np.eye(2)).dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_a_copied_layer_starts_from_the_present_numbers(kind):
    net = trained(kind)
    layer = copy.copy(net.layers[1])
    other = MLP([Dense(2, 3, "tanh", weights=net.layers[0].W, bias=net.layers[0].b), layer])
    for name, values in net.layers[1].params.items():
        assert np.array_equal(layer.params[name], values)
        assert not np.shares_memory(layer.params[name], values)
    assert other.predict(np.eye(2)).shape == (2, 3)
    with pytest.raises(ValueError, match=r"copy: received .* of 2 replicas"):
        copy.copy(net.replicate(2).layers[1])
    assert copy.copy(kind()).first == {}


# --- replicas


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("widest", [2, 5, 40])
@pytest.mark.parametrize("seed", range(8))
def test_every_replica_has_the_bits_of_its_network_alone(seed, widest, dtype):
    rng = np.random.default_rng([seed, widest])
    net = random_network(rng, widest=widest, replicas=3, dtype=dtype, hidden=("relu", "softmax"))
    alone = [net.replica(k) for k in range(3)]
    for step, rows in enumerate((8, 2, 300)):
        lead = () if step != seed % 3 else (3,)
        X, Y = rng.normal(size=(*lead, rows, net.n_in)), rng.normal(size=(rows, net.n_out))
        weight = rng.uniform(0.0, 2.0, rows) if step else None
        losses = net.loss_and_grad(X, Y, weight, rng=np.random.default_rng(step))
        grad, outputs, evaluated = net.grad.copy(), net.predict(X), net.evaluate(X, Y, weight)
        dX = net.input_gradient(X, Y, weight, rng=np.random.default_rng(step))
        for k, one in enumerate(alone):
            own = X[k] if X.ndim == 3 else X
            assert one.loss_and_grad(own, Y, weight, rng=np.random.default_rng(step)) == losses[k]
            assert np.array_equal(one.grad, grad[k])
            assert np.array_equal(one.fixed, net.fixed[k])
            assert np.array_equal(one.predict(own), outputs[k])
            assert one.evaluate(own, Y, weight) == evaluated[k]
            rng_again = np.random.default_rng(step)
            assert np.array_equal(one.input_gradient(own, Y, weight, rng=rng_again), dX[k])


# --- memory


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_allocates_no_matrix_in_the_steady_state(kind, dtype, replicas):
    rng = np.random.default_rng(0)
    layers = [kind(), Dense(200, 200, "tanh"), kind(), Dropout(0.2), Dense(200, 200)]
    net = MLP(layers, "mse", dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    X, Y = rng.normal(size=(2, 200, 200)).astype(dtype)

    def steps():
        for n in (200, 199, 150):  # whole batches and short ones, and what is evaluated
            net._loss_and_grad(X[:n], Y[:n], None, None, rng)
            net._evaluate(X[:n], Y[:n], None, None)

    steps()
    tracemalloc.start()
    try:
        steps()
        start, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(3):
            steps()
        end, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    allowed = 2 * np.getbufsize() * net.dtype.itemsize + 8_000  # NumPy's own, see test_memory.py
    assert peak - start < allowed < 150 * 200 * net.dtype.itemsize
    assert end - start < 1_000


def test_ever_new_batch_sizes_do_not_make_memory_grow_without_end():
    net = MLP([BatchNorm(), Dense(8, 32), BatchNorm(), LayerNorm(), Dense(32, 3)], seed=0)
    X, Y = np.ones((300, 8)), np.ones((300, 3))
    tracemalloc.start()
    try:
        for n in range(100, 150):
            net.loss_and_grad(X[:n], Y[:n])
        start, _ = tracemalloc.get_traced_memory()
        for n in range(150, 300):
            net.loss_and_grad(X[:n], Y[:n])
        end, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert end < 2.5 * start
