"""Dialect: the format of a table in a text file."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

from mlp.tables.errors import Remedy, TableError
from mlp.tables.numbers import NumberFormat, is_number, looks_like_number, parse_date

MISSING_WORDS = ("", "na", "n/a", "n.a.", "nan", "null", "?", "#n/a", "<na>")
"""What stands for a missing value, in any case."""

HEADER_REMEDIES = (
    Remedy("header", False, "reads the line as a row and names the columns x1, x2, ..."),
    Remedy("header", True, "takes it for names", instead=True),
)

_DELIMITERS = (",", ";", "\t")
_OTHERS = ("|", ":", " ")  # recognised and named, but not used unless asked for
_DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")
_SEP_LINE = re.compile(r'"?sep=(.)"?[\r\n]*')


@dataclass(frozen=True)
class Dialect:
    """The format of a table in a text file.

    Attributes
    ----------
    delimiter : str, optional
        The character between cells; by default the one named in a first line ``sep=;``, or the
        most frequent of comma, semicolon and tab in the header.
    header : bool, optional
        Whether the first line names the columns. By default it does, unless one of its cells
        looks like a value; that is an error. Without a header columns are named x1, x2, ...
    decimal, thousands : str, optional
        The decimal separator and the character between groups of three digits; by default a
        point and none.
    encoding : str, optional
        The text encoding; by default UTF-16 or UTF-32 if the file has their byte-order mark, else
        UTF-8.
    comment : str, optional
        Lines that begin with it are skipped.
    missing_words : sequence of str, optional
        The words that stand for a missing value, in any case; an empty cell always does. By
        default NA, N/A, n.a., NaN, null, ?, #N/A and <NA>.

    Examples
    --------
    >>> Dialect.from_dict(Dialect(decimal=",").to_dict()).number_format.parse("0,5")
    0.5
    """

    delimiter: str | None = None
    header: bool | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str | None = None
    comment: str | None = None
    missing_words: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name in ("delimiter", "thousands", "encoding", "comment"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value):
                expected = "one character such as ','" if name == "delimiter" else "text"
                raise ValueError(f"{name}: received {value!r}, expected {expected}")
        if self.header is not None and not isinstance(self.header, bool):
            raise ValueError(f"header: received {self.header!r}, expected True, False or None")
        words = self.missing_words
        if words is not None and (
            isinstance(words, str)
            or not isinstance(words, Collection)  # a generator could be read only once
            or not all(isinstance(word, str) for word in words)
        ):
            raise TypeError(f"missing_words: received {words!r:.80}, expected a list of strings")
        NumberFormat(self.decimal, self.thousands)

    @property
    def number_format(self) -> NumberFormat:
        """How numbers are written."""
        return NumberFormat(self.decimal, self.thousands)

    @property
    def missing(self) -> frozenset[str]:
        """The words that stand for a missing value, in lower case."""
        words = MISSING_WORDS if self.missing_words is None else ("", *self.missing_words)
        return frozenset(word.strip().lower() for word in words)

    def to_dict(self) -> dict[str, Any]:
        """Return a description for `from_dict`."""
        words = self.missing_words
        return asdict(self) | {"missing_words": None if words is None else list(words)}

    @classmethod
    def from_dict(cls, saved: Any) -> Dialect:
        """Return the dialect described by `to_dict`; TypeError or ValueError for a bad one."""
        names = {field.name for field in fields(cls)}
        if not isinstance(saved, dict) or set(saved) != names:
            raise ValueError(f"dialect: received {saved!r:.80}, expected {', '.join(names)}")
        return cls(**saved)


def delimiter_of_sep_line(line: str) -> str | None:
    """Return the delimiter that a line ``sep=;`` names, as spreadsheets write it."""
    found = _SEP_LINE.fullmatch(line)
    return found and found[1]


def find_delimiter(line: str) -> str:
    """Return the delimiter that occurs most often outside quotes; the comma if none does."""
    line = _unquoted(line)
    if ";" in line or "\t" in line:
        line = _DECIMAL_COMMA.sub("", line)
    return max(_DELIMITERS, key=line.count)


def suspected_delimiter(header: str, rows: Sequence[str], used: str) -> str | None:
    """Return another delimiter that cuts the header and the rows into equally many cells."""
    line = _unquoted(header).strip()
    for delimiter in (*_DELIMITERS, *_OTHERS):
        if delimiter == used or not rows:
            continue
        n = _count(line, delimiter)
        is_words = delimiter in _OTHERS[1:] and not any(
            is_number(cell) for row in rows for cell in row.split(delimiter)
        )
        if n and all(_count(row.strip(), delimiter) == n for row in rows) and not is_words:
            return delimiter
    return None


def _count(line: str, delimiter: str) -> int:
    return len(line.split()) - 1 if delimiter == " " else line.count(delimiter)


def _unquoted(line: str) -> str:
    return re.sub('"[^"]*"', "", line)


def name_columns(cells: list[str], place: str, header: bool | None) -> list[str]:
    """Return the names of the columns; TableError if the first line looks like a row of values.

    Columns named 0, 1, 2, ... exist; a column named 5.1 beside one named setosa does not.
    """
    names = [cell.strip() for cell in cells]
    if header is False:
        return [f"x{i}" for i in range(1, len(cells) + 1)]
    values = [name for name in names if looks_like_number(name) or isfinite(parse_date(name))]
    if header is None and values != [str(i) for i in range(len(values))]:
        raise TableError(
            f"{place}: received {', '.join(names[:4])}, ..., expected the names of the columns",
            HEADER_REMEDIES,
        )
    return names
