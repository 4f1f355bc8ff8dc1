"""Checks of arguments: each returns what it accepts, or says what came and what it expected."""

from collections.abc import Callable
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


def as_int(name: str, value: object, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`; raise TypeError or ValueError."""
    expected = f"{name}: received {value!r}, expected an int >= {minimum}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(expected)
    if value < minimum:
        raise ValueError(expected)
    return int(value)


def as_float(name: str, value: object, accept: Callable[[float], bool], expected: str) -> float:
    """Return `value` as a finite float that `accept` accepts; raise TypeError or ValueError."""
    message = f"{name}: received {value!r}, expected {expected}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(message)
    number = float(value)
    if not (isfinite(number) and accept(number)):
        raise ValueError(message)
    return number


def as_float_dtype(dtype: DTypeLike) -> np.dtype[np.floating[Any]]:
    """Return float32 or float64; raise ValueError for anything else, None included."""
    expected = f"dtype: received {dtype!r}, expected 'float32' or 'float64'"
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise ValueError(expected) from error
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if dtype is not None and found == known:  # NumPy reads None as float64
            return known
    raise ValueError(expected)
