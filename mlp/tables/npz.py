"""NumPy's ``.npz`` files, read as tables: every claim is checked before memory is asked for."""

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
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mlp._archive import FileFormatError
from mlp._checks import check_instance, check_path
from mlp._types import AnyPath
from mlp.tables.table import Table
from mlp.tables.task import TASKS, with_task

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


def read_npz(
    path: AnyPath,
    inputs: str = "X",
    target: str = "y",
    *,
    need_target: bool = True,
    task: str | None = None,
) -> Table:
    """Read inputs and targets from a file written by ``numpy.savez(path, X=X, y=y)``.

    Nothing in the file is trusted: names, types, shapes and sizes are compared with each other
    and with the size of the file before an array is read, and no objects are.

    Parameters
    ----------
    path : path
        The file.
    inputs : str
        Name of the array of inputs ``(n, n_in)``, in any case; the columns become x0, x1, ...
        NaN is a missing value.
    target : str
        Name of the array of targets, in any case: classes ``(n,)`` (strings, integers or
        booleans), floats ``(n,)`` or numbers ``(n, n_out)``.
    need_target : bool
        Whether the array of targets is required.
    task : {"classify", "regress", "ask"}, optional
        What the targets are: they become words or numbers, and ``table.task`` says so; "ask"
        settles it by `with_task`, which raises an error if that is doubtful. By default targets
        are as in `Table.from_arrays`.

    Returns
    -------
    Table

    Raises
    ------
    FileFormatError
        If the file is corrupted, of another kind, or needs far more memory than it has bytes. It is
        a ValueError.
    ValueError
        If the file does not hold such arrays.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/xor.npz", X=np.eye(2), y=np.array([True, False]))
    ...     table = read_npz(f"{folder}/xor.npz")
    >>> table.names, table["y"].values
    (('x0', 'x1', 'y'), ['False', 'True'])
    """
    if task not in (None, "ask", *TASKS):
        raise ValueError(f"task: received {task!r}, expected 'classify', 'regress' or 'ask'")
    for argument, name in (("inputs", inputs), ("target", target)):
        check_instance(argument, name, str)
    with NpzFile(path, f"numpy.savez(FILE, {inputs}=X, {target}=y)") as file:
        names = [inputs]
        if need_target or file.find(target) is not None:
            names.append(target)
        places = [file.find(name) for name in names]
        if None in places:
            raise ValueError(
                f"{path}: received the arrays {sorted(file.names)}, expected {' and '.join(names)}"
            )
        arrays = [file.declared(place) for place in places if place is not None]
        _check_arrays(arrays[0], arrays[1] if len(arrays) > 1 else None, path)
        X, *rest = (file.read(array) for array in arrays)
    table = Table.from_arrays(X, rest[0] if rest else None, os.fspath(path), target=target)
    if task is None or not rest:
        return table
    return with_task(table, table.targets, None if task == "ask" else task)


def _check_arrays(X: NpzArray, y: NpzArray | None, path: AnyPath) -> None:
    """Raise unless these arrays make a table."""
    if X.dtype.kind not in "buif":
        raise ValueError(f"{path}: X: received dtype {X.dtype}, expected real numbers")
    if len(X.shape) != 2 or 0 in X.shape:
        raise ValueError(f"{path}: received X {X.shape}, expected (n, n_in)")
    if y is None:
        return
    if len(y.shape) not in (1, 2) or X.shape[0] != y.shape[0] or 0 in y.shape:
        raise ValueError(
            f"{path}: received X {X.shape} and y {y.shape}, "
            "expected (n, n_in) and (n,) or (n, n_out)"
        )
    if y.dtype.kind not in ("buifU" if len(y.shape) == 1 else "buif"):
        raise ValueError(f"{path}: y: received dtype {y.dtype}, expected numbers or strings")


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
        If the file is corrupted or of another kind.
    OSError
        If it cannot be read.

    Attributes
    ----------
    names : list of str
        The names of the arrays.
    """

    def __init__(self, path: str | os.PathLike[str], expected: str) -> None:
        self.path = check_path("path", path)
        self._file = open(self.path, "rb")  # noqa: SIM115
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            with self._errors("a corrupted archive"):
                if not zipfile.is_zipfile(self._file):
                    raise FileFormatError(
                        path,
                        "received another kind of file, or a corrupted one, "
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

    def __exit__(self, *_: object) -> None:
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
        """Raise for bytes that are not booleans or not text."""
        if array.dtype.kind == "b" and data.size and data.view(np.uint8).max() > 1:
            raise FileFormatError(self.path, f"{array.name}: has bytes other than 0 and 1")
        if array.dtype.kind == "U" and data.size:
            points = data.view(array.dtype.str[0] + "u4")
            if points.max() > 0x10FFFF or ((points >= 0xD800) & (points < 0xE000)).any():
                raise FileFormatError(self.path, f"{array.name}: has characters outside Unicode")

    def _errors_of(self, name: str) -> AbstractContextManager[None]:
        return self._errors(f"{name} corrupted or not numeric")

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
        raise ValueError("has no array header")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(member.read(width), "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"has a header of {length:,} bytes")
    text = member.read(length)
    found = _HEADER.fullmatch(" ".join(text.decode("latin-1").split()))
    if len(text) < length or found is None or None in found.groups():
        raise ValueError("has a header that does not declare a plain array")
    dtype = np.dtype(found["descr"])
    if dtype.hasobject:
        raise ValueError("holds objects")
    shape = tuple(int(n) for n in found["shape"].replace(",", " ").split())
    return NpzArray(name, dtype, shape, found["order"] == "True", 8 + width + length)
