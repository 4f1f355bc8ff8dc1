"""Archives: a tree of settings and arrays in one file, written whole and validated when read.

An archive is a ``.npz`` file that `numpy.load` reads too. Its first member, ``description.json``,
names the format and the version and holds the tree, with the type and shape of each array; the
arrays follow, in order. See docs/format.md.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._archive import container, description
from mlp._archive.container import Member
from mlp._atomic import replacing
from mlp._checks import check_path, check_sequence, require
from mlp._types import AnyPath

_FIRST = "description.json"


class FileFormatError(ValueError):
    """A file is damaged, hostile, of another kind, or of an unknown version.

    Attributes
    ----------
    path : str
        The file.
    reason : str
        What is wrong with it.

    Examples
    --------
    >>> str(FileFormatError("net.npz", "truncated"))
    'net.npz: truncated'
    """

    def __init__(self, path: AnyPath, reason: str) -> None:
        super().__init__(os.fspath(path), reason)  # both in args, so that it can be pickled

    @property
    def path(self) -> str:
        """The file."""
        return str(self.args[0])

    @property
    def reason(self) -> str:
        """What is wrong with it."""
        return str(self.args[1])

    def __str__(self) -> str:
        """Return ``path: reason``."""
        return f"{self.path}: {self.reason}"


@contextmanager
def format_errors(path: AnyPath) -> Iterator[None]:
    """Turn every error that the content of `path` causes in a reader into a FileFormatError."""
    try:
        yield
    except FileFormatError:
        raise
    except MemoryError as error:
        raise FileFormatError(path, f"needs more memory than there is ({error})") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise FileFormatError(path, str(error)) from error


def write_archive(path: AnyPath, kind: str, version: int, content: dict[str, Any]) -> None:
    """Write a tree of dicts, lists, strings, numbers, booleans, None and arrays to a file.

    The same tree gives the same bytes. The file is replaced as a whole or not at all; missing
    folders are created.

    Parameters
    ----------
    path : path
        The file; no suffix is added.
    kind, version : str, int
        The format, so that no reader takes the file for something else.
    content : dict
        The tree. Keys above an array consist of letters, digits and underscores. Floats are
        finite; arrays hold any number. Tuples are read back as lists, NumPy's scalars as Python's.

    Raises
    ------
    TypeError, ValueError
        If the tree cannot be described or `path` is not a path; no file has been touched.
    OSError
        If the file cannot be written; an existing file is unchanged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_archive(f"{folder}/a.npz", "numbers", 1, {"odd": np.array([1, 3]), "name": "x"})
    ...     read_archive(f"{folder}/a.npz", "numbers", [1])
    (1, {'odd': array([1, 3]), 'name': 'x'})
    """
    check_path("path", path)
    require("content", content, dict)
    reserved = sorted({"format", "version"} & content.keys())
    if reserved:
        raise ValueError(f"content: received the keys {reserved}, expected none that is reserved")
    text, arrays = description.to_text({"format": kind, "version": version, **content})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        container.write_members(file, _members(text, arrays))


def _members(
    text: bytes, arrays: Iterable[tuple[description.Slot, NDArray[Any]]]
) -> Iterator[tuple[Member, Any]]:
    """Yield every member with its bytes; each array is made contiguous only when it is due."""
    yield Member(_FIRST, b"", len(text)), text
    for slot, array in arrays:
        plain = np.ascontiguousarray(array, dtype=description.DTYPES[slot.dtype])
        yield slot.member, plain.reshape(-1).view(np.uint8)


def read_archive(path: AnyPath, kind: str, versions: Iterable[int]) -> tuple[int, dict[str, Any]]:
    """Return the version and the tree of an archive.

    The file is not trusted. Before the first array is read, the declared types, shapes and sizes
    are compared with the archive's directory and with the size of the file, so memory is bounded
    by that size (and 64 MiB for the description). The header and checksum of each array are
    compared when it is read.

    Parameters
    ----------
    path : path
        The file.
    kind : str
        The expected format.
    versions : iterable of int
        The versions accepted.

    Raises
    ------
    FileFormatError
        If the file is anything else; the message gives the reason.
    TypeError
        If `path` is not a str or a PathLike.
    OSError
        If the file does not exist or cannot be read.
    """
    if not stat.S_ISREG(os.stat(check_path("path", path)).st_mode):
        raise FileFormatError(path, "is not a regular file")
    with open(path, "rb") as file, format_errors(path):
        return _read(file, kind, check_sequence("versions", versions, "whole numbers"))


def _read(file: BufferedReader, kind: str, versions: tuple[int, ...]) -> tuple[int, dict[str, Any]]:
    text = container.read_first(file, _FIRST, description.MOST_BYTES)
    tree, slots = description.from_text(text)
    version = _check_kind(tree, kind, versions)
    contents = container.read_rest(file, _FIRST, text, [slot.member for slot in slots])
    for slot, data in zip(slots, contents, strict=True):
        slot.fill(data)
    return version, tree


def _check_kind(tree: dict[str, Any], kind: str, versions: tuple[int, ...]) -> int:
    """Take format and version out of the tree; return the version if both are as expected."""
    found, version = tree.pop("format", None), tree.pop("version", None)
    if found != kind:
        raise ValueError(f"has the format {str(found)[:80]!r}, expected {kind!r}")
    if type(version) is not int or version not in versions:
        known = " or ".join(map(str, versions))
        raise ValueError(f"has version {str(version)[:40]}, expected {known}")
    return version
