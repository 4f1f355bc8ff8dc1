"""Dropout."""

from __future__ import annotations

import numpy as np

from mlp._checks import check_fraction
from mlp._types import Array
from mlp.core.layers.base import Layer


class Dropout(Layer):
    """Sets outputs to zero at random in training and scales up the others (Srivastava, 2014).

    ``A = A_in * mask / (1 - rate)``: the mean of A is that of A_in. Outside training, A = A_in.
    All replicas see the same mask.

    Parameters
    ----------
    rate : float
        The probability of zero, at least 0 and less than 1.
    """

    _of_network = (*Layer._of_network, "_mask")
    _mask: Array | None

    def __init__(self, rate: float) -> None:
        self.rate = check_fraction("rate", rate)

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """A = A_in * mask / (1 - rate)."""
        self._mask = None
        if not training or self.rate == 0.0:
            return A_in
        one = A_in if A_in.ndim == 2 else A_in[0]
        mask = self.scratch("mask", one)
        rng.random(out=mask, dtype=mask.dtype.type)
        survives = np.greater_equal(mask, self.rate, out=self.scratch("survives", one, np.bool_))
        np.copyto(mask, survives)
        mask /= 1.0 - self.rate
        self._mask = mask
        A: Array = np.multiply(A_in, mask, out=self.scratch("A", A_in))
        return A

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """dA_in = dA * mask / (1 - rate)."""
        if self._mask is None:
            return dA
        dA_in: Array = np.multiply(dA, self._mask, out=self.scratch("dA_in", dA))
        return dA_in

    def __repr__(self) -> str:
        """Return the call that makes the layer."""
        return f"Dropout({self.rate:g})"
