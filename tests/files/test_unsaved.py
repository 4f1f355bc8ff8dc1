"""What cannot be saved is refused before the file is touched."""

import os

import numpy as np
import pytest

from mlp import MLP, Dense, Dropout, Layer
from mlp.core.activations import Identity
from mlp.core.initializers import VarianceScaling
from mlp.core.losses import SquaredError
from mlp.files import read_model
from tests.files.forge import NETWORKS


class Square(Identity):
    name = "square"


class Disguised(Identity):
    name = "identity"


class Bare:
    def forward(self, Z, out):
        out[...] = Z

    def backward(self, dA, Z, A, out):
        out[...] = dA


class OwnLoss(SquaredError):
    pass


class OwnLayer(Layer):
    def forward(self, A_in, training, rng):
        return A_in

    def backward(self, dA, need_dA_in=True):
        return dA


class OwnDense(Dense):
    pass


class OwnDropout(Dropout):
    pass


OwnDropout.__name__ = "Dropout"  # the name alone does not make it the package's


class OwnMLP(MLP):
    pass


class OwnDraw:
    name = "zeros"

    def draw(self, rng, n_in, n_out):
        return np.ones((n_in, n_out))


MINE = VarianceScaling("he_normal", lambda n_in, n_out: 1.0, uniform=False)


@pytest.mark.parametrize(
    ("net", "place"),
    [
        (MLP([Dense(2, 1, Square())], seed=0), r"layers\[0\].activation: received Square\(\)"),
        (MLP([Dense(2, 1, Disguised())], seed=0), r"layers\[0\].activation: .*Disguised"),
        (MLP([Dense(2, 2), Dense(2, 1, Bare())], seed=0), r"layers\[1\].activation: .*Bare"),
        (MLP([Dense(2, 1)], OwnLoss(), seed=0), "loss: received OwnLoss"),
        (MLP([Dense(2, 2), OwnLayer()], seed=0), r"layers\[1\]: received OwnLayer\(\)"),
        (MLP([OwnDense(2, 2)], seed=0), r"layers\[0\]: received Dense\(2, 2"),
        (MLP([OwnDropout(0.1), Dense(2, 2)], seed=0), r"layers\[0\]: received Dropout"),
        (MLP([Dense(2, 1, weights=OwnDraw())], seed=0), r"layers\[0\].weights: .*OwnDraw"),
        (MLP([Dense(2, 1, weights=MINE)], seed=0), r"layers\[0\].weights: .*Variance"),
        (OwnMLP([Dense(2, 1)], seed=0), "net: received MLP.* of OwnMLP, expected an MLP"),
    ],
)
def test_what_is_ones_own_is_refused_by_name_before_the_file_is_touched(tmp_path, net, place):
    path = tmp_path / "net.npz"
    path.write_bytes(b"before")
    with pytest.raises(TypeError, match=place):
        net.save(path)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["net.npz"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("train_bias", [True, False])
def test_parameters_that_are_not_finite_are_refused(tmp_path, value, train_bias):
    net = MLP([Dense(2, 1), Dense(1, 2, train_bias=train_bias)], seed=0)
    net.layers[1].params["b"][1] = value
    with pytest.raises(ValueError, match=r"layers\[1\].params.b: .*not finite"):
        net.save(tmp_path / "folder" / "net.npz")
    assert os.listdir(tmp_path) == []


def deep(levels):
    return [] if levels == 1 else [deep(levels - 1)]


CYCLE = {}
CYCLE["self"] = CYCLE


@pytest.mark.parametrize(
    ("metadata", "error", "match"),
    [
        ([1], TypeError, r"metadata: received \[1\], expected a dict or None"),
        ({1: 2}, TypeError, "metadata: received the key 1, expected str"),
        ({"$array": 2}, TypeError, "metadata: received the key '\\$array'"),
        ({"a": {"b": object}}, TypeError, "metadata.a.b: received <class 'object'>"),
        ({"a": {1, 2}}, TypeError, "metadata.a: received {1, 2}"),
        ({"a": b"x"}, TypeError, "metadata.a: received b'x'"),
        ({"a": 1j}, TypeError, "metadata.a: received 1j"),
        ({"a": [0.0, np.nan]}, ValueError, "metadata.a.1: received nan, expected a finite"),
        ({"a": -np.inf}, ValueError, "metadata.a: received -inf"),
        ({"a": 1 << 128}, ValueError, "metadata.a: received an int beyond 128 bits"),
        ({"a": np.array(["x"])}, TypeError, "metadata.a: received an array of <U1"),
        ({"a": np.array([object])}, TypeError, "metadata.a: received an array of object"),
        ({"a": np.zeros(1, "f2")}, TypeError, "metadata.a: received an array of float16"),
        ({"a": np.zeros(1, "f4,f4")}, TypeError, "metadata.a: received an array of"),
        ({"a/b": np.zeros(1)}, ValueError, "'metadata.a/b': cannot name an array"),
        ({"..": np.zeros(1)}, ValueError, "cannot name an array"),
        ({"é": np.zeros(1)}, ValueError, "cannot name an array"),
        ({"": np.zeros(1)}, ValueError, "cannot name an array"),
        ({"a" * 192: np.zeros(1)}, ValueError, "cannot name an array"),
        ({"a": "x" * (1 << 20)}, ValueError, "bytes of JSON, expected at most 1048576"),
        ({"a": deep(31)}, ValueError, "nested deeper than 32"),
        (CYCLE, ValueError, "nested deeper than 32"),
    ],
)
def test_metadata_that_json_and_arrays_cannot_hold_is_refused(tmp_path, metadata, error, match):
    with pytest.raises(error, match=match):
        NETWORKS["small"]().save(tmp_path / "net.npz", metadata)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": deep(30)},
        {"a" * 191: np.zeros(1)},
        {"a": (1 << 128) - 1, "b": 1 - (1 << 128)},
        {"a": "[{" * 100 + '"\\' * 100, "[": "]"},
        {"a": "\ud800\x00\n", "": 5},
        {"a": "x" * (1 << 19)},
    ],
)
def test_metadata_at_the_limits_comes_back(tmp_path, metadata):
    NETWORKS["small"]().save(tmp_path / "net.npz", metadata)
    assert repr(read_model(tmp_path / "net.npz")[1]) == repr(metadata)


def test_an_array_at_the_deepest_place_comes_back(tmp_path):
    tree = np.arange(3.0)
    for _ in range(30):
        tree = [tree]
    NETWORKS["small"]().save(tmp_path / "net.npz", {"a": tree[0]})
    found = read_model(tmp_path / "net.npz")[1]["a"]
    for _ in range(29):
        (found,) = found
    assert found.tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="nested deeper than 32"):
        NETWORKS["small"]().save(tmp_path / "net.npz", {"a": tree})
