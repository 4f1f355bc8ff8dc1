"""Data named on the command line: tables in files, and the data sets of the package."""

from __future__ import annotations

import argparse
import os
from collections.abc import Container, Sequence
from math import isnan
from typing import NamedTuple

from mlp.datasets import CellError, CSVFile, Table, Words, load, read_npz
from mlp.tables.numbers import parse_number
from mlp.tables.table import shortened

TASKS = ("classify", "regress")


class Data(NamedTuple):
    """A table and what to predict from it.

    Attributes
    ----------
    table : Table
        The columns of the inputs and targets.
    targets : list of str
        The names of the target columns.
    task : {"classify", "regress"}
        Whether the targets are classes or numbers.
    ignored : list of str
        The columns that were ignored.
    n_dropped : int
        The number of rows dropped for missing values.
    """

    table: Table
    targets: list[str]
    task: str
    ignored: Sequence[str] = ()
    n_dropped: int = 0


DATA_OPTIONS = ("target", "task", "ignore", "one_hot", "missing", "standardize", "delimiter")
"""The options of `add_data_arguments`; None if not given."""


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that describe the data."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--target", action="append", metavar="COLUMN",
        help="column to predict, by name or position (-1: the last), or array of an .npz file (y); "
        "may be repeated",
    )  # fmt: skip
    group.add_argument("--task", choices=TASKS, help="(words: classify, numbers: regress)")
    group.add_argument(
        "--ignore", action="append", metavar="COLUMN", help="column to leave out; may be repeated"
    )
    group.add_argument(
        "--one-hot", action="append", metavar="COLUMN",
        help="column of words to encode, one input per word; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--missing", choices=("refuse", "drop", "mean"),
        help="report missing values as errors (refuse, the default), drop their rows, or replace "
        "them with the mean of the training rows",
    )  # fmt: skip
    group.add_argument(
        "--standardize", action="store_true", default=None,
        help="scale inputs, and the targets of a regression, to mean 0 and standard deviation 1",
    )  # fmt: skip
    add_file_arguments(group)


def add_file_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options for reading files."""
    parser.add_argument(
        "--delimiter", metavar="CHAR", type=parse_delimiter,
        help="separator of a CSV file (comma, semicolon or tab, detected in the header)",
    )  # fmt: skip
    parser.add_argument(
        "--inputs",
        default="X",
        metavar="ARRAY",
        help="array of inputs in an .npz file (%(default)s)",
    )


def parse_delimiter(text: str) -> str:
    r"""Return the separator; ``\t`` and ``tab`` stand for a tab.

    Examples
    --------
    >>> parse_delimiter("tab"), parse_delimiter(";")
    ('\t', ';')
    """
    return "\t" if text in ("\\t", "tab") else text


def is_csv(source: str) -> bool:
    """Return whether `source` is a CSV file, not an .npz file or a data set of the package."""
    is_path = os.sep in source or "." in source
    return is_path and not is_npz(source)


def is_npz(source: str) -> bool:
    """Return whether `source` is an .npz file."""
    return source.lower().endswith(".npz")


def read_data(options: argparse.Namespace) -> Data:
    """Return the data that the options name.

    Raises
    ------
    ValueError
        If the data is unknown, cannot be read, or needs other options.
    OSError
        If there is no such file.
    """
    targets = options.target or []
    if options.task == "classify" and len(targets) > 1:
        raise ValueError(f"--task classify: received {len(targets)} targets, expected one")
    if is_csv(options.data):
        return _read_csv(options)
    for name in ("ignore", "one_hot", "delimiter"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} applies to CSV files only")
    if len(targets) > 1:
        raise ValueError("--target: received several, expected one array of an .npz file")
    if is_npz(options.data):
        table = read_npz(options.data, options.inputs, *targets)
    elif targets:
        raise ValueError("--target applies to files only; a data set of the package has its own")
    else:
        found = load(options.data)
        table = Table.from_arrays(found.X, found.y, found.name, found.feature_names)
    return _complete(options, table, table.targets)


def _read_csv(options: argparse.Namespace) -> Data:
    with CSVFile(options.data, options.delimiter) as file:
        if not options.target:
            raise ValueError(
                f"--target: received none, expected a column of {options.data}: "
                f"{shortened(file.names)}"
            )
        target, ignore, one_hot = (
            file.find(columns or [])
            for columns in (options.target, options.ignore, options.one_hot)
        )
        chosen = [*target, *ignore, *one_hot]
        if len(set(chosen)) < len(chosen):
            raise ValueError("--target, --ignore, --one-hot: received a column twice")
        text = one_hot if options.task == "regress" or len(target) > 1 else [*target, *one_hot]
        try:
            table = file.read(
                text=[i + 1 for i in text],
                ignore=[i + 1 for i in ignore],
                missing="keep" if options.missing in ("drop", "mean") else "refuse",
            )
        except CellError as error:
            hint = _hint(error, {file.names[i] for i in target})
            raise ValueError(f"{error.what}; {hint}") from None
        names = file.names
    return _complete(options, table, [names[i] for i in target], [names[i] for i in ignore])


def _hint(error: CellError, targets: Container[str]) -> str:
    """Return which options accept such a cell."""
    if error.is_missing:
        return "--missing drop leaves such rows out, --missing mean fills in inputs"
    if error.column in targets:
        return "--task classify accepts words"
    name = error.column
    return f"--one-hot {name!r} encodes words, --ignore {name!r} leaves the column out"


def _complete(
    options: argparse.Namespace, table: Table, targets: Sequence[str], ignored: Sequence[str] = ()
) -> Data:
    """Return the data, with targets that suit the task."""
    n_read = len(table)
    if options.missing == "drop":
        table = table.without_missing()
    task = options.task or _infer_task(table, targets)
    return Data(
        as_task(table, targets, task), list(targets), task, list(ignored), n_read - len(table)
    )


def as_task(table: Table, targets: Sequence[str], task: str) -> Table:
    """Return the table with its targets as words to classify or numbers to regress."""
    for name in targets:
        are_words = isinstance(table[name], Words)
        if task == "regress" and are_words:
            table = table.with_numbers(name)
        elif task == "classify" and not are_words:
            table = table.with_words(name)
    return table


def _infer_task(table: Table, targets: Sequence[str]) -> str:
    """Return the task that the targets imply; ValueError if they suit either."""
    column = table[targets[0]]
    if not isinstance(column, Words):
        return "regress"
    values = [parse_number(value) for value in column.values]
    if table.row_word == "row" or len(values) <= 2 or any(map(isnan, values)):
        return "classify"
    if not all(value.is_integer() for value in values):
        return "regress"
    raise ValueError(
        f"--task: received whole numbers in {targets[0]!r}, expected classify or regress"
    )
