"""The layer that scales each unit: its equations, replicas, copies and files."""

import copy

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense, Scale
from tests.core.cases import assert_same_bits

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))


def network(dtype="float64", replicas=None, widths=(3, 4, 2)):
    n_in, n, n_out = widths
    layers = [Scale(6.0), Dense(n_in, n, "tanh"), Scale(), Dense(n, n_out), Scale(0.5)]
    net = MLP(layers, "mse", dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    net.theta = np.random.default_rng(1).normal(size=net.theta.shape)
    return net


def test_the_outputs_are_those_of_the_equation():
    net = network()
    first, hidden, middle, last, end = net.layers
    H = np.tanh((X * first.scale) @ hidden.W + hidden.b) * middle.scale
    assert np.allclose(net.predict(X), (H @ last.W + last.b) * end.scale, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("replicas", [None, 1, 3])
def test_gradients_are_those_of_central_differences(replicas):
    error, where = mlp.check_gradients(network(replicas=replicas), X, Y, directions=16)
    assert error < 1e-6, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("widths", [(3, 4, 2), (2, 2, 1), (40, 30, 20)])
@pytest.mark.parametrize("shared", [True, False])
def test_replicas_are_bit_identical_to_each_alone(dtype, widths, shared):
    nets = network(dtype, 3, widths)
    inputs = rng.normal(size=(7, widths[0]) if shared else (3, 7, widths[0])).astype(dtype)
    assert_same_bits(nets, inputs, rng.normal(size=(7, widths[2])))


def test_scales_start_at_one_or_where_they_are_told_to():
    layers = [Scale(), Dense(3, 2), Scale(first={"scale": [2.0, 3.0]})]
    net = MLP(layers, seed=0)
    assert net.layers[0].scale.tolist() == [1.0, 1.0, 1.0]
    net.theta = 5.0 * np.ones_like(net.theta)
    net.initialize()
    assert net.layers[2].scale.tolist() == [2.0, 3.0]


def test_penalties_do_not_count_them():
    assert MLP([Scale(), Dense(3, 2)], seed=0).weights.size == 6


def test_a_copy_starts_from_the_present_scales(tmp_path):
    net = network()
    other = MLP([copy.copy(layer) for layer in net.layers], "mse")
    other.save(tmp_path / "net.npz")
    for same in (other, mlp.load(tmp_path / "net.npz")):
        same.initialize()
        assert np.array_equal(same.layers[0].scale, net.layers[0].scale)
        assert repr(same.layers) == repr(net.layers)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lr_factor": -1.0}, ValueError, "^lr_factor: received -1.0"),
        ({"lr_factor": "6"}, TypeError, "^lr_factor: received '6'"),
        ({"first": {"gamma": 1.0}}, ValueError, "first: received 'gamma', expected one of scale"),
        ({"first": {"scale": np.ones(2)}}, ValueError, r"received shape \(2,\), expected"),
    ],
)
def test_what_does_not_fit_is_rejected(arguments, error, message):
    with pytest.raises(error, match=message):
        MLP([Scale(**arguments), Dense(3, 1)])
