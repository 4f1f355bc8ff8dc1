"""Damaged files, odd archives and what is no archive: refused with the reason, in little memory."""

import os
import re
import struct
import zipfile

import numpy as np
import pytest

import mlp
from mlp import FileFormatError
from tests.files.forge import FIRST, npy, rezip
from tests.files.refused import MIB, assert_refused


def test_the_check_of_memory_can_fail(path):
    path.write_bytes(b"x" * 4096)
    with pytest.raises(AssertionError):
        assert_refused(path, "not a zip archive", most=1000)


def test_a_file_that_does_not_exist_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        mlp.load(tmp_path / "net.npz")


def test_what_is_not_a_file_is_refused_without_being_opened(tmp_path):
    assert_refused(tmp_path, "is not a regular file")
    os.mkfifo(tmp_path / "pipe")
    assert_refused(tmp_path / "pipe", "is not a regular file")
    assert_refused("/dev/zero", "is not a regular file")


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
    assert_refused(path, reason)


def test_archives_of_numpy_are_refused(path):
    for save in (np.savez, np.savez_compressed):
        save(path, W=np.zeros((2, 3)), objects=np.array([object], object))
        assert_refused(path, r"has a member b'W.npy', expected 'description.json'")


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
    assert_refused(path, f"has {len(tail)} bytes more than its description says")
    path.write_bytes(tail + good)
    assert_refused(path, "not a zip archive|truncated")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members_are_refused_before_they_are_unpacked(path, method):
    rezip(path, method)
    assert_refused(path, f"has compression {method}, expected 0")


def test_a_zip_bomb_is_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(FIRST, b" " * (64 * MIB))
    assert path.stat().st_size < 100_000
    assert_refused(path, "description.json: has", most=MIB)


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
    assert_refused(path, reason)
    at = [m.start() for m in re.finditer(b"PK\1\2", good)][member]
    path.write_bytes(field(CENTRAL, good, at, index + 1, value))
    assert_refused(path, reason)


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
    assert_refused(path, reason)


@pytest.mark.parametrize("size", [0, 1 << 20, (1 << 20) + 1, 1 << 40, (1 << 64) - 1])
def test_declared_sizes_of_the_description_are_not_believed(path, good, size):
    at = LOCAL.size + len(FIRST)
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    path.write_bytes(good[:at] + extra + good[at + len(extra) :])
    assert_refused(path, "truncated|expected at most 1048576|damaged", most=2 * MIB)


@pytest.mark.parametrize("marker", [b"PK\6\6", b"PK\6\7", b"PK\5\6"])
def test_every_byte_of_the_archives_end_is_compared(path, good, marker):
    at = good.index(marker)
    path.write_bytes(good[: at + 9] + b"\7" + good[at + 10 :])
    assert_refused(path, "the end of the archive is damaged")


@pytest.mark.parametrize("left", [0, 1000, 50_000, 200_000])
def test_a_file_that_shrinks_while_it_is_read_is_truncated(path, monkeypatch, left):
    from mlp._archive import container

    mlp.MLP([mlp.Dense(100, 250)], seed=0).save(path)
    read = container._read_directory

    def shrink(found, members):
        os.truncate(path, left)
        return read(found, members)

    monkeypatch.setattr(container, "_read_directory", shrink)
    assert_refused(path, "truncated|is not the array")


def test_more_than_there_is_memory_is_refused(path, monkeypatch):
    from mlp._archive import container

    def no_memory(size, dtype):
        raise MemoryError("Unable to allocate")

    monkeypatch.setattr(container.np, "empty", no_memory)
    assert_refused(path, "needs more memory than there is")
