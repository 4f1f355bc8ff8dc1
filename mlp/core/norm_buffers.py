"""The arrays of a layer that normalises: its views, and what a pass over a batch writes."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from mlp._types import Array
from mlp.core.products import Products, empty, is_replicas_last

_SHAPES_KEPT = 8


class Pass:
    """The arrays of one forward and, if it comes to that, one backward pass over a batch.

    Means and variances are taken along `axis`, -2 for the rows or -1 for the units, where theirs
    has one element. Inputs that replicas share are normalised once, for all of them.
    """

    def __init__(self, bound: Bound, shape: tuple[int, ...]) -> None:
        self.bound, self.shape, self.axis = bound, shape, bound.axis
        self.batch, self.n = shape[-2:]
        self.first = (..., slice(1), slice(None)) if self.axis == -2 else (..., slice(1))
        self.A = self._full(shape)

    def mean_of(self, X: Array, out: Array) -> Array:
        """Write the mean along the axis into `out`."""
        if self.axis == -2:
            self.sum_rows(X, out)
            out /= self.batch
        else:
            np.add.reduce(X, axis=-1, keepdims=True, out=out)
            out /= self.n
        return out

    def sum_rows(self, X: Array, out: Array) -> Array:
        """Write the sum of the rows of X ``(..., batch, n)`` into `out` ``(..., 1, n)``."""
        return self.bound.matmul(self.ones, X, out=out)

    @cached_property
    def ones(self) -> Array:
        """A row that sums rows."""
        return np.ones((1, self.batch), self.bound.gamma.dtype)

    @cached_property
    def N(self) -> Array:
        """The normalised inputs."""
        return self._empty(self.shape)

    @cached_property
    def squares(self) -> Array:
        """The squares of the distances from the mean."""
        return self.work if self.work.shape == self.shape else self._empty(self.shape)

    @cached_property
    def work(self) -> Array:
        """What is needed for a moment only."""
        return np.empty_like(self.A)

    @cached_property
    def dN(self) -> Array:
        """The derivative of the loss by N, which becomes that by A_in."""
        return np.empty_like(self.A)

    @cached_property
    def mean(self) -> Array:
        """The mean of the inputs along the axis."""
        return self._empty(self._of_means(self.shape))

    @cached_property
    def var(self) -> Array:
        """Their variance."""
        return np.empty_like(self.mean)

    @cached_property
    def s(self) -> Array:
        """What distances from the mean are multiplied by, ``1 / sqrt(var + eps)``."""
        return np.empty_like(self.mean)

    @cached_property
    def c(self) -> Array:
        """The mean of dN along the axis."""
        return self._empty(self._of_means(self.A.shape))

    @cached_property
    def d(self) -> Array:
        """The mean of dN * N along the axis."""
        return np.empty_like(self.c)

    def _of_means(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-2], 1, self.n) if self.axis == -2 else (*shape[:-1], 1)

    def _full(self, shape: tuple[int, ...]) -> Array:
        """Return an array for outputs, which replicas do not share."""
        lead = self.bound.gamma.shape[:-2] if len(shape) == 2 else ()
        return self._empty((*lead, *shape))

    def _empty(self, shape: tuple[int, ...]) -> Array:
        replicas_last = len(shape) == 3 and self.bound.replicas_last
        return empty(shape, self.bound.gamma.dtype, replicas_last)


class Bound:
    """The layer's views as rows ``(..., 1, n)``, and the arrays of its passes."""

    def __init__(self, params: dict[str, Array], grads: dict[str, Array], axis: int) -> None:
        rows = {name: view[..., None, :] for name, view in params.items()}
        self.gamma: Array = rows["gamma"]
        self.beta: Array = rows["beta"]
        self.dgamma: Array = grads["gamma"][..., None, :]
        self.dbeta: Array = grads["beta"][..., None, :]
        self.rows = rows
        self.axis = axis
        self.replicas_last = self.gamma.ndim == 3 and is_replicas_last(self.gamma)
        self.matmul = Products().matmul
        self.passes: dict[tuple[int, ...], Pass] = {}
        self.now: Pass

    def pass_of(self, A_in: Array) -> Pass:
        """Return the arrays for this shape, kept for the eight shapes that came last."""
        now = self.passes.get(A_in.shape)
        if now is None:
            if len(self.passes) >= _SHAPES_KEPT:
                del self.passes[next(iter(self.passes))]
            now = self.passes[A_in.shape] = Pass(self, A_in.shape)
        self.now = now
        return now
