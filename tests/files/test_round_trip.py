"""What is saved is loaded again, bit for bit; what cannot be saved is refused beforehand."""

import copy
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense, Dropout, FileFormatError, Layer
from mlp.core import ACTIVATIONS, INITIALIZERS, LOSSES
from mlp.core.activations import ELU, Identity, LeakyReLU
from mlp.core.initializers import VarianceScaling
from mlp.core.losses import Huber, SquaredError
from mlp.files import format_errors, read_archive, read_model, write_archive
from tests.files.forge import METADATA, NETWORKS, assert_same, filled

ROOT = Path(__file__).parents[2]


def saved(net, path):
    net.save(path)
    return mlp.load(path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("replicas", [None, 1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_comes_back(tmp_path, activation, replicas, dtype):
    net = MLP([Dense(2, 3, activation), Dense(3, 2, activation)], "mse", dtype=dtype, seed=0)
    net = filled(net.replicate(replicas) if replicas else net)
    assert_same(net, saved(net, tmp_path / "net.npz"))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_comes_back_and_gives_the_same_gradient(tmp_path, loss):
    output = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, "softplus")
    net = filled(MLP([Dense(2, 3, "gelu"), Dense(3, 2, output)], loss, seed=0))
    other = saved(net, tmp_path / "net.npz")
    X, Y = [[0.1, -0.2], [0.3, 0.5]], [[1.0, 0.0], [0.0, 1.0]]
    assert net.loss_and_grad(X, Y) == other.loss_and_grad(X, Y)
    assert net.grad.tobytes() == other.grad.tobytes()


@pytest.mark.parametrize("activation", [LeakyReLU(0.1 + 0.2), ELU(1 / 3)])
def test_settings_keep_every_digit(tmp_path, activation):
    net = filled(MLP([Dense(2, 2, activation)], Huber(2 / 3), seed=0))
    other = saved(net, tmp_path / "net.npz")
    assert other.layers[0].activation.config() == activation.config()
    assert other.loss.delta == 2 / 3


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize("share_bias", [False, True])
@pytest.mark.parametrize("train_bias", [False, True])
@pytest.mark.parametrize("bias", [False, True, 0.35])
def test_every_kind_of_bias_comes_back(tmp_path, bias, train_bias, share_bias, replicas):
    kinds = {"bias": bias, "train_bias": train_bias, "share_bias": share_bias}
    net = MLP([Dense(2, 3, "tanh", **kinds), Dropout(0.5), Dense(3, 2, **kinds)], seed=0)
    net = filled(net.replicate(replicas) if replicas else net)
    other = saved(net, tmp_path / "net.npz")
    assert_same(net, other)
    assert other.theta.shape == net.theta.shape


@pytest.mark.parametrize("rate", [0.0, 0.1, 1 / 3])
def test_dropout_comes_back(tmp_path, rate):
    net = MLP([Dropout(rate), Dense(2, 1)], seed=0)
    assert saved(net, tmp_path / "net.npz").layers[0].rate == rate


@pytest.mark.parametrize("weights", [*INITIALIZERS, [[0.1, 0.2], [0.3, 0.4]]])
def test_a_loaded_network_is_initialized_as_the_saved_one(tmp_path, weights):
    net = MLP([Dense(2, 2, "relu", weights=weights, bias=[0.1, 0.2])], seed=3)
    filled(net)
    other = saved(net, tmp_path / "net.npz")
    net.initialize(7)
    other.initialize(7)
    assert net.theta.tobytes() == other.theta.tobytes()


def test_extreme_numbers_come_back(tmp_path):
    net = MLP([Dense(2, 3)], seed=0)
    net.theta[:6] = [5e-324, -0.0, np.finfo(float).max, np.finfo(float).min, np.nextafter(1, 2), 0]
    other = saved(net, tmp_path / "net.npz")
    assert net.theta.tobytes() == other.theta.tobytes()


def test_a_loaded_network_is_trained_like_the_saved_one(tmp_path):
    X, y = mlp.datasets.xor()
    net = MLP.from_sizes([2, 8, 2], "tanh", "softmax", "cross_entropy", dropout=0.2, seed=1)
    other = saved(net, tmp_path / "net.npz")
    for each in (net, other):
        mlp.Trainer(each, mlp.Adam(0.01), batch_size=2, seed=5).fit(X, y, epochs=3)
    assert net.theta.tobytes() == other.theta.tobytes()
    assert not np.shares_memory(net.theta, other.theta)


def test_a_loaded_network_draws_from_a_generator_that_begins_anew(tmp_path):
    net = MLP([Dense(4, 4), Dropout(0.5), Dense(4, 1)], seed=3)
    net.save(tmp_path / "net.npz")
    X, Y = np.ones((8, 4)), np.zeros((8, 1))
    losses = {mlp.load(tmp_path / "net.npz").loss_and_grad(X, Y) for _ in range(3)}
    again = net.loss_and_grad(X, Y, rng=np.random.default_rng(0))
    assert losses == {again}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_network_gives_the_same_bytes(tmp_path, name):
    net = NETWORKS[name]()
    net.save(tmp_path / "a.npz", METADATA)
    NETWORKS[name]().save(tmp_path / "b.npz", METADATA)
    mlp.load(tmp_path / "a.npz").save(tmp_path / "c.npz", METADATA)
    net.copy().predict(np.ones((1, net.n_in)))
    net.copy().save(str(tmp_path / "d.npz"), METADATA)
    assert len({(tmp_path / f"{file}.npz").read_bytes() for file in "abcd"}) == 1


def test_the_same_network_gives_the_same_bytes_in_another_process_and_year(tmp_path):
    script = (
        "import sys, time; time.time = lambda: 2e9; sys.path.insert(0, sys.argv[1])\n"
        "from tests.files.forge import METADATA, mixed\n"
        "mixed().save(sys.argv[2], METADATA)"
    )
    other = tmp_path / "other.npz"
    arguments = [sys.executable, "-c", script, str(ROOT), str(other)]
    environment = os.environ | {"PYTHONHASHSEED": "123", "TZ": "Asia/Tokyo"}
    subprocess.run(arguments, check=True, env=environment, cwd=tmp_path)
    NETWORKS["mixed"]().save(tmp_path / "net.npz", METADATA)
    assert other.read_bytes() == (tmp_path / "net.npz").read_bytes()


@pytest.mark.parametrize("name", NETWORKS)
def test_metadata_comes_back(tmp_path, name):
    net = NETWORKS[name]()
    net.save(tmp_path / "net.npz", METADATA)
    other, metadata = read_model(tmp_path / "net.npz")
    assert_same(net, other)
    assert metadata["classes"] == METADATA["classes"]
    for mine, its in (
        (METADATA["scale"], metadata["scale"]),
        (METADATA["nested"]["empty"], metadata["nested"]["empty"]),
        (METADATA["nested"]["mask"], metadata["nested"]["mask"]),
    ):
        assert (its.dtype, its.shape, its.tobytes()) == (mine.dtype, mine.shape, mine.tobytes())
        assert its.flags.writeable


def test_without_metadata_there_is_an_empty_dict(tmp_path):
    NETWORKS["small"]().save(tmp_path / "net.npz")
    assert read_model(tmp_path / "net.npz")[1] == {}


def test_other_programs_can_read_the_file(tmp_path):
    net = NETWORKS["mixed"]()
    net.save(tmp_path / "net.npz")
    with zipfile.ZipFile(tmp_path / "net.npz") as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("description.json"))["format"] == "mlp-model"
    with np.load(tmp_path / "net.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["layers.0.params.W"], net.layers[0].W)
        np.testing.assert_array_equal(archive["layers.2.params.b"], net.layers[2].b)


# --- what cannot be saved


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


@pytest.mark.parametrize("digits", range(1, 19))
@pytest.mark.parametrize("axes", [1, 2, 3, 10])
def test_the_header_of_an_array_is_short_aligned_and_numpys(tmp_path, digits, axes):
    shape = (0, *[1] * axes, 10 ** (digits - 1))
    write_archive(tmp_path / "a.npz", "thing", 1, {"a": np.zeros(shape)})
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        head = archive.read("a.npy")
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n"
    assert len(head) % 64 == 0
    assert 0 <= len(head) - 10 - len(text) < 64
    assert np.load(io.BytesIO(head)).shape == shape


def test_tuples_and_scalars_of_numpy_come_back_as_pythons_own(tmp_path):
    tree = {"a": (1, 2), "b": np.float32(0.1), "c": np.int64(3), "d": np.bool_(True)}
    write_archive(tmp_path / "a.npz", "thing", 1, tree)
    _, found = read_archive(tmp_path / "a.npz", "thing", [1])
    assert found == {"a": [1, 2], "b": float(np.float32(0.1)), "c": 3, "d": True}
    assert {type(value) for value in found.values()} == {list, float, int, bool}


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "u8", "u4", "u1", "?", ">f8", ">i4"])
@pytest.mark.parametrize("shape", [(), (1,), (0,), (0, 3), (2, 3), (2, 1, 2, 1, 2)])
def test_arrays_of_every_kind_and_order_come_back(tmp_path, dtype, shape):
    array = (np.arange(np.prod(shape, dtype=int)) % 2).reshape(shape).astype(dtype)
    for each in (array, np.asfortranarray(array), np.stack([array, array], -1)[..., 0]):
        write_archive(tmp_path / "a.npz", "thing", 1, {"a": each})
        found = read_archive(tmp_path / "a.npz", "thing", [1])[1]["a"]
        assert found.dtype == each.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, each)
        assert found.flags.c_contiguous
        assert found.shape == each.shape


def test_an_archives_own_keys_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"received the keys \['format', 'version'\]"):
        write_archive(tmp_path / "a.npz", "thing", 1, {"version": 1, "format": 1, "x": 2})


def test_an_archive_of_another_kind_or_version_is_refused(tmp_path):
    write_archive(tmp_path / "a.npz", "thing", 2, {"x": 1})
    assert read_archive(tmp_path / "a.npz", "thing", [1, 2]) == (2, {"x": 1})
    with pytest.raises(FileFormatError, match="has version 2, expected 1 or 3"):
        read_archive(tmp_path / "a.npz", "thing", [1, 3])
    with pytest.raises(FileFormatError, match="has the format 'thing', expected 'mlp-model'"):
        mlp.load(tmp_path / "a.npz")


def test_a_reason_is_given_once_where_readers_call_readers():
    def nested(error):
        with format_errors("outer.npz"), format_errors("inner.npz"):
            raise error

    for error in (ValueError("is odd"), TypeError("is odd"), RecursionError("is odd")):
        with pytest.raises(FileFormatError) as caught:
            nested(error)
        assert str(caught.value) == "inner.npz: is odd"
    with pytest.raises(ZeroDivisionError):
        nested(ZeroDivisionError())


def test_errors_are_value_errors_that_can_be_copied():
    error = FileFormatError(Path("a.npz"), "is odd")
    assert isinstance(error, ValueError)
    assert error.args == ("a.npz", "is odd")
    again = copy.deepcopy(error)
    assert (again.path, again.reason, str(again)) == ("a.npz", "is odd", "a.npz: is odd")
