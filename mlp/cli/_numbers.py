"""Lists of numbers on the command line."""

from __future__ import annotations

import argparse
import math

import numpy as np
from numpy.typing import NDArray


def parse_rates(text: str) -> NDArray[np.float64]:
    """Return the rates in ``0.1,0.2`` or ``log:1e-3:10:25``.

    Examples
    --------
    >>> parse_rates("log:0.01:1:3").tolist()
    [0.01, 0.1, 1.0]
    """
    try:
        if text.startswith("log:"):
            _, low, high, n = text.split(":")
            if not (0 < float(low) < math.inf and 0 < float(high) < math.inf and int(n) >= 1):
                raise ValueError
            return np.geomspace(float(low), float(high), int(n))
        return np.array([float(rate) for rate in text.split(",")])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"received {text!r}, expected 0.1,0.2,... or log:FROM:TO:N with positive numbers"
        ) from None
