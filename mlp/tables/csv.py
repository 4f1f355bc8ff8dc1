"""CSV files, read into the columns of a table."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Self

from mlp._checks import check_instance, check_sequence
from mlp._types import AnyPath
from mlp.tables.columns import Columns, Kinds
from mlp.tables.dialect import HEADER_REMEDIES, Dialect
from mlp.tables.errors import CellError, Remedy, TableError, refer_to
from mlp.tables.rows import Row, Rows, TextRows
from mlp.tables.survey import Survey, join_remedies
from mlp.tables.table import MANY, Table, Words, check_indices, check_strings, find_column
from mlp.tables.task import with_task

_SURVEYED = 100_000  # rows that are looked at for the advice in an error message
_POLICIES = ("refuse", "keep")
_UNNAMED = re.compile(r"Unnamed: [0-9]+")  # what pandas calls a column without a name


def read_csv(
    path: AnyPath,
    *,
    text: str | Sequence[str | int] = (),
    ignore: Sequence[str | int] = (),
    dates: Sequence[str | int] = (),
    targets: Sequence[str | int] = (),
    task: str | None = None,
    missing: str = "refuse",
    missing_target: str | None = None,
    bad_cells: str = "refuse",
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    encoding: str | None = None,
    comment: str | None = None,
    missing_words: Sequence[str] | None = None,
) -> Table:
    r"""Read a CSV file.

    The file is text, plain or compressed by gzip. Cells may be quoted, and then hold delimiters
    and line ends; blanks around a cell and blank lines are ignored. The file is read row by row
    into arrays, so peak memory is little more than the table itself.

    Parameters
    ----------
    path : path
        The file.
    text : sequence of str or int, or "all"
        The columns of words, by name or by position (from 1, or from -1 at the end); "all"
        takes those where at least half of the values are words and fewer than half of the rows
        differ, except money and dates. All others hold finite numbers: ``1``, ``-0.5``, ``1e5``.
    ignore : sequence of str or int
        The columns to leave out.
    dates : sequence of str or int
        The columns of ISO dates: they become days from 1970-01-01, with columns NAME.year,
        NAME.month and NAME.weekday (1 is Monday) beside them.
    targets, task
        The columns to predict, and "classify" or "regress" if their cells could mean either, as in
        `with_task`.
    missing : {"refuse", "keep"}
        Whether an empty cell, NA, N/A, n.a., NaN, null or "?" is an error or becomes NaN (-1 among
        words).
    missing_target : {"refuse", "keep"}, optional
        The same for the targets; by default as `missing`.
    bad_cells : {"refuse", "keep"}
        Whether a cell that does not fit its column, or a row with too many or too few cells, is an
        error, or is read as missing and listed in ``table.bad_cells``.
    delimiter, header, decimal, thousands, encoding, comment, missing_words
        The format of the text, as in `Dialect`.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If a cell is missing or not a finite number (`CellError`), a row has too many or too few
        cells, a column name is unknown, duplicate or empty, the first line looks like a row, or
        there are no rows. The message gives line and column; an error that an argument fixes is
        a `TableError` and names it.
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
    dialect = Dialect(delimiter, header, decimal, thousands, encoding, comment, missing_words)
    with CSVFile(path, dialect=dialect) as file:
        return file.read(
            text=text,
            ignore=ignore,
            dates=dates,
            targets=targets,
            task=task,
            missing=missing,
            missing_target=missing_target,
            bad_cells=bad_cells,
        )


def _several(argument: str, columns: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return columns as a tuple; a string is not several."""
    return check_sequence(argument, columns, "names or positions", MANY)


class RowReader:
    """Rows of cells under named columns, which become a table.

    Parameters
    ----------
    source : str
        Name of the table used in error messages.
    rows : Rows
        The names and the rows.
    dialect : Dialect
        How cells are spelled.
    reopen : callable or None
        Returns the same rows again in a context manager; None if they can be read only once.

    Attributes
    ----------
    names : list of str
        The names of the columns.
    found : Dialect
        How cells are spelled, with what was found in the file.
    kept : dict of int to list of str
        For each column of `keep`, the text of each row's cell.
    """

    def __init__(
        self,
        source: str,
        rows: Rows,
        dialect: Dialect,
        reopen: Callable[[], AbstractContextManager[Iterable[Row]]] | None,
    ) -> None:
        self.source, self.dialect = source, dialect
        self.found = replace(dialect, header=dialect.header is not False)
        self._rows, self._reopen = rows, reopen
        self.names = rows.names
        self.kept: dict[int, list[str]] = {}
        self._rejected: Row | None = None  # which advice is about if rows can be read only once

    def __enter__(self) -> Self:
        """Return the reader."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self.close()

    def close(self) -> None:
        """Close what is open."""

    def find(self, columns: Sequence[str | int]) -> list[int]:
        """Return the indices of columns given by name or position; ValueError if unknown."""
        return self._find("columns", columns)

    def refer(self, columns: Sequence[int]) -> list[str | int]:
        """Return how to ask for columns again: by name, or by position if that is not unique."""
        indices = check_indices("columns", columns, len(self.names)).tolist()
        found = [(i, refer_to(self.names, i)) for i in indices]
        return [name if isinstance(name, str) else i + 1 for i, name in found]

    def keep(self, columns: Sequence[str | int]) -> None:
        """Keep the text of these columns in `kept` when the rows are read."""
        self.kept = {i: [] for i in self.find(columns)}

    def select(
        self, wanted: Sequence[str], ignored: Sequence[str | int] = ()
    ) -> tuple[list[int], list[str]]:
        """Return where the wanted columns are, and the names of the others.

        Parameters
        ----------
        wanted : sequence of str
            The names of the columns that a model needs.
        ignored : sequence of str or int
            The columns that were left out in training, as `refer` returned them: a position
            tells a column from another one of the same name.

        Raises
        ------
        ValueError
            If a wanted column occurs twice, even without those at ignored positions.
        """
        wanted = check_strings("wanted", wanted)
        ignored = _several("ignored", ignored)
        left_out = {i - 1 for i in ignored if isinstance(i, int)}
        found = []
        for name in wanted:
            places = [i for i, known in enumerate(self.names) if known == name]
            places = [i for i in places if i not in left_out] if len(places) > 1 else places
            if len(places) > 1:
                raise ValueError(
                    f"{self.source}: received the column {name!r} {len(places)} times, "
                    "expected it once"
                )
            found += places
        others = [
            name
            for i, name in enumerate(self.names)
            if i not in found and i not in left_out and name not in ignored
        ]
        return found, others

    def read(
        self,
        *,
        text: str | Sequence[str | int] = (),
        ignore: Sequence[str | int] = (),
        dates: Sequence[str | int] = (),
        targets: Sequence[str | int] = (),
        task: str | None = None,
        missing: str = "refuse",
        missing_target: str | None = None,
        bad_cells: str = "refuse",
    ) -> Table:
        """Return the table; parameters and errors are those of `read_csv`."""
        missing_target = missing if missing_target is None else missing_target
        for name, policy in (
            ("missing", missing),
            ("missing_target", missing_target),
            ("bad_cells", bad_cells),
        ):
            if policy not in _POLICIES:
                raise ValueError(f"{name}: received {policy!r}, expected 'refuse' or 'keep'")
        kinds, kept = self._sort(text, ignore, dates, targets)
        unnamed = [i for i in kept if not self.names[i] or _UNNAMED.fullmatch(self.names[i])]
        if unnamed:
            shown = f" ({self.names[unnamed[0]]})" if self.names[unnamed[0]] else ""
            raise TableError(
                f"{self.source}: received no name for column {unnamed[0] + 1}{shown}: it is "
                "probably the row numbers that pandas or R writes",
                self._advice(kinds, missing, (task, missing_target), unnamed),
            )
        self._check_names(kept)
        try:
            table = self._fill(kinds, kept, missing, bad_cells)
        except CellError as error:
            advice = self._advice(kinds, missing, (task, missing_target))
            raise error.with_remedies(advice) from None
        self._check_header(table)
        return self._with_task(table, kinds, task, missing_target)

    def _with_task(
        self, table: Table, kinds: Kinds, task: str | None, missing_target: str
    ) -> Table:
        return with_task(
            table,
            [self.names[i] for i in kinds.targets],
            task,
            rejects_missing=missing_target == "refuse",
            missing_words=self.dialect.missing,
            number_format=self.dialect.number_format,
        )

    def _fill(self, kinds: Kinds, kept: Sequence[int], missing: str, bad_cells: str) -> Table:
        """Return the columns as a table, targets as words."""
        columns = Columns(
            self.source,
            self.names,
            kinds,
            self.dialect.number_format,
            self.dialect.missing,
            missing == "refuse",
            bad_cells == "keep",
        )
        n_cells = len(self.names)
        for line, cells in self._rows:
            for i, texts in self.kept.items():
                texts.append(cells[i].strip() if i < len(cells) else "")
            if len(cells) == n_cells:
                try:
                    columns.add(line, cells)
                except CellError:
                    self._rejected = (line, cells)
                    raise
                continue
            message = (
                f"{self.source}: line {line}: received {len(cells)} cells, "
                f"expected {n_cells} as in the header"
            )
            if bad_cells == "refuse":
                raise ValueError(message)
            columns.add_bad(line, message)
        return columns.table(kept)

    def _advice(
        self,
        kinds: Kinds,
        missing: str,
        target: tuple[str | None, str],
        unnamed: Sequence[int] = (),
    ) -> list[Remedy]:
        """Return the arguments under which the columns can be read, those of targets included."""
        words = {*kinds.words, *kinds.dates}
        looked_at = [i for i in (*kinds.numbers, *words) if i not in unnamed]
        survey = Survey(self.names, looked_at, self.dialect.number_format, self.dialect.missing)
        survey.add(self._again(self._rejected))
        is_whole = self._reopen is not None and survey.n_rows < _SURVEYED
        found = survey.remedies(unnamed, words, missing == "refuse", is_whole)
        of_target, missing_as = self._target_advice(kinds, *target)
        return join_remedies(found, of_target, {*survey.missing_as, *missing_as})

    def _target_advice(
        self, kinds: Kinds, task: str | None, missing_target: str
    ) -> tuple[Sequence[Remedy], list[str]]:
        """Return how the targets of the first rows can be read, and their missing words."""
        cells = Columns(
            self.source,
            self.names,
            Kinds([], targets=kinds.targets),
            self.dialect.number_format,
            self.dialect.missing,
            False,
            True,
        )
        remedies: Sequence[Remedy] = ()
        try:
            for line, texts in self._again(None):
                if len(texts) == len(self.names):
                    cells.add(line, texts)
            if kinds.targets and cells.lines:
                self._with_task(cells.table([*kinds.targets]), kinds, task, missing_target)
        except ValueError as error:  # others are reported when the rows are read
            remedies = error.remedies if isinstance(error, TableError) else ()
        texts = [text for known in cells.known.values() for text in known]
        return remedies, [text for text in texts if text and text.lower() in self.dialect.missing]

    def _find(self, argument: str, columns: Sequence[str | int]) -> list[int]:
        found = _several(argument, columns)
        return [find_column(self.names, wanted, self.source) for wanted in found]

    def _sort(
        self,
        text: str | Sequence[str | int],
        ignore: Sequence[str | int],
        dates: Sequence[str | int],
        targets: Sequence[str | int],
    ) -> tuple[Kinds, list[int]]:
        """Return the columns by what they hold, and all of them in order."""
        text = [text] if isinstance(text, str) else _several("text", text)
        ignored, aims = set(self._find("ignore", ignore)), self._find("targets", targets)
        days = self._find("dates", dates)
        if not ignored.isdisjoint(aims) or not set(days).isdisjoint(aims):
            raise ValueError("targets: received an ignored column or a date, expected others")
        kept = [i for i in range(len(self.names)) if i not in ignored]
        days = [i for i in days if i in kept]
        rest = [i for i in kept if i not in days and i not in aims]
        if "all" in text and "all" not in self.names:
            found = Survey(self.names, rest, self.dialect.number_format, self.dialect.missing)
            found.add(self._again(None, None))
            more = [name for name in text if name != "all"]
            words = {*found.text(()), *self._find("text", more)}
        else:
            words = set(self._find("text", text))
        numbers = [i for i in rest if i not in words]
        return Kinds(numbers, [i for i in rest if i in words], days, aims), kept

    def _again(self, row: Row | None, most: int | None = _SURVEYED) -> Iterator[Row]:
        """Yield the first rows once more; only this one if they can be read only once."""
        if self._reopen is None:
            yield from [] if row is None else [row]
        else:
            with self._reopen() as again:
                yield from islice(again, most)

    def _check_names(self, kept: Sequence[int]) -> None:
        """Raise unless there is a column, and no two have one name."""
        first = dict[str, int]()
        for i in kept:
            name = self.names[i]
            if first.setdefault(name, i) != i:
                raise TableError(
                    f"{self.source}: received the name {name!r} for the columns "
                    f"{first[name] + 1} and {i + 1}, expected each name once",
                    [Remedy("ignore", [i + 1], "leaves the second one out")],
                )
        if not kept:
            raise ValueError(f"{self.source}: received no column to read, expected at least one")

    def _check_header(self, table: Table) -> None:
        """Raise if the names of columns that all hold words are words of theirs, too."""
        if self.dialect.header is not None:
            return
        columns = [(name, table[name]) for name in table.names]
        if all(isinstance(words, Words) and name in words.values for name, words in columns):
            raise TableError(
                f"{self.source}: received {', '.join(table.names[:4])} as names and as values of "
                "the columns, expected names only",
                HEADER_REMEDIES,
            )


class CSVFile(RowReader):
    """An open CSV file: its column names are known before its rows are read.

    Parameters
    ----------
    path : path
        The file.
    delimiter : str, optional
        As in `Dialect`.
    dialect : Dialect, optional
        How the file spells a table, instead of the delimiter alone.

    Raises
    ------
    ValueError
        If the file is not such text, or its header names no columns.
    OSError
        If it cannot be read.

    Attributes
    ----------
    names : list of str
        The names of the columns.
    """

    def __init__(
        self, path: AnyPath, delimiter: str | None = None, *, dialect: Dialect | None = None
    ) -> None:
        dialect = Dialect(delimiter) if dialect is None else dialect
        check_instance("dialect", dialect, Dialect)
        self._file = TextRows(path, dialect)
        reopen = (lambda: TextRows(path, dialect)) if os.path.isfile(path) else None
        super().__init__(self._file.source, self._file.rows, dialect, reopen)
        self.found = replace(
            self.found, delimiter=self._file.delimiter, encoding=self._file.encoding
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
