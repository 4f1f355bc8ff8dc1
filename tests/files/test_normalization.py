"""Layers that normalise come back with their statistics; what they cannot be is refused."""

import numpy as np
import pytest

import mlp
from mlp import MLP, SGD, BatchNorm, Dense, Dropout, LayerNorm, Trainer
from tests.files.forge import assert_same, contents, forge_declared, normalized, npy
from tests.files.refused import assert_refused


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("replicas", [None, 1, 3])
@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
def test_a_trained_network_comes_back_and_is_trained_on_bit_for_bit(
    tmp_path, kind, replicas, dtype
):
    layers = [kind(), Dense(3, 4, "tanh"), kind(eps=1 / 7), Dropout(0.2), Dense(4, 2)]
    net = MLP(layers, "mse", dtype=dtype, seed=0)
    net = net.replicate(replicas) if replicas else net
    X, Y = np.random.default_rng(0).normal(size=(2, 20, 3))
    Trainer(net, SGD(0.1), batch_size=6).fit(X, Y[:, :2], 2)
    net.save(tmp_path / "net.npz")
    other = mlp.load(tmp_path / "net.npz")
    assert_same(net, other)
    for one in (net, other):
        Trainer(one, SGD(0.1), batch_size=6).fit(X, Y[:, :2], 2)
    assert_same(net, other)


def test_a_loaded_network_is_initialized_as_the_saved_one(tmp_path):
    first = {"beta": 0.5, "gamma": [1.0, 2.0], "running_mean": [3.0, 4.0]}
    net = MLP([Dense(2, 2, weights=np.eye(2)), BatchNorm(first=first)], seed=0)
    start = net.theta.copy(), net.fixed.copy()
    net.loss_and_grad(np.eye(2), np.eye(2))
    net.theta -= net.grad
    net.save(tmp_path / "net.npz")
    other = mlp.load(tmp_path / "net.npz")
    assert not np.array_equal(other.theta, start[0])
    other.initialize(0)
    assert np.array_equal(other.theta, start[0])
    assert np.array_equal(other.fixed, start[1])


def test_first_values_in_any_order_give_the_same_bytes(tmp_path):
    for name, names in (("a", ("gamma", "beta")), ("b", ("beta", "gamma"))):
        norm = LayerNorm(first=dict.fromkeys(names, 1.0))
        MLP([Dense(2, 2), norm], seed=0).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("bad", [-1e-3, np.nan, np.inf])
def test_a_variance_that_cannot_be_is_not_saved(tmp_path, bad):
    net = MLP([Dense(2, 2), BatchNorm()], seed=0)
    net.fixed[-1] = bad
    with pytest.raises(ValueError, match=r"^layers\[1\].params.running_var: received"):
        net.save(tmp_path / "net.npz")
    assert list(tmp_path.iterdir()) == []


def spoilt(path, change=lambda description: None, **members):
    """Write the normalised network with a changed description or other arrays."""
    normalized().save(path)
    description, good = contents(path)
    change(description)
    return forge_declared(path, description, good | members)


def put(place, value):
    """Return a function that sets what is at this place of the third layer, a BatchNorm."""
    *way, last = place.split(".")

    def change(description):
        node = description["layers"][2]
        for key in way:
            node = node[key]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("name", "LayerNorm"), r"layers\[2\].config: received"),
        (put("name", "GroupNorm"), r"layers\[2\]: received 'GroupNorm', expected one of"),
        (put("config.momentum", 2.0), "config.momentum: received 2.0, expected a number from 0"),
        (put("config.momentum", 1), "momentum: received 1, expected float"),
        (put("config.eps", 0.0), "config.eps: received 0.0, expected a number from"),
        (put("config.eps", None), r"layers\[2\].config: received \['first', 'momentum'\]"),
        (put("config.first", []), r"config.first: received \[\], expected dict"),
        (put("config.first.gamma", 1.0), "config.first.gamma: received 1.0, expected ndarray"),
        (put("config.first.delta", {}), "first.delta: received {}, expected ndarray"),
        (put("params.beta", None), r"layers\[2\].params: received .*, expected gamma, beta"),
        (put("params.running_var", 1.0), "params.running_var: received 1.0, expected ndarray"),
    ],
)
def test_descriptions_that_cannot_be_are_refused(tmp_path, change, reason):
    assert_refused(spoilt(tmp_path / "net.npz", change), reason)


@pytest.mark.parametrize(
    ("place", "shape", "reason"),
    [
        ("params.gamma", (2, 4), r"params.gamma: received shape \(2, 4\) of float64, expected"),
        ("params.running_mean", (3,), r"running_mean: received shape \(3,\)"),
        ("config.first.gamma", (4,), r"config.first\['gamma'\]: received shape \(4,\)"),
        ("config.first.gamma", (1, 3), r"config.first\['gamma'\]: received shape \(1, 3\)"),
    ],
)
def test_arrays_of_another_width_are_refused(tmp_path, place, shape, reason):
    declared = {"$array": "float64", "shape": list(shape)}
    name = f"layers.2.{place}.npy"
    path = spoilt(tmp_path / "net.npz", put(place, declared), **{name: npy(np.ones(shape))})
    assert_refused(path, reason)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("params.running_var", -1e-9, "params.running_var: received -1e-09, expected numbers >= 0"),
        ("params.running_var", np.nan, "params.running_var: received numbers that are not finite"),
        ("params.running_mean", np.inf, "running_mean: received numbers that are not finite"),
        ("params.gamma", np.nan, "params.gamma: received numbers that are not finite"),
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path, name, value, reason):
    values = np.ones((2, 3))
    values[1, 1] = value
    path = spoilt(tmp_path / "net.npz", **{f"layers.2.{name}.npy": npy(values)})
    assert_refused(path, reason)


def test_a_first_variance_below_zero_is_refused(tmp_path):
    members = {"layers.2.config.first.running_var.npy": npy(np.array(-1.0))}
    assert_refused(spoilt(tmp_path / "net.npz", **members), "received -1, expected numbers >= 0")


def test_layers_without_one_that_has_a_width_are_refused(tmp_path):
    path = tmp_path / "net.npz"
    normalized().save(path)
    description, members = contents(path)
    description["layers"] = description["layers"][2:3]
    renamed = {name.replace("layers.2.", "layers.0."): data for name, data in members.items()}
    forge_declared(path, description, renamed)
    assert_refused(path, "layers: received no layer with widths, expected at least one Dense")
