"""The data of a run: rows, in memory or too large for it, and batches of them."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_pair, check_inputs, check_targets, check_weights
from mlp._types import Array
from mlp.core.layers import Layer
from mlp.core.network import MLP
from mlp.core.structure import check_rows
from mlp.training.class_weights import ClassWeight, class_weights

_BYTES_KEPT_RESIDENT = 2**26


@runtime_checkable
class RowSource(Protocol):
    """Anything that has a shape and a dtype and hands out rows as ``take(indices, axis=0)``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, n_in)``."""
        ...

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        ...

    def take(self, indices: NDArray[np.intp], axis: int) -> Any:
        """Return the rows of these numbers."""
        ...


def is_row_source(X: object) -> TypeGuard[RowSource]:
    """Return whether X is to be read a batch at a time: a memory map, or a `RowSource`.

    Examples
    --------
    >>> is_row_source(np.zeros((3, 2)))
    False
    """
    if isinstance(X, np.ndarray):
        return isinstance(X, np.memmap)
    return isinstance(X, RowSource)


class Rows:
    """Inputs of which rows are gathered into arrays of the network's dtype.

    What is in memory is checked at once. A `RowSource` is checked row by row as it is read, so
    that no more than a batch of it is in memory; pages of a memory map that were read are handed
    back to the system.

    Parameters
    ----------
    X : array_like (n, n_in) or RowSource
        The inputs.
    n_in : int
        How wide they are expected to be.
    dtype : numpy dtype
        What the network computes in.
    """

    def __init__(self, X: Any, n_in: int, dtype: np.dtype[np.floating[Any]]) -> None:
        self.dtype = dtype
        self.source: Any
        if not is_row_source(X):
            self.source = check_inputs(X, n_in, dtype)
            self.is_in_memory = True
            return
        self.is_in_memory = False
        self.source = X
        shape, kind = tuple(X.shape), np.dtype(X.dtype)
        if len(shape) != 2 or shape[1] != n_in or shape[0] == 0:
            raise ValueError(f"X: received shape {shape}, expected (n, {n_in}) with n >= 1")
        if kind.kind not in "buif":
            raise TypeError(f"X: received dtype {kind}, expected real numbers")
        self._is_direct = isinstance(X, np.ndarray) and kind == dtype
        self._map = _memory_map(X)
        self._bytes_read = 0

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self.source.shape[0])

    def gather(self, rows: NDArray[np.intp], out: Array) -> Array:
        """Copy these rows into `out`.

        Raises
        ------
        ValueError
            If a row that is read from a source holds NaN or infinity.
        """
        if self.is_in_memory or self._is_direct:
            self.source.take(rows, axis=0, out=out, mode="clip")
        else:
            with np.errstate(over="ignore"):
                out[...] = self.source.take(rows, axis=0)
        if not self.is_in_memory:
            self._check(rows, out)
            self._release(out)
        return out

    def cut(self, start: int, stop: int, out: Array) -> Array:
        """Return the rows from `start` to `stop`: a view of what is in memory, or `out`."""
        if self.is_in_memory:
            return self.source[start:stop]  # type: ignore[no-any-return]
        return self.gather(np.arange(start, stop), out)

    def _check(self, rows: NDArray[np.intp], out: Array) -> None:
        if math.isfinite(np.add.reduce(out, axis=None)):
            return
        bad = ~np.isfinite(out).all(axis=1)
        if bad.any():
            row = int(rows[bad.argmax()])
            raise ValueError(f"X: received NaN or infinity in row {row}, expected finite numbers")

    def _release(self, out: Array) -> None:
        """Let the system take back the pages of a memory map, now and then."""
        if self._map is None:
            return
        # a page is read for each row, and its neighbours with it
        self._bytes_read += max(out.nbytes, len(out) * 16 * mmap.PAGESIZE)
        if self._bytes_read > _BYTES_KEPT_RESIDENT:
            self._map.madvise(mmap.MADV_DONTNEED)
            self._bytes_read = 0


def _memory_map(X: object) -> mmap.mmap | None:
    """Return the map below an array, if its pages can be handed back without losing a change."""
    base = X if isinstance(X, np.memmap) and X.mode in ("r", "r+") else None
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    return base if hasattr(mmap, "MADV_DONTNEED") else None


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


class Data(NamedTuple):
    """Data that has been checked for a network.

    Attributes
    ----------
    X : Rows
    targets : ndarray (n, n_out), or integer labels (n,)
    weight : ndarray (n,) or None
    """

    X: Rows
    targets: Array | NDArray[np.intp]
    weight: Array | None


def check_training(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
) -> Data:
    """Return the data as `net` takes it; the weights of rows and classes are multiplied."""
    rows = Rows(X, net.n_in, net.dtype)
    targets = check_targets(Y, net.loss, len(rows), net.n_out, net.dtype)
    weight = check_weights(sample_weight, len(rows), net.dtype)
    if class_weight is not None:
        of_classes = class_weights(class_weight, targets, net.n_out)
        product = of_classes if weight is None else weight * of_classes
        weight = check_weights(product, len(rows), net.dtype)
    return Data(rows, targets, weight)


def check_validation(net: MLP, validation: Any) -> Data:
    """Return the validation data as `net` takes it."""
    return check_training(net, *as_pair("validation", validation))


def check_batch_size(layers: Sequence[Layer], n_rows: int, batch_size: int) -> None:
    """Raise ValueError if an epoch of so many rows has a batch that is too short for a layer."""
    check_rows(layers, n_rows)
    neediest = max(layers, key=lambda layer: layer.least_rows)
    least, last = neediest.least_rows, n_rows % batch_size or batch_size
    if last < least:
        sizes = range(batch_size + 1, n_rows + 1)
        fitting = next(size for size in sizes if (n_rows % size or size) >= least)
        raise ValueError(
            f"batch_size: received {batch_size} for {n_rows} rows, whose last batch has {last}; "
            f"expected at least {least} rows in each, which {neediest!r} needs: {fitting} would do"
        )
