"""Checks of numbers that options set."""

from __future__ import annotations

import math

import numpy as np


def check_number(name: str, value: object, expected: str, *, positive: bool = False) -> float:
    """Return a finite number that is at least 0, or above it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name}: received {value!r}, expected {expected}")
    if not (math.isfinite(value) and value >= 0) or (positive and value == 0):
        raise ValueError(f"{name}: received {value!r}, expected {expected}")
    return float(value)
