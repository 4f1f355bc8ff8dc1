"""Checks of what options set."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mlp.core.layers import Layer
from mlp.core.structure import check_rows


def check_number(name: str, value: object, expected: str, *, positive: bool = False) -> float:
    """Return a finite number that is at least 0, or above it."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name}: received {value!r}, expected {expected}")
    if not (math.isfinite(value) and value >= 0) or (positive and value == 0):
        raise ValueError(f"{name}: received {value!r}, expected {expected}")
    return float(value)


def check_batch_size(layers: Sequence[Layer], n_rows: int, batch_size: int) -> None:
    """Raise ValueError if an epoch of so many rows has a batch that is too short for a layer."""
    check_rows(layers, n_rows)
    neediest = max(layers, key=lambda layer: layer.least_rows)
    least, last = neediest.least_rows, n_rows % batch_size or batch_size
    if last < least:
        sizes = range(batch_size + 1, n_rows + 1)
        fitting = next(size for size in sizes if (n_rows % size or size) >= least)
        raise ValueError(
            f"batch_size: received {batch_size} for {n_rows} rows, whose last batch has {last}; "
            f"expected at least {least} rows in each, which {neediest!r} needs: {fitting} would do"
        )
