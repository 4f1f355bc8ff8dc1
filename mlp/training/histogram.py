"""A histogram whose range grows with what is added to it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlp.core.arrays import Array

BINS = 64
LARGEST = 2.0**1000  # every edge has to be finite


class Histogram:
    """Counts numbers in at most 64 bins of one width, in one pass and in fixed memory.

    The width is a power of two, and every edge a multiple of it. So bins that become too narrow
    merge in pairs, exactly, and two histograms can be compared bin by bin.

    Attributes
    ----------
    exponent : int
        Bins are ``2.0 ** exponent`` wide.
    first : int
        The first bin begins at ``first * 2.0 ** exponent``.
    counts : ndarray of int64 (64,)
        How many numbers lie in each bin; a number on an edge belongs to the bin above.

    Examples
    --------
    >>> histogram = Histogram()
    >>> histogram.add(np.array([0.0, 0.5, 1.0, 63.0]))
    >>> histogram.edges[:3], histogram.counts[:3]
    (array([0., 1., 2.]), array([2, 1, 0]))
    """

    def __init__(self) -> None:
        self.exponent = self.first = 0
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self._low, self._high = math.inf, -math.inf

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, ``(65,)``."""
        edges: NDArray[np.float64] = np.ldexp(self.first + np.arange(BINS + 1.0), self.exponent)
        return edges

    def add(self, values: Array) -> None:
        """Count those of these numbers whose size is at most ``2.0 ** 1000``, so not NaN."""
        numbers = _countable(values)
        if not numbers.size:
            return
        self._low = min(self._low, float(numbers.min()))
        self._high = max(self._high, float(numbers.max()))
        exponent = _exponent(self._low, self._high)
        first = math.floor(math.ldexp(self._low, -exponent))
        places = self.first + np.arange(BINS)
        merged = (places >> min(max(exponent - self.exponent, 0), 62)) - first
        counts = np.zeros(BINS, np.int64)
        held = self.counts > 0
        np.add.at(counts, merged[held], self.counts[held])
        bins = np.floor(np.ldexp(numbers, -exponent)).astype(np.int64) - first
        self.counts = counts + np.bincount(bins, minlength=BINS)
        self.exponent, self.first = exponent, first


def median(values: Array) -> float:
    """Return the median of those of these numbers that a `Histogram` counts; NaN of none.

    Examples
    --------
    >>> median(np.array([0.0, 0.0, 7.0, np.inf]))
    0.0
    """
    numbers = _countable(values)
    return float(np.median(numbers, overwrite_input=True)) if numbers.size else math.nan


def _countable(values: Array) -> NDArray[np.float64]:
    """Return a flat copy of the numbers that have a bin."""
    numbers = np.asarray(values, np.float64)
    return numbers[np.abs(numbers) <= LARGEST]


def _exponent(low: float, high: float) -> int:
    """Return the exponent of the least width with which 64 bins hold all from low to high.

    Bins far narrower than the numbers are large would tell nothing, and have no number.
    """
    largest = max(abs(low), abs(high), 2.0**-60)
    exponent = math.frexp(largest)[1] - 20
    while math.floor(math.ldexp(high, -exponent)) - math.floor(math.ldexp(low, -exponent)) >= BINS:
        exponent += 1
    return exponent
