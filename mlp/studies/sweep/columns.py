"""The runs of a sweep as columns: for frames, CSV, text and HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._html import html_table
from mlp._names import shortened

Columns = dict[str, list[Any]]
LIBRARIES = ("pandas", "polars", "dict")


def label(value: Any) -> Any:
    """Return a parameter as a table shows it: numbers as they are, widths as ``64-32``.

    Examples
    --------
    >>> label((64, 32)), label(0.1), label("relu")
    ('64-32', 0.1, 'relu')
    """
    if isinstance(value, tuple | list):
        return "-".join(map(str, value))
    return value if isinstance(value, bool | int | float | str | None) else repr(value)


def to_library(columns: Columns, library: str | None) -> Any:
    """Return a frame of pandas or polars, the first that is installed, else the columns.

    Raises
    ------
    ImportError
        If the library is named and not installed.
    """
    if library not in (None, *LIBRARIES):
        names = ", ".join(LIBRARIES)
        raise ValueError(f"library: received {shortened(library)}, expected one of {names} or None")
    if library in (None, "pandas"):
        try:
            import pandas as pd

            return pd.DataFrame(columns)
        except ImportError:
            if library is not None:
                raise
    if library in (None, "polars"):
        try:
            import polars as pl

            return pl.DataFrame(columns, strict=False)
        except ImportError:
            if library is not None:
                raise
    return columns


def to_csv_text(columns: Columns) -> str:
    """Return the columns as CSV with every digit; what is missing or not finite is left empty."""
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(map(_csv_cell, row)) for row in (columns, *rows)]
    return "".join(f"{line}\n" for line in lines)


def _csv_cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    text = str(value) if isinstance(value, str) else repr(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n\r') else text


def to_text(columns: Columns) -> str:
    """Return the columns as a table of text."""
    cells = [[name, *map(_cell, column)] for name, column in columns.items()]
    padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in cells]
    return "\n".join("  ".join(row).rstrip() for row in zip(*padded, strict=True))


def to_html(columns: Columns, caption: str) -> str:
    """Return the columns as a table in HTML."""
    rows = (list(map(_cell, row)) for row in zip(*columns.values(), strict=True))
    return html_table(list(columns), rows, caption)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return "" if value is None else str(value)


def parameter_columns(sets: Sequence[Mapping[str, Any]], indices: NDArray[np.intp]) -> Columns:
    """Return a column for each parameter, with None where a set does not have it."""
    names = dict.fromkeys(name for run in sets for name in run)
    return {name: [label(sets[i].get(name)) for i in indices.tolist()] for name in names}
