"""Descriptions of networks that cannot be."""

import io

import numpy as np
import pytest

from tests.files.forge import (
    NETWORKS,
    contents,
    declared,
    forge,
    forge_declared,
    npy,
    small,
)
from tests.files.refused import MIB, assert_refused

W, B = "layers.0.params.W.npy", "layers.0.params.b.npy"


def at(*place):
    """Return a function that sets what is at this place of the description."""

    def put(value):
        def change(description):
            node = description
            for key in place[:-1]:
                node = node[key]
            if value is None:
                del node[place[-1]]
            else:
                node[place[-1]] = value

        return change

    return put


CONFIG = ("layers", 0, "config")
DROPOUT = {"name": "Dropout", "config": {"rate": 0.5}, "params": {}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (at("dtype")("float16"), "dtype: received 'float16'"),
        (at("dtype")("float32"), "received shape .* of float64, expected .* of float32"),
        (at("dtype")(["float64"]), "dtype: received"),
        (at("dtype")("f8"), "dtype: received 'f8'"),
        (at("dtype")(None), r"model: received \['layers', 'loss', 'replicas'\], expected dtype"),
        (at("extra")(1), "model: received .*'extra'"),
        (at("metadata")([]), "metadata: received"),
        (at("replicas")(2), r"received shape \(2, 3\) of float64, expected \(2, 2, 3\)"),
        (at("replicas")(0), "received shape"),
        (at("replicas")(-1), "received shape"),
        (at("replicas")(True), "replicas: received True, expected int"),
        (at("replicas")(1.0), "replicas: received 1.0, expected int"),
        (at("replicas")(10**12), "received shape"),
        (at("loss")("mse"), "loss.name: received None, expected str"),
        (at("loss")({"name": "msee"}), r"loss.name: .*did you mean 'mse'"),
        (at("loss")({"name": "__import__"}), "loss.name: received '__import__', expected one of"),
        (at("loss")({"name": "MSE"}), "loss.name: received 'MSE', expected 'mse'"),
        (at("loss")({"name": "cross_entropy"}), "loss: received 'cross_entropy' after"),
        (at("loss")({"name": ["mse"]}), "loss.name: received"),
        (at("loss")({"name": "mse", "delta": 1.0}), "loss: received .* expected name"),
        (at("loss")({"name": "huber"}), "loss: received .* expected name, delta"),
        (at("loss")({"name": "huber", "delta": -1.0}), "delta: received -1.0"),
        (at("loss")({"name": "huber", "delta": 1}), "loss.delta: received 1, expected float"),
        (at("loss")({"name": "huber", "delta": "1"}), "loss.delta: received '1'"),
        (at("loss")({"name": "huber", "delta": {}}), "loss.delta: received"),
        (at("layers")([]), "layers: received none"),
        (at("layers")({}), "layers: received {}, expected list"),
        (at("layers")([DROPOUT]), "layers: received no layer with widths"),
        (at("layers", 0)([]), r"layers\[0\]: received \[\]"),
        (at("layers", 0, "name")("Conv2d"), r"layers\[0\]: received 'Conv2d', expected one of"),
        (at("layers", 0, "name")(["Dense"]), r"layers\[0\]: received \['Dense'\]"),
        (at("layers", 0, "name")("Dropout"), r"layers\[0\].config: received .* expected rate"),
        (at("layers", 0, "more")(1), r"layers\[0\]: received"),
        (at(*CONFIG)([]), r"layers\[0\].config: received \[\]"),
        (
            at(*CONFIG, "n_in")(4),
            r"params.W: received shape \(2, 3\) .*, expected \(4, 3\)",
        ),
        (at(*CONFIG, "n_in")(0), "n_in: received 0"),
        (at(*CONFIG, "n_in")(-2), "n_in: received -2"),
        (at(*CONFIG, "n_in")(2.0), "n_in: received 2.0, expected int"),
        (at(*CONFIG, "n_in")(True), "n_in: received True, expected int"),
        (at(*CONFIG, "n_in")("2"), "n_in: received '2', expected int"),
        (at(*CONFIG, "n_in")(10**15), "n_in: received 1000000000000000, more than its arrays"),
        (at(*CONFIG, "n_out")(10**10), "n_out: received 10000000000, more than its arrays"),
        (at(*CONFIG, "n_out")(2**100), "more than its arrays hold numbers"),
        (at(*CONFIG, "n_in")(None), r"layers\[0\].config: received"),
        (at(*CONFIG, "exec")("true"), r"layers\[0\].config: received"),
        (at(*CONFIG, "activation")("tanh"), "activation.name: received None, expected str"),
        (at(*CONFIG, "activation")({"name": "tan"}), "did you mean 'tanh'"),
        (
            at(*CONFIG, "activation")({"name": "elu"}),
            "activation: .* expected name, alpha",
        ),
        (at(*CONFIG, "activation")({"name": "elu", "alpha": 0.0}), "alpha: received 0.0"),
        (at(*CONFIG, "weights")("mine"), r"layers\[0\].config.*received 'mine'"),
        (at(*CONFIG, "weights")("Zeros"), "weights: received 'Zeros', expected 'zeros'"),
        (at(*CONFIG, "weights")(1.0), "weights: received 1.0, expected str"),
        (at(*CONFIG, "weights")([["x"]]), "weights: received"),
        (at(*CONFIG, "bias")(0.5), "bias: received 0.5, expected bool"),
        (at(*CONFIG, "bias")(False), r"params: received \['W', 'b'\], expected W"),
        (at(*CONFIG, "train_bias")(1), "train_bias: received 1, expected bool"),
        (at(*CONFIG, "share_bias")("no"), "share_bias: received 'no', expected bool"),
        (at(*CONFIG, "share_bias")(True), r"received shape \(3,\) of float64, expected \(1,\)"),
        (at("layers", 0, "params", "c")(1), "params: received"),
        (at("layers", 1, "config", "n_in")(2), "received shape|n_in"),
    ],
)
def test_odd_networks_are_refused(path, change, reason):
    description, members = contents(path)
    change(description)
    forge_declared(path, description, members)
    assert_refused(path, reason)


def test_widths_that_do_not_follow_one_another_are_refused(path):
    description, members = contents(path)
    layers = description["layers"]
    layers.reverse()
    names = [f"layers.{i}.params.{key}.npy" for i in (1, 0) for key in ("W", "b")]
    swapped = dict(zip(sorted(names), (members[name] for name in names), strict=True))
    forge(path, description, swapped)
    assert_refused(path, r"layers: received Dense\(2, 3, 'tanh'\) at 1, expected n_in=1")


def test_an_array_in_the_place_of_a_word_is_refused(path):
    for place, reason in (
        (("dtype",), "dtype: received"),
        (("replicas",), "replicas: received"),
        (("loss",), "loss.name: received None"),
        (("layers",), "layers: received"),
        (("layers", 0), r"layers\[0\]: received"),
        (("layers", 0, "name"), r"layers\[0\]: received"),
        (("layers", 0, "config"), "config: received"),
        (("layers", 0, "config", "n_in"), "n_in: received"),
        (("layers", 0, "config", "activation"), "activation.name"),
        (("layers", 0, "config", "train_bias"), "train_bias: received"),
        (("layers", 0, "params"), "params: received"),
        (("metadata",), "metadata: received"),
    ):
        small().save(path)
        description, members = contents(path)
        at(*place)(declared("float64", [2, 3]))(description)
        name = ".".join(map(str, place)) + ".npy"
        members[name] = npy(np.ones((2, 3)))
        forge_declared(path, description, members)
        assert_refused(path, reason)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [W, B])
def test_weights_that_are_not_finite_are_refused(path, name, value):
    description, members = contents(path)
    array = np.load(io.BytesIO(members[name]))
    array.flat[-1] = value
    members[name] = npy(array)
    forge(path, description, members)
    assert_refused(path, r"layers\[0\].params.[Wb]: received numbers that are not finite")


def test_first_weights_that_are_not_finite_or_of_another_shape_are_refused(tmp_path):
    path = tmp_path / "net.npz"
    for value, reason in (
        (np.full((3, 2), np.nan), "received nan"),
        (np.ones((2, 3)), "is not the array"),
    ):
        NETWORKS["mixed"]().save(path)
        description, members = contents(path)
        members["layers.0.config.weights.npy"] = npy(value)
        forge(path, description, members)
        assert_refused(path, reason)


def test_many_layers_that_claim_the_same_width_take_little_memory(path):
    description, _ = contents(path)
    width = 10**6
    name = "layers.0.params.W.npy"
    dense = {**description["layers"][0]["config"], "n_in": 1, "n_out": width}
    big = {"name": "Dense", "config": dense, "params": {"W": declared("float64", [1, width])}}
    small_ones = {"name": "Dense", "config": dense, "params": {}}
    description["layers"] = [big, *[small_ones] * 1000]
    forge(path, description, {name: npy(np.zeros((1, width)))})
    assert_refused(path, r"layers\[0\].params: received \['W'\], expected W, b", most=32 * MIB)
