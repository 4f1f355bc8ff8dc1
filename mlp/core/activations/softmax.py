"""Softmax, the activation whose outputs depend on each other."""

from __future__ import annotations

import numpy as np

from mlp._types import Array
from mlp.core.activations.base import Activation
from mlp.core.arrays import dot_rows


class Softmax(Activation):
    """``A = exp(Z) / sum of exp(Z) over the units``: positive rows that sum to one."""

    name = "softmax"
    outputs = "probabilities"
    needs_z = False
    couples_units = True

    def forward(self, Z: Array, out: Array) -> None:
        """A = exp(Z - max Z) / sum exp(Z - max Z)."""
        row = self.kept("row", Z, lambda Z: np.empty_like(Z[..., :1]))
        np.maximum.reduce(Z, axis=-1, keepdims=True, out=row)
        np.subtract(Z, row, out=out)
        np.exp(out, out=out)
        np.add.reduce(out, axis=-1, keepdims=True, out=row)
        out /= row

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = A * (dA - sum of dA * A over the units): the full Jacobian, applied."""
        row = self.kept("row", A, lambda A: np.empty_like(A[..., :1]))
        dot_rows(dA, A, row[..., 0], self)
        np.subtract(dA, row, out=out)
        out *= A
