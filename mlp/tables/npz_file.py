"""NpzFile: an ``.npz`` file whose every claim is checked before memory is asked for."""

from __future__ import annotations

import errno
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mlp._archive import FileFormatError

_LARGE = 1 << 28  # an array of more bytes must not be compressed to less than a 200th
_HIGHEST_RATIO = 200
_LONGEST_HEADER = 1 << 16
_MOST_MEMBERS = 10_000
_CHUNK = 1 << 20
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, KeyError, IndexError, OverflowError, TypeError, AttributeError),
)
_HEADER = re.compile(  # blanks are single: two runs of them would be tried in every combination
    r" ?\{ ?(?:'descr' ?: ?'(?P<descr>[<>|=]?[a-zA-Z][0-9]{0,9}(?:\[[0-9a-z]{1,9}\])?)' ?,? ?"
    r"|'fortran_order' ?: ?(?P<order>True|False) ?,? ?"
    r"|'shape' ?: ?\((?P<shape>[0-9, ]{0,200})\) ?,? ?){3}\} ?"
)


class NpzArray(NamedTuple):
    """An array as the file declares it."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_fortran: bool
    start: int


class NpzFile:
    """An open ``.npz`` file.

    Parameters
    ----------
    path : path
        The file.
    expected : str
        The call that writes such a file, for the error message.

    Raises
    ------
    FileFormatError
        If the file is damaged or of another kind.
    OSError
        If it cannot be read.

    Attributes
    ----------
    names : list of str
        The names of the arrays.
    """

    def __init__(self, path: str | os.PathLike[str], expected: str) -> None:
        self.path = os.fspath(path)
        self._file = open(path, "rb")  # noqa: SIM115
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            with self._errors("a damaged archive"):
                if not zipfile.is_zipfile(self._file):
                    raise FileFormatError(
                        path,
                        "received another kind of file, or a damaged one, "
                        f"expected an .npz file as {expected} writes it",
                    )
                self._zip = zipfile.ZipFile(self._file)
                members = self._zip.infolist()
            if len(members) > _MOST_MEMBERS:
                raise FileFormatError(path, f"holds {len(members)} arrays, expected a few")
        except BaseException:
            self._file.close()
            raise
        self._members = {info.filename.removesuffix(".npy"): info for info in members}
        self.names = list(self._members)

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._zip.close()
        self._file.close()

    def find(self, name: str) -> str | None:
        """Return the name of an array as it is in the file, given in any case."""
        if name in self._members:
            return name
        return next((known for known in self.names if known.lower() == name.lower()), None)

    def declared(self, name: str) -> NpzArray:
        """Return what the file declares of an array, after checking it against its size."""
        info = self._members[name]
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileFormatError(self.path, f"{name}: has an unknown compression")
        is_large = info.file_size > max(_LARGE, _HIGHEST_RATIO * info.compress_size)
        if info.compress_size > self._size or is_large:
            raise FileFormatError(
                self.path,
                f"{name}: received {info.file_size:,} bytes in a file of {self._size:,}, "
                f"expected at most {_HIGHEST_RATIO} times as many",
            )
        with self._errors_of(name), self._zip.open(info) as member:
            array = _read_header(name, member)
        expected = array.start + array.dtype.itemsize * math.prod(array.shape)
        if info.file_size != expected:
            raise FileFormatError(
                self.path,
                f"{name}: has {info.file_size:,} bytes, expected {expected:,} for "
                f"{array.shape} of {array.dtype}",
            )
        return array

    def read(self, array: NpzArray) -> NDArray[Any]:
        """Return an array."""
        try:
            data = np.empty(math.prod(array.shape), array.dtype)
        except MemoryError as error:
            raise FileFormatError(self.path, f"{array.name}: {error}") from None
        with self._errors_of(array.name), self._zip.open(self._members[array.name]) as member:
            member.read(array.start)
            view = data.view(np.uint8).data if data.size else memoryview(b"")
            filled = 0
            while filled < len(view):
                chunk = member.read(min(_CHUNK, len(view) - filled))
                if not chunk:
                    raise ValueError("truncated")
                view[filled : filled + len(chunk)] = chunk
                filled += len(chunk)
            if member.read(1):  # checks the checksum at the end
                raise ValueError("has more bytes than declared")
        self._check_content(array, data)
        order: Literal["F", "C"] = "F" if array.is_fortran else "C"
        data = data.reshape(array.shape, order=order)
        return data.astype(data.dtype.newbyteorder("="), copy=False)

    def _check_content(self, array: NpzArray, data: NDArray[Any]) -> None:
        """Raise for bytes that are no booleans or no text."""
        if array.dtype.kind == "b" and data.size and data.view(np.uint8).max() > 1:
            raise FileFormatError(self.path, f"{array.name}: has other bytes than 0 and 1")
        if array.dtype.kind == "U" and data.size:
            points = data.view(array.dtype.str[0] + "u4")
            if points.max() > 0x10FFFF or ((points >= 0xD800) & (points < 0xE000)).any():
                raise FileFormatError(self.path, f"{array.name}: has characters outside Unicode")

    def _errors_of(self, name: str) -> AbstractContextManager[None]:
        return self._errors(f"{name} damaged or not of numbers")

    @contextmanager
    def _errors(self, received: str) -> Iterator[None]:
        """Turn the errors that damage causes in the reader of archives into FileFormatError."""
        try:
            yield
        except FileFormatError:
            raise
        except (*_DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise  # the archive is not to blame, unless it points before its start
            raise FileFormatError(
                self.path,
                f"received {received}, expected an array of numbers "
                f"({error or type(error).__name__})"[:300],
            ) from None


def _read_header(name: str, member: Any) -> NpzArray:
    """Return what the header of an ``.npy`` member declares; ValueError for another one."""
    start = member.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:7] not in (b"\1", b"\2", b"\3"):
        raise ValueError("has no header of an array")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(member.read(width), "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"has a header of {length:,} bytes")
    text = member.read(length)
    found = _HEADER.fullmatch(" ".join(text.decode("latin-1").split()))
    if len(text) < length or found is None or None in found.groups():
        raise ValueError("has a header that declares no plain array")
    dtype = np.dtype(found["descr"])
    if dtype.hasobject:
        raise ValueError("holds objects")
    shape = tuple(int(n) for n in found["shape"].replace(",", " ").split())
    return NpzArray(name, dtype, shape, found["order"] == "True", 8 + width + length)
