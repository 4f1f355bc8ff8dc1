"""Damaged files and files made to do harm: a FileFormatError with the reason, little memory."""

import io
import json
import os
import re
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

import mlp
from mlp import FileFormatError
from tests.files.forge import FIRST, METADATA, NETWORKS, contents, forge, forge_declared, npy, small

W, B = "layers.0.params.W.npy", "layers.0.params.b.npy"
MIB = 1 << 20


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a good file."""
    path = tmp_path_factory.mktemp("good") / "net.npz"
    small().save(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, good):
    """A good file that a test may spoil."""
    path = tmp_path / "net.npz"
    path.write_bytes(good)
    return path


def refuse(path, reason, most=16 * MIB, seconds=20.0):
    """Fail unless the file is refused for this reason, in bounded memory and time."""
    begin = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=reason) as caught:
            mlp.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert len(caught.value.reason) < 1000
    assert peak < most
    assert time.process_time() - begin < seconds


def test_the_check_of_memory_can_fail(path):
    path.write_bytes(b"x" * 4096)
    with pytest.raises(AssertionError):
        refuse(path, "not a zip archive", most=1000)


def test_a_file_that_does_not_exist_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        mlp.load(tmp_path / "net.npz")


def test_what_is_not_a_file_is_refused_without_being_opened(tmp_path):
    refuse(tmp_path, "is not a regular file")
    os.mkfifo(tmp_path / "pipe")
    refuse(tmp_path / "pipe", "is not a regular file")
    refuse("/dev/zero", "is not a regular file")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a zip archive"),
        (b"PK", "not a zip archive"),
        (b"hello, world" * 100, "not a zip archive"),
        (b"PK\5\6" + bytes(18), "not a zip archive"),  # an empty archive
        (b"PK\3\4", "truncated before description.json"),
        (npy([1.0]), "not a zip archive"),
        (b"\x80\4cos\nsystem\n(S'true'\ntR.", "not a zip archive"),  # a pickle
    ],
)
def test_other_files_are_refused(path, data, reason):
    path.write_bytes(data)
    refuse(path, reason)


def test_archives_of_numpy_are_refused(path):
    for save in (np.savez, np.savez_compressed):
        save(path, W=np.zeros((2, 3)), objects=np.array([object], object))
        refuse(path, r"has a member b'W.npy', expected 'description.json'")


# --- bytes of the zip structure


def test_a_file_cut_off_anywhere_is_refused(path, good):
    for length in (*range(0, len(good), 7), len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(FileFormatError, match="truncated|not a zip archive"):
            mlp.load(path)


def test_every_single_byte_counts(path, good):
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ 0x20]) + good[i + 1 :])
        with pytest.raises(FileFormatError):
            mlp.load(path)


@pytest.mark.parametrize("tail", [b"\0", b"PK\5\6" + bytes(18), b"x" * 100_000])
def test_trailing_and_leading_bytes_are_refused(path, good, tail):
    path.write_bytes(good + tail)
    refuse(path, f"has {len(tail)} bytes more than its description says")
    path.write_bytes(tail + good)
    refuse(path, "not a zip archive|truncated")


def rezip(path, method=zipfile.ZIP_STORED, change=None, date=(1980, 1, 1, 0, 0, 0)):
    """Write the members again with zipfile, changed by `change`."""
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    members = change(members) if change else members
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, date)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=True) as file:
                file.write(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members_are_refused_before_they_are_unpacked(path, method):
    rezip(path, method)
    refuse(path, f"has compression {method}, expected 0")


def test_a_zip_bomb_is_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(FIRST, b" " * (64 * MIB))
    assert path.stat().st_size < 100_000
    refuse(path, "description.json: has", most=MIB)


def field(layout, data, at, index, value):
    """Change one number of a header at `at`."""
    values = list(layout.unpack_from(data, at))
    values[index] = value
    return data[:at] + layout.pack(*values) + data[at + layout.size :]


LOCAL, CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")


@pytest.mark.parametrize(
    ("index", "value", "reason"),
    [
        (1, 20, "has version 20"),
        (2, 1, "has flags 1, expected 0"),  # encrypted
        (2, 8, "has flags 8"),  # sizes behind the data
        (2, 0x800, "has flags 2048"),
        (3, 8, "has compression 8"),
        (3, 99, "has compression 99"),
        (4, 1, "has time 1"),
        (5, 34, "has date 34"),
        (6, 1, "checksum"),
        (7, 5, "has packed size 5"),
        (8, 1 << 31, "has size 2147483648"),
        (9, 65535, "truncated|has a member|has name length"),
        (10, 65535, "has extra length 65535"),
    ],
)
@pytest.mark.parametrize("member", [0, 1])
def test_odd_headers_are_refused(path, good, member, index, value, reason):
    at = [m.start() for m in re.finditer(b"PK\3\4", good)][member]
    path.write_bytes(field(LOCAL, good, at, index, value))
    refuse(path, reason)
    at = [m.start() for m in re.finditer(b"PK\1\2", good)][member]
    path.write_bytes(field(CENTRAL, good, at, index + 1, value))
    refuse(path, reason)


@pytest.mark.parametrize(
    ("index", "value", "reason"),
    [
        (1, 3 << 8 | 45, "has creator 813"),
        (12, 9, "has comment length 9"),
        (13, 1, "has disk 1"),
        (14, 1, "has internal attributes 1"),
        (15, 0o120777 << 16, "has external attributes"),  # a symbolic link
        (16, 0, "has offset 0"),
    ],
)
def test_odd_entries_of_the_directory_are_refused(path, good, index, value, reason):
    at = good.index(b"PK\1\2")
    path.write_bytes(field(CENTRAL, good, at, index, value))
    refuse(path, reason)


@pytest.mark.parametrize("size", [0, 1 << 20, (1 << 20) + 1, 1 << 40, (1 << 64) - 1])
def test_declared_sizes_of_the_description_are_not_believed(path, good, size):
    at = LOCAL.size + len(FIRST)
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    path.write_bytes(good[:at] + extra + good[at + len(extra) :])
    refuse(path, "truncated|expected at most 1048576|damaged", most=2 * MIB)


@pytest.mark.parametrize("marker", [b"PK\6\6", b"PK\6\7", b"PK\5\6"])
def test_every_byte_of_the_archives_end_is_compared(path, good, marker):
    at = good.index(marker)
    path.write_bytes(good[: at + 9] + b"\7" + good[at + 10 :])
    refuse(path, "the end of the archive is damaged")


# --- members


def renamed(old, new):
    return lambda members: [(new if name == old else name, data) for name, data in members]


@pytest.mark.parametrize(
    "name",
    ["../../evil.npy", "/etc/passwd", "C:\\evil.npy", "a/b.npy", "x" * len(W), "é.npy", "\0.npy"],
)
def test_members_of_other_names_are_refused(path, name):
    description, members = contents(path)
    data = members.pop(W)
    if name.isascii():
        forge(path, description, {name: data, **members})
    else:
        rezip(path, change=renamed(W, name))
    refuse(path, "has a member|bytes more|truncated")


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", "", "a.b", "é", "\0", "a" * 300])
def test_names_in_the_description_are_refused(path, name):
    description, members = contents(path)
    array = {"$array": "float64", "shape": [1]}
    description["metadata"] = {name: array}
    path.write_bytes(b"")
    forge(path, description, {**members, "m.npy": npy([1.0])})
    refuse(path, "cannot name an array")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: [*m, m[-1]], "bytes more than its description says"),  # a duplicate
        (lambda m: [m[0], m[1], m[1], *m[3:]], "has a member|truncated|bytes more"),
        (lambda m: [*m, ("extra.npy", npy([1.0]))], "bytes more than its description says"),
        (lambda m: [*m, ("evil.txt", b"")], "bytes more than its description says"),
        (lambda m: m[:-1], "truncated"),
        (lambda m: [m[0]], "truncated"),
        (lambda m: m[1:], "expected 'description.json'"),
        (lambda m: [m[1], m[0], *m[2:]], "expected 'description.json'"),
        (lambda m: [m[0], m[2], m[1], *m[3:]], "has a member|is not the array"),
    ],
)
def test_extra_missing_and_misplaced_members_are_refused(path, change, reason):
    description, members = contents(path)
    everything = change([(FIRST, json.dumps(description).encode()), *members.items()])
    forge(path, everything[0][1], everything[1:]) if everything[0][0] == FIRST else rezip(
        path, change=lambda _: everything
    )
    refuse(path, reason)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3), ">f8"),
        np.zeros((2, 3), "f4"),
        np.asfortranarray(np.ones((2, 3))),
        np.zeros((3, 2)),
        np.zeros(6),
        np.zeros((2, 3), "i8"),
        np.array([[None] * 3] * 2, object),
        np.zeros((2, 3), "f4,f4"),
        np.zeros((2, 3), "U2"),
        np.zeros((2, 3), "M8[s]"),
    ],
)
def test_an_array_that_is_not_as_declared_is_refused(path, array):
    description, members = contents(path)
    members[W] = npy(array)
    forge(path, description, members)
    refuse(path, "is not the array|truncated|bytes more|has (packed )?size|another size")


@pytest.mark.parametrize(
    "header",
    [
        b"\x93NUMPY\2\0" + struct.pack("<I", 116),
        b"\x93NUMPY\1\0" + struct.pack("<H", 65535),
        b"\x93NUMPX\1\0" + struct.pack("<H", 118),
        b"\x93NUMPY\1\0" + struct.pack("<H", 118) + b"{'descr': __import__('os').system('true'),",
    ],
)
def test_other_headers_of_arrays_are_refused(path, header):
    description, members = contents(path)
    members[W] = header + members[W][len(header) :]
    forge(path, description, members)
    refuse(path, "is not the array of which the description tells")


# --- what the description says


def declared(dtype, shape, **more):
    return {"$array": dtype, "shape": shape, **more}


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (declared("float64", [10**9, 10**9]), "truncated: "),
        (declared("float64", [10**6, 10**6, 2 * 10**6]), "more than any memory holds"),
        (declared("float64", [0, 2**62]), "more than any memory holds"),
        (declared("float64", [0, 2**60]), "more than any memory holds"),
        (declared("uint8", [2**63 - 1]), "truncated: "),
        (declared("float64", [2**32, 2**32]), "more than any memory holds"),
        (declared("float64", [2**127]), "more than any memory holds"),
        (declared("float64", [0, 2**40]), "bytes more"),
        (declared("float64", [-2, -3]), "expected sizes >= 0"),
        (declared("float64", [2.0, 3.0]), "expected sizes >= 0"),
        (declared("float64", [True, 3]), "expected sizes >= 0"),
        (declared("float64", ["2", "3"]), "expected sizes >= 0"),
        (declared("float64", [[2], 3]), "expected sizes >= 0"),
        (declared("float64", [1] * 33), "expected a list of sizes"),
        (declared("float64", 6), "expected a list of sizes"),
        (declared("float64", None), "expected a list of sizes"),
        (declared("float64", {"2": 3}), "expected a list of sizes"),
        (declared("object", [2, 3]), "expected a known array"),
        (declared("|O", [2, 3]), "expected a known array"),
        (declared(">f8", [2, 3]), "expected a known array"),
        (declared("float16", [2, 3]), "expected a known array"),
        (declared(["float64"], [2, 3]), "expected a known array"),
        (declared({"a": 1}, [2, 3]), "expected a known array"),
        (declared(None, [2, 3]), "expected a known array"),
        (declared("float64", [2, 3], order="F"), "expected a known array"),
        ({"$array": "float64"}, "expected a known array"),
        (declared("x" * 10**5, [2, 3]), "expected a known array"),
        (declared("float64", list(range(10**5))), "expected a list of sizes"),
        (declared("float32", [2, 3]), "bytes more"),
        (declared("int64", [2, 3]), "is not the array"),
        (declared("float64", [3, 2]), "is not the array"),
        (declared("float64", [6]), "is not the array"),
    ],
)
def test_odd_declarations_are_refused(path, array, reason):
    description, members = contents(path)
    description["layers"][0]["params"]["W"] = array
    forge(path, description, members)
    refuse(path, reason)


def test_arrays_that_claim_to_be_the_same_bytes_are_refused(path):
    description, members = contents(path)
    description["metadata"] = {f"m{i}": declared("uint8", [1000]) for i in range(10_000)}
    forge(path, description, members)
    refuse(path, "truncated: ", most=48 * MIB)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value"),
        (b"[]", "is not an object"),
        (b"5", "is not an object"),
        (b"null", "is not an object"),
        (b'{"$array": "float64", "shape": []}', "is not an object"),
        (b'{"format": "mlp-model"', "Expecting"),
        (b'{"a": 1} x', "Extra data"),
        (b'{"a": 1, "a": 2}', r"has a key twice in \['a'\]"),
        (b'{"m": [{"a": 1, "b": 2, "a": 2}]}', "has a key twice"),
        (b'{"a": NaN}', "has NaN, expected finite numbers"),
        (b'{"a": -Infinity}', "has -Infinity"),
        (b'{"a": 1e999}', "has 1e999"),
        (b'{"a": %s}' % (b"9" * 41), "has an int beyond 128 bits"),
        (b'{"a": 340282366920938463463374607431768211456}', "has an int beyond 128 bits"),
        (b'{"a": %s}' % (b"9" * 500_000), "has an int beyond 128 bits"),
        (b'{"a": "\xc3\xa9"}', "ascii"),
        (b'{"a": "\xff"}', "ascii"),
        ('{"a": 1}'.encode("utf-16"), "ascii"),
        (b'\xef\xbb\xbf{"a": 1}', "ascii"),
        ('{"a": 1}'.encode("utf-16-le"), "Expecting|control"),
        (b"[" * 100_000, "is nested deeper than 32"),
        (b'{"a":' * 100_000, "is nested deeper than 32"),
        (b"[" * 40 + b"]" * 40, "is nested deeper than 32"),
        (b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}", "is nested deeper than 32"),
        (b'"' + b'\\"' * 500_000, "Unterminated"),
        (b'{"a": "' + b"[" * 500_000, "Unterminated"),
        (b'{"a": "\\', "Unterminated|escape"),
        (b" " * ((1 << 20) + 1), "expected at most 1048576"),
        (b" " * (1 << 20), "Expecting value"),
        (b'{"a": [%s[]]}' % (b"[]," * 349_000), "has the format 'None'"),
        (b'{"a": [%s{}]}' % (b'{"":{}},' * 130_000), "has the format 'None'"),
        (b"{%s}" % b",".join(b'"%d":0' % i for i in range(100_000)), "has the format 'None'"),
        (b'{"format": "mlp-checkpoint", "version": 1}', "has the format 'mlp-checkpoint'"),
        (b'{"format": ["mlp-model"], "version": 1}', "has the format"),
        (b'{"format": "mlp-model"}', "has version None, expected 1"),
        (b'{"format": "mlp-model", "version": 2}', "has version 2, expected 1"),
        (b'{"format": "mlp-model", "version": 0}', "has version 0, expected 1"),
        (b'{"format": "mlp-model", "version": 1.0}', "has version 1.0, expected 1"),
        (b'{"format": "mlp-model", "version": true}', "has version True, expected 1"),
        (b'{"format": "mlp-model", "version": [1]}', "has version"),
        (b'{"format": "mlp-model", "version": 1}', "metadata: received None, expected dict"),
        (b'{"format": "mlp-model", "version": 1, "metadata": {}}', "model: received"),
    ],
    ids=map(str, range(42)),
)
def test_odd_descriptions_are_refused(path, text, reason):
    refuse(forge(path, text, {}), reason, most=64 * MIB)


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
    refuse(path, reason)


def test_widths_that_do_not_follow_one_another_are_refused(path):
    description, members = contents(path)
    layers = description["layers"]
    layers.reverse()
    names = [f"layers.{i}.params.{key}.npy" for i in (1, 0) for key in ("W", "b")]
    swapped = dict(zip(sorted(names), (members[name] for name in names), strict=True))
    forge(path, description, swapped)
    refuse(path, r"layers: received Dense\(2, 3, 'tanh'\) at 1, expected n_in=1")


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
        refuse(path, reason)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [W, B])
def test_weights_that_are_not_finite_are_refused(path, name, value):
    description, members = contents(path)
    array = np.load(io.BytesIO(members[name]))
    array.flat[-1] = value
    members[name] = npy(array)
    forge(path, description, members)
    refuse(path, r"layers\[0\].params.[Wb]: received numbers that are not finite")


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
        refuse(path, reason)


def test_booleans_are_zero_or_one(path):
    NETWORKS["small"]().save(path, METADATA)
    description, members = contents(path)
    name = "metadata.nested.mask.npy"
    members[name] = members[name][:-1] + b"\2"
    forge(path, description, members)
    refuse(path, "metadata.nested.mask.npy: has other bytes than 0 and 1")


def test_many_layers_that_claim_the_same_width_take_little_memory(path):
    description, _ = contents(path)
    width = 10**6
    name = "layers.0.params.W.npy"
    dense = {**description["layers"][0]["config"], "n_in": 1, "n_out": width}
    big = {"name": "Dense", "config": dense, "params": {"W": declared("float64", [1, width])}}
    small_ones = {"name": "Dense", "config": dense, "params": {}}
    description["layers"] = [big, *[small_ones] * 1000]
    forge(path, description, {name: npy(np.zeros((1, width)))})
    refuse(path, r"layers\[0\].params: received \['W'\], expected W, b", most=32 * MIB)


@pytest.mark.parametrize("left", [0, 1000, 50_000, 200_000])
def test_a_file_that_shrinks_while_it_is_read_is_truncated(path, monkeypatch, left):
    from mlp.files import container

    mlp.MLP([mlp.Dense(100, 250)], seed=0).save(path)
    read = container._read_directory

    def shrink(found, members):
        os.truncate(path, left)
        return read(found, members)

    monkeypatch.setattr(container, "_read_directory", shrink)
    refuse(path, "truncated|is not the array")


def test_more_than_there_is_memory_is_refused(path, monkeypatch):
    from mlp.files import container

    def no_memory(size, dtype):
        raise MemoryError("Unable to allocate")

    monkeypatch.setattr(container.np, "empty", no_memory)
    refuse(path, "needs more memory than there is")
