"""What was recorded of one layer, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp.training.histogram import BINS

SATURATED, DEAD = 1, 2
"""What a unit may be, besides 0 for one that works."""


@dataclass(frozen=True)
class Histograms:
    """A histogram for each of n epochs.

    Attributes
    ----------
    exponent, first : ndarray of int64 (n,)
        The bins of an epoch are ``2.0 ** exponent`` wide, and begin at ``first`` widths.
    counts : ndarray of int64 (n, 64)
        How many numbers lie in each bin.
    medians : ndarray of float64 (n,)
        The median of these numbers themselves, not of their bins; NaN where there are none.
    """

    exponent: NDArray[np.int64]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]
    medians: NDArray[np.float64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, ``(n, 65)``."""
        places = self.first[:, None] + np.arange(BINS + 1.0)
        edges: NDArray[np.float64] = np.ldexp(places, self.exponent[:, None])
        return edges


@dataclass(frozen=True)
class LayerSeries:
    """What was recorded of one layer, over n epochs.

    Attributes
    ----------
    name : str
        The layer, with its place in ``net.layers``.
    activations : Histograms
        Of its outputs for the probe.
    gradients : Histograms
        Of ``log10 |dW|``, of the elements of dW that are not zero.
    zeros : ndarray of int64 (n,)
        How many elements of dW are zero.
    flat : ndarray of float64 (n,)
        The share of its outputs at which the derivative of the activation is almost zero; NaN
        where that is not judged.
    units : ndarray of uint8 (n, n_out)
        0 for a unit that works, 1 for one that is saturated, 2 for one that is dead.
    """

    name: str
    activations: Histograms
    gradients: Histograms
    zeros: NDArray[np.int64]
    flat: NDArray[np.float64]
    units: NDArray[np.uint8]

    def dead(self, place: int = -1) -> list[int]:
        """Return the dead units of an epoch, by its place in the record; the last by default."""
        return np.flatnonzero(self.units[place] == DEAD).tolist()

    def saturated(self, place: int = -1) -> list[int]:
        """Return the saturated units of an epoch, as `dead` does."""
        return np.flatnonzero(self.units[place] == SATURATED).tolist()
