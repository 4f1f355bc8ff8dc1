"""Numbers and dates written as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " "})
_DIGITS = re.compile(r"[+-]?[$€£¥]? ?[0-9][0-9.,'\u2019 ]*(?:[eE][+-]?[0-9]+)?[%$€£¥]?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9].*)?")
_EPOCH = datetime(1970, 1, 1)
_AMOUNT, _SIGN = r"[0-9][0-9.,'\u2019 ]*", r"[$€£¥₹]"
_MONEY = re.compile(rf"\(?[+-]?(?:{_SIGN} ?[+-]?{_AMOUNT}|{_AMOUNT}{_SIGN})\)?")
_DATE = re.compile(
    r"(?:[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([./-])[0-9]{1,2}\2(?:[0-9]{2}){1,2}"
    r"|[0-9]{1,2}([ -])[A-Za-z]{3,9}\.?\3[0-9]{4})(?:[T ].*)?"
)
_HINTS = {
    "money": " (it looks like money: remove the currency sign)",
    "date": " (it looks like a date: only ISO dates such as 2024-12-31 are read)",
    "": "",
}
PARTS = ("year", "month", "weekday")


def parse_number(text: str) -> float:
    """Return the finite number that `text` spells, or NaN.

    Examples
    --------
    >>> [parse_number(text) for text in ("-1e5", " 7 ", "inf", "1_0", "one")]
    [-100000.0, 7.0, nan, nan, nan]
    """
    try:
        number = float(text)
    except ValueError:
        return nan
    return number if isfinite(number) and "_" not in text else nan  # Python reads 1_0 as 10


def is_number(text: str) -> bool:
    """Whether `text` spells a finite number."""
    return isfinite(parse_number(text))


def looks_like_number(text: str) -> bool:
    """Whether `text` is a number, or becomes one under some decimal and thousands separator.

    Examples
    --------
    >>> [looks_like_number(text) for text in ("7", "1.234,5", "5%", "x1", "2024-01-01")]
    [True, True, True, False, False]
    """
    return is_number(text) or _DIGITS.fullmatch(text.translate(_SPACES).strip()) is not None


class NumberFormat:
    """How numbers are written.

    Parameters
    ----------
    decimal : str
        The decimal separator, a point or a comma.
    thousands : str, optional
        The character between groups of three digits, such as a comma, a point, a space or an
        apostrophe; a space also stands for the no-break spaces.

    Raises
    ------
    ValueError
        If a separator is not such a character, or both are the same.

    Examples
    --------
    >>> NumberFormat(",", ".").parse("1.234,5"), NumberFormat(thousands=",").parse("1,256")
    (1234.5, 1256.0)
    >>> NumberFormat(",").parse("1.5"), NumberFormat(thousands=",").parse("12,56")
    (nan, nan)
    """

    def __init__(self, decimal: str = ".", thousands: str | None = None) -> None:
        if decimal not in (".", ","):
            raise ValueError(f"decimal: received {decimal!r}, expected '.' or ','")
        is_mark = isinstance(thousands, str) and len(thousands) == 1 and not thousands.isalnum()
        if thousands is not None and (not is_mark or thousands in (decimal, "+", "-", "_", '"')):
            raise ValueError(
                f"thousands: received {thousands!r}, expected one character such as ',' or ' ', "
                f"and not the decimal {decimal!r}"
            )
        self.decimal, self.thousands = decimal, thousands
        self.is_plain = decimal == "." and thousands is None
        if thousands is not None:
            mark, point = re.escape(thousands), re.escape(decimal)
            self._grouped = re.compile(rf"[+-]?[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+(?:{point}[0-9]*)?")

    def parse(self, text: str) -> float:
        """Return the finite number that `text` spells, or NaN."""
        if self.is_plain:
            return parse_number(text)
        if self.thousands is not None:
            text = text.strip()
            if self.thousands == " ":
                text = text.translate(_SPACES)
            if self.thousands in text:
                if not self._grouped.fullmatch(text):
                    return nan
                text = text.replace(self.thousands, "")
        if self.decimal == ",":
            if "." in text:
                return nan
            text = text.replace(",", ".")
        return parse_number(text)

    def fits(self, text: str) -> bool:
        """Whether `text` is a number so written; a group of thousands does not begin with 0."""
        if self.thousands is not None and re.match(rf"[+-]?0{re.escape(self.thousands)}", text):
            return False
        return isfinite(self.parse(text))

    def arguments(self) -> dict[str, str]:
        """Return the arguments that differ from the defaults."""
        given = {} if self.decimal == "." else {"decimal": self.decimal}
        return given if self.thousands is None else given | {"thousands": self.thousands}


KNOWN_FORMATS = (
    NumberFormat(thousands=","),  # before the decimal comma: 1,256 alone is a thousand
    NumberFormat(","),
    NumberFormat(",", "."),
    NumberFormat(thousands=" "),
    NumberFormat(",", " "),
    NumberFormat(thousands="'"),
    NumberFormat(",", "'"),
    NumberFormat(",", "\u2019"),
)


def parse_date(text: str) -> float:
    """Return the days from 1970-01-01 to an ISO date, or NaN; times are fractions of a day.

    A time with an offset from UTC is converted to UTC.

    Examples
    --------
    >>> [parse_date(text) for text in ("1970-01-02", "2024-01-01 12:00", "1.1.2024")]
    [1.0, 19723.5, nan]
    """
    text = text.strip()
    if not _ISO.fullmatch(text):
        return nan
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return nan
    return (moment - _EPOCH).total_seconds() / 86400.0


def lookalike(text: str) -> str:
    """Return "money" or "date" for text that looks so and is not read, else a blank string.

    Examples
    --------
    >>> [lookalike(text) for text in ("$4,325.00", "5 €", "01/31/1970", "1970-01-31", "x")]
    ['money', 'money', 'date', '', '']
    """
    text = text.translate(_SPACES).strip()
    if _MONEY.fullmatch(text):
        return "money"
    return "date" if _DATE.fullmatch(text) and not isfinite(parse_date(text)) else ""


def hint(text: str) -> str:
    """Return what an error message adds about a cell that looks like money or a date."""
    return _HINTS[lookalike(text)]


def date_parts(days: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the year, month (1 to 12) and weekday (1 is Monday) of days from 1970-01-01.

    Examples
    --------
    >>> parts = date_parts(np.array([19723.5, np.nan]))
    >>> parts["year"], parts["month"], parts["weekday"]
    (array([2024.,   nan]), array([ 1., nan]), array([ 1., nan]))
    """
    is_known = ~np.isnan(days)
    whole = np.floor(np.where(is_known, days, 0.0)).astype(np.int64)
    months = whole.astype("M8[D]").astype("M8[M]").astype(np.int64)
    parts = (1970 + months // 12, 1 + months % 12, 1 + (whole + 3) % 7)  # 1970-01-01: Thursday
    return {name: np.where(is_known, part, np.nan) for name, part in zip(PARTS, parts, strict=True)}
