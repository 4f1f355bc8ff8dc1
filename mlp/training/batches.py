"""Batches: the rows of a data set, in a new order each epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp.core.arrays import Array
from mlp.training.rows import Rows


class Batch(NamedTuple):
    """Some rows; the arrays are valid until the next batch is drawn.

    Attributes
    ----------
    X : ndarray (n, n_in)
    Y : ndarray (n, n_out)
    weight : ndarray (n,) or None
    """

    X: Array
    Y: Array
    weight: Array | None


class Batches:
    """Cuts checked data into batches of `batch_size` rows; the last one may be short.

    Shuffling draws one permutation of the rows an epoch. Rows are gathered into arrays that are
    allocated once; unshuffled batches of what is in memory are views of it.

    Parameters
    ----------
    X : Rows
        The inputs.
    targets : ndarray (n, n_out), or integer labels (n,)
        Labels become one-hot rows batch by batch.
    weight : ndarray (n,) or None
        The weights of the rows.
    n_out : int
        The width of Y.
    batch_size : int or None
        None for all rows at once, which are then never shuffled: the mean does not see the order.
    shuffle : bool
        Whether each epoch draws a new order.

    Attributes
    ----------
    order : ndarray of int (n,)
        The rows in the order of the present epoch.

    Examples
    --------
    >>> X = np.arange(5.0)[:, None]
    >>> rows = Rows(X, n_in=1, dtype=X.dtype)
    >>> batches = Batches(rows, X, None, n_out=1, batch_size=2, shuffle=True)
    >>> [batch.X.ravel().tolist() for batch in batches.epoch(np.random.default_rng(0))]
    [[2.0, 4.0], [3.0, 0.0], [1.0]]
    """

    def __init__(
        self,
        X: Rows,
        targets: Array | NDArray[np.intp],
        weight: Array | None,
        *,
        n_out: int,
        batch_size: int | None,
        shuffle: bool,
    ) -> None:
        self.n_rows = len(X)
        self.batch_size = self.n_rows if batch_size is None else min(batch_size, self.n_rows)
        self.shuffle = shuffle and self.batch_size < self.n_rows
        self.X, self.weight = X, weight
        self.targets: NDArray[Any] = targets
        # a label gathers its row of the identity matrix: its one-hot row
        self.rows_of_labels = np.eye(n_out, dtype=X.dtype) if targets.ndim == 1 else None

        size = self.batch_size
        self._X: Array = np.empty((size, X.source.shape[1]), X.dtype)
        self._Y = np.empty((size, n_out), X.dtype)
        self._labels = np.empty(size, np.intp)
        self._weight = np.empty(size, X.dtype)
        self.order: NDArray[np.intp] = np.arange(self.n_rows)

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return -(-self.n_rows // self.batch_size)

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Draw a new order, and yield every row once."""
        self.draw_order(rng)
        return self.rest(0)

    def draw_order(self, rng: np.random.Generator) -> None:
        """Put the rows into a new order, where they are to be shuffled."""
        if self.shuffle:
            self.order = rng.permutation(self.n_rows)

    def rest(self, done: int) -> Iterator[Batch]:
        """Yield the batches of the present order that follow the first `done`."""
        for start in range(done * self.batch_size, self.n_rows, self.batch_size):
            stop = min(start + self.batch_size, self.n_rows)
            yield self._gather(start, stop) if self.shuffle else self._cut(start, stop)

    def _gather(self, start: int, stop: int) -> Batch:
        """Copy the rows that stand from `start` to `stop` in this epoch's order."""
        rows, size = self.order[start:stop], stop - start
        X = self.X.gather(rows, self._X[:size])
        if self.rows_of_labels is None:
            Y = _take(self.targets, rows, self._Y[:size])
        else:
            labels = _take(self.targets, rows, self._labels[:size])
            Y = _take(self.rows_of_labels, labels, self._Y[:size])
        weight = None if self.weight is None else _take(self.weight, rows, self._weight[:size])
        return Batch(X, Y, weight)

    def _cut(self, start: int, stop: int) -> Batch:
        """Return the rows from `start` to `stop` as views."""
        Y = self.targets[start:stop]
        if self.rows_of_labels is not None:
            Y = _take(self.rows_of_labels, Y, self._Y[: stop - start])
        weight = None if self.weight is None else self.weight[start:stop]
        return Batch(self.X.cut(start, stop, self._X[: stop - start]), Y, weight)


def _take(source: NDArray[Any], rows: NDArray[np.intp], out: NDArray[Any]) -> NDArray[Any]:
    """Gather rows into `out`; mode "clip" spares NumPy a copy, and all rows are in range."""
    return source.take(rows, axis=0, out=out, mode="clip")
