"""Numbers that are one for all replicas, or an array ``(K,)`` with one for each.

The checks return such a number, or raise TypeError or ValueError as those in `mlp._checks` do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_number
from mlp._names import shortened
from mlp._types import Rate


def check_numbers(
    name: str,
    value: object,
    expected: str,
    accepts: Callable[[Any], Any],
    infinite: bool = False,
) -> Rate:
    """Return `value` as a float, or as a read-only float64 copy ``(K,)``: a number a replica.

    `accepts` takes a number or an array of them. All must be finite, too; in an array they may be
    infinite if so requested.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, np.ndarray | list | tuple):
        return check_number(name, value, expected, accepts)
    try:
        given = np.asarray(value)
    except ValueError:  # a ragged list
        raise ValueError(f"{name}: received {shortened(value)}, expected {expected}") from None
    if given.dtype.kind not in "fiu":
        raise TypeError(f"{name}: received an array of {given.dtype}, expected {expected}")
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"{name}: received an array of shape {given.shape}, expected {expected}")
    numbers = np.array(given, dtype=np.float64)
    fine = np.isfinite(numbers) | (np.isinf(numbers) & infinite)
    if not (fine & accepts(numbers)).all():
        raise ValueError(f"{name}: received {shortened(numbers.tolist())}, expected {expected}")
    numbers.flags.writeable = False
    return numbers


def check_fractions(name: str, value: object) -> Rate:
    """Return `value` as a float in [0, 1), or an array ``(K,)`` of them."""
    expected = "a number from 0 to below 1 or an array (K,)"
    return check_numbers(name, value, expected, lambda x: (x >= 0.0) & (x < 1.0))


def check_not_negatives(name: str, value: object) -> Rate:
    """Return `value` as a float >= 0, or an array ``(K,)`` of them."""
    return check_numbers(name, value, "a finite number >= 0 or an array (K,)", lambda x: x >= 0.0)


def check_positives(name: str, value: object, infinite: bool = False) -> Rate:
    """Return `value` as a float > 0, or an array ``(K,)`` of them, which may be infinite."""
    expected = "a finite number > 0 or an array (K,)"
    return check_numbers(name, value, expected, lambda x: x > 0.0, infinite)


def check_replicas(name: str, value: object, replicas: int | None) -> None:
    """Raise ValueError if `value` is an array with another number of entries than replicas."""
    if isinstance(value, np.ndarray) and value.shape != (replicas,):
        expected = "a float" if replicas is None else f"a float or shape ({replicas},)"
        raise ValueError(f"{name}: received shape {value.shape}, expected {expected}")


def are_all(flags: NDArray[Any]) -> bool:
    """Return whether no number is zero; ``flags.all()`` takes three times as long for a few."""
    return bool(np.count_nonzero(flags) == flags.size)


def kept_replicas(value: Any, rows: Any) -> Any:
    """Return the numbers of these replicas, also in a tuple; of one replica, a float."""
    if isinstance(value, tuple):
        return tuple(kept_replicas(part, rows) for part in value)
    if not isinstance(value, np.ndarray):
        return value
    kept = value[rows]
    return kept if kept.ndim else float(kept)
