"""The two passes: forward through the layers to the loss, and back to every gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mlp._types import Array, LossValue
from mlp.core.activated import Activated
from mlp.core.layers import Layer
from mlp.core.losses import Loss
from mlp.core.scratch import Scratch

BLOCK = 256
"""How many rows go through the layers at once outside training."""


class Passes(Scratch):
    """Runs checked data through layers that are bound to their arrays.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, in order.
    loss : Loss
        What follows the last one.
    """

    dX: Array | None = None
    """The derivative by the inputs, after a `loss_and_grad` that was asked for it."""

    def __init__(self, layers: Sequence[Layer], loss: Loss) -> None:
        self.layers = layers
        self.loss = loss
        last = layers[-1]
        fused = isinstance(last, Activated) and last.canonical_loss is not None
        self.canonical: Activated | None = last if fused else None  # type: ignore[assignment]
        self.have_running = [any(p.running for p in layer.parameters()) for layer in layers]
        # what stands before the first layer with parameters needs no derivative
        self.first = next((i for i, layer in enumerate(layers) if layer.parameters()), 0)

    def forward(self, X: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return the output for X ``(..., batch, n_in)``, an array that the layers own."""
        A = X
        for layer in self.layers:
            A = layer.forward(A, training, rng)
        return A

    def outputs(self, X: Array, out: Array, rng: np.random.Generator) -> None:
        """Write the outputs for X into `out`, outside training."""
        for rows in _blocks(X.shape[-2]):
            out[..., rows, :] = self.forward(X[..., rows, :], False, rng)

    def mean_loss(
        self, X: Array, Y: Array, weight: Array | None, rng: np.random.Generator
    ) -> LossValue:
        """Return the mean of weight * loss over the rows, outside training."""
        mean: LossValue = self.total_loss(X, Y, weight, rng) / X.shape[-2]
        return mean

    def total_loss(
        self,
        X: Array,
        Y: Array,
        weight: Array | None,
        rng: np.random.Generator,
        out: Array | None = None,
    ) -> LossValue:
        """Return the sum of weight * loss over the rows, outside training; outputs go to `out`."""
        total: LossValue = 0.0
        for rows in _blocks(X.shape[-2]):
            A = self.forward(X[..., rows, :], False, rng)
            if out is not None:
                out[..., rows, :] = A
            some = None if weight is None else weight[rows]
            total = total + _sum(self._losses(A, Y[..., rows, :]), some)
        return total

    def batch_loss(
        self, X: Array, Y: Array, weight: Array | None, rng: np.random.Generator
    ) -> LossValue:
        """Return the mean loss with the statistics of these rows, but without dropout."""
        A = X
        for layer, has_running in zip(self.layers, self.have_running, strict=True):
            A = layer.forward(A, has_running, rng)
        mean: LossValue = _sum(self._losses(A, Y), weight) / X.shape[-2]
        return mean

    def loss_and_grad(
        self,
        X: Array,
        Y: Array,
        weight: Array | None,
        rng: np.random.Generator,
        need_dX: bool = False,
    ) -> LossValue:
        """Return the mean of weight * loss over the rows; the layers write their gradients."""
        batch = X.shape[-2]
        A = self.forward(X, True, rng)
        loss: LossValue = _sum(self._losses(A, Y), weight) / batch

        last = len(self.layers) - 1
        dA: Array | None
        if self.canonical is not None:
            dZ = _subtract(A, Y, out=self.canonical.dZ)  # dZ = (A - Y) * weight / batch
            _scale(dZ, weight, self.loss.factor(A.shape[-1]) / batch)
            dA = self.canonical.backward_linear(need_dX or self.first < last)
            last -= 1
        else:
            dA = self.scratch("dA", A)
            self.loss.gradient(A, Y, out=dA)
            _scale(dA, weight, 1.0 / batch)
        for i in range(last, -1 if need_dX else self.first - 1, -1):
            dA = self.layers[i].backward(dA, need_dX or self.first < i)  # type: ignore[arg-type]
        self.dX = dA if need_dX else None
        return loss

    def _losses(self, A: Array, Y: Array) -> Array:
        """Return the loss of each row, ``(..., batch)``."""
        rows = self.per_row("rows", A)
        if self.canonical is not None:
            self.loss.canonical_rows(self.canonical.canonical_Z, A, Y, out=rows)
        else:
            self.loss.rows(A, Y, out=rows)
        return rows


def _blocks(n_rows: int, size: int = BLOCK) -> Iterator[slice]:
    """Cut the rows into blocks, so that a pass over many rows needs little memory.

    The size does not depend on the number of replicas: each has the bits of its own run alone.
    """
    for start in range(0, n_rows, size):
        yield slice(start, start + size)


def _sum(rows: Array, weight: Array | None) -> LossValue:
    """Return the sum of weight * rows as a float, or in float64 one number for each replica."""
    total: Array
    if weight is not None:
        total = np.vecdot(rows, weight)
    elif rows.shape[-1] == 1:
        total = rows[..., 0]
    else:
        total = np.add.reduce(rows, axis=-1)
    return total.astype(np.float64) if total.ndim else float(total)


def _subtract(A: Array, Y: Array, out: Array) -> Array:
    """Return A - Y; where `out` is not in C order, Y is first copied into its order."""
    if out.flags.c_contiguous:
        return np.subtract(A, Y, out=out)
    np.copyto(out, Y)  # twice as fast as a subtraction across two memory orders
    return np.subtract(A, out, out=out)


def _scale(delta: Array, weight: Array | None, factor: float) -> None:
    """Multiply the rows of `delta` by weight * factor."""
    if weight is not None:
        delta *= weight[:, None]
    if factor != 1.0:
        delta *= factor
