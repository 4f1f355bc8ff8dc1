"""Survey: counts what the cells of columns are, to give advice in one error message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isfinite

from mlp._names import counted, listed
from mlp.tables.errors import Remedy, refer_to
from mlp.tables.numbers import KNOWN_FORMATS, NumberFormat, lookalike, parse_date

_MOST_WORDS = 100_000  # different words of a column that are told apart
_LEARNED = 100  # rows after which it is looked at which columns are numbers
_COUNTED = 100_000  # rows whose gaps are counted
_WORDS = "missing_words"
_FEW_ROWS = 2  # the numbers in so few may be anything
_SHOWN = 8
_SUCH_ROWS = "rows with missing values"
FEW_WORDS = 10  # accepted in a table of any length


def most_words(n_rows: int) -> int:
    """Return how many different words a column may have to be read as categories."""
    return max(FEW_WORDS, n_rows // 2)


class ColumnSurvey:
    """What the cells of one column are."""

    def __init__(self, number_format: NumberFormat) -> None:
        self.number_format = number_format
        self.numbers = self.words = self.missing = self.dates = 0
        self.lookalikes = Counter[str]()  # words that look like money, or dates but ISO's
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
            self.lookalikes[lookalike(text)] += 1
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
    def looks_like(self) -> str:
        """What all words look like: "money", "date", or a blank string for nothing of that."""
        kinds = [kind for kind in ("money", "date") if 0 < self.words == self.lookalikes[kind]]
        return "".join(kinds)

    def reason(self) -> str:
        """Return why the column cannot be an input as it is; a blank string if it can."""
        n, n_words = self.numbers + self.words, len(self.distinct)
        example = repr(next(iter(self.distinct), ""))
        if self.looks_like == "money":
            return f"looks like money: to use it, remove the currency sign of {example}"
        if self.looks_like == "date":
            return f"looks like dates: to use it, write {example} as an ISO date, like 2024-12-31"
        if self.words > _FEW_ROWS and n_words == 1 and not self.numbers:
            return f"only the word {example}"
        if self.are_nearly_unique:
            return f"{n_words} different words in {counted(n, 'row')}"
        if 0 < self.words < self.numbers and not self.has_few_words:
            return f"{self.numbers} numbers and {n_words} different words"
        return ""

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
        self.n_rows = 0
        self._counters = {first: [*self.columns] for first in (0, 1)}  # they number the rows
        self._gaps = Counter[tuple[int, ...]]()  # of each row: i if missing, ~i if a word

    def add(self, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        """Count the cells of all rows, up to one that cannot be read."""
        numeric: list[int] = []  # columns that have held plain numbers only: read together
        rest = list(self.columns)
        try:
            for _, cells in rows:
                if len(cells) != len(self.names):
                    continue
                self._count(cells)
                if not _are_numbers([cells[i] for i in numeric]):
                    numeric, rest = [], list(self.columns)
                for i in numeric:
                    self.columns[i].numbers += 1
                gaps = [self._add(i, cells[i].strip()) for i in rest]
                if self.n_rows <= _COUNTED:
                    self._gaps[tuple(gap for gap in gaps if gap is not None)] += 1
                if self.n_rows % _LEARNED == 0:
                    numeric = [i for i, column in self.columns.items() if column.are_plain]
                    rest = [i for i in self.columns if i not in numeric]
        except ValueError:  # reported when the rows are read
            return

    def _add(self, i: int, text: str) -> int | None:
        """Count a cell; return i if it is missing, ~i if it is a word."""
        column = self.columns[i]
        n_missing, n_words = column.missing, column.words
        column.add(text, self.missing_words)
        if column.missing > n_missing:
            return i
        return ~i if column.words > n_words else None

    def _count(self, cells: Sequence[str]) -> None:
        """Count a row, and keep the columns that have held 0, 1, 2, ... or 1, 2, 3, ..."""
        for first, columns in self._counters.items():
            number = str(self.n_rows + first)
            self._counters[first] = [i for i in columns if cells[i].strip() == number]
        self.n_rows += 1

    def text(self, known: Collection[int]) -> list[int]:
        """Return the columns of words but those known, nearly unique, or of money or dates."""
        return [
            i
            for i, column in self.columns.items()
            if column.are_words
            and not (i in known or column.are_nearly_unique or self._format_of(i))
            and not column.looks_like
        ]

    def _format_of(self, i: int) -> NumberFormat | None:
        """Return the format under which a column is one of numbers, if there is one."""
        column = self.columns[i]
        return column.formats[0] if column.words and column.formats else None

    def remedies(
        self,
        unnamed: Sequence[int],
        words: Collection[int],
        rejects_missing: bool,
        is_whole: bool = True,
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
        is_whole : bool
            Whether all rows were counted, so that the advice may give numbers of rows.
        """
        found = []
        for i, column in self.columns.items():
            known = None if i in words else self._format_of(i)
            if known:
                found += format_remedies(known, next(iter(column.distinct)))
                break
        reasons = dict.fromkeys(unnamed, "no name") | self._reasons(words, rejects_missing)
        text = [i for i in self.text(words) if i not in reasons]
        if text:
            found.append(Remedy("text", self._refer(text), "makes an input of each word"))
        dates = [
            i
            for i, column in self.columns.items()
            if column.are_dates and not (i in words or i in reasons)
        ]
        if dates:
            found.append(Remedy("dates", self._refer(dates), "reads dates as numbers"))
        if reasons:
            found.append(Remedy("ignore", self._refer([*reasons]), self._effect(reasons)))
        few = [i for i in self._odd() if i not in reasons]
        odd = {word for i in few for word in self.columns[i].distinct}
        if odd:
            effect = "reads such cells as missing values"
            found.append(Remedy(_WORDS, [*sorted(odd), *self.missing_as], effect))
        n_gaps = self._n_rows_with_gaps({*reasons}, few)
        if rejects_missing and n_gaps:
            rows = f"{n_gaps} of {counted(self.n_rows, 'row')}" if is_whole else _SUCH_ROWS
            found.append(keep_missing(rows))
        return found

    @property
    def missing_as(self) -> list[str]:
        """The words that stand for missing values so far."""
        return sorted({word for c in self.columns.values() for word in c.missing_as if word})

    def _reasons(self, words: Collection[int], rejects_missing: bool) -> dict[int, str]:
        """Return why columns cannot be inputs as they are, by index."""
        found = {}
        for i, column in self.columns.items():
            reason = ""
            if i in words:
                continue
            if column.is_empty:
                reason = "no value"
            elif rejects_missing and 2 * column.missing > self.n_rows:
                reason = f"blank in {column.missing} of {counted(self.n_rows, 'row')}"
            elif not self._format_of(i):
                reason = column.reason()
            if reason:
                found[i] = reason
        if self.n_rows > _FEW_ROWS:
            counters = [i for columns in self._counters.values() for i in columns]
            found |= dict.fromkeys(counters, "only numbers the rows")
        return found

    def _effect(self, reasons: Mapping[int, str]) -> str:
        shown = [
            f"{repr(self.names[i]) if self.names[i] else f'column {i + 1}'} ({reason})"
            for i, reason in [*reasons.items()][:_SHOWN]
        ]
        if len(reasons) > _SHOWN:
            shown.append(f"{len(reasons) - _SHOWN} more")
        return f"leaves out {listed(shown)}"

    def _odd(self) -> list[int]:
        """Return the columns of numbers with words among them."""
        return [
            i
            for i, column in self.columns.items()
            if 0 < column.words < column.numbers and not self._format_of(i)
        ]

    def _n_rows_with_gaps(self, left_out: Collection[int], odd: Collection[int]) -> int:
        """Return how many rows lack a value, or hold a word in one of the `odd` columns."""
        return sum(
            n
            for cells, n in self._gaps.items()
            if any(~i in odd if i < 0 else i not in left_out for i in cells)
        )

    def _refer(self, columns: Sequence[int]) -> list[str | int]:
        return [refer_to(self.names, i) for i in columns]


def keep_missing(rows: str) -> Remedy:
    """Return the advice about missing values; `rows` says which are left out."""
    return Remedy(
        "missing",
        "keep",
        "reads missing values as NaN",
        f"either --missing drop leaves out {rows} or --missing mean fills gaps in the inputs with "
        "the column's mean",
    )


def join_remedies(
    inputs: Sequence[Remedy], target: Sequence[Remedy], missing_as: Iterable[str]
) -> list[Remedy]:
    """Return the advice about inputs and targets, with one list of missing words for both.

    Parameters
    ----------
    inputs, target : sequence of Remedy
        The advice.
    missing_as : iterable of str
        The words that already stand for missing values, to be kept.
    """
    of_inputs = [r for r in inputs if r.argument == _WORDS]
    of_target = [r for r in target if r.argument == _WORDS and not r.instead]
    words = [word for r in of_inputs + of_target for word in r.value]  # type: ignore[union-attr]
    every = [*dict.fromkeys([*words, *sorted(missing_as)])]
    inputs = [r._replace(value=every) if r in of_inputs else r for r in inputs]
    if not of_inputs:
        return [*inputs, *(r._replace(value=every) if r in of_target else r for r in target)]
    rest = [r for r in target if r not in of_target]
    return [*inputs, *rest[bool(rest) and rest[0].instead :]]


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
