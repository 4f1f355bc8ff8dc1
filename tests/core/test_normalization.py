"""BatchNorm and LayerNorm give the numbers of PyTorch, and of sums that are written out."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mlp.core import MLP, BatchNorm, Dense, LayerNorm

CASES = json.loads((Path(__file__).parent / "data" / "normalization.json").read_text())["cases"]
LAYERS = {"BatchNorm": BatchNorm, "LayerNorm": LayerNorm}


def before_a_loss(layer, n, dtype="float64", replicas=None):
    """Return a network whose outputs are those of the layer, and the layer in it."""
    net = MLP([Dense(n, n, weights=np.eye(n), bias=False), layer], "squared_error", dtype=dtype)
    net = net.replicate(replicas) if replicas else net
    return net, net.layers[1]


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['layer']}-{case['options']}")
def test_outputs_gradients_and_running_statistics_are_those_of_pytorch(case, replicas):
    first = {"gamma": case["gamma"], "beta": case["beta"]}
    norm = LAYERS[case["layer"]](**case["options"], first=first)
    net = MLP([norm, Dense(3, 2, bias=False)], "squared_error", seed=0)
    net = net.replicate(replicas) if replicas else net
    norm = net.layers[0]

    def check(name, mine):
        expected = np.broadcast_to(step[name], np.shape(mine))
        assert_allclose(mine, expected, rtol=1e-11, atol=1e-13)

    for step in case["steps"]:
        net.layers[1].W = step["W"]
        check("loss", net.loss_and_grad(step["X"], step["Y"]))
        check("A", norm.A)
        check("dgamma", norm.dgamma)
        check("dbeta", norm.dbeta)
        check("dX", net.input_gradient(step["X"], step["Y"]))
        if case["layer"] == "BatchNorm":
            check("running_mean", norm.running_mean)
            check("running_var", norm.running_var)
        check("outputs", net.predict(step["X"]))


def naive(lines, gammas, betas, dAs, eps):
    """Return A and dA_in, a list for each line of numbers that are normalised together."""
    A, dA_in = [], []
    for x, gamma, beta, dA in zip(lines, gammas, betas, dAs, strict=True):
        n = len(x)
        mean = math.fsum(x) / n
        s = 1 / math.sqrt(math.fsum((v - mean) ** 2 for v in x) / n + eps)
        N = [(v - mean) * s for v in x]
        A.append([g * v + b for g, v, b in zip(gamma, N, beta, strict=True)])
        jacobian = [[s * ((j == k) - 1 / n - N[j] * N[k] / n) for k in range(n)] for j in range(n)]
        dN = [d * g for d, g in zip(dA, gamma, strict=True)]
        dA_in.append([math.fsum(dN[j] * jacobian[j][k] for j in range(n)) for k in range(n)])
    return np.array(A), np.array(dA_in)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.sampled_from([BatchNorm, LayerNorm]),
    st.integers(1, 5),
    st.integers(2, 7),
    st.sampled_from([None, 1, 3]),
    st.integers(0, 2**32),
)
def test_forward_and_backward_are_those_of_the_jacobian_written_out(kind, n, rows, replicas, seed):
    rng = np.random.default_rng(seed)
    net, norm = before_a_loss(kind(eps=0.01), n, replicas=replicas)
    norm.gamma = rng.normal(size=norm.gamma.shape)
    norm.beta = rng.normal(size=norm.beta.shape)
    X, Y = rng.normal(size=(rows, n)) * 2 + 3, rng.normal(size=(rows, n))
    dX = net.input_gradient(X, Y)
    for k in range(replicas or 1):
        one = () if replicas is None else (k,)
        gamma, beta = (np.tile(v[one], (rows, 1)) for v in (norm.gamma, norm.beta))
        turn = np.transpose if kind is BatchNorm else np.asarray  # its lines are the columns
        A, _ = naive(*map(turn, (X, gamma, beta, Y)), eps=0.01)
        dA = (turn(A) - Y) / rows
        _, dA_in = naive(*map(turn, (X, gamma, beta, dA)), eps=0.01)
        N = (turn(A) - beta) / gamma
        assert_allclose(norm.A[one], turn(A), rtol=1e-11, atol=1e-13)
        assert_allclose(dX[one], turn(dA_in), rtol=1e-9, atol=1e-12)
        assert_allclose(norm.dgamma[one], (dA * N).sum(axis=0), rtol=1e-9, atol=1e-12)
        assert_allclose(norm.dbeta[one], dA.sum(axis=0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
@pytest.mark.parametrize(("dtype", "offset"), [("float32", 1e4), ("float64", 1e12)])
def test_an_offset_that_all_numbers_have_costs_no_digits(kind, dtype, offset):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(5000, 3) if kind is BatchNorm else (30, 300)) + offset).astype(dtype)
    _, norm = before_a_loss(kind(), X.shape[1], dtype)
    norm.forward(X, True, rng)
    exact = X.astype(np.longdouble) - offset  # exact: what is left fits in the digits
    exact -= exact.mean(axis=norm.axis, keepdims=True)
    var = (exact**2).mean(axis=norm.axis, keepdims=True)
    eps = np.finfo(dtype).eps
    assert_allclose(norm.A, exact / np.sqrt(var + 1e-5), rtol=0, atol=30 * eps)
    if kind is BatchNorm:
        new = 0.9 + 0.1 * var[0] * len(X) / (len(X) - 1)
        assert_allclose(norm.running_var, new, rtol=10 * eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_rows_are_as_exact_as_few(dtype):
    X = np.random.default_rng(0).gamma(0.5, size=(300_000, 2)).astype(dtype)
    _, norm = before_a_loss(BatchNorm(), 2, dtype)
    norm.forward(X, True, None)
    exact = X.astype(np.longdouble)
    exact = (exact - exact.mean(axis=0)) / np.sqrt(exact.var(axis=0) + 1e-5)
    tolerance = 3e-5 if dtype == "float32" else 1e-12
    assert_allclose(norm.A, exact, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_does_not_vary_becomes_beta_and_has_finite_gradients(kind, dtype):
    net, norm = before_a_loss(kind(), 4, dtype)
    norm.beta = [1.0, 2.0, 3.0, 4.0]
    assert np.isfinite(net.loss_and_grad(np.full((6, 4), 1e3), np.zeros((6, 4))))
    assert np.array_equal(norm.A, np.tile(norm.beta, (6, 1)))
    assert np.isfinite(net.grad).all()
    assert np.array_equal(norm.dgamma, np.zeros(4))


def test_in_training_the_outputs_of_a_unit_have_mean_beta_and_deviation_gamma():
    rng = np.random.default_rng(0)
    net, norm = before_a_loss(BatchNorm(eps=1e-12), 3)
    norm.gamma, norm.beta = [1.0, -2.0, 0.5], [3.0, 4.0, -5.0]
    net.loss_and_grad(rng.normal(size=(50, 3)) * 7 - 100, np.zeros((50, 3)))
    assert_allclose(norm.A.mean(axis=0), norm.beta, rtol=1e-12)
    assert_allclose(norm.A.std(axis=0), np.abs(norm.gamma), rtol=1e-10)


def test_outside_training_no_row_depends_on_the_rows_beside_it():
    rng = np.random.default_rng(0)
    for kind in (BatchNorm, LayerNorm):
        net, _ = before_a_loss(kind(), 3)
        X = rng.normal(size=(600, 3))
        net.loss_and_grad(X, X)
        together = net.predict(X)
        assert np.array_equal(net.predict(X[7:8]), together[7:8])
        assert np.array_equal(net.predict(X[250:300]), together[250:300])


def test_running_statistics_come_to_those_of_the_data():
    rng = np.random.default_rng(0)
    net, norm = before_a_loss(BatchNorm(momentum=0.05), 2)
    for _ in range(400):
        X = rng.normal([2.0, -1.0], [3.0, 0.1], size=(64, 2))
        net.loss_and_grad(X, X)
    assert_allclose(norm.running_mean, [2.0, -1.0], atol=0.2)
    assert_allclose(norm.running_var, [9.0, 0.01], rtol=0.1)


def test_momentum_is_the_share_of_the_batch():
    X = np.array([[1.0], [4.0]])
    for momentum, mean, var in [(0.0, 0.0, 1.0), (0.25, 0.625, 1.875), (1.0, 2.5, 4.5)]:
        net, norm = before_a_loss(BatchNorm(momentum), 1)
        net.loss_and_grad(X, X)
        assert norm.running_mean == mean
        assert norm.running_var == var


def test_weights_of_rows_count_in_the_loss_and_not_in_the_statistics():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, 6, 3))
    one, other = before_a_loss(BatchNorm(), 3)[0], before_a_loss(BatchNorm(), 3)[0]
    weight = np.array([0.0, 1.0, 2.0, 0.0, 1.0, 5.0])
    assert one.loss_and_grad(X, Y, weight) != other.loss_and_grad(X, Y)
    assert np.array_equal(one.fixed, other.fixed)
    assert np.array_equal(one.layers[1].A, other.layers[1].A)
