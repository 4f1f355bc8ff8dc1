"""The state of a random generator, taken and put back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

_LARGEST = {"pos": 624, "buffer_pos": 4}  # places in a buffer, which NumPy does not check


def random_state(rng: np.random.Generator) -> dict[str, Any]:
    """Return the state of a generator, which is that of its bit generator.

    Examples
    --------
    >>> random_state(np.random.default_rng(0))["bit_generator"]
    'PCG64'
    """
    return dict(rng.bit_generator.state)


def check_random_state(place: str, rng: np.random.Generator, saved: Any) -> Callable[[], None]:
    """Return what puts a generator into a state that `random_state` returned.

    Raises
    ------
    ValueError
        If it is not a state of such a generator; the generator has not been changed then, or
        later by what is returned.
    """
    now = dict(rng.bit_generator.state)
    if isinstance(saved, dict) and saved.get("bit_generator") != now["bit_generator"]:
        raise ValueError(
            f"{place}: received a {now['bit_generator']} generator, "
            f"expected {str(saved.get('bit_generator'))[:40]}"
        )
    _check_like(place, saved, now)
    trial = copy.deepcopy(rng.bit_generator)
    try:
        trial.state = saved
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{place}: received the state {str(saved)[:80]} ({error})") from None

    def change() -> None:
        rng.bit_generator.state = saved

    return change


def _check_like(place: str, saved: Any, now: Any) -> None:
    """Raise ValueError unless `saved` is made as `now` is."""
    if isinstance(now, dict):
        if not isinstance(saved, dict) or set(saved) != set(now):
            raise ValueError(f"{place}: received {str(saved)[:80]}, expected {', '.join(now)}")
        for key in now:
            _check_like(f"{place}.{key}", saved[key], now[key])
    elif isinstance(now, np.ndarray):
        is_same = isinstance(saved, np.ndarray) and saved.shape == now.shape
        if not is_same or saved.dtype != now.dtype:
            raise ValueError(f"{place}: received {str(saved)[:80]}, expected {now.shape} numbers")
    elif type(saved) is not type(now):
        raise ValueError(f"{place}: received {str(saved)[:80]}, expected {type(now).__name__}")
    elif isinstance(now, int):
        most = _LARGEST.get(place.rpartition(".")[2], (1 << 128) - 1)
        if not 0 <= saved <= most:
            raise ValueError(f"{place}: received {saved}, expected 0 to {most}")
