"""Options that describe a table, shared by all commands that read one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlp._names import listed
from mlp.tables import Dialect
from mlp.tables.task import TASKS

_DIALECT = ("delimiter", "header", "decimal", "thousands", "encoding", "comment", "missing_words")
_KINDS = {
    ".npz": "npz",
    **dict.fromkeys((".xlsx", ".xlsm"), "Excel"),
    **dict.fromkeys((".parquet", ".pq", ".feather", ".arrow"), "Parquet"),
}

DATA_HELP = "a CSV, .npz, Parquet, Feather or Excel file; or digits, spirals, xor, moons, circles"

FILE_OPTIONS = (*_DIALECT, "sheet")
"""The options of `add_file_arguments`, without `inputs`; None if not given."""

COLUMN_OPTIONS = ("ignore", "one_hot", "dates", "missing_target", "max_words")
"""The options about columns, which only files with names have; None if not given."""

DATA_OPTIONS = (
    "target",
    "task",
    "missing",
    "standardize",
    "scaling",
    *COLUMN_OPTIONS,
    *FILE_OPTIONS,
)
"""The options of `add_data_arguments`; None if not given."""


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that describe the data."""
    group = parser.add_argument_group(
        "columns",
        "COLUMNS are names or positions (1: the first, -1: the last), separated by commas, or the\n"
        "option is repeated; a value with a leading minus sign needs =, as in --ignore=-1,-2.",
    )
    group.add_argument(
        "--target", action="append", metavar="COLUMNS",
        help="what to predict: one column, or several of numbers; in an .npz file, an array (y)",
    )  # fmt: skip
    group.add_argument(
        "--task", choices=TASKS,
        help="what the target holds: classes or numbers; needed if it could be either",
    )  # fmt: skip
    group.add_argument(
        "--ignore",
        action="append",
        metavar="COLUMNS",
        help="columns to leave out, such as row numbers and ids",
    )
    group.add_argument(
        "--one-hot", action="append", metavar="COLUMNS",
        help="columns of words; each word becomes an input; all: every column of words",
    )  # fmt: skip
    group.add_argument(
        "--max-words", type=int, metavar="N",
        help="maximum of different words in a --one-hot column (half as many as rows)",
    )  # fmt: skip
    group.add_argument(
        "--dates", action="append", metavar="COLUMNS",
        help="columns of ISO dates such as 2024-12-31; days, year, month and weekday become inputs",
    )  # fmt: skip
    group.add_argument(
        "--missing", choices=("refuse", "drop", "mean"),
        help="missing inputs are errors (refuse, the default), drop their rows, or become the mean "
        "of the training rows",
    )  # fmt: skip
    group.add_argument(
        "--missing-target", choices=("refuse", "drop"),
        help="rows without a target are errors (refuse, the default), or are dropped (drop, the "
        "default with --missing drop)",
    )  # fmt: skip
    group.add_argument(
        "--standardize", action=argparse.BooleanOptionalAction, default=None,
        help="scale inputs, and the targets of a regression, to mean 0 and standard deviation 1; "
        "the default for files",
    )  # fmt: skip
    group.add_argument(
        "--scaling", choices=("standard", "robust"),
        help="how inputs are standardised: by mean and deviation, or by median and quartiles, with "
        "outliers clipped smoothly (standard)",
    )  # fmt: skip
    add_file_arguments(parser)


def add_file_arguments(parser: argparse.ArgumentParser, of_model: bool = False) -> None:
    """Declare the options for reading files; a model's are the defaults of `mlp predict`."""
    described = "The defaults are those of the training." if of_model else None
    group = parser.add_argument_group("file format", described)
    group.add_argument(
        "--delimiter", metavar="CHAR", type=_parse_delimiter,
        help="character between cells, or tab (comma, semicolon or tab, as in the first line)",
    )  # fmt: skip
    group.add_argument(
        "--header", action="store_true", default=None, help="the first line holds the column names"
    )
    group.add_argument(
        "--no-header", dest="header", action="store_false",
        help="the first line is a row; the columns become x1, x2, ...",
    )  # fmt: skip
    group.add_argument(
        "--decimal", metavar="CHAR", help="decimal separator: a point or a comma (.)"
    )
    group.add_argument(
        "--thousands", metavar="CHAR", help="character between groups of three digits (none)"
    )
    group.add_argument(
        "--missing-words", action="append", metavar="WORDS",
        help="words for a missing value besides an empty cell, separated by commas or repeated; "
        "'': none (NA, N/A, n.a., NaN, null, ?, #N/A, <NA>)",
    )  # fmt: skip
    group.add_argument("--comment", metavar="TEXT", help="skip lines that begin with TEXT")
    group.add_argument(
        "--encoding", metavar="NAME", help="such as latin-1 (UTF-8, or UTF-16 with its mark)"
    )
    group.add_argument(
        "--sheet", metavar="NAME", help="sheet of an Excel file, or its number from 1 (1)"
    )
    group.add_argument(
        "--inputs", default="X", metavar="ARRAY", help="inputs in an .npz file (%(default)s)"
    )


def _parse_delimiter(text: str) -> str:
    r"""Return the delimiter; ``\t`` and ``tab`` stand for a tab.

    Examples
    --------
    >>> _parse_delimiter("tab"), _parse_delimiter(";")
    ('\t', ';')
    """
    return "\t" if text in ("\\t", "tab") else text


def is_table_file(source: str) -> bool:
    """Return whether `source` is a file with columns, not an .npz file or one of the data sets."""
    is_path = os.sep in source or "." in source
    return is_path and not is_npz(source)


def is_npz(source: str) -> bool:
    """Return whether `source` is an .npz file."""
    return source.lower().endswith(".npz")


def option(name: str) -> str:
    """Return an option as it is typed.

    Examples
    --------
    >>> option("one_hot")
    '--one-hot'
    """
    return "--" + name.replace("_", "-")


def check_file_options(options: argparse.Namespace, source: str) -> None:
    """Raise ValueError for an option that means nothing for the file `source`."""
    kind = _KINDS.get(Path(source).suffix.lower(), "CSV") if is_table_file(source) else "npz"
    for name in (*COLUMN_OPTIONS, *FILE_OPTIONS):
        kinds = ["CSV"] * (name != "sheet")
        kinds += ["Excel"] * (name not in ("delimiter", "encoding", "comment"))
        kinds += ["Parquet", "Feather"] * (name in COLUMN_OPTIONS)
        if kind not in kinds and getattr(options, name, None) is not None:
            shown = "--no-header" if (name, options.header) == ("header", False) else option(name)
            raise ValueError(f"{shown} applies only to {listed(kinds)} files")


def split_names(given: Iterable[str] | None, names: Sequence[str]) -> list[str]:
    """Return the columns in values such as ``a,b``; a name that has a comma is taken whole.

    Examples
    --------
    >>> split_names(["age, city", "a,b", "-1"], ["age", "city", "a,b"])
    ['age', 'city', 'a,b', '-1']
    """
    found = []
    for text in given or ():
        found += [text] if text in names else [name.strip() for name in text.split(",")]
    return found


def dialect_of(options: argparse.Namespace, default: Dialect | None = None) -> Dialect:
    """Return the dialect that the options describe, where they say nothing the default."""
    given: dict[str, Any] = {
        name: getattr(options, name) for name in _DIALECT if getattr(options, name) is not None
    }
    if "missing_words" in given:
        given["missing_words"] = split_names(given["missing_words"], ())
    return replace(Dialect() if default is None else default, **given)


def sheet_of(options: argparse.Namespace) -> str | int:
    """Return the sheet of an Excel file by name or by number from 0."""
    name = options.sheet
    return int(name) - 1 if name is not None and name.isdecimal() and int(name) else name or 0
