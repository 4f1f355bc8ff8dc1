"""The steady state of training allocates no arrays and does not grow."""

import tracemalloc

import numpy as np
import pytest

from mlp.core import ACTIVATIONS, Penalty
from tests.core.cases import PAIRS, apart, network, targets
from tests.spread import spread

# Inside a ufunc that broadcasts a bias or a column, NumPy itself uses a buffer of at most
# `np.getbufsize()` elements for each of one operand (NumPy 2.0: two) and frees it at once. All
# matrices here are larger than both.
ROWS, WIDTH = 144, 144
BUFFERS = 2
KINDS = [("float64", None), ("float32", 2)]


def peak_and_growth(steps, times=3):
    """Return by how many bytes the memory rose during, and after, many runs of steady steps."""
    steps()
    tracemalloc.start()
    try:
        steps()
        start, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(times):
            steps()
        end, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - start, end - start


def smallest_matrix(net):
    layers = [layer for layer in net.layers if hasattr(layer, "W")]
    return min(array.nbytes for layer in layers for array in (layer.W, layer.A, layer.dZ))


def assert_no_matrix_is_allocated(net, rng, weighted=True, penalty=None, batches=(ROWS,), times=3):
    """Fail if training on batches of these sizes takes new memory once it has gone round."""
    X = rng.normal(size=(ROWS, WIDTH)).astype(net.dtype)
    Y = targets(net.loss.name, rng, ROWS, net.n_out).astype(net.dtype)
    weight = np.ones(ROWS, net.dtype) if weighted else None

    def steps():
        for n in batches:
            net._loss_and_grad(X[:n], Y[:n], weight[:n] if weighted else None, penalty, rng)

    peak, growth = peak_and_growth(steps, times)
    allowed = BUFFERS * np.getbufsize() * net.dtype.itemsize + 8_000
    assert peak < allowed < smallest_matrix(net)
    assert growth < 1_000


@pytest.mark.parametrize(("dtype", "replicas"), KINDS)
@pytest.mark.parametrize("hidden", list(ACTIVATIONS))
def test_a_step_allocates_no_matrix_whatever_the_hidden_activation(hidden, dtype, replicas):
    rng = np.random.default_rng(0)
    net = network(
        [WIDTH] * 3,
        hidden,
        "identity",
        "squared_error",
        rng=rng,
        replicas=replicas,
        dtype=dtype,
        dropout=0.2,
    )
    assert_no_matrix_is_allocated(net, rng, penalty=Penalty(l1=0.1, l2=0.1))


@pytest.mark.parametrize(
    ("activation", "dtype", "replicas"), spread([(a, *k) for a in ACTIVATIONS for k in KINDS], 3)
)
def test_nor_does_a_step_with_activations_as_layers_of_their_own(activation, dtype, replicas):
    rng = np.random.default_rng(0)
    sizes = [WIDTH] * 3
    for output, loss in (("identity", "mse"), ("softmax", "cross_entropy"), ("softmax", "mae")):
        net = network(sizes, activation, output, loss, rng=rng, replicas=replicas, dtype=dtype)
        assert_no_matrix_is_allocated(apart(net), rng, batches=(ROWS, ROWS - 1, ROWS - 2))


@pytest.mark.parametrize(
    ("output", "loss", "weighted"), spread([(*p, w) for p in PAIRS for w in (False, True)], 3)
)
def test_a_step_allocates_no_matrix_whatever_the_loss(output, loss, weighted):
    rng = np.random.default_rng(0)
    replicas = 2 if weighted else None
    net = network([WIDTH] * 3, "tanh", output, loss, rng=rng, replicas=replicas)
    net.theta *= 0.1
    assert_no_matrix_is_allocated(net, rng, weighted=weighted)


def test_a_hundred_steps_leave_nothing_behind():
    rng = np.random.default_rng(0)
    net = network([WIDTH] * 3, "relu", "softmax", "cross_entropy", rng=rng, dropout=0.1)
    assert_no_matrix_is_allocated(net, rng, penalty=Penalty(l2=0.1), times=100)


def test_switching_between_a_few_batch_sizes_allocates_nothing():
    rng = np.random.default_rng(0)
    net = network([WIDTH] * 3, "relu", "softmax", "cross_entropy", rng=rng)
    assert_no_matrix_is_allocated(net, rng, batches=(ROWS, ROWS - 1, ROWS - 2))


def test_ever_new_batch_sizes_do_not_make_memory_grow_without_end():
    rng = np.random.default_rng(0)
    net = network([8, 32, 3], "gelu", "softmax", "cross_entropy", rng=rng, dropout=0.1)
    X, Y = rng.normal(size=(300, 8)), targets("cross_entropy", rng, 300, 3)
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
    assert end < 2.5 * start  # the arrays that are kept are twice as large, and no more of them
