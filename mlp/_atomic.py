"""Files that are written as a whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` once it is complete and on the disk.

    It is written under a temporary name, ``.NAME.*.tmp`` in the same folder, flushed to the disk
    and renamed. Whatever happens before that, a full disk, Ctrl-C or an error of the caller's,
    the file that was there stays as it was and the temporary one is removed. A process that is
    killed leaves it behind; the next that replaces `path` removes it. A pipe or a device, such as
    ``/dev/stdout``, is written directly.

    Raises
    ------
    OSError
        If the file cannot be written; it names `path`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "numbers.bin")
    ...     with replacing(path) as file:
    ...         written = file.write(b"1234")
    ...     path.read_bytes()
    b'1234'
    """
    target = Path(os.path.realpath(path))  # of a link, the file that it points to is replaced
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    temporary: Path | None = None
    try:
        temporary, opened = _new_temporary(target)
        with opened as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                temporary.chmod(target.stat().st_mode & 0o7777)
            if fcntl is None:  # Windows renames no open file; elsewhere it stays locked
                file.close()
            temporary.replace(target)
    except BaseException as error:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise
    _remove_abandoned(target)
    _sync_folder(target.parent)


def _new_temporary(target: Path) -> tuple[Path, BinaryIO]:
    """Open a new file beside `target`, locked until it is closed or the process has ended."""
    while True:
        temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.tmp")
        file = temporary.open("xb")
        if fcntl is not None:
            with suppress(OSError):  # not every file system has locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.exists():
            return temporary, file
        file.close()  # it was taken for abandoned before it was locked


def _remove_abandoned(target: Path) -> None:
    """Remove what processes that were killed while they replaced `target` have left behind.

    Only their locks tell them from files that somebody is writing at this moment, so where there
    are no locks nothing is removed.
    """
    if fcntl is None:
        return
    name = re.compile(rf"\.{re.escape(target.name[:40])}\.[0-9a-f]{{12}}\.tmp")
    try:
        names = os.listdir(target.parent)
    except OSError:  # it may be written to and not listed
        return
    for found in filter(name.fullmatch, names):
        abandoned = target.with_name(found)
        with suppress(OSError), abandoned.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            abandoned.unlink()


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to a file, which holds it all or, after an error, what it held before.

    Raises
    ------
    OSError
        If the file cannot be written; it names `path`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/numbers.csv", b"1,2")
    ...     Path(folder, "numbers.csv").read_text()
    '1,2'
    """
    with replacing(path) as file:
        file.write(content)


def _sync_folder(folder: Path) -> None:
    """Put a new name on the disk, where the system can do that to a folder."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
