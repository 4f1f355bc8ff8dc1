"""The runtime of the playground, Pyodide with NumPy: found in a folder, or downloaded into one."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from mlp._atomic import write_file

PAGE = files("mlp.playground").joinpath("page")


def read_pins() -> dict[str, Any]:
    """Return ``runtime.json``: the version, where it is published, and the hash of each file."""
    pins: dict[str, Any] = json.loads(PAGE.joinpath("runtime.json").read_text(encoding="utf-8"))
    return pins


def default_folder() -> Path:
    """Return the folder that ``mlp playground --download`` writes to."""
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        cache = "~/Library/Caches"
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "mlp" / f"pyodide-{read_pins()['version']}"


def check_runtime(folder: Path) -> None:
    """Raise unless a folder holds every file of the runtime, each with its hash.

    Raises
    ------
    OSError
        If a file is missing or cannot be read.
    ValueError
        If a file is another than the one pinned.
    """
    for name, expected in read_pins()["sha256"].items():
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise ValueError(
                f"{folder / name}: received SHA-256 {found[:12]}..., expected {expected[:12]}... "
                f"of Pyodide {read_pins()['version']}"
            )


def download_runtime(folder: Path, base: str | None = None) -> None:
    """Download the runtime into a folder; a file with the right hash is kept.

    Parameters
    ----------
    folder : Path
    base : str, optional
        The address of the files, ending in a slash; by default where they are published.

    Raises
    ------
    OSError
        If a file cannot be downloaded or written.
    ValueError
        If a file is another than the one pinned; it is not written.
    """
    pins = read_pins()
    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in pins["sha256"].items():
        path, address = folder / name, (base or pins["base"]) + name
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == expected:
            continue
        try:
            with urlopen(address, timeout=60) as answer:
                content = answer.read()
        except URLError as error:
            raise OSError(f"{address}: cannot be downloaded ({error.reason})") from None
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise ValueError(
                f"{address}: received SHA-256 {found[:12]}..., expected {expected[:12]}..."
            )
        write_file(path, content)
