"""NumPy's ``.npz`` files, read as tables."""

from __future__ import annotations

import os
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.tables.table import Table

AnyPath = str | os.PathLike[str]


def read_npz(
    path: AnyPath, inputs: str = "X", target: str = "y", *, need_target: bool = True
) -> Table:
    """Read inputs and targets from a file written by ``numpy.savez(path, X=X, y=y)``.

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

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If the file does not hold such arrays, or an array is damaged or holds objects.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/xor.npz", X=np.eye(2), y=np.array([True, False]))
    ...     table = read_npz(f"{folder}/xor.npz")
    >>> table.names, table["y"].values
    (('x0', 'x1', 'y'), ['False', 'True'])
    """
    with open(path, "rb") as opened:
        if not zipfile.is_zipfile(opened):  # an .npz file is a zip archive
            raise ValueError(
                f"{path}: received another kind of file, or a damaged one, "
                f"expected an .npz file as numpy.savez(FILE, {inputs}=X, {target}=y) writes it"
            )
    with np.load(path, allow_pickle=False) as file:
        names = {name.lower(): name for name in file.files}
        wanted = [inputs, target] if need_target or target.lower() in names else [inputs]
        if not {name.lower() for name in wanted} <= set(names):
            raise ValueError(
                f"{path}: received the arrays {sorted(file.files)}, expected {' and '.join(wanted)}"
            )
        X, *rest = (_read_array(file, names[name.lower()], path) for name in wanted)
    y = rest[0] if rest else None
    _check_arrays(X, y, path)
    return Table.from_arrays(X, y, os.fspath(path), target=target)


def _read_array(file: Any, name: str, path: AnyPath) -> NDArray[Any]:
    """Return one array; NumPy's own errors for damaged or object arrays would mislead."""
    try:
        array = file[name]
    except (ValueError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error):
        array = None
    if not isinstance(array, np.ndarray):
        raise ValueError(
            f"{path}: received {name} damaged or not of numbers, expected an array of numbers"
        )
    return array


def _check_arrays(X: NDArray[Any], y: NDArray[Any] | None, path: AnyPath) -> None:
    if X.dtype.kind not in "buif":
        raise ValueError(f"{path}: X: received dtype {X.dtype}, expected real numbers")
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"{path}: received X {X.shape}, expected (n, n_in)")
    if y is None:
        return
    if y.ndim not in (1, 2) or len(X) != len(y) or y.size == 0:
        raise ValueError(
            f"{path}: received X {X.shape} and y {y.shape}, "
            "expected (n, n_in) and (n,) or (n, n_out)"
        )
    if y.dtype.kind not in ("buifU" if y.ndim == 1 else "buif"):
        raise ValueError(f"{path}: y: received dtype {y.dtype}, expected numbers or strings")
