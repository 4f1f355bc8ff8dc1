"""Slices of the parameters that stay in the cache, with their scratch memory."""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp.optim._checks import Array, Rate

BLOCK_BYTES = 2**18  # measured: slices of theta, grad, state and scratch share the cache
MIN_WIDTH = 256  # below this many parameters the calls cost more than the cache saves

Slices = tuple[slice, ...]


class Block(NamedTuple):
    """Where one block is: in theta, in the scratch, and in a spread step size."""

    theta: Slices
    scratch: Slices
    size: Slices


class Blocks:
    """Cuts arrays like `theta`, (P,) or (K, P), into blocks of neighbours in memory.

    Parameters
    ----------
    theta : ndarray (P,) or (K, P)
        Its shape, strides and dtype are remembered; the array is not kept.

    Attributes
    ----------
    scratch : ndarray (width,) or (rows, width)
        One block of memory, laid out as theta is.
    """

    def __init__(self, theta: Array) -> None:
        self._key = (theta.shape, theta.strides, theta.dtype)
        self._shape = theta.shape
        self._replicas_first = theta.ndim == 2 and abs(theta.strides[0]) < abs(theta.strides[1])
        n, replicas = max(1, theta.shape[-1]), max(1, theta.shape[0] if theta.ndim == 2 else 1)
        elements = BLOCK_BYTES // theta.itemsize
        if self._replicas_first:
            self._rows = replicas
            self._width = min(n, max(MIN_WIDTH, elements // replicas))
        else:
            self._width = min(n, elements)
            self._rows = min(replicas, elements // self._width)
        self._tiles: list[Array] = []
        self._spread_of: tuple[Rate, ...] = ()
        self._spread: list[float | Array] = []
        self.scratch = np.empty_like(theta[self._slices(0, 0)])
        self._blocks = list(self._cut())

    def fit(self, theta: Array) -> bool:
        """Return whether theta has the shape, memory layout and dtype of these blocks."""
        return self._key == (theta.shape, theta.strides, theta.dtype)

    def __iter__(self) -> Iterator[Block]:
        """Yield where each block is."""
        return iter(self._blocks)

    def spread(self, sizes: tuple[Rate, ...]) -> list[float | Array]:
        """Return step sizes for the arrays: floats as they are, (K,) in theta's dtype.

        An array (K,) becomes (K, width): a broadcast column, or, when neighbours in memory are
        replicas and a column would be read in loops of K, memory laid out as theta is.
        """
        if len(sizes) == len(self._spread_of) and all(map(is_, sizes, self._spread_of)):
            return self._spread  # a constant rate is the same array at every step
        spread: list[float | Array] = []
        for i, size in enumerate(sizes):
            if isinstance(size, float):
                spread.append(size)
                continue
            column = size.astype(self.scratch.dtype)[:, np.newaxis]
            if self._replicas_first:
                while len(self._tiles) <= i:
                    self._tiles.append(np.empty_like(self.scratch))
                self._tiles[i][...] = column
                spread.append(self._tiles[i])
            else:
                spread.append(np.broadcast_to(column, (len(column), self._width)))
        self._spread_of, self._spread = sizes, spread
        return spread

    def frozen(self, rate: Rate) -> NDArray[np.bool_] | None:
        """Return which rows, () or (K,), have rate 0; None if there is no such row."""
        if rate != 0.0 if isinstance(rate, float) else rate.all():
            return None
        return np.broadcast_to(np.equal(rate, 0.0), self._shape[:-1])

    def _slices(self, row: int, column: int) -> Slices:
        columns = slice(column, min(column + self._width, self._shape[-1]))
        if len(self._shape) == 1:
            return (columns,)
        return slice(row, min(row + self._rows, self._shape[0])), columns

    def _cut(self) -> Iterator[Block]:
        rows = self._shape[0] if len(self._shape) == 2 else 1
        for row in range(0, rows, self._rows):
            for column in range(0, self._shape[-1], self._width):
                theta = self._slices(row, column)
                scratch = tuple(slice(0, part.stop - part.start) for part in theta)
                yield Block(theta, scratch, (*theta[:-1], scratch[-1]))
