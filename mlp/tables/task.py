"""Task: whether the columns to predict are classes or numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_bool, check_instance
from mlp.tables.errors import CellError, Remedy, TableError
from mlp.tables.numbers import KNOWN_FORMATS, NumberFormat, hint, lookalike, parse_number
from mlp.tables.survey import format_remedies, most_words
from mlp.tables.table import Table, Words, check_strings, known_columns

TASKS = ("classify", "regress")
_SHOWN = 5
_CLASSIFY = Remedy("task", "classify", "makes a class of each value")
_REGRESS = Remedy("task", "regress", "takes them for numbers")
_EITHER_TASK = (_CLASSIFY, _REGRESS._replace(instead=True))
_KEEP = Remedy(
    "missing_target",
    "keep",
    "reads missing values as NaN",
    "--missing-target drop leaves out rows without a target",
)
_KEEP_AND = Remedy("missing_target", "keep", "", "--missing-target drop")


def with_task(
    table: Table,
    targets: Sequence[str],
    task: str | None = None,
    *,
    rejects_missing: bool = False,
    missing_words: frozenset[str] = frozenset(),
    number_format: NumberFormat | None = None,
) -> Table:
    """Return the table with its targets as words to classify or numbers to regress.

    Several targets are numbers. One target whose task is not given is settled by its cells:
    words, or at most two different values, are classes; numbers that are not whole are numbers.
    The rest is doubtful and raises an error: whole numbers, numbers with a few words among them,
    words that look like numbers, and words that are different in more than half of the rows.

    Parameters
    ----------
    table : Table
        The table.
    targets : sequence of str
        The names of the columns to predict.
    task : {"classify", "regress"}, optional
        What they are; by default ``table.task`` or what the cells are.
    rejects_missing : bool
        Whether a missing target is an error.
    missing_words : frozenset of str
        What stands for a missing value among words, in lower case.
    number_format : NumberFormat, optional
        How numbers are written among words.

    Returns
    -------
    Table
        It knows its `targets` and its `task`.

    Raises
    ------
    ValueError
        If there is no such column, or several are to be classified.
    TableError
        If the task is doubtful, or a target does not fit it; the message names lines and cells.

    Examples
    --------
    >>> price = Words(np.array([0, 1, 2, 1]), ["1.5", "2", "3"])
    >>> made = with_task(Table({"price": price}, "t.csv"), ["price"])
    >>> made.task, made["price"]
    ('regress', array([1.5, 2. , 3. , 2. ]))
    """
    if task not in (None, *TASKS):
        raise ValueError(f"task: received {task!r}, expected 'classify' or 'regress'")
    targets = known_columns("targets", targets, table)
    missing_words = frozenset(check_strings("missing_words", missing_words))
    check_bool("rejects_missing", rejects_missing)
    if number_format is not None:
        check_instance("number_format", number_format, NumberFormat)
    if not targets:
        return table
    if len(targets) > 1:
        if task == "classify":
            raise ValueError(f"task: received 'classify' and {len(targets)} targets, expected one")
        task = "regress"
    known = table.task if set(targets) == set(table.targets) else None
    parse = parse_number if number_format is None else number_format.parse
    for name in targets:
        cells = _Cells(table, name, missing_words, parse)
        task = task or known or cells.infer_task(rejects_missing)
        table = cells.as_classes() if task == "classify" else cells.as_numbers(rejects_missing)
        if rejects_missing and cells.is_missing.any():
            raise cells.missing_error()
    made = table.with_columns({})
    made.targets, made.task = targets, task
    return made


class _Cells:
    """The cells of a target, each different one as text and as a number."""

    def __init__(
        self,
        table: Table,
        name: str,
        missing_words: frozenset[str],
        parse: Callable[[str], float],
    ) -> None:
        self.table, self.name, column = table, name, table[name]
        self.column = column
        if isinstance(column, Words):
            self.values = [*column.values]
            is_missing = [value.lower() in missing_words for value in self.values]
            self.codes = np.where(
                np.array([*is_missing, True])[column.codes], -1, column.codes
            ).astype(np.intp)
            numbers = np.array([*map(parse, self.values), np.nan])
            self.numbers: NDArray[Any] = numbers[self.codes]
        else:
            self.codes = np.where(np.isnan(column), -1, 0)
            self.numbers = column
        self.is_missing: NDArray[np.bool_] = self.codes < 0
        self.is_number = np.isfinite(self.numbers) & ~self.is_missing
        self.is_word = ~self.is_number & ~self.is_missing

    def infer_task(self, rejects_missing: bool) -> str:
        """Return the task that the cells tell; TableError if it is doubtful."""
        n_numbers, n_words = int(self.is_number.sum()), int(self.is_word.sum())
        known = self.numbers[self.is_number]
        are_whole = bool((known == np.rint(known)).all())
        are_few = len(np.unique(known)) <= 2 and (are_whole or isinstance(self.column, Words))
        is_doubtful = are_whole and not are_few
        if n_words:
            if n_numbers > n_words:
                raise self._odd_cells(rejects_missing, is_doubtful)
            self._check_words()
            return "classify"
        if rejects_missing and self.is_missing.any() and n_numbers:
            raise self._odd_cells(rejects_missing, is_doubtful)
        if are_few:
            return "classify"
        if not are_whole:
            return "regress"
        raise TableError(
            f"{self.table.source}: column {self.name!r}: received whole numbers, which can be "
            "classes or amounts",
            _EITHER_TASK,
        )

    def _check_words(self) -> None:
        """Raise if words look like numbers, or are too many for classes."""
        used = [self.values[code] for code in np.unique(self.codes[self.is_word])]
        for known in KNOWN_FORMATS:
            if all(known.fits(word) for word in used):
                raise TableError(
                    f"{self._place(int(self.is_word.argmax()))}: received {used[0]!r}, expected "
                    "a number or the name of a class",
                    [*format_remedies(known, used[0]), _CLASSIFY._replace(instead=True)],
                )
        looks = {lookalike(word) for word in used}
        if len(looks) == 1 and looks != {""}:
            raise TableError(
                f"{self._place(int(self.is_word.argmax()))}: received {used[0]!r}, expected a "
                "number or the name of a class",
                [_CLASSIFY._replace(effect=f"makes a class of each value{hint(used[0])}")],
            )
        if len(used) > most_words(len(self.table)):
            raise TableError(
                f"{self.table.source}: column {self.name!r}: received {len(used)} different words "
                f"in {len(self.table)} rows, expected fewer classes",
                [_CLASSIFY],
            )

    def as_classes(self) -> Table:
        """Return the table with the column as words."""
        if not isinstance(self.column, Words):
            return self.table.with_words(self.name)
        kept = np.unique(self.codes[~self.is_missing])
        place = np.full(len(self.values) + 1, -1)
        place[kept] = np.arange(len(kept))
        words = Words(place[self.codes], [self.values[code] for code in kept])
        return self.table.with_columns({self.name: words})

    def as_numbers(self, rejects_missing: bool) -> Table:
        """Return the table with the column as numbers; TableError if there are others."""
        if self.is_word.any():
            raise self._odd_cells(rejects_missing, is_doubtful=False)
        return self.table.with_columns({self.name: np.where(self.is_missing, np.nan, self.numbers)})

    def missing_error(self) -> CellError:
        """Return the error of the first missing cell."""
        row = int(self.is_missing.argmax())
        spelled = self._spelled(row)
        received, remedies = "a missing value", [_KEEP]
        if spelled:
            received += f" ({spelled})"
            effect = f"reads {spelled!r} as a word"
            remedies.append(Remedy("missing_words", [""], effect, instead=True))
        return CellError(
            f"{self._place(row)}: received {received}, expected none", self.name, True, remedies
        )

    def _odd_cells(self, rejects_missing: bool, is_doubtful: bool) -> CellError:
        """Return the error of the non-numeric cells in a column of numbers."""
        is_odd = self.is_word | (self.is_missing & rejects_missing)
        if not self.is_number.any() or not is_odd.any():
            row = int(self.is_word.argmax())
            return CellError(
                f"{self._place(row)}: received {self._spelled(row)!r}, expected a finite number"
                f"{hint(self._spelled(row))}",
                self.name,
                False,
                [_CLASSIFY],
            )
        rows = np.flatnonzero(is_odd)
        word = self.table.row_word
        shown = ", ".join(
            f"{self._spelled(row)!r} in {word} {self.table.lines[row]}" for row in rows[:_SHOWN]
        )
        more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
        words = sorted({self._spelled(row) for row in np.flatnonzero(self.is_word & is_odd)})
        return CellError(
            f"{self.table.source}: column {self.name!r}: received {shown}{more}, expected numbers "
            f"as in {self.is_number.sum()} of {len(self.table)} rows",
            self.name,
            not words,
            self._odd_remedies(words, rejects_missing, is_doubtful),
        )

    def _odd_remedies(
        self, words: Sequence[str], rejects_missing: bool, is_doubtful: bool
    ) -> list[Remedy]:
        """Return what can be done about a few words, or missing values, among numbers."""
        if not words:
            return [_KEEP, *_EITHER_TASK] if is_doubtful else [_KEEP]
        found = [_KEEP] if rejects_missing and self.is_missing.any() else []
        if len(words) > 2 * _SHOWN or any("," in spelled for spelled in words):
            return [*found, _CLASSIFY]
        also = {self._spelled(row) for row in np.flatnonzero(self.is_missing)} - {""}
        effect = "" if is_doubtful or rejects_missing else "reads such cells as missing values"
        found = [Remedy("missing_words", [*words, *sorted(also)], effect)]
        if is_doubtful:
            found += [_KEEP_AND] * rejects_missing + [_REGRESS]
        elif rejects_missing:
            found += [_KEEP]
        found += [_KEEP_AND] * (rejects_missing and bool(self.is_missing.any()))
        return [*found, _CLASSIFY._replace(instead=True)]

    def _spelled(self, row: int | np.intp) -> str:
        if not isinstance(self.column, Words):
            return str(self.column[row])
        code = int(self.column.codes[row])
        return self.values[code] if code >= 0 else ""

    def _place(self, row: int) -> str:
        return self.table.place(row, self.name)
