"""The arrays of a dense layer: its views, and what a pass over a batch writes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlp._types import Array
from mlp.core.products import Products, empty, is_replicas_last

if TYPE_CHECKING:
    from mlp.core.dense import Dense


class Pass:
    """The arrays of one forward and, if it comes to that, one backward pass over a batch."""

    A_in: Array

    def __init__(self, layer: Dense, batch: int) -> None:
        self.layer, self.batch = layer, batch
        self.Z = self._buffer(batch, layer.n_out)
        if layer.canonical_loss is not None and layer.activation.couples_units:
            # sums over the units then run along the batch, several times faster
            self.Z = self._buffer(layer.n_out, batch).swapaxes(-1, -2)
        self.A = np.empty_like(self.Z) if layer.keeps_z else self.Z
        self.matmul = layer._bound.products.for_sizes((batch, layer.n_in, layer.n_out), self.Z)

    @cached_property
    def dZ(self) -> Array:
        """The derivative of the loss by Z, ``(..., batch, n_out)``."""
        return np.empty_like(self.Z)

    @cached_property
    def dA_in(self) -> Array:
        """The derivative of the loss by A_in, ``(..., batch, n_in)``."""
        return self._buffer(self.batch, self.layer.n_in)

    @cached_property
    def ones(self) -> Array:
        """A row that sums the rows of dZ."""
        return np.ones((1, self.batch), self.Z.dtype)

    @cached_property
    def row(self) -> Array:
        """One number for each unit, ``(..., 1, n_out)``."""
        return self._buffer(1, self.layer.n_out)

    def _buffer(self, *shape: int) -> Array:
        bound, replicas = self.layer._bound, self.layer.replicas
        if replicas is None:
            return np.empty(shape, bound.W.dtype)
        return empty((replicas, *shape), bound.W.dtype, bound.replicas_last)


class Bound:
    """The layer's views in the shapes of the equations, and the arrays of its passes."""

    def __init__(self, layer: Dense) -> None:
        self.W: Array = layer.params["W"]
        self.W_T: Array = self.W.swapaxes(-1, -2)
        self.dW: Array = layer.grads["W"]
        b, db = layer.params.get("b"), layer.grads.get("b")
        self.b: Array | None = None if b is None else b[..., None, :]  # (1, n_out), a row
        self.db: Array | None = None if db is None else db[..., None, :]
        self.replicas_last = self.W.ndim == 3 and is_replicas_last(self.W)
        self.products = Products()
        self.passes: dict[int, Pass] = {}
        self.now: Pass
