"""Numbers written as text."""

from __future__ import annotations

from math import isfinite, nan


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
