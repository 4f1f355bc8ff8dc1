"""Files that are written as a whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to a file, which holds it all or, after an error, what it held before.

    It goes to a temporary file in the same folder, is flushed to the disk and renamed. A pipe or
    a device, such as ``/dev/stdout``, is written to directly.

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
    target = Path(os.path.realpath(path))  # of a link, the file that it points to is replaced
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            error.filename, error.filename2 = os.fspath(path), None
        raise
