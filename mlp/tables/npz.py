"""NumPy's ``.npz`` files, read as tables."""

from __future__ import annotations

import os

from mlp.tables.npz_file import NpzArray, NpzFile
from mlp.tables.table import Table
from mlp.tables.task import TASKS, with_task

AnyPath = str | os.PathLike[str]


def read_npz(
    path: AnyPath,
    inputs: str = "X",
    target: str = "y",
    *,
    need_target: bool = True,
    task: str | None = None,
) -> Table:
    """Read inputs and targets from a file written by ``numpy.savez(path, X=X, y=y)``.

    Nothing in the file is trusted: names, types, shapes and sizes are compared with each other
    and with the size of the file before an array is read, and no objects are.

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
    task : {"classify", "regress", "ask"}, optional
        What the targets are: they become words or numbers, and ``table.task`` says so; "ask"
        settles it by `with_task`, which raises an error if that is doubtful. By default targets
        are as in `Table.from_arrays`.

    Returns
    -------
    Table

    Raises
    ------
    FileFormatError
        If the file is damaged, of another kind, or needs far more memory than it has bytes. It is
        a ValueError.
    ValueError
        If the file does not hold such arrays.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/xor.npz", X=np.eye(2), y=np.array([True, False]))
    ...     table = read_npz(f"{folder}/xor.npz")
    >>> table.names, table["y"].values
    (('x0', 'x1', 'y'), ['False', 'True'])
    """
    if task not in (None, "ask", *TASKS):
        raise ValueError(f"task: received {task!r}, expected 'classify', 'regress' or 'ask'")
    with NpzFile(path, f"numpy.savez(FILE, {inputs}=X, {target}=y)") as file:
        names = [inputs]
        if need_target or file.find(target) is not None:
            names.append(target)
        places = [file.find(name) for name in names]
        if None in places:
            raise ValueError(
                f"{path}: received the arrays {sorted(file.names)}, expected {' and '.join(names)}"
            )
        arrays = [file.declared(place) for place in places if place is not None]
        _check_arrays(arrays[0], arrays[1] if len(arrays) > 1 else None, path)
        X, *rest = (file.read(array) for array in arrays)
    table = Table.from_arrays(X, rest[0] if rest else None, os.fspath(path), target=target)
    if task is None or not rest:
        return table
    return with_task(table, table.targets, None if task == "ask" else task)


def _check_arrays(X: NpzArray, y: NpzArray | None, path: AnyPath) -> None:
    """Raise unless these arrays make a table."""
    if X.dtype.kind not in "buif":
        raise ValueError(f"{path}: X: received dtype {X.dtype}, expected real numbers")
    if len(X.shape) != 2 or 0 in X.shape:
        raise ValueError(f"{path}: received X {X.shape}, expected (n, n_in)")
    if y is None:
        return
    if len(y.shape) not in (1, 2) or X.shape[0] != y.shape[0] or 0 in y.shape:
        raise ValueError(
            f"{path}: received X {X.shape} and y {y.shape}, "
            "expected (n, n_in) and (n,) or (n, n_out)"
        )
    if y.dtype.kind not in ("buifU" if len(y.shape) == 1 else "buif"):
        raise ValueError(f"{path}: y: received dtype {y.dtype}, expected numbers or strings")
