"""Survey: counts what the cells of columns are, to give advice in one error message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import isfinite

from mlp.tables.errors import Remedy, refer_to
from mlp.tables.numbers import KNOWN_FORMATS, NumberFormat, parse_date

_MOST_WORDS = 100_000  # different words of a column that are told apart
_LEARNED = 100  # rows after which it is looked at which columns are numbers
FEW_WORDS = 10  # accepted in a table of any length


def most_words(n_rows: int) -> int:
    """Return how many different words a column may have to be read as categories."""
    return max(FEW_WORDS, n_rows // 2)


class ColumnSurvey:
    """What the cells of one column are."""

    def __init__(self, number_format: NumberFormat) -> None:
        self.number_format = number_format
        self.numbers = self.words = self.missing = self.dates = 0
        self.distinct: dict[str, None] = {}  # in the order of the file
        self.missing_as: set[str] = set()
        self._has_point = False
        self.formats = [f for f in KNOWN_FORMATS if f.arguments() != number_format.arguments()]

    def add(self, text: str, missing_words: frozenset[str]) -> None:
        """Count a cell."""
        if isfinite(self.number_format.parse(text)):
            self.numbers += 1
        elif text.lower() in missing_words:
            self.missing += 1
            self.missing_as.add(text)
            return
        else:
            self.words += 1
            self.dates += isfinite(parse_date(text))
            if len(self.distinct) <= _MOST_WORDS:
                self.distinct[text] = None
        is_first_point = "." in text and not self._has_point
        if self.formats and (self.words or is_first_point or not self.number_format.is_plain):
            self.formats = [known for known in self.formats if known.fits(text)]
            self._has_point = self._has_point or is_first_point

    @property
    def are_plain(self) -> bool:
        """Whether all cells so far are numbers, written in the plain way."""
        return self.number_format.is_plain and not (self.words or self.missing)

    @property
    def is_empty(self) -> bool:
        """Whether there is no value at all."""
        return not (self.numbers or self.words)

    @property
    def are_dates(self) -> bool:
        """Whether all words are dates."""
        return 0 < self.words == self.dates and not self.numbers

    @property
    def are_words(self) -> bool:
        """Whether at least half of the values are words."""
        return self.words > 0 and self.words >= self.numbers and not self.are_dates

    @property
    def has_few_words(self) -> bool:
        """Whether the words are so few that they may stand for missing values."""
        return len(self.distinct) <= FEW_WORDS and not any("," in word for word in self.distinct)

    @property
    def are_nearly_unique(self) -> bool:
        """Whether there are more different words than a column of categories has."""
        n_rows = self.numbers + self.words + self.missing
        return self.are_words and len(self.distinct) > most_words(n_rows)


class Survey:
    """What the cells of some columns are.

    Parameters
    ----------
    names : sequence of str
        The names of all columns.
    columns : iterable of int
        The columns to look at.
    number_format, missing_words
        How numbers and missing values are written.
    """

    def __init__(
        self,
        names: Sequence[str],
        columns: Iterable[int],
        number_format: NumberFormat,
        missing_words: frozenset[str],
    ) -> None:
        self.names, self.missing_words = names, missing_words
        self.columns = {i: ColumnSurvey(number_format) for i in columns}

    def add(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Count the cells of all rows, up to one that cannot be read."""
        numeric: list[int] = []  # columns that have held plain numbers only: read together
        rest = list(self.columns)
        try:
            for n_rows, (_, cells) in enumerate(rows, 1):
                if len(cells) != len(self.names):
                    continue
                if not _are_numbers([cells[i] for i in numeric]):
                    numeric, rest = [], list(self.columns)
                for i in numeric:
                    self.columns[i].numbers += 1
                for i in rest:
                    self.columns[i].add(cells[i].strip(), self.missing_words)
                if n_rows % _LEARNED == 0:
                    numeric = [i for i, column in self.columns.items() if column.are_plain]
                    rest = [i for i in self.columns if i not in numeric]
        except ValueError:  # reported when the rows are read
            return

    def text(self, known: Collection[int]) -> list[int]:
        """Return the columns of words but those known; nearly unique ones are left out."""
        return [
            i
            for i, column in self.columns.items()
            if column.are_words
            and not (i in known or column.are_nearly_unique or self._format_of(i))
        ]

    def _format_of(self, i: int) -> NumberFormat | None:
        """Return the format under which a column is one of numbers, if there is one."""
        column = self.columns[i]
        return column.formats[0] if column.words and column.formats else None

    def remedies(
        self, unnamed: Sequence[int], words: Collection[int], rejects_missing: bool
    ) -> list[Remedy]:
        """Return the arguments under which the columns can be read.

        Parameters
        ----------
        unnamed : sequence of int
            The columns without a name.
        words : collection of int
            The columns that are known to hold words.
        rejects_missing : bool
            Whether a missing value is an error.
        """
        found = []
        for i, column in self.columns.items():
            known = None if i in words else self._format_of(i)
            if known:
                found += format_remedies(known, next(iter(column.distinct)))
                break
        text = self.text(words)
        if text:
            found.append(Remedy("text", self._refer(text), "makes an input of each word"))
        dates = [i for i, column in self.columns.items() if column.are_dates and i not in words]
        if dates:
            found.append(Remedy("dates", self._refer(dates), "reads dates as numbers"))
        found += self._ignored(unnamed, words)
        found += self._missing()
        return found if rejects_missing else [r for r in found if r is not KEEP_MISSING]

    def _ignored(self, unnamed: Sequence[int], words: Collection[int]) -> list[Remedy]:
        unique = [
            i
            for i, column in self.columns.items()
            if column.are_nearly_unique and not (i in words or self._format_of(i))
        ]
        empty = [i for i, column in self.columns.items() if column.is_empty]
        mixed = [i for i in self._odd() if not self.columns[i].has_few_words]
        kinds = [
            (unnamed, "without a name"),
            (unique, "of words that nearly all differ"),
            (mixed, "of numbers and many words"),
            (empty, "without a value"),
        ]
        columns = [i for kind, _ in kinds for i in kind]
        if not columns:
            return []
        what = ", ".join(f"{_column(len(kind))} {text}" for kind, text in kinds if kind)
        return [Remedy("ignore", self._refer(columns), f"leaves out {what}")]

    def _odd(self) -> list[int]:
        """Return the columns of numbers with words among them."""
        return [
            i
            for i, column in self.columns.items()
            if 0 < column.words < column.numbers and not self._format_of(i)
        ]

    def _missing(self) -> list[Remedy]:
        """Return advice about cells without a value, and words among numbers."""
        columns = self.columns.values()
        few = [self.columns[i] for i in self._odd() if self.columns[i].has_few_words]
        odd = {word for column in few for word in column.distinct}
        found = []
        if odd:
            also = {word for column in columns for word in column.missing_as if word}
            words = [*sorted(odd), *sorted(also)]
            found.append(Remedy("missing_words", words, "takes such cells for missing values"))
        if found or any(column.missing and not column.is_empty for column in columns):
            found.append(KEEP_MISSING)
        return found

    def _refer(self, columns: Sequence[int]) -> list[str | int]:
        return [refer_to(self.names, i) for i in columns]


KEEP_MISSING = Remedy(
    "missing",
    "keep",
    "reads missing values as NaN",
    "--missing drop leaves out rows with missing values, --missing mean fills inputs in",
)


def _are_numbers(cells: list[str]) -> bool:
    """Whether all cells are plain numbers."""
    try:
        return isfinite(sum(map(float, cells))) and "_" not in "".join(cells)
    except ValueError:
        return False


def format_remedies(known: NumberFormat, example: str) -> list[Remedy]:
    """Return the arguments of a number format, with a number that they read."""
    *first, (argument, value) = known.arguments().items()
    effect = f"reads {example!r} as {known.parse(example):.15g}"
    return [*(Remedy(name, mark, "") for name, mark in first), Remedy(argument, value, effect)]


def _column(n: int) -> str:
    return "a column" if n == 1 else f"{n} columns"
