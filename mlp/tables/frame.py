"""Frames of pandas and polars, and the files that pandas reads, as tables."""

from __future__ import annotations

import datetime
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_instance, check_path
from mlp._types import AnyPath
from mlp.tables.columns import Kinds, name_all
from mlp.tables.csv import CSVFile, RowReader
from mlp.tables.dialect import Dialect
from mlp.tables.errors import CellError
from mlp.tables.numbers import hint, parse_date, parse_number
from mlp.tables.rows import Row, Rows
from mlp.tables.table import BadCell, Column, Table, Words

_NEEDS = {
    ".parquet": "pyarrow",
    ".pq": "pyarrow",
    ".feather": "pyarrow",
    ".arrow": "pyarrow",
    ".xlsx": "openpyxl",
    ".xlsm": "openpyxl",
}
_SHEETS = (".xlsx", ".xlsm")
_DAMAGE = (zipfile.BadZipFile, KeyError, TypeError, AttributeError, IndexError, SyntaxError)


def open_table(path: AnyPath, dialect: Dialect | None = None, *, sheet: str | int = 0) -> RowReader:
    """Open a CSV, Parquet, Feather or Excel file: column names are known before rows are read.

    Parameters
    ----------
    path : path
        The file; its suffix decides the format.
    dialect : Dialect, optional
        The format of the text. Excel sheets use header, decimal, thousands and missing_words;
        Parquet and Feather files use none.
    sheet : str or int
        The sheet of an Excel file, by name or number from 0.

    Raises
    ------
    ImportError
        If the file needs pandas, and pandas is not installed.
    ValueError, OSError
        If the file cannot be read.
    """
    path = check_path("path", path)
    dialect = check_instance("dialect", Dialect() if dialect is None else dialect, Dialect)
    suffix = Path(path).suffix.lower()
    if suffix not in _NEEDS:
        return CSVFile(path, dialect=dialect)
    frame = _load(path, suffix, sheet)
    if suffix not in _SHEETS:
        return FrameReader(frame, path)
    if not len(frame):
        raise ValueError(f"{path}: received an empty sheet, expected a line of column names")
    cells = _Cells(frame, 1)

    def rows() -> Rows:
        return Rows(iter(cells), path, dialect.header)

    return RowReader(path, rows(), dialect, lambda: nullcontext(rows()))


def read_frame(
    path: AnyPath, *, dialect: Dialect | None = None, sheet: str | int = 0, **options: Any
) -> Table:
    """Read a Parquet, Feather or Excel file through pandas, or a CSV file.

    Parameters
    ----------
    path, dialect, sheet
        As in `open_table`.
    **options
        text, ignore, dates, targets, task, missing, missing_target and bad_cells, as in
        `read_csv`.

    Returns
    -------
    Table

    Raises
    ------
    ImportError
        If pandas is not installed.
    ValueError, OSError
        As for `read_csv`.
    """
    with open_table(path, dialect, sheet=sheet) as reader:
        return reader.read(**options)


def from_frame(frame: Any, *, source: str = "frame", **options: Any) -> Table:
    """Return a table of a pandas or polars DataFrame; its index is ignored.

    Parameters
    ----------
    frame : DataFrame
        Numbers, dates, and words: strings, categories and booleans ("True" and "False").
    source : str
        Name of the table used in error messages.
    **options
        text, ignore, dates, targets, task, missing, missing_target and bad_cells, as in
        `read_csv`. Only None, NaN, NA and blank strings are missing values.

    Returns
    -------
    Table

    Raises
    ------
    TypeError
        If `frame` is not such a frame.
    ValueError
        As for `read_csv`.
    """
    return FrameReader(frame, source).read(**options)


def _load(path: AnyPath, suffix: str, sheet: str | int) -> Any:
    """Return the frame in a file."""
    try:
        import pandas as pd
    except ImportError:
        raise ImportError(
            f"{os.fspath(path)}: reading {suffix} needs pandas and {_NEEDS[suffix]}: "
            f"pip install pandas {_NEEDS[suffix]}"
        ) from None
    with open(path, "rb"):  # an OSError with the path
        pass
    try:
        if suffix in _SHEETS:
            return pd.read_excel(path, sheet_name=sheet, header=None, dtype=object, na_filter=False)
        return (pd.read_parquet if suffix.startswith(".p") else pd.read_feather)(path)
    except ImportError:
        raise ImportError(
            f"{os.fspath(path)}: reading {suffix} needs {_NEEDS[suffix]}: "
            f"pip install {_NEEDS[suffix]}"
        ) from None
    except (ValueError, OSError, *_DAMAGE) as error:
        message = str(error).partition("\n")[0][:200] or type(error).__name__
        raise ValueError(
            f"{os.fspath(path)}: received another kind of file, or a corrupted one ({message}), "
            f"expected a table in {suffix}"
        ) from None


class _Cells:
    """The rows of a frame as text, each time anew, with their numbers from `first`."""

    def __init__(self, frame: Any, first: int) -> None:
        self.frame, self.first = frame, first

    def __iter__(self) -> Iterator[Row]:
        texts = [_texts(_column(self.frame, i)) for i in range(self.frame.shape[1])]
        for line, cells in enumerate(zip(*texts, strict=True), self.first):
            if any(cells):
                yield line, list(cells)


class FrameReader(RowReader):
    """A frame, read column by column.

    Parameters
    ----------
    frame : DataFrame
        Of pandas or polars.
    source : str
        Name of the table used in error messages.
    """

    def __init__(self, frame: Any, source: str) -> None:
        shape = getattr(frame, "shape", None)
        is_frame = hasattr(frame, "iloc") or hasattr(frame, "to_series")
        if not (is_frame and hasattr(frame, "columns")) or len(shape or ()) != 2:
            raise TypeError(
                f"frame: received {type(frame).__name__}, expected a DataFrame of pandas or polars"
            )
        names = ["" if name is None else str(name).strip() for name in frame.columns]
        self._frame = frame
        cells = _Cells(frame, 0)
        rows = Rows(iter([(0, names)]), source, True)
        dialect = Dialect(header=True, missing_words=())
        super().__init__(source, rows, dialect, lambda: nullcontext(iter(cells)))

    def _fill(self, kinds: Kinds, kept: Sequence[int], missing: str, bad_cells: str) -> Table:
        if not len(self._frame):
            raise ValueError(f"{self.source}: received no rows, expected at least one")
        columns: dict[int, Column] = {}
        bad: list[BadCell] = []
        self.kept = {i: _texts(_column(self._frame, i)) for i in self.kept}
        for i in kept:
            array = _column(self._frame, i)
            if i in kinds.targets and array.dtype.kind in "iuf":
                columns[i] = array  # their task is not known yet
            elif i in kinds.targets or i in kinds.words:
                columns[i] = _as_words(array)
            else:
                numbers = columns[i] = _as_numbers(array, i in kinds.dates)
                texts = _texts(array) if array.dtype.kind not in "iuf" else []
                for row in np.flatnonzero(np.isnan(numbers)).tolist() if texts else []:
                    if texts[row]:
                        expected = "a date" if i in kinds.dates else "a finite number"
                        error = self._error(
                            row,
                            i,
                            f"received {texts[row]!r}, expected {expected}{hint(texts[row])}",
                        )
                        if bad_cells == "refuse":
                            raise error
                        bad.append(BadCell(row, self.names[i], str(error)))
        table = Table(name_all(columns, kept, self.names, kinds.dates, self.source), self.source)
        table.bad_cells = bad
        inputs = [self.names[i] for i in kept if i not in kinds.targets]
        for name in inputs if missing == "refuse" else []:
            is_missing = table.is_missing(name)
            if is_missing.any():
                i, row = self.names.index(name), int(is_missing.argmax())
                raise self._error(row, i, "received a missing value, expected none", True)
        return table

    def _error(self, row: int, i: int, what: str, is_missing: bool = False) -> CellError:
        name = self.names[i]
        return CellError(f"{self.source}: row {row}, column {name!r}: {what}", name, is_missing)


def _column(frame: Any, i: int) -> NDArray[Any]:
    """Return a column as an array; dates as datetime64[us]."""
    column = frame.iloc[:, i] if hasattr(frame, "iloc") else frame.to_series(i)
    array = np.asarray(column.to_numpy())
    if array.dtype.kind == "M":
        return array.astype("M8[us]")
    return array if array.dtype.kind in "iuf" else array.astype(object)


def _texts(array: NDArray[Any]) -> list[str]:
    return [as_text(value) for value in array.tolist()]


def _as_words(array: NDArray[Any]) -> Words:
    known: dict[str, int] = {"": -1}
    codes = [known.setdefault(text, len(known) - 1) for text in _texts(array)]
    return Words(np.array(codes, np.int64), list(known)[1:])


def _as_numbers(array: NDArray[Any], are_dates: bool) -> NDArray[np.float64]:
    """Return numbers, or the days of dates; NaN for everything else."""
    if array.dtype.kind == "M" and are_dates:
        days = array.astype(np.int64) / 86_400_000_000
        return np.where(np.isnat(array), np.nan, days)
    if array.dtype.kind in "iuf" and not are_dates:
        return array.astype(np.float64)
    parse = parse_date if are_dates else parse_number
    return np.array([parse(text) for text in _texts(array)])


def as_text(value: Any) -> str:
    """Return a value as a CSV file would spell it; blank for a missing one.

    Examples
    --------
    >>> [
    ...     as_text(value)
    ...     for value in (None, float("nan"), 2.5, True, " a ", datetime.date(2024, 1, 2))
    ... ]
    ['', '', '2.5', 'True', 'a', '2024-01-02']
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date() if value.tzinfo is None else value
    return value.isoformat() if isinstance(value, datetime.date) else str(value).strip()
