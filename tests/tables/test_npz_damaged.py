"""Damaged and hostile ``.npz`` files are rejected before memory is asked for."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from mlp import FileFormatError
from mlp.tables import npz, read_npz

X, Y = np.arange(12.0).reshape(4, 3), np.array(["no", "yes", "no", "maybe"])


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def head(text, version=1):
    width = "<H" if version == 1 else "<I"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(width, len(text)) + text.encode()


def zipped(folder, **members):
    path = folder / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in ({"X": npy(X), "y": npy(Y)} | members).items():
            archive.writestr(f"{name}.npy", content)
    return path


def assert_rejected(path, message=""):
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=message) as caught:
            read_npz(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert peak < 1 << 24


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3), }"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"X": head(HEADER.replace("4", "10000000000"))},
            r"X: has \d+ bytes, expected 240,000,000,",
        ),
        ({"X": head(HEADER) + b"0" * 95}, "has 164 bytes, expected 165"),
        ({"X": head(HEADER) + b"0" * 97}, "has 166 bytes, expected 165"),
        ({"X": head("-" * 9000 + "1", 2)}, "received X corrupted or not numeric"),
        ({"X": head(" " * 60_000, 2)}, "received X corrupted"),
        ({"X": head("{" + " " * 60_000, 2)}, "received X corrupted"),
        ({"X": head(HEADER.replace("<f8", "|O"))}, "received X corrupted .*holds objects"),
        ({"X": head(HEADER.replace("<f8", "<f7"))}, "received X corrupted"),
        ({"X": head(HEADER.replace("4,", "-4,"))}, "received X corrupted"),
        ({"X": head(HEADER.replace("'shape': (4, 3)", "'descr': '<f8'"))}, "received X corrupted"),
        ({"X": head(HEADER.replace("(4, 3)", "__import__('os')"))}, "received X corrupted"),
        ({"X": b""}, "received X corrupted"),
        ({"X": b"\x93NUMPY"}, "received X corrupted"),
        ({"X": b"\x93NUMPY\2\0\xff\xff\xff\xff"}, "has a header of 4,294,967,295 bytes"),
        (
            {"y": head(HEADER.replace("<f8", "<U1").replace("(4, 3)", "(4,)")) + b"\xff" * 16},
            "y: has characters outside Unicode",
        ),
        (
            {"y": head(HEADER.replace("<f8", "|b1").replace("(4, 3)", "(4,)")) + b"\1\0\7\0"},
            "y: has bytes other than 0 and 1",
        ),
    ],
)
def test_a_hostile_array_is_rejected(members, message, tmp_path):
    assert_rejected(zipped(tmp_path, **members), message)


def test_a_file_that_expands_a_thousandfold_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "_LARGE", 1 << 20)
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("X.npy", "w") as member:
            member.write(head(HEADER.replace("(4, 3)", "(4, 100000)")))
            member.write(bytes(3_200_000))
        archive.writestr("y.npy", npy(Y))
    assert_rejected(path, "X: received 3,200,0.. bytes in a file of .* at most 200 times as many")


def test_arrays_of_different_lengths_are_rejected_before_they_are_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", X=np.zeros((100_000, 20)), y=np.zeros(10))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"received X \(100000, 20\) and y \(10,\)"):
        read_npz(tmp_path / "a.npz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 21


@pytest.mark.parametrize("saved", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "|b1", "<i8", ">u2", "|u1"])
def test_what_numpy_writes_is_read(saved, dtype, tmp_path):
    for array in (X.astype(dtype), np.asfortranarray(X.astype(dtype)), X[:1].astype(dtype)):
        saved(tmp_path / "a.npz", X=array, y=Y[: len(array)], other=np.array([{}]))
        table = read_npz(tmp_path / "a.npz")
        found = np.column_stack([table[f"x{i}"] for i in range(3)])
        assert found.dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, array)
        assert [table["y"].values[code] for code in table["y"].codes] == Y[: len(array)].tolist()


def damaged(contents, rng):
    """Return a file with a few bytes changed, removed, doubled or cut."""
    data = bytearray(contents)
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(data)))
        kind = rng.integers(5)
        if kind == 0:
            data[place] = rng.integers(256)
        elif kind == 1:
            data[place] ^= 1 << rng.integers(8)
        elif kind == 2:
            del data[place : place + int(rng.integers(1, 20))]
        elif kind == 3:
            data[place:place] = data[place : place + int(rng.integers(1, 20))]
        else:
            data[place : place + 4] = struct.pack("<I", rng.choice([0, 1, 2**31, 2**32 - 1]))
    return bytes(data[: int(rng.integers(len(data)))] if rng.random() < 0.05 else data)


@pytest.mark.parametrize(("n", "seed"), [(500, 0), pytest.param(20_000, 1, marks=pytest.mark.long)])
def test_a_damaged_file_raises_a_value_error_or_an_os_error(n, seed, tmp_path):
    rng = np.random.default_rng(seed)
    originals = []
    for saved in (np.savez, np.savez_compressed):
        saved(tmp_path / "a.npz", X=X, y=Y, z=np.arange(3))
        originals.append((tmp_path / "a.npz").read_bytes())
    rejected = accepted = 0
    for i in range(n):
        path = tmp_path / "b.npz"
        path.write_bytes(damaged(originals[i % 2], rng))
        try:
            read_npz(path)
        except (ValueError, OSError) as error:
            rejected += str(path) in str(error)
        else:
            accepted += 1
    assert rejected == n - accepted > n / 2
