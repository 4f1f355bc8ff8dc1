"""CSV files: found out, and read row by row."""

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

MISSING = ("", "na", "n/a", "nan", "null", "?", "#n/a", "<na>")
"""What stands for a missing value, in any case."""


class CellError(ValueError):
    """A cell holds what its column cannot.

    Attributes
    ----------
    column : str
        The name of the column.
    is_missing : bool
        Whether the cell is empty or says that its value is missing.
    """

    def __init__(self, message: str, column: str, is_missing: bool) -> None:
        super().__init__(message)
        self.column, self.is_missing = column, is_missing


class CellReader:
    """Reads the cells of rows into arrays: the numbers into one, the words into one a column.

    Parameters
    ----------
    source : str
        What errors call the table.
    names : sequence of str
        The names of all its columns.
    numbers, words : sequence of int
        Which columns hold numbers and which hold words; others are not looked at.
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
        self.source, self.names, self.refuses_missing = source, names, missing == "refuse"
        self.number_columns = numbers
        self.codes = {i: array("q") for i in words}
        self.known: dict[int, dict[str, int]] = {i: {} for i in words}
        self.numbers, self.lines = array("d"), array("q")

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Read a row; CellError if a cell holds what its column cannot."""
        numbers = self._plain_numbers(cells)
        if numbers is None:
            numbers = [self._number(line, i, cells[i]) for i in self.number_columns]
        for i, codes in self.codes.items():
            codes.append(self._code(line, i, cells[i].strip()))
        self.numbers.extend(numbers)
        self.lines.append(line)

    def _plain_numbers(self, cells: Sequence[str]) -> list[float] | None:
        """Return the numbers of a row of which none needs a closer look, or None."""
        try:
            numbers = [float(cells[i]) for i in self.number_columns]
        except ValueError:
            return None
        # a sum is finite only if all numbers are; to Python 1_0 is one
        return numbers if isfinite(sum(numbers)) and "_" not in "".join(cells) else None

    def _number(self, line: int, i: int, cell: str) -> float:
        number = parse_number(cell)
        if isnan(number) and not self._is_missing(line, i, cell.strip()):
            comma = is_number(cell.replace(",", "."))
            expected = "a finite number" + (" with a decimal point and no comma" if comma else "")
            raise self._error(line, i, repr(cell.strip()), expected)
        return number

    def _code(self, line: int, i: int, word: str) -> int:
        if self._is_missing(line, i, word):
            return -1
        known = self.known[i]
        return known.setdefault(word, len(known))

    def _is_missing(self, line: int, i: int, text: str) -> bool:
        if text.lower() not in MISSING:
            return False
        if self.refuses_missing:
            came = "a missing value" + (f" ({text})" if text else "")
            raise self._error(line, i, came, "none", is_missing=True)
        return True

    def _error(
        self, line: int, i: int, came: str, expected: str, is_missing: bool = False
    ) -> CellError:
        place = f"{self.source}: line {line}, column {self.names[i]!r}"
        return CellError(
            f"{place}: received {came}, expected {expected}", self.names[i], is_missing
        )

    def table(self, kept: Sequence[int]) -> Table:
        """Return what was read, the columns in this order; ValueError if there was no row."""
        if not self.lines:
            raise ValueError(f"{self.source}: received a header and no rows, expected at least one")
        shape = len(self.lines), len(self.number_columns)
        numbers: NDArray[np.float64] = np.frombuffer(self.numbers, np.float64).reshape(shape)
        columns: dict[int, Column] = dict(zip(self.number_columns, numbers.T, strict=True))
        for i, codes in self.codes.items():
            columns[i] = Words(np.frombuffer(codes, np.int64), list(self.known[i]))
        lines: NDArray[np.int64] = np.frombuffer(self.lines, np.int64)
        return Table({self.names[i]: columns[i] for i in kept}, self.source, lines)


DELIMITERS = (",", ";", "\t")
_LONGEST_LINE = 1 << 24


class CSVRows:
    r"""The header and the rows of CSV text, read a line at a time.

    Cells may be quoted, and then hold delimiters and line ends. Blanks around a cell and blank
    lines do not count.

    Parameters
    ----------
    file : text file
        Opened with ``newline=""``, and ``errors="surrogateescape"`` so that bytes that are not
        UTF-8 are found here.
    source : str
        What errors call it.
    delimiter : str, optional
        One character; by default that of comma, semicolon and tab which cuts the header into most
        cells.

    Attributes
    ----------
    names : list of str
        The cells of the header.

    Raises
    ------
    ValueError
        If the text is no CSV, a row has another number of cells than the header, or the first
        line is no header but holds data. It names the line.

    Examples
    --------
    >>> from io import StringIO
    >>> rows = CSVRows(StringIO("age;city\n\n31;Rome\n"), "people.csv")
    >>> rows.names, list(rows)
    (['age', 'city'], [(3, ['31', 'Rome'])])
    """

    def __init__(self, file: TextIO, source: str, delimiter: str | None = None) -> None:
        self.source = source
        lines = self._lines(file)
        head = []
        for line in lines:
            head.append(line)
            if line.strip():
                break
        else:
            raise ValueError(f"{source}: received no text, expected a line of column names")
        self.delimiter = _find_delimiter(head[-1]) if delimiter is None else delimiter
        self._reader = self._parse(chain(head, lines))
        line_of_names, cells = next(self._rows(), (1, [""]))
        self.names = [cell.strip() for cell in cells]
        if _is_data(self.names):
            raise ValueError(
                f"{source}: line {line_of_names}: received {', '.join(self.names[:4])}, ..., "
                "expected the names of the columns: the first line is a header"
            )

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of each row's first line, counted from 1, and the row's cells."""
        n_names = len(self.names)
        for line, cells in self._rows():
            if len(cells) != n_names:
                raise ValueError(
                    f"{self.source}: line {line}: received {len(cells)} cells, "
                    f"expected {n_names} as in the header"
                )
            yield line, cells

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield all rows that are not blank."""
        reader, line = self._reader, self._reader.line_num + 1
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(
                f"{self.source}: line {line}: received text that is no CSV ({error}), "
                "expected every quote to be closed"
            ) from None

    def _parse(self, lines: Iterator[str]) -> csv._reader:  # type: ignore[name-defined]
        try:
            return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        except (TypeError, ValueError):
            raise ValueError(
                f"delimiter: received {self.delimiter!r}, expected one character such as ','"
            ) from None

    def _lines(self, file: TextIO) -> Iterator[str]:
        """Yield the lines; refuse what is no text before it fills the memory."""
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            place = f"{self.source}: line {number}"
            if len(line) == _LONGEST_LINE:
                raise ValueError(f"{place}: received more than {_LONGEST_LINE:,} characters")
            if not (line.isascii() or _is_unicode(line)):
                raise ValueError(f"{place}: received bytes that are no text in UTF-8")
            yield line


def _is_unicode(line: str) -> bool:
    """Whether no byte of the line had to be escaped."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_delimiter(line: str) -> str:
    """Return the delimiter that cuts a line into most cells, the comma if none does."""
    return max(DELIMITERS, key=re.sub('"[^"]*"', "", line).count)


def _is_data(names: list[str]) -> bool:
    """Whether a header is a row of numbers: half of it or more, and not all of them whole.

    Columns that are called 0, 1, 2 exist; one called 5.1 beside another called 3.5 does not.
    """
    numbers = [parse_number(name) for name in names if is_number(name)]
    return 2 * len(numbers) >= len(names) and not all(n.is_integer() for n in numbers)


AnyPath = str | os.PathLike[str]


def read_csv(
    path: AnyPath,
    *,
    text: Sequence[str | int] = (),
    ignore: Sequence[str | int] = (),
    delimiter: str | None = None,
    missing: str = "refuse",
) -> Table:
    r"""Read a CSV file whose first line names its columns.

    The file is read row by row into arrays of numbers, so that memory holds little more than
    these. It is UTF-8, with or without a byte-order mark; cells may be quoted; blanks around a
    cell and blank lines do not count.

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
        What stands between cells; by default that of comma, semicolon and tab which the header
        has most of.
    missing : {"refuse", "keep"}
        What an empty cell, NA, N/A, NaN, null or "?" is: an error, or NaN (among words, -1).

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If a cell is missing or no finite number (`CellError`), a row has too many cells or too
        few, a name is unknown, is there twice or is empty, or there are no rows. It names line
        and column.
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
    """An open CSV file: the names of its columns are known before its rows are read.

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
        self._file = open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")  # noqa: SIM115
        try:
            self._rows = CSVRows(self._file, self.source, delimiter)
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
        """Close it."""
        self._file.close()

    def find(self, columns: Sequence[str | int]) -> list[int]:
        """Return the indices of columns that are named or told by position."""
        return [find_column(self.names, wanted, self.source) for wanted in columns]

    def read(
        self,
        *,
        text: Sequence[str | int] = (),
        ignore: Sequence[str | int] = (),
        missing: str = "refuse",
    ) -> Table:
        """Return the table; the parameters and errors are those of `read_csv`."""
        if missing not in ("refuse", "keep"):
            raise ValueError(f"missing: received {missing!r}, expected 'refuse' or 'keep'")
        left_out, words = set(self.find(ignore)), self.find(text)
        kept = [i for i in range(len(self.names)) if i not in left_out]
        self._check_names(kept)
        numbers = [i for i in kept if i not in words]
        reader = CellReader(self.source, self.names, numbers, set(words) - left_out, missing)
        for line, cells in self._rows:
            reader.add(line, cells)
        return reader.table(kept)

    def _check_names(self, kept: Sequence[int]) -> None:
        """Refuse columns that a name does not tell apart."""
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
            raise ValueError(f"{self.source}: received no column that is not left out")
