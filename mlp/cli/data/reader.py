"""The table that the options name, and how it was read."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._names import counted, listed
from mlp.cli.data.options import (
    check_file_options,
    dialect_of,
    is_npz,
    is_table_file,
    option,
    sheet_of,
    split_names,
)
from mlp.datasets import Labels, Table, Words, load, read_npz
from mlp.tables import Dialect, Remedy, TableError, open_table, read_mixed, with_task
from mlp.tables.csv import RowReader
from mlp.tables.frame import FrameReader
from mlp.tables.numbers import PARTS
from mlp.tables.survey import keep_missing
from mlp.tables.table import Column, shortened

_MANY_DROPPED = 0.2  # share of the rows that is worth a line
_SHOWN = 5  # columns that are named with their counts


@dataclass(frozen=True, kw_only=True)
class Data:
    """A table and what to predict from it.

    Attributes
    ----------
    table : Table
        The columns of the inputs and targets; it knows its targets and its task.
    ignored : list of str or int
        The columns that were left out, by name or by position from 1.
    dates : list of str
        The columns of dates.
    dialect : Dialect
        What was asked for in reading a file.
    found : Dialect or None
        What was found there; None for anything but text and sheets.
    is_file : bool
        Whether the table comes from a file, not from the package.
    n_dropped : int
        The number of rows dropped for missing values.
    dropped_for : dict of str to int
        The number of missing cells in each column that rows were dropped for.
    filled : dict of str to int
        The number of cells filled with the mean in each column that has such cells.
    counters : list of str
        The columns that only number the rows.
    left_out : dict of str to str
        The columns that the preset did not read, and why.
    """

    table: Table
    ignored: list[str | int] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    dialect: Dialect = field(default_factory=Dialect)
    found: Dialect | None = None
    is_file: bool = True
    n_dropped: int = 0
    dropped_for: dict[str, int] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    counters: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """The names of the target columns."""
        return list(self.table.targets)

    @property
    def task(self) -> str:
        """Whether the targets are classes or numbers: "classify" or "regress"."""
        return self.table.task or "regress"

    @property
    def labels(self) -> Labels:
        """The classes that occur."""
        words = self.table.words(self.targets[0])
        return Labels.of([words.values[code] for code in np.unique(words.codes) if code >= 0])

    @property
    def inputs(self) -> list[str]:
        """The names of the other columns."""
        return [name for name in self.table.names if name not in self.table.targets]

    def lines(self) -> Iterator[str]:
        """Yield lines that say how the data was read."""
        table = self.table
        size = counted(len(table) + self.n_dropped, "row")
        yield f"{table.source}: {'; '.join([size, *_spelled(self.found)])}"
        words = [name for name in self.inputs if isinstance(table[name], Words)]
        parts = {f"{name}.{part}" for name in self.dates for part in PARTS}
        numbers = [n for n in self.inputs if n not in {*words, *parts, *self.dates}]
        kinds = [f"{counted(len(numbers), 'column')} of numbers"] if numbers else []
        kinds += [f"words in {shortened(words)}"] if words else []
        kinds += [f"dates in {shortened(self.dates)}"] if self.dates else []
        kinds += [f"ignored: {_referred(self.ignored)}"] if self.ignored else []
        yield f"inputs: {'; '.join(kinds)}"
        what = "numbers"
        if self.task == "classify":
            what = f"{len(self.labels)} classes"
        yield f"target: {shortened(self.targets)}, {what}"
        n_rows = len(table) + self.n_dropped
        if self.n_dropped > _MANY_DROPPED * n_rows:
            yield (
                f"note: {self.n_dropped} of {n_rows} rows dropped for missing values: "
                f"{cells_by_column(self.dropped_for)}"
            )
        if self.filled:
            yield f"filled with means: {cells_by_column(self.filled)}"
        for name in self.counters:
            advice = Remedy("ignore", [name], "leaves it out").as_option()
            yield f"note: {name!r} only numbers the rows: {advice}"


def _spelled(found: Dialect | None) -> Iterator[str]:
    """Yield how a text file or a sheet was read, where that is worth saying."""
    if found is None:
        return
    if found.delimiter is not None:
        yield f"delimiter {'tab' if found.delimiter == chr(9) else repr(found.delimiter)}"
    yield "column names in the first line" if found.header else "no header: columns x1, x2, ..."
    for name in ("decimal", "thousands", "encoding", "comment"):
        if getattr(found, name) not in (None, ".", "utf-8"):
            yield f"{name} {getattr(found, name)!r}"
    if found.missing_words is not None:
        words = ", ".join(map(repr, filter(None, found.missing_words)))
        yield f"missing: empty cells{' and ' * bool(words)}{words}"


def _referred(columns: Sequence[str | int]) -> str:
    shown = [f"column {name}" if isinstance(name, int) else repr(name) for name in columns[:8]]
    return ", ".join(shown) + (f" and {len(columns) - 8} more" if len(columns) > 8 else "")


def count_missing(
    table: Table, columns: Iterable[str], rows: NDArray[np.integer[Any]] | slice = slice(None)
) -> dict[str, int]:
    """Return the number of missing cells in each of these columns that has any."""
    counts = {name: int(table.is_missing(name)[rows].sum()) for name in columns}
    return {name: n for name, n in counts.items() if n}


def cells_by_column(counts: Mapping[str, int]) -> str:
    """Return numbers of cells as text, the largest first.

    Examples
    --------
    >>> cells_by_column({"age": 2, "cabin": 5})
    "7 cells, in 'cabin' (5) and 'age' (2)"
    """
    order = sorted(counts, key=lambda name: -counts[name])
    shown = [f"{name!r} ({counts[name]})" for name in order[:_SHOWN]]
    if len(order) > _SHOWN:
        shown.append(f"{len(order) - _SHOWN} more columns")
    return f"{counted(sum(counts.values()), 'cell')}, in {listed(shown)}"


def _counts(column: Column) -> bool:
    """Whether a column is 0, 1, 2, ... or 1, 2, 3, ..."""
    if isinstance(column, Words):
        return False
    return len(column) > 2 and column[0] in (0, 1) and bool((np.diff(column) == 1).all())


def read_data(options: argparse.Namespace) -> Data:
    """Return the data that the options name.

    Raises
    ------
    ValueError
        If the data is unknown, cannot be read, or needs other options.
    OSError
        If there is no such file.
    """
    check_file_options(options, options.data)
    if is_table_file(options.data):
        return _without_missing(options, _read_file(options))
    targets = options.target or []
    if len(targets) > 1:
        raise ValueError("--target: received several, expected one array of an .npz file")
    if is_npz(options.data):
        table = read_npz(options.data, options.inputs, *targets, task=options.task or "ask")
        return _without_missing(options, Data(table=table))
    if targets:
        raise ValueError("--target applies only to files; a data set of the package has its own")
    found = load(options.data)
    table = Table.from_arrays(found.X, found.y, found.name, found.feature_names)
    return Data(table=with_task(table, table.targets, options.task), is_file=False)


def _read_file(options: argparse.Namespace) -> Data:
    dialect = dialect_of(options)
    with open_table(options.data, dialect, sheet=sheet_of(options)) as reader:
        if not options.target:
            raise ValueError(
                f"--target: received none, expected a column of {options.data}: "
                f"{shortened(reader.names)}"
            )
        given = {
            name: split_names(getattr(options, name), reader.names)
            for name in ("target", "ignore", "one_hot", "dates")
        }
        takes_all = "all" in given["one_hot"] and "all" not in reader.names
        if takes_all:
            given["one_hot"].remove("all")
        places = {name: reader.find(columns) for name, columns in given.items()}
        _check_distinct(places, reader.names)
        if options.task == "classify" and len(places["target"]) > 1:
            raise ValueError(
                f"--task classify: received {len(places['target'])} targets, expected one"
            )
        if _has_preset(options):
            return _read_mixed(options, reader, places)
        position = {name: [i + 1 for i in found] for name, found in places.items()}
        keeps = {True: "keep", False: "refuse"}
        table = reader.read(
            text=["all", *position["one_hot"]] if takes_all else position["one_hot"],
            ignore=position["ignore"],
            dates=position["dates"],
            targets=position["target"],
            task=options.task,
            missing=keeps[options.missing in ("drop", "mean")],
            missing_target=keeps[_target_policy(options) == "drop"],
        )
        return Data(
            table=table,
            ignored=reader.refer(places["ignore"]),
            dates=[reader.names[i] for i in places["dates"]],
            dialect=dialect,
            found=None if isinstance(reader, FrameReader) else reader.found,
        )


def _has_preset(options: argparse.Namespace) -> bool:
    """Whether all columns are read, each as what it holds, and missing values are kept."""
    return getattr(options, "preset", None) is not None


def _read_mixed(
    options: argparse.Namespace, reader: RowReader, places: dict[str, list[int]]
) -> Data:
    position = {name: [i + 1 for i in found] for name, found in places.items()}
    read = read_mixed(
        reader,
        position["target"],
        task=options.task,
        text=position["one_hot"],
        dates=position["dates"],
        ignore=position["ignore"],
        missing_target="keep" if _target_policy(options) == "drop" else "refuse",
    )
    return Data(
        table=read.table,
        ignored=read.ignored,
        dates=read.dates,
        dialect=reader.dialect,
        found=None if isinstance(reader, FrameReader) else reader.found,
        left_out=read.left_out,
    )


def _check_distinct(places: dict[str, list[int]], names: Sequence[str]) -> None:
    """Raise ValueError if two options take one column."""
    taken: dict[int, str] = {}
    for name, columns in places.items():
        for i in columns:
            if i in taken:
                both = " and ".join(dict.fromkeys([option(taken[i]), option(name)]))
                raise ValueError(f"{both}: received the column {names[i]!r} twice, expected once")
            taken[i] = name


def _target_policy(options: argparse.Namespace) -> str:
    default = "drop" if options.missing == "drop" else "refuse"
    return str(options.missing_target or default)


def _without_missing(options: argparse.Namespace, data: Data) -> Data:
    """Return the data without rows that lack a value, as far as the options say so."""
    table, columns = data.table, list[str]()
    parts = {f"{name}.{part}" for name in data.dates for part in PARTS}
    inputs = [name for name in data.inputs if name not in parts]
    if options.missing == "drop":
        columns += data.inputs
    elif options.missing != "mean" and not _has_preset(options):
        _reject_missing(table, data.inputs)
    if _target_policy(options) == "drop":
        columns += data.targets
    kept = table.without_missing(columns)
    return replace(
        data,
        table=kept,
        n_dropped=len(table) - len(kept),
        dropped_for=count_missing(table, [name for name in columns if name not in parts]),
        filled=count_missing(kept, inputs) if options.missing == "mean" else {},
        counters=[name for name in inputs if name not in data.dates and _counts(table[name])],
    )


def _reject_missing(table: Table, columns: Iterable[str]) -> None:
    """Raise for the first missing value; files are checked as they are read, arrays here."""
    for name in columns:
        is_missing = table.is_missing(name)
        if is_missing.any():
            place = table.place(int(is_missing.argmax()), name)
            raise TableError(
                f"{place}: received a missing value, expected none",
                [keep_missing("rows with missing values")],
            )
