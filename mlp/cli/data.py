"""Data that is named on the command line, made ready for a network."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.core import make_loss
from mlp.core.validation import as_floats, make_rng, numeric
from mlp.datasets import Dataset, load

_ROWS_TO_SPLIT = 20  # with fewer, all rows are trained on


@dataclass(frozen=True)
class Task:
    """What a network is trained for.

    Attributes
    ----------
    X, Y : ndarray
        Inputs ``(n, n_in)`` and targets as the loss takes them.
    sizes : sequence of int
        The widths of the network.
    output, loss : str
        The last activation and the loss.
    validation : tuple (X, Y) or None
        A fifth of the rows, held out, where there are enough.
    held_out_labels : ndarray (n_held_out,) or None
        Their classes.
    """

    X: NDArray[Any]
    Y: NDArray[Any]
    sizes: Sequence[int] = ()
    output: str = "identity"
    loss: str = "squared_error"
    validation: tuple[NDArray[Any], NDArray[Any]] | None = None
    held_out_labels: NDArray[Any] | None = None


def load_task(source: str, loss: str | None, sizes: Sequence[int] | None, seed: int) -> Task:
    """Return the task of a data set of the package, or of a file ``FILE.npz`` with X and y.

    Raises
    ------
    ValueError
        If there is no such data, or the widths do not fit it.
    """
    X, y = _read_npz(Path(source)) if source.endswith(".npz") else load(source)
    is_labels = y.ndim == 1 and y.dtype.kind in "bui"
    n_classes = int(y.max()) + 1 if is_labels else y.shape[1]
    chosen = make_loss(loss or ("cross_entropy" if is_labels else "squared_error"))
    loss, output = chosen.name, chosen.canonical or "identity"
    is_yes_or_no = is_labels and loss == "binary_cross_entropy" and n_classes == 2
    sizes = sizes or (X.shape[1], 32, 1 if is_yes_or_no else n_classes)
    if sizes[0] != X.shape[1]:
        raise ValueError(
            f"--layers: received {sizes[0]} inputs, expected {X.shape[1]} for {source}"
        )

    def targets(y: NDArray[Any]) -> NDArray[Any]:
        if not is_labels or chosen.takes_labels:
            return y
        return y[:, None] if sizes[-1] == 1 else np.eye(n_classes)[y]

    if len(X) < _ROWS_TO_SPLIT:
        return Task(X, targets(y), sizes, output, loss)
    if is_labels:
        train, held_out = Dataset(X, y, source, n_classes, description="").split(0.2, seed=seed)
        parts = (train.X, train.y), (held_out.X, held_out.y)
    else:
        order = make_rng(seed).permutation(len(X))
        cut = len(X) // 5
        parts = (X[order[cut:]], y[order[cut:]]), (X[order[:cut]], y[order[:cut]])
    (X, y), (X_held_out, y_held_out) = parts
    validation = (X_held_out, targets(y_held_out))
    return Task(X, targets(y), sizes, output, loss, validation, y_held_out if is_labels else None)


def _read_npz(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return X and y of a file: y holds labels ``(n,)`` or numbers ``(n, n_out)``."""
    X, y = (numeric(f"{path}: {name}", array) for name, array in _read_arrays(path).items())
    if X.ndim != 2 or y.ndim not in (1, 2) or len(X) != len(y) or y.size == 0:
        raise ValueError(
            f"{path}: received X {X.shape} and y {y.shape}, "
            "expected (n, n_in) and (n,) or (n, n_out)"
        )
    if y.ndim == 1 and y.dtype.kind == "f":
        y = y[:, None]
    if y.ndim == 1:
        y = y.astype(np.int64)  # True and False are the labels 1 and 0
        if int(y.min()) < 0:
            raise ValueError(f"{path}: received the label {y.min()} in y, expected labels from 0")
    return as_floats(f"{path}: X", X, np.dtype(np.float64)), y


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays X and y as they stand in the file, whatever the case of their names."""
    with path.open("rb") as opened:
        if not zipfile.is_zipfile(opened):  # an .npz file is a zip archive
            raise ValueError(
                f"{path}: received no .npz file, or a damaged one, "
                "expected what numpy.savez(FILE, X=X, y=y) writes"
            )
    with np.load(path, allow_pickle=False) as file:
        names = {name.lower(): name for name in file.files}
        if not {"x", "y"} <= set(names):
            raise ValueError(f"{path}: received the arrays {sorted(file.files)}, expected X and y")
        return {"X": _read_array(file, names["x"], path), "y": _read_array(file, names["y"], path)}


def _read_array(file: Any, name: str, path: Path) -> NDArray[Any]:
    """Return one array; what NumPy says of a damaged one, or of objects, would mislead."""
    try:
        array = file[name]
    except (ValueError, EOFError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error):
        array = None
    if not isinstance(array, np.ndarray):
        raise ValueError(
            f"{path}: received {name} damaged or not of numbers, expected an array of numbers"
        )
    return array
