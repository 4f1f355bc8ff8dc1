"""Archives: a tree of settings and arrays in one file, written whole and read with suspicion.

An archive is a ``.npz`` file that `numpy.load` reads, too. Its first member, ``description.json``,
says which format and version it has, and holds the tree with each array's type and shape; the
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

AnyPath = str | os.PathLike[str]
_FIRST = "description.json"


def write_archive(path: AnyPath, kind: str, version: int, content: dict[str, Any]) -> None:
    """Write a tree of dicts, lists, strings, numbers, booleans, None and arrays to a file.

    The same tree gives the same bytes. The file is replaced as a whole or not at all;
    folders that are missing are made.

    Parameters
    ----------
    path : path
        Where to; the name is taken as it is.
    kind, version : str, int
        What the file is, so that no reader takes it for something else.
    content : dict
        The tree. Keys above an array are of letters, digits and underscores. Floats are finite;
        arrays hold any number. Tuples are read back as lists, NumPy's scalars as Python's.

    Raises
    ------
    TypeError, ValueError
        If the tree cannot be described; no file has been touched then.
    OSError
        If the file cannot be written; what was there before is unchanged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_archive(f"{folder}/a.npz", "numbers", 1, {"odd": np.array([1, 3]), "name": "x"})
    ...     read_archive(f"{folder}/a.npz", "numbers", [1])
    (1, {'odd': array([1, 3]), 'name': 'x'})
    """
    reserved = sorted({"format", "version"} & content.keys())
    if reserved:
        raise ValueError(f"content: received the keys {reserved}, which are the archive's own")
    text, arrays = description.to_text({"format": kind, "version": version, **content})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        container.write_members(file, _members(text, arrays))


def _members(
    text: bytes, arrays: Iterable[tuple[description.Slot, NDArray[Any]]]
) -> Iterator[tuple[Member, Any]]:
    """Yield every member with its bytes; an array is laid out when its turn comes."""
    yield Member(_FIRST, b"", len(text)), text
    for slot, array in arrays:
        plain = np.ascontiguousarray(array, dtype=description.DTYPES[slot.dtype])
        yield slot.member, plain.reshape(-1).view(np.uint8)


def read_archive(path: AnyPath, kind: str, versions: Iterable[int]) -> tuple[int, dict[str, Any]]:
    """Return the version and the tree of an archive.

    Nothing is trusted. Before the first array is read, its declared type, shape and size have
    been compared with the directory of the archive and with the real size of the file, so memory
    is bounded by that size (and 64 MiB for the description); then each array's own header and
    checksum are.

    Parameters
    ----------
    path : path
        The file.
    kind : str
        What it must be.
    versions : iterable of int
        What its version may be.

    Raises
    ------
    FileFormatError
        If it is anything else; the error says in which respect.
    OSError
        If there is no such file or it cannot be read.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise FileFormatError(path, "is not a regular file")
    with open(path, "rb") as file, format_errors(path):
        return _read(file, kind, tuple(versions))


def _read(file: BufferedReader, kind: str, versions: tuple[int, ...]) -> tuple[int, dict[str, Any]]:
    text = container.read_first(file, _FIRST, description.MOST_BYTES)
    tree, slots = description.from_text(text)
    version = _check_kind(tree, kind, versions)
    contents = container.read_rest(file, _FIRST, text, [slot.member for slot in slots])
    for slot, data in zip(slots, contents, strict=True):
        slot.fill(data)
    return version, tree


def _check_kind(tree: dict[str, Any], kind: str, versions: tuple[int, ...]) -> int:
    found, version = tree.pop("format", None), tree.pop("version", None)
    if found != kind:
        raise ValueError(f"has the format {str(found)[:80]!r}, expected {kind!r}")
    if type(version) is not int or version not in versions:
        known = " or ".join(map(str, versions))
        raise ValueError(f"has version {str(version)[:40]}, expected {known}")
    return version


class FileFormatError(ValueError):
    """A file is damaged, hostile, of another kind, or of a version that is not known here.

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

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(os.fspath(path), reason)

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
def format_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever the content of the file `path` makes a reader raise into a FileFormatError."""
    try:
        yield
    except FileFormatError:
        raise
    except MemoryError as error:
        raise FileFormatError(path, f"needs more memory than there is ({error})") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise FileFormatError(path, str(error)) from error
