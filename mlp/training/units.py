"""What the units of a layer do while rows pass: their outputs, and where they are flat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.core.arrays import Array
from mlp.core.layers import Layer
from mlp.training.histogram import Histogram
from mlp.training.layer_series import DEAD, SATURATED

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
    return getattr(layer, "canonical_loss", None) is None


def _slope(layer: Any, A: Array) -> Array:
    """Return activation'(Z), as `backward` computes it."""
    activation = layer.activation
    Z = layer.Z if getattr(activation, "needs_z", True) else A
    slope = np.empty_like(A)
    activation.backward(np.ones_like(A), Z, A, out=slope)
    return slope
