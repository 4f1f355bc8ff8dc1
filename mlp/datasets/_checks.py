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


def as_tree(name: str, value: object, *keys: str) -> list[Any]:
    """Return the values of `keys`, in this order, of a dict that has these keys and no others."""
    if not isinstance(value, dict) or set(value) != set(keys):
        found = sorted(map(str, value)) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"{name}: received {found!s:.200}, expected {', '.join(keys)}")
    return [value[key] for key in keys]


def as_names(name: str, value: object, n: int | None = None) -> list[str]:
    """Return a list of `n` different strings, or of any number; raise TypeError or ValueError."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{name}: received {value!r:.200}, expected a list of strings")
    if len(set(value)) < len(value) or n not in (None, len(value)):
        raise ValueError(
            f"{name}: received {len(value)} strings, expected each once"
            + ("" if n is None else f" and {n} of them")
        )
    return list(value)
