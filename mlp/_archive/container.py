"""Zip archives in a canonical form: only names, sizes and contents vary.

Members are stored one after the other, never compressed, dated 1980-01-01, without comments and
with 64-bit sizes; the directory follows. Names and sizes thus determine every byte except the
contents and their checksums. The same contents always give the same archive, and a reader
interprets nothing: it compares the file with the bytes that must be there.

The layout follows APPNOTE.TXT 6.3 (PKWARE), with the ZIP64 fields always present.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedReader
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_LOCAL = struct.Struct("<4s5H3L2H")
_SIZES = ("checksum", "packed size", "size", "name length", "extra length")
_LOCAL_FIELDS = ("signature", "version", "flags", "compression", "time", "date", *_SIZES)
_LOCAL_EXTRA = struct.Struct("<2H2Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_CENTRAL_FIELDS = (
    *("signature", "creator", *_LOCAL_FIELDS[1:], "comment length", "disk"),
    *("internal attributes", "external attributes", "offset"),
)
_CENTRAL_EXTRA = struct.Struct("<2H3Q")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")

MOST_HOLES = 1 << 26
"""How many bytes of a file may take no space on disk."""

_VERSION = 45  # the first with ZIP64
_DATE = 1 << 5 | 1  # 1980-01-01, the earliest date
_IN_EXTRA = 0xFFFFFFFF  # "see the ZIP64 field"


class Member(NamedTuple):
    """A member of an archive: its name, the first bytes of its content and how many follow."""

    name: str
    head: bytes
    n_bytes: int

    @property
    def size(self) -> int:
        """The size of the content in bytes."""
        return len(self.head) + self.n_bytes


def local_header(member: Member, checksum: int) -> bytes:
    """Return the header in front of the content of `member`."""
    name = member.name.encode("ascii")
    extra = _LOCAL_EXTRA.pack(1, 16, member.size, member.size)
    sizes = (_IN_EXTRA, _IN_EXTRA, len(name), len(extra))
    return _LOCAL.pack(b"PK\3\4", _VERSION, 0, 0, 0, _DATE, checksum, *sizes) + name + extra


def directory(members: Sequence[Member], checksums: Iterable[int]) -> bytes:
    """Return the directory and the end of the archive, which follow the members."""
    offset, entries = 0, []
    for member, checksum in zip(members, checksums, strict=True):
        entries.append(_entry(member, checksum, offset))
        offset += len(local_header(member, 0)) + member.size
    central = b"".join(entries)
    count = len(entries)
    end64 = (44, _VERSION, _VERSION, 0, 0, count, count, len(central), offset)
    return (
        central
        + _END64.pack(b"PK\6\6", *end64)
        + _LOCATOR.pack(b"PK\6\7", 0, offset + len(central), 1)
        + _END.pack(b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, _IN_EXTRA, _IN_EXTRA, 0)
    )


def _entry(member: Member, checksum: int, offset: int) -> bytes:
    name = member.name.encode("ascii")
    extra = _CENTRAL_EXTRA.pack(1, 24, member.size, member.size, offset)
    made = (_VERSION, _VERSION, 0, 0, 0, _DATE, checksum)
    sizes = (_IN_EXTRA, _IN_EXTRA, len(name), len(extra), 0, 0, 0, 0, _IN_EXTRA)
    return _CENTRAL.pack(b"PK\1\2", *made, *sizes) + name + extra


def write_members(file: BinaryIO, contents: Iterable[tuple[Member, Any]]) -> None:
    """Write the members, each with a buffer of its ``n_bytes``, and the directory."""
    members, checksums = [], []
    for member, data in contents:
        checksum = zlib.crc32(data, zlib.crc32(member.head))
        for part in (local_header(member, checksum), member.head, data):
            file.write(part)
        members.append(member)
        checksums.append(checksum)
    file.write(directory(members, checksums))


def read_first(file: BufferedReader, name: str, limit: int) -> bytes:
    """Return the content of the first member, which has this name and at most `limit` bytes."""
    header = file.read(len(local_header(Member(name, b"", 0), 0)))
    if not header.startswith(b"PK\3\4"):
        raise ValueError("this is not a zip archive")
    if len(header) < _LOCAL.size + len(name) + _LOCAL_EXTRA.size:
        raise ValueError(f"truncated before {name}")
    checksum = _LOCAL.unpack_from(header)[6]
    length = _LOCAL_EXTRA.unpack_from(header, _LOCAL.size + len(name))[2]
    member = Member(name, b"", length)
    _compare(header, local_header(member, checksum), member, _LOCAL)
    if length > limit:
        raise ValueError(f"{name}: has {length} bytes, expected at most {limit}")
    return _read(file, member, checksum).tobytes()


def read_rest(
    file: BufferedReader, name: str, first: bytes, members: Sequence[Member]
) -> Iterator[Bytes]:
    """Return an iterator over the content of each of `members` after its head.

    The directory and the size of the file are checked at once: the archive must consist of the
    first member and these, and take space on disk.
    """
    everything = [Member(name, first, 0), *members]
    blank = directory(everything, [0] * len(everything))
    start = sum(len(local_header(m, 0)) + m.size for m in everything)
    missing = start + len(blank) - os.fstat(file.fileno()).st_size
    if missing > 0:
        raise ValueError(f"truncated: {missing} bytes are missing")
    if missing < 0:
        raise ValueError(f"has {-missing} bytes more than its description says")
    check_holes(file.fileno())
    file.seek(start)
    checksums = _read_directory(file.read(len(blank)), everything)
    if checksums[0] != zlib.crc32(first):
        raise ValueError(f"{name}: has another checksum in the directory")
    file.seek(len(local_header(everything[0], 0)) + len(first))
    pairs = zip(members, checksums[1:], strict=True)
    return (_read_member(file, member, checksum) for member, checksum in pairs)


def check_holes(descriptor: int) -> None:
    """Raise ValueError if more than 64 MiB of a file are holes, which only exist in memory.

    The holes themselves are counted because a file system that compresses stores fewer blocks
    than there are data. One that knows no holes reports none.
    """
    status = os.fstat(descriptor)
    size, in_blocks = status.st_size, 512 * getattr(status, "st_blocks", status.st_size)
    if size - in_blocks <= MOST_HOLES or not hasattr(os, "SEEK_HOLE"):
        return
    here = os.lseek(descriptor, 0, os.SEEK_CUR)
    at = holes = 0
    while at < size:
        start = os.lseek(descriptor, at, os.SEEK_HOLE)
        try:
            at = os.lseek(descriptor, start, os.SEEK_DATA) if start < size else size
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            at = size  # no data follows
        os.lseek(descriptor, here, os.SEEK_SET)  # where the buffered reader believes it is
        holes += at - start
        if holes > MOST_HOLES:
            raise ValueError(
                f"is sparse: at least {holes} of its {size} bytes are holes, expected at most "
                f"{MOST_HOLES}; a copy without holes (cp --sparse=never) can be read"
            )


def _read_directory(found: bytes, members: Sequence[Member]) -> list[int]:
    """Return the checksums in a directory, after checking everything else in it."""
    at = offset = 0
    checksums = []
    for member in members:
        there = found[at : at + len(_entry(member, 0, 0))]
        checksum = _CENTRAL.unpack(there[: _CENTRAL.size].ljust(_CENTRAL.size))[7]
        _compare(there, _entry(member, checksum, offset), member, _CENTRAL)
        checksums.append(checksum)
        at += len(there)
        offset += len(local_header(member, 0)) + member.size
    if found != directory(members, checksums):
        raise ValueError("the end of the archive is damaged")
    return checksums


def _read_member(file: BufferedReader, member: Member, checksum: int) -> Bytes:
    header = local_header(member, checksum)
    _compare(file.read(len(header)), header, member, _LOCAL)
    if file.read(len(member.head)) != member.head:
        raise ValueError(f"{member.name}: is not the array that the description declares")
    return _read(file, member, checksum)


def _read(file: BufferedReader, member: Member, checksum: int) -> Bytes:
    data = np.empty(member.n_bytes, np.uint8)
    if file.readinto(data.data) != data.size:
        raise ValueError(f"truncated within {member.name}")
    if zlib.crc32(data.data, zlib.crc32(member.head)) != checksum:
        raise ValueError(f"{member.name}: is damaged (wrong checksum)")
    return data


def _compare(found: bytes, expected: bytes, member: Member, fixed: struct.Struct) -> None:
    """Raise an error naming the first field of a header that is not as expected, if any."""
    if found == expected:
        return
    if len(found) < len(expected):
        raise ValueError(f"truncated before {member.name}")
    names = _LOCAL_FIELDS if fixed is _LOCAL else _CENTRAL_FIELDS
    came, due = fixed.unpack_from(found), fixed.unpack_from(expected)
    called = found[fixed.size :][: came[names.index("name length")]]
    if came[0] == due[0] and called != member.name.encode("ascii"):
        raise ValueError(f"has a member {called[:80]!r}, expected {member.name!r}")
    unequal = {n: both for n, *both in zip(names, came, due, strict=True) if both[0] != both[1]}
    for name in ("compression", *unequal):  # first, as it explains the others
        if name in unequal:
            has, must = unequal[name]
            raise ValueError(f"{member.name}: has {name} {has!r}, expected {must!r}")
    raise ValueError(f"{member.name}: has the wrong size in the archive")
