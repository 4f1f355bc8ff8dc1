"""Archives of trees and arrays, and the errors of those who read them."""

import copy
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import mlp
from mlp import FileFormatError
from mlp._archive import container
from mlp.files import format_errors, read_archive, read_model, write_archive
from tests.files.forge import assert_same, small
from tests.files.refused import MIB, assert_refused


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


class Sparse:
    """A file in which long runs of zeros become holes."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        if memoryview(data).nbytes >= MIB:
            self.file.seek(memoryview(data).nbytes, os.SEEK_CUR)
        else:
            self.file.write(data)


def save_sparse(path, monkeypatch, n_bytes):
    """Save a network with so many zeros, which take no space on disk."""
    write = container.write_members
    sparse = lambda file, contents: write(Sparse(file), contents)  # noqa: E731
    monkeypatch.setattr(container, "write_members", sparse)
    small().save(path, {"zeros": np.zeros(n_bytes, np.uint8)})
    if not hasattr(os, "SEEK_HOLE") or 512 * path.stat().st_blocks > n_bytes // 2:
        pytest.skip("the file system has no holes")


def test_a_file_of_holes_is_refused_before_they_take_memory(tmp_path, monkeypatch):
    save_sparse(tmp_path / "net.npz", monkeypatch, 512 * MIB)
    assert_refused(tmp_path / "net.npz", "is sparse: at least 536[0-9]{6} of its 536[0-9]{6} bytes")


def test_a_few_holes_are_read_as_zeros(tmp_path, monkeypatch):
    save_sparse(tmp_path / "net.npz", monkeypatch, 48 * MIB)
    net, metadata = read_model(tmp_path / "net.npz")
    assert_same(net, small())
    assert not metadata["zeros"].any()


def test_two_small_holes_are_not_rejected_in_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MOST_HOLES", 3 * MIB)
    save_sparse(tmp_path / "net.npz", monkeypatch, 2 * MIB)
    assert_same(mlp.load(tmp_path / "net.npz"), small())
    monkeypatch.setattr(container, "MOST_HOLES", MIB)
    assert_refused(tmp_path / "net.npz", "is sparse")
