"""CSV files as tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from mlp.datasets.csv_cells import CellReader
from mlp.datasets.csv_rows import CSVRows
from mlp.datasets.table import Table, find_column

AnyPath = str | os.PathLike[str]


def read_csv(
    path: AnyPath,
    *,
    text: Sequence[str | int] = (),
    ignore: Sequence[str | int] = (),
    delimiter: str | None = None,
    missing: str = "refuse",
) -> Table:
    r"""Read a CSV file whose first line names its columns.

    The file is read row by row into arrays of numbers, so that memory holds little more than
    these. It is UTF-8, with or without a byte-order mark; cells may be quoted; blanks around a
    cell and blank lines do not count.

    Parameters
    ----------
    path : path
        The file.
    text : sequence of str or int
        The columns of words, by name or by position (from 1, or from -1 at the end). All others
        hold finite numbers: ``1``, ``-0.5``, ``1e5``.
    ignore : sequence of str or int
        The columns to leave out.
    delimiter : str, optional
        What stands between cells; by default that of comma, semicolon and tab which the header
        has most of.
    missing : {"refuse", "keep"}
        What an empty cell, NA, N/A, NaN, null or "?" is: an error, or NaN (among words, -1).

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If a cell is missing or no finite number (`CellError`), a row has too many cells or too
        few, a name is unknown, is there twice or is empty, or there are no rows. It names line
        and column.
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
    with CSVFile(path, delimiter) as file:
        return file.read(text=text, ignore=ignore, missing=missing)


class CSVFile:
    """An open CSV file: the names of its columns are known before its rows are read.

    Parameters
    ----------
    path, delimiter
        As in `read_csv`.

    Attributes
    ----------
    names : list of str
        The names of the columns.
    """

    def __init__(self, path: AnyPath, delimiter: str | None = None) -> None:
        self.source = os.fspath(path)
        self._file = open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")  # noqa: SIM115
        try:
            self._rows = CSVRows(self._file, self.source, delimiter)
        except BaseException:
            self._file.close()
            raise
        self.names = self._rows.names

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self._file.close()

    def find(self, columns: Sequence[str | int]) -> list[int]:
        """Return the indices of columns that are named or told by position."""
        return [find_column(self.names, wanted, self.source) for wanted in columns]

    def read(
        self,
        *,
        text: Sequence[str | int] = (),
        ignore: Sequence[str | int] = (),
        missing: str = "refuse",
    ) -> Table:
        """Return the table; the parameters and errors are those of `read_csv`."""
        if missing not in ("refuse", "keep"):
            raise ValueError(f"missing: received {missing!r}, expected 'refuse' or 'keep'")
        left_out, words = set(self.find(ignore)), self.find(text)
        kept = [i for i in range(len(self.names)) if i not in left_out]
        self._check_names(kept)
        numbers = [i for i in kept if i not in words]
        reader = CellReader(self.source, self.names, numbers, set(words) - left_out, missing)
        for line, cells in self._rows:
            reader.add(line, cells)
        return reader.table(kept)

    def _check_names(self, kept: Sequence[int]) -> None:
        """Refuse columns that a name does not tell apart."""
        first = dict[str, int]()
        for i in kept:
            name = self.names[i]
            if not name:
                raise ValueError(
                    f"{self.source}: received no name for column {i + 1}, expected one "
                    "(or leave the column out, by its position)"
                )
            if first.setdefault(name, i) != i:
                raise ValueError(
                    f"{self.source}: received the name {name!r} for the columns "
                    f"{first[name] + 1} and {i + 1}, expected each name once"
                )
        if not kept:
            raise ValueError(f"{self.source}: received no column that is not left out")
