"""The periodic embedding: its equation, gradients, replicas, copies and files."""

import copy

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense, PeriodicEmbedding
from tests.core.cases import assert_same_bits

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(7, 5)), rng.normal(size=(7, 2))


def network(columns=3, replicas=None, dtype="float64", n_in=5, **kind):
    layer = PeriodicEmbedding(n_in, columns, **({"m": 6, "sigma": 0.5} | kind))
    net = MLP([layer, Dense(layer.n_out, 2, "tanh")], "mse", dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    net.theta = np.random.default_rng(1).normal(size=net.theta.shape)
    return net


def by_hand(layer, x):
    """One row, column after column."""
    p, found = layer.params, []
    for i in range(layer.columns):
        found.append(x[i])
        cosines = np.cos(2 * np.pi * p["w"][i] * x[i] + p["b"][i])
        found += list(cosines @ p["V"][i] + p["c"][i])
    return np.array([*found, *x[layer.columns :]])


@pytest.mark.parametrize("columns", [1, 3, 5])
@pytest.mark.parametrize("dim", [2, 4])
def test_the_outputs_are_those_of_the_equation(columns, dim):
    net = network(columns, dim=dim)
    layer, dense = net.layers
    expected = np.tanh(np.array([by_hand(layer, x) for x in X]) @ dense.W + dense.b)
    assert np.allclose(net.predict(X), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("replicas", [None, 3])
@pytest.mark.parametrize("columns", [1, 3, 5])
def test_gradients_are_those_of_central_differences(replicas, columns):
    net = network(columns, replicas)
    error, where = mlp.check_gradients(net, X, Y, directions=8)
    assert error < 1e-6, where
    error, where = mlp.check_gradients(net, X, Y)
    assert error < 1e-6, where


def test_it_goes_back_through_a_layer_before_it():
    layers = [Dense(5, 4, "tanh"), PeriodicEmbedding(4, 2, m=3, sigma=0.5), Dense(10, 2)]
    error, where = mlp.check_gradients(MLP(layers, "mse", seed=0), X, Y)
    assert error < 1e-6, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("n_in", "columns"), [(5, 3), (1, 1)])
def test_replicas_are_bit_identical_to_each_alone(dtype, shared, n_in, columns):
    nets = network(columns, 3, dtype, n_in, dim=2)
    inputs = rng.normal(size=(7, n_in) if shared else (3, 7, n_in)).astype(dtype)
    assert_same_bits(nets, inputs, Y.astype(dtype))


def test_it_is_drawn_by_its_rules():
    net = MLP([PeriodicEmbedding(50, m=100, sigma=0.3), Dense(200, 1)], seed=0)
    p = net.layers[0].params
    assert p["w"].std() == pytest.approx(0.3, rel=0.05)
    assert np.abs(p["b"]).max() == pytest.approx(np.pi, rel=0.01)
    assert np.abs(p["V"]).max() == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("columns", [1, 5])
def test_it_is_saved_and_copied(tmp_path, columns):
    net = network(columns, dim=2, lr_factor=0.1)
    net.save(tmp_path / "net.npz")
    other = MLP([copy.copy(layer) for layer in net.layers], "mse")
    for same in (net.copy(), mlp.load(tmp_path / "net.npz"), other):
        assert repr(same.layers) == repr(net.layers)
        assert np.array_equal(same.predict(X), net.predict(X))
    few = 1 if columns == 1 else 5
    name = "PeriodicEmbedding(5" + ", 1" * (few == 1) + ", m=6, dim=2, sigma=0.5, lr_factor=0.1)"
    assert repr(mlp.load(tmp_path / "net.npz").layers[0]) == name


def test_many_inputs_that_pass_through_are_loaded(tmp_path):
    layer = PeriodicEmbedding(90, 1, m=2, dim=2)
    MLP([layer, Dense(91, 1)], seed=0).save(tmp_path / "net.npz")
    assert mlp.load(tmp_path / "net.npz").n_in == 90


@pytest.mark.parametrize("name", ["to_python", "to_c", "to_onnx", "to_safetensors"])
def test_exports_reject_it_by_its_place(tmp_path, name):
    with pytest.raises(TypeError, match=r"^layers\[0\]: received Periodic.*no exported form"):
        getattr(mlp.export, name)(network(), tmp_path / "file")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_in": 0}, "n_in"),
        ({"n_in": 2, "columns": 3}, "columns"),
        ({"n_in": 2, "m": 0}, "m"),
        ({"n_in": 2, "dim": 1}, "dim"),
        ({"n_in": 2, "sigma": 0.0}, "sigma"),
        ({"n_in": 2, "lr_factor": -1.0}, "lr_factor"),
    ],
)
def test_what_is_out_of_range_is_rejected(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}: received"):
        PeriodicEmbedding(**arguments)
