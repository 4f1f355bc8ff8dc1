"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlp._checks import check_path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` once it is complete and on disk.

    It is written as ``.NAME.*.tmp`` in the same folder, flushed to disk and renamed. If anything
    fails before that (a full disk, Ctrl-C, an error in the caller), an existing file is unchanged
    and the temporary one is removed. A killed process leaves its temporary file behind; the next
    one that replaces `path` removes it. A pipe or a device, such as ``/dev/stdout``, is written to
    directly.

    Raises
    ------
    TypeError
        If `path` is not a str or a PathLike: an int would be taken for a file descriptor.
    OSError
        If the file cannot be written; the message names `path`.

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
    target = Path(os.path.realpath(check_path("path", path)))  # a link stays
    with _naming(path):
        if target.exists() and not target.is_file():
            with target.open("wb") as device:
                yield device
            return
        temporary, opened = _new_temporary(target)
        try:
            with opened as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                with suppress(FileNotFoundError):
                    temporary.chmod(target.stat().st_mode & 0o7777)
                if fcntl is None:  # Windows cannot rename an open file; elsewhere it stays locked
                    file.close()
                temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        _remove_abandoned(target)
        _sync_folder(target.parent)


@contextmanager
def appending(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to add to its end; OSError with `path` if it cannot be written."""
    with _naming(path), open(check_path("path", path), "ab") as file:
        yield file


@contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let every OSError name `path`: those of writing name no file, others the temporary one."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _new_temporary(target: Path) -> tuple[Path, BinaryIO]:
    """Open a new file beside `target`, locked until it is closed or the process ends."""
    while True:
        temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.tmp")
        file = temporary.open("xb")
        if fcntl is not None:
            with suppress(OSError):  # not every file system has locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.exists():
            return temporary, file
        file.close()  # removed as abandoned before it was locked


def _remove_abandoned(target: Path) -> None:
    """Remove the temporary files of processes that were killed while replacing `target`.

    Only a lock tells them from files being written right now: without locks, nothing is removed.
    """
    if fcntl is None:
        return
    name = re.compile(rf"\.{re.escape(target.name[:40])}\.[0-9a-f]{{12}}\.tmp")
    try:
        names = os.listdir(target.parent)
    except OSError:  # the folder may be writable but not readable
        return
    for found in filter(name.fullmatch, names):
        abandoned = target.with_name(found)
        with suppress(OSError), abandoned.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            abandoned.unlink()


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace a file by `content`; after an error it holds what it held before.

    Raises
    ------
    OSError
        If the file cannot be written; the message names `path`.

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
    """Flush the renaming to disk, where the system supports it for folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # the folder may be writable but not readable
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
