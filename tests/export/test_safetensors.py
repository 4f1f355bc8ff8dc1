"""safetensors files: bit-identical, readable by the package of that name, and not trusted."""

import json
import random

import numpy as np
import pytest

import mlp
from mlp import FileFormatError
from mlp.export import (
    from_safetensors,
    load_state_dict,
    read_safetensors,
    state_dict,
    to_json,
    to_safetensors,
)
from mlp.files import describe, rebuild
from mlp.tables import ClassTarget, InputEncoder, Labels
from tests.export.networks import MANY_SEEDS, SEEDS, draw, inputs


def assert_same(net, other):
    assert repr(net) == repr(other)
    assert net.dtype == other.dtype
    assert net.theta.tobytes() == other.theta.tobytes()
    assert net.fixed.tobytes() == other.fixed.tobytes()
    assert net.loss.config() == other.loss.config()
    assert net.feature_names == other.feature_names
    for one, two in zip(net.layers, other.layers, strict=True):
        plain = ("rate", "momentum", "eps", "train_bias", "share_bias")
        settings = [{key: vars(layer).get(key) for key in plain} for layer in (one, two)]
        assert settings[0] == settings[1]


def assert_back(seed, path):
    net = draw(seed)
    if seed % 3 == 0:
        net.feature_names = [f"f\u00e9{i}" for i in range(net.n_in)]
    to_safetensors(net, path, {"note": "\u00e9"})
    same = from_safetensors(path)
    assert_same(net, same)
    assert net.predict(inputs(net)).tobytes() == same.predict(inputs(net)).tobytes()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_network_comes_back_bit_identical(seed, tmp_path):
    assert_back(seed, tmp_path / "net.safetensors")


@pytest.mark.long
def test_many_networks_come_back_bit_identical(tmp_path):
    for seed in MANY_SEEDS:
        assert_back(seed, tmp_path / "net.safetensors")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_package_safetensors_reads_and_writes_the_same(seed, tmp_path):
    theirs = pytest.importorskip("safetensors.numpy")
    opened = pytest.importorskip("safetensors").safe_open
    net, path = draw(seed), tmp_path / "net.safetensors"
    to_safetensors(net, path, {"note": "x"})
    found, expected = theirs.load_file(path), state_dict(net)
    assert found.keys() == expected.keys()
    for name in expected:
        assert found[name].dtype == expected[name].dtype
        assert found[name].tobytes() == expected[name].tobytes()
    with opened(path, framework="numpy") as file:
        metadata = file.metadata()
    assert (metadata["format"], metadata["note"]) == ("pt", "x")
    assert json.loads(metadata["mlp"])["dtype"] == net.dtype.name
    theirs.save_file(expected, path)
    assert_same(net, from_safetensors(path, net))


def test_a_module_loads_the_file(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is missing")
    theirs = pytest.importorskip("safetensors.torch")
    net = mlp.MLP.from_sizes([3, 4, 2], normalization="batch", dropout=0.1, seed=0)
    to_safetensors(net, tmp_path / "net.safetensors")
    module = mlp.MLP.from_sizes([3, 4, 2], normalization="batch", dropout=0.1).to_torch()
    module.load_state_dict(theirs.load_file(tmp_path / "net.safetensors"))
    X = np.ones((2, 3))
    assert np.abs(module(torch.from_numpy(X)).detach().numpy() - net.predict(X)).max() < 1e-12


def test_every_type_of_the_vocabulary_is_read(tmp_path):
    theirs = pytest.importorskip("safetensors.numpy")
    arrays = {
        name: np.arange(6).reshape(2, 3).astype(name)
        for name in ("float64", "float32", "float16", "int64", "int32", "uint8")
    }
    arrays |= {"scalar": np.array(2.5), "empty": np.zeros((0, 3))}
    theirs.save_file(arrays, tmp_path / "a.safetensors")
    found, metadata = read_safetensors(tmp_path / "a.safetensors")
    assert metadata == {}
    assert found.keys() == arrays.keys()
    for name in arrays:
        assert found[name].dtype == arrays[name].dtype
        assert found[name].shape == arrays[name].shape
        assert (found[name] == arrays[name]).all()


def test_the_same_network_gives_the_same_bytes(tmp_path):
    for name in "ab":
        to_safetensors(draw(5), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_initialize_returns_to_given_numbers(tmp_path):
    net = mlp.MLP([mlp.Dense(1, 1, weights=[[2.0]], bias=3.0)])
    to_safetensors(net, tmp_path / "net")
    same = from_safetensors(tmp_path / "net")
    same.theta = [0.0, 0.0]
    same.initialize(seed=0)
    assert same.theta.tolist() == [2.0, 3.0]


@pytest.mark.parametrize("seed", SEEDS)
def test_json_holds_the_numbers_exactly(seed, tmp_path):
    net = draw(seed)
    to_json(net, tmp_path / "net.json")
    tree = json.loads((tmp_path / "net.json").read_text())
    described = describe(net)
    for node, layer in zip(described["layers"], tree["layers"], strict=True):
        assert node["name"] == layer["name"]
        node["params"] = {
            name: np.array(values, net.dtype) for name, values in layer["params"].items()
        }
    assert_same(net, rebuild(described))


def test_json_holds_the_columns(tmp_path):
    net = mlp.MLP.from_sizes([2, 2], output="softmax", loss="cross_entropy", seed=0)
    encoder = InputEncoder(["x"], {"city": Labels(["Oslo"])}, fill=np.array([0.5, 1.0]))
    to_json(net, tmp_path / "a", inputs=encoder, target=ClassTarget("y", Labels(["a", "b"])))
    tree = json.loads((tmp_path / "a").read_text())
    assert tree["inputs"]["categories"] == [{"column": "city", "words": ["Oslo"]}]
    assert tree["inputs"]["fill"] == [0.5, 1.0]
    assert tree["target"] == {"names": ["y"], "labels": ["a", "b"]}


# --- state dicts that do not fit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("0.bias"), r"received \[\] and not \['0.bias'\]"),
        (lambda d: d.update(other=1.0), r"received \['other'\] and not \[\]"),
        (lambda d: d.update({"0.weight": np.ones((2, 3))}), "0.weight: received shape"),
        (lambda d: d.update({"2.bias": [np.nan]}), "b: received nan"),
        (lambda d: d.update({"2.bias": ["x"]}), "2.bias: received dtype"),
    ],
)
def test_a_state_dict_that_does_not_fit_changes_nothing(change, message):
    net = mlp.MLP.from_sizes([2, 3, 1], seed=0)
    before, tensors = net.theta.copy(), state_dict(mlp.MLP.from_sizes([2, 3, 1], seed=1))
    change(tensors)
    with pytest.raises((ValueError, TypeError), match=message):
        load_state_dict(net, tensors)
    assert (net.theta == before).all()


def test_a_shared_bias_takes_equal_numbers_only():
    net = mlp.MLP([mlp.Dense(2, 3, bias=0.5, share_bias=True)], seed=0)
    tensors = state_dict(net)
    assert tensors["0.bias"].tolist() == [0.5] * 3
    load_state_dict(net, tensors | {"0.bias": [2.0, 2.0, 2.0]})
    assert net.layers[0].b.tolist() == [2.0]
    with pytest.raises(ValueError, match="expected one for all units"):
        load_state_dict(net, tensors | {"0.bias": [2.0, 2.0, 2.5]})


# --- hostile files


def forged(path, header, numbers=b"", length=None):
    """Write a file of this header, right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + text + numbers)
    return path


def entry(dtype="F64", shape=(1,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


NESTED = b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"
HOSTILE = {
    "is truncated": ({"a": entry()}, b"", 1 << 60),
    "has a header of 2000000 bytes": (b" " * 2_000_000, b"", None),
    "is nested deeper": (NESTED, b"", None),
    "has a key twice": (b'{"a": 1, "a": 2}', b"", None),
    "is not an object": (b"[]", b"", None),
    "Expecting value": (b"nonsense", b"", None),
    "codec can't decode": (b'{"\xff": 1}', b"", None),
    "expected dtype, shape, data_offsets": ({"a": {"dtype": "F64"}}, b"", None),
    "has the type 'BOOL'": ({"a": entry("BOOL")}, bytes(8), None),
    "has the type ['F64']": ({"a": entry(["F64"])}, bytes(8), None),
    "expected whole numbers": ({"a": entry(shape=(-1,))}, bytes(8), None),
    "is [1.0], expected whole": ({"a": entry(shape=(1.0,))}, bytes(8), None),
    "is [True], expected whole": ({"a": entry(shape=(True,))}, bytes(8), None),
    "has 9 dimensions": ({"a": entry(shape=(1,) * 9)}, bytes(8), None),
    "and 3 offsets": ({"a": entry(offsets=(0, 4, 8))}, bytes(8), None),
    "has the offsets [0, 8]": ({"a": entry(shape=(1 << 40, 1 << 40))}, bytes(8), None),
    "has the offsets [8, 0]": ({"a": entry(offsets=(8, 0))}, bytes(8), None),
    "begins at 0, expected 8": ({"a": entry(), "b": entry()}, bytes(8), None),  # overlap
    "begins at 16, expected 8": ({"a": entry(), "b": entry(offsets=(16, 24))}, bytes(24), None),
    "has 16 bytes of numbers, expected 8": ({"a": entry()}, bytes(16), None),
    "has 4 bytes of numbers, expected 8": ({"a": entry()}, bytes(4), None),
    "values other than text": ({"__metadata__": {"a": 1}}, b"", None),
    "__metadata__: received []": ({"__metadata__": []}, b"", None),
    "expected finite numbers": (b'{"a": NaN}', b"", None),
    "an int beyond 128 bits": (b'{"a": 1' + b"0" * 5000 + b"}", b"", None),
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_a_hostile_file_is_rejected_with_the_reason(reason, tmp_path):
    header, numbers, length = HOSTILE[reason]
    with pytest.raises(FileFormatError) as caught:
        read_safetensors(forged(tmp_path / "a", header, numbers, length))
    assert reason in caught.value.reason


def described(change):
    """Return a description and the tensors of a network, changed."""
    net = mlp.MLP.from_sizes([2, 3, 1], normalization="batch", seed=0)
    tree = json.loads(json.dumps(mlp.export.description.describe_structure(net)))
    change(tree)
    return tree, state_dict(net)


WRONG = {
    "has an unknown version": lambda t: t.update(version=2),
    "layers: received None": lambda t: t.pop("layers"),
    "layers[0]: received 'x'": lambda t: t.update(layers=["x"]),
    "layers[0]: received 'Conv'": lambda t: t["layers"][0].update(name="Conv"),
    "layers[0]: received []": lambda t: t["layers"][0].update(name=[]),
    "layers[0].config: received 1": lambda t: t["layers"][0].update(config=1),
    "more than its arrays hold": lambda t: t["layers"][0]["config"].update(n_out=1 << 40),
    "which no layer has": lambda t: t["layers"].pop(),
    "dtype: received 'object'": lambda t: t.update(dtype="object"),
    "loss.name: received 'x'": lambda t: t["loss"].update(name="x"),
    "loss: received": lambda t: t["loss"].update(name="cross_entropy"),
}


@pytest.mark.parametrize("reason", WRONG)
def test_a_wrong_description_is_rejected_with_the_reason(reason, tmp_path):
    tree, tensors = described(WRONG[reason])
    theirs = pytest.importorskip("safetensors.numpy")
    theirs.save_file(tensors, tmp_path / "a", {"mlp": json.dumps(tree)})
    with pytest.raises(FileFormatError) as caught:
        from_safetensors(tmp_path / "a")
    assert reason in caught.value.reason


def test_a_file_without_description_needs_a_network(tmp_path):
    path = forged(tmp_path / "a", {"0.weight": entry(shape=(1, 1))}, bytes(8))
    with pytest.raises(FileFormatError, match="expected a net to copy and fill"):
        from_safetensors(path)
    with pytest.raises(FileFormatError, match="0.bias"):
        from_safetensors(path, mlp.MLP([mlp.Dense(1, 1)]))
    net = mlp.MLP([mlp.Dense(1, 1, bias=False)])
    assert from_safetensors(path, net).theta.tolist() == [0.0]
    assert net.theta.tolist() != [0.0]


@pytest.mark.parametrize("metadata", [{"a": 1}, {1: "a"}, [], {"mlp": "x"}, {"format": "x"}])
def test_bad_metadata_are_rejected(metadata, tmp_path):
    with pytest.raises((TypeError, ValueError), match="^metadata: received"):
        to_safetensors(mlp.MLP([mlp.Dense(1, 1)]), tmp_path / "a", metadata)
    assert list(tmp_path.iterdir()) == []


def mutant(data, draw_random):
    """Return a file with a few bytes changed, cut out or inserted."""
    data = bytearray(data)
    for _ in range(draw_random.randint(1, 4)):
        at = draw_random.randrange(len(data))
        kind = draw_random.randrange(4)
        if kind == 0:
            data[at] = draw_random.randrange(256)
        elif kind == 1:
            del data[at : at + draw_random.randint(1, 40)]
        elif kind == 2:
            data[at:at] = data[: draw_random.randint(1, 40)]
        else:
            data[at] ^= 1 << draw_random.randrange(8)
    return bytes(data)


def sources(form, folder):
    """Return small files of a form, and what reads them."""
    if form == "onnx":
        pytest.importorskip("onnx")
    write, read = {
        "safetensors": (to_safetensors, from_safetensors),
        "onnx": (mlp.export.to_onnx, mlp.export.from_onnx),
    }[form]
    found = []
    for seed in range(8):
        write(draw(seed), folder / "source")
        found.append((folder / "source").read_bytes())
    return found, read


def fuzz(form, files, folder, seed=0):
    """Read mutants; each is rejected with FileFormatError or is a sound network."""
    starts, read = sources(form, folder)
    draw_random = random.Random(seed)
    loaded = 0
    for i in range(files):
        data = mutant(starts[i % len(starts)], draw_random)
        (folder / "mutant").write_bytes(data)
        try:
            net = read(folder / "mutant")
        except FileFormatError:
            continue
        loaded += 1
        with np.errstate(all="ignore"):
            assert net.predict(np.zeros((1, net.n_in))).shape == (1, net.n_out)
    return loaded


@pytest.mark.parametrize("form", ["safetensors", "onnx"])
def test_mutants_are_rejected_or_sound(form, tmp_path):
    assert 0 < fuzz(form, 300, tmp_path) < 300


@pytest.mark.long
@pytest.mark.parametrize("form", ["safetensors", "onnx"])
def test_many_mutants_are_rejected_or_sound(form, tmp_path):
    assert 0 < fuzz(form, 20_000, tmp_path, seed=1) < 20_000
