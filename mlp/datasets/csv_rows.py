"""The rows of CSV text, each with the line that it begins on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import TextIO

from mlp.datasets.numbers import is_number, parse_number

DELIMITERS = (",", ";", "\t")
_LONGEST_LINE = 1 << 24


class CSVRows:
    r"""The header and the rows of CSV text, read a line at a time.

    Cells may be quoted, and then hold delimiters and line ends. Blanks around a cell and blank
    lines do not count.

    Parameters
    ----------
    file : text file
        Opened with ``newline=""``, and ``errors="surrogateescape"`` so that bytes that are not
        UTF-8 are found here.
    source : str
        What errors call it.
    delimiter : str, optional
        One character; by default that of comma, semicolon and tab which cuts the header into most
        cells.

    Attributes
    ----------
    names : list of str
        The cells of the header.

    Raises
    ------
    ValueError
        If the text is no CSV, a row has another number of cells than the header, or the first
        line is no header but holds data. It names the line.

    Examples
    --------
    >>> from io import StringIO
    >>> rows = CSVRows(StringIO("age;city\n\n31;Rome\n"), "people.csv")
    >>> rows.names, list(rows)
    (['age', 'city'], [(3, ['31', 'Rome'])])
    """

    def __init__(self, file: TextIO, source: str, delimiter: str | None = None) -> None:
        self.source = source
        lines = self._lines(file)
        head = []
        for line in lines:
            head.append(line)
            if line.strip():
                break
        else:
            raise ValueError(f"{source}: received no text, expected a line of column names")
        self.delimiter = _find_delimiter(head[-1]) if delimiter is None else delimiter
        self._reader = self._parse(chain(head, lines))
        line_of_names, cells = next(self._rows(), (1, [""]))
        self.names = [cell.strip() for cell in cells]
        if _is_data(self.names):
            raise ValueError(
                f"{source}: line {line_of_names}: received {', '.join(self.names[:4])}, ..., "
                "expected the names of the columns: the first line is a header"
            )

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of each row's first line, counted from 1, and the row's cells."""
        n_names = len(self.names)
        for line, cells in self._rows():
            if len(cells) != n_names:
                raise ValueError(
                    f"{self.source}: line {line}: received {len(cells)} cells, "
                    f"expected {n_names} as in the header"
                )
            yield line, cells

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield all rows that are not blank."""
        reader, line = self._reader, self._reader.line_num + 1
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(
                f"{self.source}: line {line}: received text that is no CSV ({error}), "
                "expected every quote to be closed"
            ) from None

    def _parse(self, lines: Iterator[str]) -> csv._reader:  # type: ignore[name-defined]
        try:
            return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        except (TypeError, ValueError):
            raise ValueError(
                f"delimiter: received {self.delimiter!r}, expected one character such as ','"
            ) from None

    def _lines(self, file: TextIO) -> Iterator[str]:
        """Yield the lines; refuse what is no text before it fills the memory."""
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            place = f"{self.source}: line {number}"
            if len(line) == _LONGEST_LINE:
                raise ValueError(f"{place}: received more than {_LONGEST_LINE:,} characters")
            if not (line.isascii() or _is_unicode(line)):
                raise ValueError(f"{place}: received bytes that are no text in UTF-8")
            yield line


def _is_unicode(line: str) -> bool:
    """Whether no byte of the line had to be escaped."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_delimiter(line: str) -> str:
    """Return the delimiter that cuts a line into most cells, the comma if none does."""
    return max(DELIMITERS, key=re.sub('"[^"]*"', "", line).count)


def _is_data(names: list[str]) -> bool:
    """Whether a header is a row of numbers: half of it or more, and not all of them whole.

    Columns that are called 0, 1, 2 exist; one called 5.1 beside another called 3.5 does not.
    """
    numbers = [parse_number(name) for name in names if is_number(name)]
    return 2 * len(numbers) >= len(names) and not all(n.is_integer() for n in numbers)
