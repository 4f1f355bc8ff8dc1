"""CSV files, read into the columns of a table."""

from __future__ import annotations

import os
from collections.abc import Sequence

from mlp.tables.dialect import Dialect
from mlp.tables.reader import RowReader
from mlp.tables.rows import AnyPath, TextRows
from mlp.tables.table import Table


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
        The columns of words, by name or by position (from 1, or from -1 at the end); "all" are
        those where at least half of the values are words, and fewer than half of the rows differ.
        All others hold finite numbers: ``1``, ``-0.5``, ``1e5``.
    ignore : sequence of str or int
        The columns to leave out.
    dates : sequence of str or int
        The columns of ISO dates: they become days from 1970-01-01, with columns NAME.year,
        NAME.month and NAME.weekday (1 is Monday) beside them.
    targets, task
        The columns to predict, and "classify" or "regress" if their cells leave that in doubt, as
        in `with_task`.
    missing : {"refuse", "keep"}
        Whether an empty cell, NA, N/A, n.a., NaN, null or "?" is an error or becomes NaN (-1 among
        words).
    missing_target : {"refuse", "keep"}, optional
        The same for the targets; by default as `missing`.
    bad_cells : {"refuse", "keep"}
        Whether a cell that does not fit its column, or a row with too many or too few cells, is an
        error, or is read as missing and listed in ``table.bad_cells``.
    delimiter, header, decimal, thousands, encoding, comment, missing_words
        How the file spells a table, as in `Dialect`.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If a cell is missing or not a finite number (`CellError`), a row has too many or too few
        cells, a column name is unknown, duplicate or empty, the first line looks like a row, or
        there are no rows. The message gives line and column; the errors that an argument settles
        are `TableError` and name it.
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

    Attributes
    ----------
    names : list of str
        The names of the columns.
    """

    def __init__(
        self, path: AnyPath, delimiter: str | None = None, *, dialect: Dialect | None = None
    ) -> None:
        dialect = Dialect(delimiter) if dialect is None else dialect
        self._file = TextRows(path, dialect)
        reopen = (lambda: TextRows(path, dialect)) if os.path.isfile(path) else None
        super().__init__(self._file.source, self._file.rows, dialect, reopen)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
