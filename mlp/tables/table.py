"""Table: named columns of numbers and of words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from numbers import Integral
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_instance, check_names, check_sequence, numeric
from mlp._names import did_you_mean
from mlp._names import shortened as shortened_value
from mlp.tables.errors import Remedy, TableError
from mlp.tables.numbers import parse_number

MANY = 10_000_000  # values, as of all rows


class Words(NamedTuple):
    """A column of words; each different word is stored once.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        The index in `values` of each row's word, -1 where it is missing.
    values : sequence of str
        The different words.
    """

    codes: NDArray[np.integer[Any]]
    values: Sequence[str]


Column: TypeAlias = NDArray[Any] | Words


class BadCell(NamedTuple):
    """A cell that does not fit its column, or a row that cannot be read.

    Attributes
    ----------
    row : int
        The index of the row.
    column : str or None
        The name of the column; None for the whole row.
    message : str
        What is wrong, with file, line and column.
    """

    row: int
    column: str | None
    message: str


class Table:
    """Named columns, ``table["age"]``, that know the line of each row in their source.

    Parameters
    ----------
    columns : mapping of str to ndarray (n,) or Words
        The columns. A missing number is NaN, a missing word has code -1.
    source : str
        Name of the table used in error messages.
    lines : ndarray of int (n,), optional
        The line of each row in its file; without it rows count from 0.

    Raises
    ------
    TypeError
        If a name is not a string, or a column neither an array nor `Words`.
    ValueError
        If there is no column, or the columns differ in length.

    Attributes
    ----------
    names : tuple of str
        The names of the columns.
    targets : tuple of str
        The names of the columns that are known to be targets.
    task : {"classify", "regress"} or None
        What the targets are, if that is known.
    bad_cells : sequence of BadCell
        The cells that do not fit their column, where the reader was told to keep them.

    Examples
    --------
    >>> table = Table.from_arrays(np.eye(2), np.array(["no", "yes"]), source="answers.npz")
    >>> table.names, len(table), table.place(1, "x0")
    (('x0', 'x1', 'y'), 2, "answers.npz: row 1, column 'x0'")
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        source: str,
        lines: NDArray[np.integer[Any]] | None = None,
    ) -> None:
        self._columns: dict[str, Column] = dict(check_instance("columns", columns, Mapping))
        _check_columns(self._columns)
        self.names, self.source = tuple(self._columns), source
        self.targets: tuple[str, ...] = ()
        self.task: str | None = None
        self.bad_cells: Sequence[BadCell] = ()
        n_rows = _length(next(iter(self._columns.values())))
        self.row_word = "row" if lines is None else "line"
        self.lines = np.arange(n_rows) if lines is None else numeric("lines", lines)
        if self.lines.shape != (n_rows,):
            raise ValueError(f"lines: received shape {self.lines.shape}, expected ({n_rows},)")

    @classmethod
    def from_arrays(
        cls,
        X: NDArray[Any],
        y: NDArray[Any] | None,
        source: str,
        names: Sequence[str] = (),
        target: str = "y",
    ) -> Table:
        """Return a table of inputs ``(n, n_in)`` and targets ``(n,)`` or ``(n, n_out)``.

        Inputs without names are called x0, x1, ... Targets ``(n,)`` that are integers, booleans
        or strings become words; several columns of targets are called y0, y1, ... Columns of
        numbers are views.

        Raises
        ------
        TypeError
            If inputs are not real numbers, or targets are neither numbers nor strings.
        ValueError
            If shapes do not fit each other, or a name is not unique.
        """
        X = numeric("X", X)
        if X.ndim != 2:
            raise ValueError(f"X: received shape {X.shape}, expected (n, n_in)")
        names = () if names is None else check_strings("names", names)
        names = check_names("names", names or [f"x{i}" for i in range(X.shape[1])], X.shape[1])
        check_instance("target", target, str)
        targets = {} if y is None else _target_columns(_as_targets(y, len(X)), target)
        if not targets.keys().isdisjoint(names):
            raise ValueError(f"{source}: received {target!r} for inputs and targets")
        table = cls({**dict(zip(names, X.T, strict=True)), **targets}, source)
        table.targets = tuple(targets)
        if any(isinstance(column, Words) for column in targets.values()):
            table.task = "classify"
        return table

    def __getitem__(self, name: str) -> Column:
        """Return a column; KeyError for an unknown name."""
        return self._columns[name]

    def numbers(self, name: str) -> NDArray[Any]:
        """Return a column of numbers; ValueError if it holds words or does not exist."""
        column = self._columns.get(name)
        if column is None or isinstance(column, Words):
            raise self._wrong_column(name, "numbers")
        return column

    def words(self, name: str) -> Words:
        """Return a column of words; ValueError if it holds numbers or does not exist."""
        column = self._columns.get(name)
        if not isinstance(column, Words):
            raise self._wrong_column(name, "words")
        return column

    def _wrong_column(self, name: str, expected: str) -> ValueError:
        if name not in self._columns:
            return _unknown_column(self.source, name, self.names)
        return ValueError(
            f"{self.source}: received a column of other values for {name!r}, expected {expected}"
        )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    def __repr__(self) -> str:
        """Return the source and the size."""
        return f"<Table {self.source}: {len(self)} rows, {len(self.names)} columns>"

    def is_missing(self, name: str) -> NDArray[np.bool_]:
        """Return which rows of a column have no value; ValueError for an unknown name."""
        column = self._columns.get(name)
        if column is None:
            raise _unknown_column(self.source, name, self.names)
        missing: NDArray[np.bool_]
        missing = column.codes < 0 if isinstance(column, Words) else np.isnan(column)
        return missing

    def without_missing(self, names: Iterable[str] | None = None) -> Table:
        """Return the rows that have a value in each of these columns, by default in all.

        Raises
        ------
        ValueError
            If there is no such column.
        TableError
            If there are no such rows.
        """
        columns = self.names if names is None else known_columns("names", names, self)
        is_missing = {name: self.is_missing(name) for name in columns}
        kept = ~np.logical_or.reduce([*is_missing.values(), np.zeros(len(self), np.bool_)])
        if kept.all():
            return self
        if not kept.any():
            empty = [name for name, missing in is_missing.items() if missing.all()]
            raise TableError(
                f"{self.source}: received a missing value in each of {len(self)} rows, "
                "expected rows without",
                [Remedy("ignore", empty, "leaves out columns without a value")] if empty else [],
            )
        return self.take(np.flatnonzero(kept))

    def take(self, rows: NDArray[np.integer[Any]]) -> Table:
        """Return the table of some rows, counted from 0; ValueError if there is no such row."""
        rows = check_indices("rows", rows, len(self))
        table = copy(self)
        table.lines = self.lines[rows]
        table._columns = {name: _take(self[name], rows) for name in self.names}
        if self.bad_cells:
            place = {int(row): i for i, row in enumerate(rows)}
            table.bad_cells = [
                cell._replace(row=place[cell.row]) for cell in self.bad_cells if cell.row in place
            ]
        return table

    def with_numbers(self, name: str) -> Table:
        """Return the table with a column of words converted to numbers.

        Raises
        ------
        ValueError
            If a word is not a finite number; the message gives row and column.
        """
        words = self.words(name)
        numbers = np.array([*map(parse_number, words.values), np.nan])[words.codes]
        is_word = np.isnan(numbers) & (words.codes >= 0)
        if is_word.any():
            row = int(is_word.argmax())
            word = words.values[words.codes[row]]
            raise ValueError(
                f"{self.place(row, name)}: received {word!r}, expected a finite number"
            )
        return self.with_columns({name: numbers})

    def with_words(self, name: str) -> Table:
        """Return the table with a column of whole numbers converted to words.

        Raises
        ------
        ValueError
            If a number is not whole; the message gives row and column.
        """
        numbers = self.numbers(name)
        is_integer = numbers.dtype.kind != "f"  # a float64 does not hold every int64
        is_known = np.ones(len(self), np.bool_) if is_integer else ~np.isnan(numbers)
        is_whole = is_known if is_integer else np.isfinite(numbers) & (numbers == np.rint(numbers))
        if (is_known & ~is_whole).any():
            row = int((is_known & ~is_whole).argmax())
            raise ValueError(f"{self.place(row, name)}: received {numbers[row]}, expected a class")
        values, found = np.unique(numbers[is_known], return_inverse=True)
        codes = np.full(len(self), -1)
        codes[is_known] = found
        spelled = [str(value if is_integer else int(value)) for value in values.tolist()]
        return self.with_columns({name: Words(codes, spelled)})

    def with_columns(self, columns: Mapping[str, Column]) -> Table:
        """Return the table with these columns added or replaced."""
        table = copy(self)
        table._columns = {**self._columns, **check_instance("columns", columns, Mapping)}
        _check_columns(table._columns)
        table.names = tuple(table._columns)
        return table

    def place(self, row: int, name: str) -> str:
        """Return the place of a cell for an error message; ValueError if there is no such row."""
        (row,) = check_indices("row", [row], len(self))
        return f"{self.source}: {self.row_word} {self.lines[row]}, column {name!r}"


def _length(column: Column) -> int:
    return len(column.codes if isinstance(column, Words) else column)


def _check_columns(columns: Mapping[str, Column]) -> None:
    check_strings("columns", columns)
    for name, column in columns.items():
        codes = column.codes if isinstance(column, Words) else column
        if not isinstance(codes, np.ndarray) or codes.ndim != 1:
            raise TypeError(
                f"columns: received {type(codes).__name__} for {name!r}, "
                "expected an array (n,) or Words"
            )
    lengths = {name: _length(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            f"columns: received the lengths {lengths!r:.200}, expected columns of one length"
        )


def _as_targets(y: Any, n_rows: int) -> NDArray[Any]:
    """Return targets as an array of numbers, or of strings."""
    array = y if isinstance(y, np.ndarray) else np.asarray(y, object)
    is_text = array.ndim == 1 and (
        array.dtype.kind == "U"
        or (array.dtype == object and all(isinstance(word, str) for word in array))
    )
    if not is_text:
        array = numeric("y", y)
    elif array.dtype == object:
        array = array.astype(str)
    if array.ndim not in (1, 2) or len(array) != n_rows or 0 in array.shape[1:]:
        raise ValueError(
            f"y: received shape {array.shape}, expected ({n_rows},) or ({n_rows}, n_out)"
        )
    return array


def _target_columns(y: NDArray[Any], name: str) -> dict[str, Column]:
    if y.ndim == 2 and y.shape[1] > 1:
        return {f"{name}{i}": column for i, column in enumerate(y.T)}
    if y.ndim == 2:
        return {name: y[:, 0]}
    if y.dtype.kind == "f":
        return {name: y}
    values, codes = np.unique(y, return_inverse=True)
    return {name: Words(codes, [str(value) for value in values.tolist()])}


def _take(column: Column, rows: NDArray[Any]) -> Column:
    if isinstance(column, Words):
        return Words(column.codes[rows], column.values)
    taken: NDArray[Any] = column[rows]
    return taken


def check_strings(name: str, values: object) -> tuple[str, ...]:
    """Return `values` as a tuple if they are strings: names of columns, or words."""
    found = check_sequence(name, values, "strings", MANY)
    for value in found:
        if not isinstance(value, str):
            raise TypeError(f"{name}: received {shortened_value(value)}, expected strings")
    return found


def check_indices(name: str, values: Any, n: int) -> NDArray[np.intp]:
    """Return `values` as indices from 0 to `n` - 1: of rows, columns or classes."""
    array = numeric(name, values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(
            f"{name}: received shape {array.shape} of {array.dtype}, expected (k,) whole numbers"
        )
    if array.size and not 0 <= array.min() <= array.max() < n:
        raise ValueError(f"{name}: received {array.min()} to {array.max()}, expected 0 to {n - 1}")
    return array.astype(np.intp, copy=False)


def known_columns(argument: str, names: Iterable[str], table: Table) -> tuple[str, ...]:
    """Return names of a table's columns as a tuple; ValueError for an unknown one."""
    known = set(check_instance("table", table, Table).names)
    chosen = check_strings(argument, names)
    for name in chosen:
        if name not in known:
            raise _unknown_column(table.source, name, table.names)
    return chosen


def find_column(names: Sequence[str], wanted: str | int, source: str) -> int:
    """Return the index of a column given by name or by position.

    Parameters
    ----------
    names : sequence of str
        The names of the columns.
    wanted : str or int
        A name; or, if no column has that name, a position from 1, or from -1 at the end.
    source : str
        Name of the table used in the error message.

    Raises
    ------
    ValueError
        If there is no such column, or several.

    Examples
    --------
    >>> [find_column(["age", "city"], wanted, "people.csv") for wanted in ("city", 1, "-1")]
    [1, 0, 1]
    """
    if isinstance(wanted, bool) or not isinstance(wanted, str | Integral):
        raise TypeError(
            f"{source}: received a {type(wanted).__name__} for a column, "
            "expected a name or a position"
        )
    found = [i for i, name in enumerate(names) if name == wanted]
    if not found:
        found = [_position(wanted, len(names))]
    if len(found) > 1:
        raise ValueError(
            f"{source}: received the column {wanted!r} {len(found)} times, expected it once"
        )
    if found[0] < 0:
        raise _unknown_column(source, wanted, names)
    return found[0]


def _unknown_column(source: str, wanted: str | int, names: Sequence[str]) -> ValueError:
    hint = did_you_mean(str(wanted), names)
    return ValueError(
        f"{source}: received no column {wanted!r}, expected one of {shortened(names)}{hint}"
    )


def _position(wanted: str | int, n: int) -> int:
    """Return the index of a position counted from 1 or from -1; -1 if there is none."""
    try:
        position = int(wanted)
    except ValueError:
        return -1
    index = position - 1 if position > 0 else position + n
    return index if position and 0 <= index < n else -1


def shortened(names: Sequence[str], most: int = 8) -> str:
    """Return the names in one line, only the first `most` of them.

    Examples
    --------
    >>> shortened(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    shown = ", ".join(map(repr, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
