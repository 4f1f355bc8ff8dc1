"""Data that is named on the command line: tables in files, and the data sets of the package."""

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
    """A table, and what is to be predicted from it.

    Attributes
    ----------
    table : Table
        The columns of inputs and targets.
    targets : list of str
        The names of the targets' columns.
    task : {"classify", "regress"}
        What the targets are.
    ignored : list of str
        The columns that were left out.
    n_dropped : int
        How many rows were left out for missing values.
    """

    table: Table
    targets: list[str]
    task: str
    ignored: Sequence[str] = ()
    n_dropped: int = 0


DESCRIBE_DATA = ("target", "task", "ignore", "one_hot", "missing", "standardize", "delimiter")
"""The options of `add_data_arguments`; None where they were not given."""


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say what is in the data."""
    own = parser.add_argument_group("what is in the data")
    own.add_argument(
        "--target", action="append", metavar="COLUMN",
        help="what is to be predicted: a column's name or position (-1 is the last), of an .npz "
        "file an array (y); may be given several times",
    )  # fmt: skip
    own.add_argument("--task", choices=TASKS, help="(by the target: words or numbers)")
    own.add_argument("--ignore", action="append", metavar="COLUMN", help="leave a column out")
    own.add_argument(
        "--one-hot", action="append", metavar="COLUMN",
        help="make an input of each word of a column",
    )  # fmt: skip
    own.add_argument(
        "--missing", choices=("refuse", "drop", "mean"),
        help="what a missing value is: an error (refuse), a reason to leave the row out (drop), or "
        "the mean of the training rows",
    )  # fmt: skip
    own.add_argument(
        "--standardize", action="store_true", default=None,
        help="inputs, and the targets of a regression, get mean 0 and deviation 1",
    )  # fmt: skip
    add_file_arguments(own)


def add_file_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options that say how a file is read."""
    parser.add_argument(
        "--delimiter", metavar="CHAR", type=parse_delimiter,
        help="between cells of a CSV file (comma, semicolon or tab, by the header)",
    )  # fmt: skip
    parser.add_argument(
        "--inputs", default="X", metavar="ARRAY", help="of an .npz file, the inputs (%(default)s)"
    )


def parse_delimiter(text: str) -> str:
    r"""Return the character that is meant: ``\t`` and ``tab`` are one.

    Examples
    --------
    >>> parse_delimiter("tab"), parse_delimiter(";")
    ('\t', ';')
    """
    return "\t" if text in ("\\t", "tab") else text


def is_csv(source: str) -> bool:
    """Whether this names a CSV file, not an .npz file or a data set of the package."""
    is_path = os.sep in source or "." in source
    return is_path and not is_npz(source)


def is_npz(source: str) -> bool:
    """Whether this names an .npz file."""
    return source.lower().endswith(".npz")


def read_data(options: argparse.Namespace) -> Data:
    """Return the data that the options name.

    Raises
    ------
    ValueError
        If there is no such data, it cannot be read, or it holds what the options do not explain.
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
            raise ValueError(f"--{name.replace('_', '-')} is about the columns of a CSV file")
    if len(targets) > 1:
        raise ValueError("--target: received several, expected one array of an .npz file")
    if is_npz(options.data):
        table = read_npz(options.data, options.inputs, *targets)
    elif targets:
        raise ValueError("--target is about a file; a data set of the package knows its own")
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
    """Return what can be done about a cell."""
    if error.is_missing:
        return "--missing drop leaves such rows out, --missing mean fills inputs in"
    if error.column in targets:
        return "--task classify takes words"
    name = error.column
    return f"--one-hot {name!r} makes an input of each word, --ignore {name!r} leaves it out"


def _complete(
    options: argparse.Namespace, table: Table, targets: Sequence[str], ignored: Sequence[str] = ()
) -> Data:
    """Return the data, with targets as the task takes them."""
    n_read = len(table)
    if options.missing == "drop":
        table = table.without_missing()
    task = options.task or _infer_task(table, targets)
    return Data(
        as_task(table, targets, task), list(targets), task, list(ignored), n_read - len(table)
    )


def as_task(table: Table, targets: Sequence[str], task: str) -> Table:
    """Return the table with words to classify or numbers to regress; ValueError if it cannot be."""
    for name in targets:
        are_words = isinstance(table[name], Words)
        if task == "regress" and are_words:
            table = table.with_numbers(name)
        elif task == "classify" and not are_words:
            table = table.with_words(name)
    return table


def _infer_task(table: Table, targets: Sequence[str]) -> str:
    """Return the task that the targets tell of; ValueError if they could be either's."""
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
