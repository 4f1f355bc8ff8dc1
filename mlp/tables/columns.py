"""Columns that grow row by row."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from math import isfinite, isnan
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp.tables.errors import CellError
from mlp.tables.numbers import PARTS, NumberFormat, date_parts, hint, parse_date
from mlp.tables.table import BadCell, Column, Table, Words


class Kinds(NamedTuple):
    """The columns of a file by what they hold, each by its index.

    Attributes
    ----------
    numbers, words, dates : sequence of int
        The columns of numbers, of words and of dates.
    targets : sequence of int
        The columns to predict: read as words, missing ones included, until their task is known.
    """

    numbers: Sequence[int]
    words: Collection[int] = ()
    dates: Collection[int] = ()
    targets: Collection[int] = ()


class Columns:
    """Columns that grow row by row: one flat array of all numbers, one array of codes per text.

    Parameters
    ----------
    source : str
        Name of the table used in error messages.
    names : sequence of str
        The names of all columns of the file.
    kinds : Kinds
        The columns to read; others are skipped.
    number_format : NumberFormat
        How numbers are written.
    missing_words : frozenset of str
        What stands for a missing value, in lower case.
    rejects_missing : bool
        Whether a missing value is an error.
    keeps_bad : bool
        Whether a cell that does not fit its column is kept as a missing value and listed in the
        table, instead of raising an error.
    """

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        kinds: Kinds,
        number_format: NumberFormat,
        missing_words: frozenset[str],
        rejects_missing: bool,
        keeps_bad: bool,
    ) -> None:
        self.source, self.names, self.kinds = source, names, kinds
        self.number_format, self.missing_words = number_format, missing_words
        self.rejects_missing, self.keeps_bad = rejects_missing, keeps_bad
        self.codes = {i: array("q") for i in (*kinds.words, *kinds.targets)}
        self.known: dict[int, dict[str, int]] = {i: {} for i in self.codes}
        self.days = {i: array("d") for i in kinds.dates}
        self.numbers, self.lines = array("d"), array("q")
        self.bad: list[BadCell] = []
        # with one index, itemgetter does not return a tuple
        self._pick = itemgetter(*kinds.numbers) if len(kinds.numbers) > 1 else self._pick_each

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Append a row; CellError if a cell does not fit its column."""
        numbers = self._plain_numbers(cells)
        if numbers is None:
            numbers = [self._number(line, i, cells[i]) for i in self.kinds.numbers]
        for i, days in self.days.items():
            days.append(self._day(line, i, cells[i]))
        for i, codes in self.codes.items():
            codes.append(self._code(line, i, cells[i].strip()))
        self.numbers.extend(numbers)
        self.lines.append(line)

    def add_bad(self, line: int, message: str) -> None:
        """Append a row of missing values, and list it as bad."""
        self.bad.append(BadCell(len(self.lines), None, message))
        self.numbers.extend([np.nan] * len(self.kinds.numbers))
        for days in self.days.values():
            days.append(np.nan)
        for codes in self.codes.values():
            codes.append(-1)
        self.lines.append(line)

    def table(self, kept: Sequence[int]) -> Table:
        """Return the table of these columns, in this order; ValueError if there are no rows."""
        if not self.lines:
            raise ValueError(f"{self.source}: received a header and no rows, expected at least one")
        shape = len(self.lines), len(self.kinds.numbers)
        numbers: NDArray[np.float64] = np.frombuffer(self.numbers, np.float64).reshape(shape)
        columns: dict[int, Column] = dict(zip(self.kinds.numbers, numbers.T, strict=True))
        for i, codes in self.codes.items():
            columns[i] = Words(np.frombuffer(codes, np.int64), list(self.known[i]))
        for i, days in self.days.items():
            columns[i] = np.frombuffer(days, np.float64)
        named = name_all(columns, kept, self.names, self.days, self.source)
        table = Table(named, self.source, np.frombuffer(self.lines, np.int64))
        table.bad_cells = self.bad
        return table

    def _pick_each(self, cells: Sequence[str]) -> list[str]:
        return [cells[i] for i in self.kinds.numbers]

    def _plain_numbers(self, cells: Sequence[str]) -> list[float] | None:
        """Return the numbers of a row, or None if one of them needs a closer look."""
        if not self.number_format.is_plain:
            return None
        try:
            numbers = [*map(float, self._pick(cells))]
        except ValueError:
            return None
        # a sum is finite only if every term is; Python reads 1_0 as 10
        return numbers if isfinite(sum(numbers)) and "_" not in "".join(cells) else None

    def _number(self, line: int, i: int, cell: str) -> float:
        number = self.number_format.parse(cell)
        if isnan(number) and not self._is_missing(line, i, cell.strip()):
            self._reject(line, i, cell, "a finite number")
        return number

    def _day(self, line: int, i: int, cell: str) -> float:
        day = parse_date(cell)
        if isnan(day) and not self._is_missing(line, i, cell.strip()):
            self._reject(line, i, cell, "a date such as 2024-12-31")
        return day

    def _code(self, line: int, i: int, word: str) -> int:
        if i not in self.kinds.targets and self._is_missing(line, i, word):
            return -1
        known = self.known[i]
        return known.setdefault(word, len(known))

    def _is_missing(self, line: int, i: int, text: str) -> bool:
        if text.lower() not in self.missing_words:
            return False
        if self.rejects_missing:
            received = "a missing value" + (f" ({text})" if text else "")
            raise self._error(line, i, f"received {received}, expected none", is_missing=True)
        return True

    def _reject(self, line: int, i: int, cell: str, expected: str) -> None:
        error = self._error(line, i, f"received {cell.strip()!r}, expected {expected}{hint(cell)}")
        if not self.keeps_bad:
            raise error
        self.bad.append(BadCell(len(self.lines), self.names[i], str(error)))

    def _error(self, line: int, i: int, what: str, is_missing: bool = False) -> CellError:
        name = self.names[i]
        place = f"{self.source}: line {line}, column {name!r}"
        return CellError(f"{place}: {what}", name, is_missing)


def name_all(
    columns: Mapping[int, Column],
    kept: Sequence[int],
    names: Sequence[str],
    dates: Collection[int],
    source: str,
) -> dict[str, Column]:
    """Return the columns by name, in this order; the parts of dates stand behind them."""
    named: dict[str, Column] = {}
    for i in kept:
        parts = date_parts(columns[i]) if i in dates else {}  # type: ignore[arg-type]
        for part, column in {"": columns[i], **parts}.items():
            name = f"{names[i]}.{part}" if part else names[i]
            if name in named:
                raise ValueError(
                    f"{source}: received the name {name!r} beside the date {names[i]!r}, "
                    f"expected other names than its {', '.join(PARTS)}"
                )
            named[name] = column
    return named
