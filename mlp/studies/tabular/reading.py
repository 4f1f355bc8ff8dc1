"""A person's data as rows of named columns: files, frames, mappings and arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._names import shortened
from mlp.tables import Dialect, open_table
from mlp.tables.csv import RowReader
from mlp.tables.frame import FrameReader

_MOST_COLUMNS = 100_000
_SOURCE = "data"
_CATEGORIES = ("CategoricalDtype", "Categorical", "Enum")  # of pandas and polars


class NamedArrays:
    """Arrays by name, in the form that frames of polars have.

    Parameters
    ----------
    columns : mapping of str to array_like (n,)
    """

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.columns = [str(name) for name in columns]
        self.dtypes = [getattr(values, "dtype", None) for values in columns.values()]
        self._arrays = [_as_column(name, values) for name, values in columns.items()]
        lengths = {len(array) for array in self._arrays}
        if len(lengths) != 1:
            raise ValueError(
                f"{_SOURCE}: received columns of {sorted(lengths)} rows, expected one length"
            )
        self.shape = (lengths.pop(), len(self.columns))

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def to_series(self, i: int) -> _Series:
        """Return a column."""
        return _Series(self._arrays[i])


class _Series:
    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def to_numpy(self) -> NDArray[Any]:
        """Return the array."""
        return self._array


def _as_column(name: object, values: Any) -> NDArray[Any]:
    array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if array.ndim != 1:
        raise ValueError(f"{name}: received shape {array.shape}, expected (n,)")
    if array.dtype.kind not in "biufOUM":
        raise TypeError(f"{name}: received an array of {array.dtype}, expected numbers or words")
    return array


def open_data(data: Any, dialect: Dialect | None = None) -> RowReader:
    """Return a reader of data: its column names are known before rows are read.

    Parameters
    ----------
    data : path, DataFrame, mapping of str to array_like (n,), or array_like (n, n_columns)
        Columns of an array are called x0, x1, ...
    dialect : Dialect, optional
        The format of a text file.

    Raises
    ------
    TypeError, ValueError, OSError
        If it is anything else, or cannot be read.
    """
    if isinstance(data, str | os.PathLike):
        return open_table(data, dialect)
    if isinstance(data, Mapping):
        return FrameReader(NamedArrays(data), _SOURCE)
    if is_frame(data):
        return FrameReader(data, _SOURCE)
    if isinstance(data, np.ndarray | Sequence):
        return FrameReader(NamedArrays(_columns_of(data)), _SOURCE)
    raise TypeError(
        f"{_SOURCE}: received {shortened(data)}, expected a path, a DataFrame, a mapping of "
        "columns, or a matrix"
    )


def _columns_of(X: Any) -> dict[str, NDArray[Any]]:
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] > _MOST_COLUMNS:
        raise ValueError(
            f"{_SOURCE}: received shape {X.shape}, expected at most {_MOST_COLUMNS:,} columns"
        )
    try:
        matrix = np.asarray(X)
    except ValueError:  # rows of different lengths
        raise ValueError(f"{_SOURCE}: received {shortened(X)}, expected (n, n_columns)") from None
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{_SOURCE}: received shape {matrix.shape}, expected (n, n_columns)")
    return {f"x{i}": column for i, column in enumerate(matrix.T)}


def is_frame(X: Any) -> bool:
    """Whether X is a DataFrame of pandas or polars."""
    return hasattr(X, "columns") and (hasattr(X, "iloc") or hasattr(X, "to_series"))


def columns_of(X: Any) -> dict[str, Any]:
    """Return the columns of a frame, a mapping or a matrix by name.

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or a name occurs twice.
    """
    if not is_frame(X):
        return dict(X) if isinstance(X, Mapping) else dict(_columns_of(X))
    names = FrameReader(X, _SOURCE).names
    if len(set(names)) < len(names):
        raise ValueError(f"{_SOURCE}: received {shortened(names)}, expected each name once")
    series = [X.iloc[:, i] if hasattr(X, "iloc") else X.to_series(i) for i in range(len(names))]
    return dict(zip(names, series, strict=True))


def open_pair(X: Any, y: Any) -> tuple[RowReader, list[str]]:
    """Return a reader of inputs and targets, and the names of the targets.

    Targets are called by their own name, or y; several y0, y1, ... A name that an input has is
    followed by underscores.
    """
    columns = columns_of(X)
    name = getattr(y, "name", None)
    name = name if isinstance(name, str) and name else "y"
    targets = np.asarray(y.to_numpy() if hasattr(y, "to_numpy") else y)
    n_out = targets.shape[1] if targets.ndim == 2 else 1
    names = [name] if n_out == 1 else [f"{name}{i}" for i in range(n_out)]
    while not columns.keys().isdisjoint(names):
        names = [f"{one}_" for one in names]
    named = dict(zip(names, targets.reshape(len(targets), n_out).T, strict=True))
    return FrameReader(NamedArrays({**columns, **named}), _SOURCE), [*named]


def categories_of(frame: Any) -> list[int]:
    """Return the columns of a frame that are declared as categories, by position from 1."""
    names = [type(kind).__name__ for kind in getattr(frame, "dtypes", ())]
    return [i for i, name in enumerate(names, 1) if name in _CATEGORIES]
