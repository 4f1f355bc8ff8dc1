"""Checks of hyperparameters: what came, what was expected, before anything is changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Rate = float | NDArray[np.float64]
"""A learning rate: a float, or an array ``(K,)`` with one rate for each replica."""

LR_EXPECTED = "a float >= 0, a schedule or an array (K,)"


def check_real(
    name: str, value: object, expected: str, accepts: Callable[[float], bool] = lambda _: True
) -> float:
    """Return `value` as a finite float that `accepts` takes; a bool is not a number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: received {value!r}, expected {expected}")
    if not (math.isfinite(value) and accepts(float(value))):
        raise ValueError(f"{name}: received {value!r}, expected {expected}")
    return float(value)


def check_fraction(name: str, value: object) -> float:
    """Return `value` as a float in [0, 1)."""
    return check_real(name, value, "a float in [0, 1)", lambda x: 0.0 <= x < 1.0)


def check_not_negative(name: str, value: object) -> float:
    """Return `value` as a float >= 0."""
    return check_real(name, value, "a float >= 0", lambda x: x >= 0.0)


def check_positive(name: str, value: object) -> float:
    """Return `value` as a float > 0."""
    return check_real(name, value, "a float > 0", lambda x: x > 0.0)


def check_bool(name: str, value: object) -> bool:
    """Return `value` as a bool; 0 and 1 are not flags."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: received {value!r}, expected True or False")
    return bool(value)


def check_count(name: str, value: object, minimum: int = 1) -> int:
    """Return `value` as an int >= `minimum`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: received {value!r}, expected an int >= {minimum}")
    if value < minimum:
        raise ValueError(f"{name}: received {value!r}, expected an int >= {minimum}")
    return int(value)


def check_rate(name: str, value: object, expected: str = LR_EXPECTED) -> Rate:
    """Return `value` as a float, or as a read-only float64 copy ``(K,)``; finite and >= 0."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, np.ndarray | list | tuple):
        return check_real(name, value, expected, lambda x: x >= 0.0)
    try:
        given = np.asarray(value)
    except ValueError:  # a ragged list
        raise ValueError(f"{name}: received {value!r}, expected {expected}") from None
    if given.dtype.kind not in "fiu":
        raise TypeError(f"{name}: received an array of {given.dtype}, expected {expected}")
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"{name}: received an array of shape {given.shape}, expected {expected}")
    rates = np.array(given, dtype=np.float64)
    if not (np.isfinite(rates) & (rates >= 0.0)).all():
        raise ValueError(f"{name}: received {rates.tolist()}, expected {expected}")
    rates.flags.writeable = False
    return rates


def check_array(name: str, value: object) -> None:
    """Raise unless `value` is a float32 or float64 array (P,) or (K, P)."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: received {type(value).__name__}, expected an array")
    if value.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: received dtype {value.dtype}, expected float32 or float64")
    if value.ndim not in (1, 2):
        raise ValueError(f"{name}: received shape {value.shape}, expected (P,) or (K, P)")


def check_like(name: str, value: Array, like: Array, why: str) -> None:
    """Raise unless the array `value` has the shape and dtype of `like`."""
    if value.shape != like.shape:
        raise ValueError(f"{name}: received shape {value.shape}, expected {like.shape}, {why}")
    if value.dtype != like.dtype:
        raise TypeError(f"{name}: received dtype {value.dtype}, expected {like.dtype}, {why}")


def lr_config(lr: object) -> Any:
    """Return a learning rate as JSON can hold it; TypeError for a function without `config`."""
    if isinstance(lr, np.ndarray):
        return lr.tolist()
    if not callable(lr):
        return lr
    if not hasattr(lr, "config"):
        raise TypeError(f"lr: received {lr!r}, expected a float, an array or a schedule's config()")
    return lr.config()
