"""Rows of cells, cut from text."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from itertools import chain, islice
from typing import Self

from mlp._checks import check_path
from mlp._types import AnyPath
from mlp.tables.dialect import (
    Dialect,
    delimiter_of_sep_line,
    find_delimiter,
    name_columns,
    suspected_delimiter,
)
from mlp.tables.errors import Remedy, TableError

Row = tuple[int, list[str]]

_LONGEST_LINE = 1 << 24
_PEEKED = 5
_GZIP = b"\x1f\x8b"
_MARKS = (  # UTF-32's first: UTF-16's mark begins it
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Rows:
    """The names of the columns, and the rows, each with the number of its first line from 1.

    Parameters
    ----------
    rows : iterator of (int, list of str)
        The rows that are not blank, the header included.
    source : str
        Name of the table used in error messages.
    header : bool, optional
        As in `Dialect`.
    """

    def __init__(self, rows: Iterator[Row], source: str, header: bool | None) -> None:
        line, cells = next(rows, (1, [""]))
        peeked = list(islice(rows, _PEEKED))
        self.names = name_columns(cells, f"{source}: line {line}", header)
        if header is False:
            peeked.insert(0, (line, cells))
        elif _has_row_names(self.names, [row for _, row in peeked]):
            self.names.insert(0, "")
        self._rows = chain(peeked, rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows


def _has_row_names(names: list[str], rows: list[list[str]]) -> bool:
    """Whether the rows begin with their numbers, for which R writes no name in the header."""
    return len(rows) > 1 and [row[0] for row in rows if len(row) == len(names) + 1] == [
        str(i) for i in range(1, len(rows) + 1)
    ]


class TextRows:
    """An open text file, read as rows of cells; closed by ``with``.

    Parameters
    ----------
    path : path
        The file; gzip is recognised.
    dialect : Dialect
        How it spells a table.

    Attributes
    ----------
    delimiter, encoding : str
        Those that are used.
    """

    def __init__(self, path: AnyPath, dialect: Dialect) -> None:
        self.source, self.dialect = check_path("path", path), dialect
        self._starts_row, self._line = True, 0
        self._binary = open(self.source, "rb")  # noqa: SIM115
        try:
            is_gzip = self._binary.peek(2)[:2] == _GZIP
            self._file = self._as_text(
                gzip.GzipFile(fileobj=self._binary) if is_gzip else self._binary
            )
            self.rows = self._open_rows()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._binary.close()
            raise ValueError(f"{self.source}: received corrupted gzip data ({error})") from None
        except BaseException:
            self._binary.close()
            raise

    def __enter__(self) -> Self:
        """Return the rows."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._binary.close()  # gzip does not close it

    def _as_text(self, binary: io.BufferedReader | gzip.GzipFile) -> io.TextIOWrapper:
        start, encoding = binary.peek(4)[:4], self.dialect.encoding
        if encoding is None:
            encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
        try:
            self.encoding = codecs.lookup(encoding).name
            if self.encoding == "utf-8":
                # other bytes are escaped here, so that `_lines` can say in which line they are
                return io.TextIOWrapper(binary, "utf-8-sig", "surrogateescape", newline="")
            return io.TextIOWrapper(binary, encoding, newline="")
        except LookupError:
            raise ValueError(
                f"encoding: received {encoding!r}, expected a name such as 'utf-8' or 'latin-1'"
            ) from None

    def _open_rows(self) -> Rows:
        lines = self._lines()
        header, delimiter = "", self.dialect.delimiter
        for line in lines:
            self._starts_row = not line.strip()
            named = delimiter_of_sep_line(line) if not header else None
            if named:
                delimiter, self._starts_row = delimiter or named, True
            elif line.strip():
                header = line
                break
        else:
            raise ValueError(f"{self.source}: received no text, expected a line of column names")
        if "\0" in header:
            raise TableError(
                f"{self.source}: line {self._line}: received bytes that are not UTF-8 text",
                [Remedy("encoding", "utf-16-le", "reads UTF-16")],
            )
        self.delimiter = used = delimiter or find_delimiter(header)
        rows = self._cut(header, lines, used)
        first = next(rows, None)
        peeked = list(islice(rows, _PEEKED))
        cells = [row[0] for _, row in peeked if len(row) == 1]
        if first and len(first[1]) == 1 and len(cells) == len(peeked):
            self._reject_delimiter(header, cells, used)
        if first and self.dialect.comment is None and first[1][0].startswith("#"):
            self._reject_comment(first, peeked, header)
        return Rows(chain([first] if first else [], peeked, rows), self.source, self.dialect.header)

    def _reject_comment(self, first: Row, peeked: list[Row], header: str) -> None:
        """Raise if the first line is a comment: it has not as many cells as the others."""
        if any(len(row) != len(first[1]) for _, row in peeked):
            raise TableError(
                f"{self.source}: line {first[0]}: received {header.strip()[:60]!r}, expected "
                "the names of the columns",
                [Remedy("comment", "#", "skips such lines")],
            )

    def _reject_delimiter(self, header: str, cells: list[str], used: str) -> None:
        """Raise if another delimiter cuts the header and the first rows into several cells."""
        suspected = suspected_delimiter(header, cells, used)
        if suspected is not None:
            raise TableError(
                f"{self.source}: received one column, {header.strip()[:60]!r}, "
                f"for the delimiter {used!r}, expected several",
                [Remedy("delimiter", suspected, "seems to be meant")],
            )

    def _cut(self, header: str, lines: Iterator[str], delimiter: str) -> Iterator[Row]:
        """Yield the rows that are not blank, each with the number of its first line."""
        try:
            reader = csv.reader(
                chain([header], lines), delimiter=delimiter, skipinitialspace=True, strict=True
            )
        except (TypeError, ValueError):
            raise ValueError(
                f"delimiter: received {delimiter!r}, expected one character such as ','"
            ) from None
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield self._line, cells
                self._starts_row = True
        except csv.Error as error:
            raise ValueError(
                f"{self.source}: line {self._line}: received text that is not CSV ({error}), "
                "expected every quote to be closed"
            ) from None

    def _lines(self) -> Iterator[str]:
        """Yield the lines but comments; one that is not text is rejected before it fills memory."""
        number, comment, file = 0, self.dialect.comment, self._file
        try:
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise ValueError(
                        f"{self.source}: line {number}: received more than "
                        f"{_LONGEST_LINE:,} characters"
                    )
                if not (line.isascii() or _is_unicode(line)):
                    raise self._encoding_error(number)
                if self._starts_row:
                    if comment and line.startswith(comment):
                        continue
                    self._line, self._starts_row = number, False
                yield line
        except UnicodeError:
            raise self._encoding_error(number + 1, " or below") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{self.source}: received corrupted gzip data ({error})") from None

    def _encoding_error(self, number: int, below: str = "") -> TableError:
        is_utf_8 = self.encoding == "utf-8"
        return TableError(
            f"{self.source}: line {number}{below}: received bytes that are not "
            f"{self.encoding.upper()} text",
            [Remedy("encoding", "latin-1", "reads Western European text")] if is_utf_8 else [],
        )


def _is_unicode(line: str) -> bool:
    """Whether no byte of the line had to be escaped."""
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
