"""A histogram whose range grows with what is added to it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._types import Array
from mlp.core.layers import Layer

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


SATURATED, DEAD = 1, 2
"""What a unit may be, besides 0 for one that works."""
FLAT = 0.01
"""Below this size a derivative is almost zero: a hundredth of a gradient passes."""
MOST_ROWS = 0.95
"""The share of rows at which a saturated unit is flat."""


class UnitProbe:
    """Watches one layer while blocks of rows pass through the network, outside training.

    Parameters
    ----------
    layer : Layer
        The layer, just after its `forward`.

    Attributes
    ----------
    outputs : Histogram
        Of all its outputs so far.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.outputs = Histogram()
        self._rows = 0
        self._flat: NDArray[Any] = np.zeros(0)  # for each unit: at how many rows it is flat
        self._zero: NDArray[Any] = np.zeros(0)  # at how many the derivative is zero

    def add(self, A: Array) -> None:
        """Look at the outputs ``(batch, n_out)`` that the layer has just written."""
        self.outputs.add(A)
        if not self._rows:
            self._flat, self._zero = np.zeros((2, A.shape[-1]), np.int64)
        self._rows += len(A)
        if is_judged(self.layer):
            slope = _slope(self.layer, A)
            self._flat += (np.abs(slope) < FLAT).sum(axis=0)
            self._zero += (slope == 0.0).sum(axis=0)

    @property
    def flat(self) -> float:
        """The share of the outputs at which the derivative is almost zero; NaN if not judged."""
        if not is_judged(self.layer):
            return math.nan
        return float(self._flat.sum() / (self._rows * self._flat.size))

    @property
    def units(self) -> NDArray[np.uint8]:
        """What each unit is, ``(n_out,)``: 0, or SATURATED, or DEAD."""
        found = np.zeros(self._flat.size, np.uint8)
        found[self._flat >= MOST_ROWS * self._rows] = SATURATED
        found[self._zero == self._rows] = DEAD
        return found


def is_judged(layer: Layer) -> bool:
    """Whether the derivative of each output by its own Z is part of the layer's gradient."""
    activation = getattr(layer, "activation", None)
    if activation is None or getattr(activation, "couples_units", False):
        return False
    return getattr(layer, "fused", None) is None


def _slope(layer: Any, A: Array) -> Array:
    """Return activation'(Z), as `backward` computes it."""
    activation = layer.activation
    Z = layer.Z if getattr(activation, "needs_z", True) else A
    slope = np.empty_like(A)
    activation.backward(np.ones_like(A), Z, A, out=slope)
    return slope
