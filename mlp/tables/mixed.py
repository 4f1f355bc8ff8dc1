"""Mixed columns: which hold numbers, words or dates, and which cannot be inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mlp._checks import check_instance
from mlp._names import counted
from mlp.tables.csv import RowReader
from mlp.tables.survey import Survey
from mlp.tables.table import Table

_FEW_ROWS = 2  # of which all words may differ


class MixedTable(NamedTuple):
    """A table, and how its columns were read.

    Attributes
    ----------
    table : Table
        The inputs, with missing values kept, and the targets.
    dates : list of str
        The columns of dates.
    ignored : list of str or int
        The columns that were left out, by name or by position from 1.
    left_out : dict of str to str
        Why, for those that the caller did not name.
    """

    table: Table
    dates: list[str]
    ignored: list[str | int]
    left_out: dict[str, str]


def read_mixed(
    reader: RowReader,
    targets: Sequence[str | int],
    *,
    task: str | None = None,
    text: Sequence[str | int] = (),
    dates: Sequence[str | int] = (),
    ignore: Sequence[str | int] = (),
    missing_target: str = "refuse",
) -> MixedTable:
    """Read all columns, each as what it holds.

    Columns of words are those where at least half of the values are words; ISO dates are dates,
    and all others must hold numbers. Left out are columns without a name or a value, of one word,
    or of words that differ in more than half of the rows, such as names and comments.

    Parameters
    ----------
    reader : RowReader
        What is read.
    targets, task, missing_target
        As in `read_csv`.
    text, dates, ignore
        The columns of words, of dates, and to leave out, whatever they look like.

    Raises
    ------
    ValueError
        As in `read_csv`.
    """
    check_instance("reader", reader, RowReader)
    aims, given, days = reader.find(targets), reader.find(text), reader.find(dates)
    ignored = reader.find(ignore)
    dialect, names = reader.dialect, reader.names
    known = {*aims, *given, *days, *ignored}
    looked_at = [i for i in range(len(names)) if i not in known]
    survey = Survey(names, looked_at, dialect.number_format, dialect.missing)
    survey.add(reader._again(None, None))
    words = survey.text(())
    left_out: dict[int, str] = {}
    for i, column in survey.columns.items():
        n = survey.n_rows
        if column.is_empty:
            left_out[i] = "no value"
        elif not names[i]:
            left_out[i] = "no name"
        elif i in words and len(column.distinct) == 1 and not (column.missing or column.numbers):
            left_out[i] = "one word"
        elif column.are_nearly_unique and n > _FEW_ROWS and not column.looks_like:
            left_out[i] = f"{len(column.distinct)} different words in {counted(n, 'row')}"
        elif column.are_dates:
            days.append(i)
    worded = [i for i in (*given, *words) if i not in left_out]
    ignored = sorted({*ignored, *left_out})

    def position(columns: Sequence[int]) -> list[int]:
        return [i + 1 for i in columns]

    table = reader.read(
        text=position(worded),
        ignore=position(ignored),
        dates=position(days),
        targets=position(aims),
        task=task,
        missing="keep",
        missing_target=missing_target,
    )
    return MixedTable(
        table,
        [names[i] for i in days],
        reader.refer(ignored),
        {names[i] or f"column {i + 1}": why for i, why in left_out.items()},
    )
