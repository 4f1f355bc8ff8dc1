"""CSV files: opened, cut into rows, and read into the columns of a table."""

from __future__ import annotations

import csv
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import isfinite, isnan
from types import TracebackType
from typing import Self, TextIO

import numpy as np
from numpy.typing import NDArray

from mlp.tables.numbers import is_number, parse_number
from mlp.tables.table import Column, Table, Words, find_column

AnyPath = str | os.PathLike[str]

_DELIMITERS = (",", ";", "\t")
_MISSING = ("", "na", "n/a", "nan", "null", "?", "#n/a", "<na>")  # in any case
_LONGEST_LINE = 1 << 24


class CellError(ValueError):
    """A cell does not fit its column.

    Attributes
    ----------
    column : str
        The name of the column.
    is_missing : bool
        Whether the cell stands for a missing value.
    """

    def __init__(self, message: str, column: str, is_missing: bool) -> None:
        super().__init__(message)
        self.column, self.is_missing = column, is_missing


def read_csv(
    path: AnyPath,
    *,
    text: Sequence[str | int] = (),
    ignore: Sequence[str | int] = (),
    delimiter: str | None = None,
    missing: str = "refuse",
) -> Table:
    r"""Read a CSV file whose first line names its columns.

    The file is UTF-8, with or without a byte-order mark. Cells may be quoted, and then hold
    delimiters and line ends; blanks around a cell and blank lines are ignored. The file is read
    row by row into arrays, so peak memory is little more than the table itself.

    Parameters
    ----------
    path : path
        The file.
    text : sequence of str or int
        The columns of words, by name or by position (from 1, or from -1 at the end). All others
        hold finite numbers: ``1``, ``-0.5``, ``1e5``.
    ignore : sequence of str or int
        The columns to leave out.
    delimiter : str, optional
        The character between cells; by default the most frequent of comma, semicolon and tab in
        the header.
    missing : {"refuse", "keep"}
        Whether an empty cell, NA, N/A, NaN, null or "?" is an error or becomes NaN (-1 among
        words).

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If a cell is missing or not a finite number (`CellError`), a row has too many or too few
        cells, a column name is unknown, duplicate or empty, or there are no rows. The message
        gives line and column.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "people.csv")
    ...     written = path.write_text("id,age,city\n17,31,Rome\n18,2.5e1,Oslo\n")
    ...     table = read_csv(path, text=["city"], ignore=["id"])
    >>> table.names, table["age"], table["city"].values
    (('age', 'city'), array([31., 25.]), ['Rome', 'Oslo'])
    """
    with CSVFile(path, delimiter) as file:
        return file.read(text=text, ignore=ignore, missing=missing)


class CSVFile:
    """An open CSV file: its column names are known before its rows are read.

    Parameters
    ----------
    path, delimiter
        As in `read_csv`.

    Attributes
    ----------
    names : list of str
        The names of the columns.
    """

    def __init__(self, path: AnyPath, delimiter: str | None = None) -> None:
        self.source = os.fspath(path)
        # bytes that are not UTF-8 are escaped here, so that `_Rows` can say in which line they are
        self._file = open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")  # noqa: SIM115
        try:
            self._rows = _Rows(self._file, self.source, delimiter)
        except BaseException:
            self._file.close()
            raise
        self.names = self._rows.names

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def find(self, columns: Sequence[str | int]) -> list[int]:
        """Return the indices of columns given by name or position."""
        return [find_column(self.names, wanted, self.source) for wanted in columns]

    def read(
        self,
        *,
        text: Sequence[str | int] = (),
        ignore: Sequence[str | int] = (),
        missing: str = "refuse",
    ) -> Table:
        """Return the table; parameters and errors are those of `read_csv`."""
        if missing not in ("refuse", "keep"):
            raise ValueError(f"missing: received {missing!r}, expected 'refuse' or 'keep'")
        ignored, words = set(self.find(ignore)), self.find(text)
        kept = [i for i in range(len(self.names)) if i not in ignored]
        self._check_names(kept)
        numbers = [i for i in kept if i not in words]
        columns = _Columns(self.source, self.names, numbers, set(words) - ignored, missing)
        for line, cells in self._rows:
            columns.add(line, cells)
        return columns.table(kept)

    def _check_names(self, kept: Sequence[int]) -> None:
        """Raise unless every column has a name, and no two the same."""
        first = dict[str, int]()
        for i in kept:
            name = self.names[i]
            if not name:
                raise ValueError(
                    f"{self.source}: received no name for column {i + 1}, expected one "
                    "(or leave the column out, by its position)"
                )
            if first.setdefault(name, i) != i:
                raise ValueError(
                    f"{self.source}: received the name {name!r} for the columns "
                    f"{first[name] + 1} and {i + 1}, expected each name once"
                )
        if not kept:
            raise ValueError(f"{self.source}: received no column to read, expected at least one")


class _Rows:
    """The header and the rows of CSV text, parsed line by line.

    Iterating yields the number of each row's first line, counted from 1, and the row's cells.
    """

    def __init__(self, file: TextIO, source: str, delimiter: str | None) -> None:
        self.source = source
        lines = self._lines(file)
        head = []
        for line in lines:
            head.append(line)
            if line.strip():
                break
        else:
            raise ValueError(f"{source}: received no text, expected a line of column names")
        if delimiter is None:
            delimiter = _find_delimiter(head[-1])
        try:
            self._reader = csv.reader(
                chain(head, lines), delimiter=delimiter, skipinitialspace=True, strict=True
            )
        except (TypeError, ValueError):
            raise ValueError(
                f"delimiter: received {delimiter!r}, expected one character such as ','"
            ) from None
        line_of_names, cells = next(self._filled(), (1, [""]))
        self.names = [cell.strip() for cell in cells]
        if _is_data(self.names):
            raise ValueError(
                f"{source}: line {line_of_names}: received {', '.join(self.names[:4])}, ..., "
                "expected the names of the columns: the first line is the header"
            )

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        n_names = len(self.names)
        for line, cells in self._filled():
            if len(cells) != n_names:
                raise ValueError(
                    f"{self.source}: line {line}: received {len(cells)} cells, "
                    f"expected {n_names} as in the header"
                )
            yield line, cells

    def _filled(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that are not blank, each with the number of its first line."""
        reader, line = self._reader, self._reader.line_num + 1
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(
                f"{self.source}: line {line}: received text that is not CSV ({error}), "
                "expected every quote to be closed"
            ) from None

    def _lines(self, file: TextIO) -> Iterator[str]:
        """Yield the lines; one that is not text is rejected before it fills the memory."""
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            place = f"{self.source}: line {number}"
            if len(line) == _LONGEST_LINE:
                raise ValueError(f"{place}: received more than {_LONGEST_LINE:,} characters")
            if not (line.isascii() or _is_unicode(line)):
                raise ValueError(f"{place}: received bytes that are not UTF-8 text")
            yield line


def _is_unicode(line: str) -> bool:
    """Whether no byte of the line had to be escaped."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_delimiter(line: str) -> str:
    """Return the delimiter that occurs most often outside quotes; the comma if none does."""
    return max(_DELIMITERS, key=re.sub('"[^"]*"', "", line).count)


def _is_data(names: list[str]) -> bool:
    """Whether a header is really a row of data: at least half numbers, not all of them whole.

    Columns named 0, 1, 2 exist; a column named 5.1 beside one named 3.5 does not.
    """
    numbers = [parse_number(name) for name in names if is_number(name)]
    return 2 * len(numbers) >= len(names) and not all(n.is_integer() for n in numbers)


class _Columns:
    """Columns that grow row by row: one flat array of all numbers, one array of codes per text.

    Parameters
    ----------
    source : str
        The name of the table in error messages.
    names : sequence of str
        The names of all columns of the file.
    numbers, words : iterable of int
        The columns of numbers and the columns of words; others are skipped.
    missing : {"refuse", "keep"}
        Whether a missing value is an error.
    """

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        numbers: Sequence[int],
        words: Iterable[int],
        missing: str,
    ) -> None:
        self.source, self.names, self.rejects_missing = source, names, missing == "refuse"
        self.number_columns = numbers
        self.codes = {i: array("q") for i in words}
        self.known: dict[int, dict[str, int]] = {i: {} for i in words}
        self.numbers, self.lines = array("d"), array("q")

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Append a row; CellError if a cell does not fit its column."""
        numbers = self._plain_numbers(cells)
        if numbers is None:
            numbers = [self._number(line, i, cells[i]) for i in self.number_columns]
        for i, codes in self.codes.items():
            codes.append(self._code(line, i, cells[i].strip()))
        self.numbers.extend(numbers)
        self.lines.append(line)

    def table(self, kept: Sequence[int]) -> Table:
        """Return the table of these columns, in this order; ValueError if there are no rows."""
        if not self.lines:
            raise ValueError(f"{self.source}: received a header and no rows, expected at least one")
        shape = len(self.lines), len(self.number_columns)
        numbers: NDArray[np.float64] = np.frombuffer(self.numbers, np.float64).reshape(shape)
        columns: dict[int, Column] = dict(zip(self.number_columns, numbers.T, strict=True))
        for i, codes in self.codes.items():
            columns[i] = Words(np.frombuffer(codes, np.int64), list(self.known[i]))
        lines: NDArray[np.int64] = np.frombuffer(self.lines, np.int64)
        return Table({self.names[i]: columns[i] for i in kept}, self.source, lines)

    def _plain_numbers(self, cells: Sequence[str]) -> list[float] | None:
        """Return the numbers of a row, or None if one of them needs a closer look."""
        try:
            numbers = [float(cells[i]) for i in self.number_columns]
        except ValueError:
            return None
        # a sum is finite only if every term is; Python reads 1_0 as 10
        return numbers if isfinite(sum(numbers)) and "_" not in "".join(cells) else None

    def _number(self, line: int, i: int, cell: str) -> float:
        number = parse_number(cell)
        if isnan(number) and not self._is_missing(line, i, cell.strip()):
            has_comma = is_number(cell.replace(",", "."))
            hint = " with a decimal point, not a comma" if has_comma else ""
            raise self._error(line, i, repr(cell.strip()), "a finite number" + hint)
        return number

    def _code(self, line: int, i: int, word: str) -> int:
        if self._is_missing(line, i, word):
            return -1
        known = self.known[i]
        return known.setdefault(word, len(known))

    def _is_missing(self, line: int, i: int, text: str) -> bool:
        if text.lower() not in _MISSING:
            return False
        if self.rejects_missing:
            received = "a missing value" + (f" ({text})" if text else "")
            raise self._error(line, i, received, "none", is_missing=True)
        return True

    def _error(
        self, line: int, i: int, received: str, expected: str, is_missing: bool = False
    ) -> CellError:
        name = self.names[i]
        return CellError(
            f"{self.source}: line {line}, column {name!r}: received {received}, "
            f"expected {expected}",
            name,
            is_missing,
        )
