"""Where a command writes its files."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def check_folder(folder: Path) -> None:
    """Raise OSError where `folder` is none and cannot be made; nothing is made yet.

    It is looked at before anything is computed, so that an hour's results are not lost.

    Examples
    --------
    >>> check_folder(Path("results"))
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "received a file, expected a folder", str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "received a folder that is read-only", str(there))
