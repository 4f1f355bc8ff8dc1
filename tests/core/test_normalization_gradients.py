"""The gradient of networks that normalise is that of the loss that is reported."""

import numpy as np
import pytest

import mlp
from mlp.core import MLP, BatchNorm, Dense, Dropout, LayerNorm, Penalty
from tests.core.normalized import random_network
from tests.spread import spread

KINDS = [BatchNorm, LayerNorm]


@pytest.mark.parametrize("seed", spread(range(60), 7))
def test_the_gradient_of_any_structure_is_exact(seed):
    rng = np.random.default_rng([1, seed])
    replicas = (None, 1, 3)[seed % 3]
    net = random_network(rng, widest=5, replicas=replicas, eps=0.1)  # a curve of little bend
    lead = () if replicas is None or seed % 2 else (replicas,)
    X, Y = rng.normal(size=(*lead, 6, net.n_in)), rng.normal(size=(6, net.n_out))
    weight = rng.uniform(0.0, 2.0, 6) if seed % 4 > 1 else None
    penalty = Penalty(l2=0.1) if seed % 5 > 2 else None
    error, where = mlp.check_gradients(net, X, Y, weight, penalty=penalty)
    assert error < 1e-6, (net, where)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [2, 3, 17])
def test_the_gradient_is_exact_with_the_usual_eps(kind, rows):
    rng = np.random.default_rng(rows)
    for last, loss in (("softmax", "cross_entropy"), ("identity", "squared_error")):
        layers = [kind(), Dense(4, 6, "tanh"), kind(), Dropout(0.2), Dense(6, 5), kind()]
        net = MLP([*layers, Dense(5, 3, last)], loss, seed=0)
        X, Y = 3.0 + rng.normal(size=(rows, 4)), rng.dirichlet(np.ones(3), rows)
        error, where = mlp.check_gradients(net, X, Y)
        assert error < 1e-6, where


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_a_wide_network_is_exact_along_random_directions(kind):
    rng = np.random.default_rng(0)
    layers = [
        Dense(30, 50, "tanh"),
        kind(),
        Dense(50, 40, "gelu"),
        kind(),
        Dense(40, 10, "softmax"),
    ]
    net = MLP(layers, "cross_entropy", seed=0).replicate(2)
    X, Y = rng.normal(size=(64, 30)), rng.integers(0, 10, 64)
    error, where = mlp.check_gradients(net, X, Y, directions=10)
    assert error < 1e-6, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_check_leaves_the_network_as_it_was(kind, replicas, dtype):
    net = MLP([Dense(2, 3, "tanh"), kind(), Dropout(0.5), Dense(3, 1)], dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    X, Y = np.random.default_rng(0).normal(size=(2, 5, 2))
    net.loss_and_grad(X, Y[:, :1])
    before = [a.tobytes() for a in (net.theta, net.grad, net.fixed)], net._rng.bit_generator.state
    assert mlp.check_gradients(net, X, Y[:, :1]).error < 1e-6
    after = [a.tobytes() for a in (net.theta, net.grad, net.fixed)], net._rng.bit_generator.state
    assert after == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_gradient_is_found(kind, monkeypatch):
    net = MLP([Dense(2, 3, "tanh"), kind(), Dense(3, 1)], seed=0)
    X, Y = np.random.default_rng(0).normal(size=(2, 5, 2))
    right = kind.backward

    def wrong(layer, dA, need_dA_in=True):
        return 1.001 * right(layer, dA, need_dA_in)

    assert mlp.check_gradients(net, X, Y[:, :1]).error < 1e-6
    monkeypatch.setattr(kind, "backward", wrong)
    assert mlp.check_gradients(net, X, Y[:, :1]).error > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_penalties_count_neither_gamma_nor_beta(kind):
    net = MLP([Dense(2, 3, "tanh"), kind(), Dense(3, 1)], seed=0)
    assert net.weights.size == 2 * 3 + 3
    X, Y = np.random.default_rng(0).normal(size=(2, 5, 2))
    net.loss_and_grad(X, Y[:, :1])
    norm = net.layers[1]
    dgamma, dbeta = norm.dgamma.copy(), norm.dbeta.copy()
    net.loss_and_grad(X, Y[:, :1], penalty=Penalty(l1=1.0, l2=1.0))
    assert np.array_equal(norm.dgamma, dgamma)
    assert np.array_equal(norm.dbeta, dbeta)
    places = [net.locate(i) for i in range(net.weights.size, net.theta.size)]
    names = [place.rpartition("[")[0].split()[-1] for place in places]
    assert names == ["b"] * 3 + ["gamma"] * 3 + ["beta"] * 3 + ["b"]
