"""What is raised for a file that is not what it should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


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
