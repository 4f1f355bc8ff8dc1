"""The cells of CSV text as numbers and words."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from math import isfinite, isnan

import numpy as np
from numpy.typing import NDArray

from mlp.datasets.numbers import is_number, parse_number
from mlp.datasets.table import Column, Table, Words

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
