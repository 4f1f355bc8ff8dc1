"""ISO dates as numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import nan

import numpy as np
from numpy.typing import NDArray

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9].*)?")
_EPOCH = datetime(1970, 1, 1)
PARTS = ("year", "month", "weekday")


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
