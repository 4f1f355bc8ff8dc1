"""The data of a run: rows, in memory or too large for it, and batches of them."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import (
    as_pair,
    check_columns,
    check_count,
    check_inputs,
    check_targets,
    check_weights,
    column_names,
    numeric,
)
from mlp._names import shortened
from mlp._types import Array
from mlp.core.layers import Layer
from mlp.core.network import MLP
from mlp.core.structure import check_rows
from mlp.training.class_weights import ClassWeight, class_weights

_BYTES_KEPT_RESIDENT = 2**26
_BYTES_GATHERED = 2**18  # at once: 16 batches of digits take a third of the time of one by one


@runtime_checkable
class RowSource(Protocol):
    """Any object with a shape, a dtype and a method ``take(indices, axis=0)`` that returns rows.

    What `take` returns is checked each time: real numbers, a row for each index.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, n_in)``."""
        ...

    @property
    def dtype(self) -> Any:
        """The dtype of its numbers."""
        ...

    def take(self, indices: NDArray[np.intp], axis: int) -> Any:
        """Return the rows with these indices."""
        ...


def is_row_source(X: object) -> TypeGuard[RowSource]:
    """Return whether X is read a batch at a time: a memory map, or a `RowSource`.

    An array of another package, whose dtype is not one of NumPy's, converts itself instead.

    Examples
    --------
    >>> is_row_source(np.zeros((3, 2)))
    False
    """
    if isinstance(X, np.ndarray):
        return isinstance(X, np.memmap)
    if not isinstance(X, RowSource):
        return False
    try:
        np.dtype(X.dtype)
    except TypeError:
        return not any(hasattr(X, name) for name in ("__array__", "__dlpack__", "to_numpy"))
    return True


class Rows:
    """Inputs whose rows are gathered into arrays of the network's dtype.

    Arrays in memory are checked at once. A `RowSource` is checked as it is read, so that only one
    batch of it is in memory; pages of a memory map are given back to the system after use.

    Parameters
    ----------
    X : array_like (n, n_in) or RowSource
        The inputs.
    n_in : int
        The expected width.
    dtype : numpy dtype
        The dtype of the network.
    names : sequence of str, optional
        The expected names of the columns, if X is a frame.

    Attributes
    ----------
    names : list of str or None
        The names of its columns, if it is a frame.
    """

    def __init__(
        self,
        X: Any,
        n_in: int,
        dtype: np.dtype[np.floating[Any]],
        names: Sequence[str] | None = None,
    ) -> None:
        self.dtype = dtype
        self.names = None if isinstance(X, np.ndarray) else column_names(X)
        self.source: Any
        if not is_row_source(X):
            self.source = check_inputs(X, n_in, dtype, names=names)
            self.n_rows = len(self.source)
            self.is_in_memory = True
            return
        check_columns("X", X, names)
        self.is_in_memory = False
        self.source = X
        self.n_rows = _check_source(X, n_in)
        self._is_direct = isinstance(X, np.ndarray) and X.dtype == dtype
        self._map = _memory_map(X)
        self._bytes_read = 0

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.n_rows

    def gather(self, rows: NDArray[np.intp], out: Array) -> Array:
        """Copy these rows into `out`.

        Raises
        ------
        TypeError, ValueError
            If a `RowSource` returns anything but a row of finite real numbers for each index.
        """
        if self.is_in_memory or self._is_direct:
            self.source.take(rows, axis=0, out=out, mode="clip")
        else:
            # a copy of the indices, which the source may sort; its rows are never broadcast
            found = numeric("X.take", self.source.take(rows.copy(), axis=0))
            if found.shape != out.shape:
                raise ValueError(f"X.take: received shape {found.shape}, expected {out.shape}")
            with np.errstate(over="ignore", invalid="ignore"):
                out[...] = found
        if not self.is_in_memory:
            self._check(rows, out)
            self._release(out)
        return out

    def _check(self, rows: NDArray[np.intp], out: Array) -> None:
        if math.isfinite(np.add.reduce(out, axis=None)):
            return
        bad = ~np.isfinite(out).all(axis=1)
        if bad.any():
            row = int(rows[bad.argmax()])
            raise ValueError(f"X: received NaN or infinity in row {row}, expected finite numbers")

    def _release(self, out: Array) -> None:
        """Give the pages of a memory map back to the system, now and then."""
        if self._map is None:
            return
        # each row reads a page, and the neighbours of that page
        self._bytes_read += max(out.nbytes, len(out) * 16 * mmap.PAGESIZE)
        if self._bytes_read > _BYTES_KEPT_RESIDENT:
            self._map.madvise(mmap.MADV_DONTNEED)
            self._bytes_read = 0


def _check_source(X: RowSource, n_in: int) -> int:
    """Return the number of rows that a source says it has."""
    try:
        shape, kind = tuple(X.shape), np.dtype(X.dtype)
    except TypeError:
        came = f"the shape {shortened(X.shape)} and the dtype {shortened(X.dtype)}"
        raise TypeError(f"X: received {came}, expected (n, {n_in}) and one of NumPy's") from None
    is_whole = all(isinstance(size, int | np.integer) for size in shape)
    if len(shape) != 2 or not is_whole or shape[1] != n_in or shape[0] < 1:
        raise ValueError(f"X: received shape {shape}, expected (n, {n_in}) with n >= 1")
    if kind.kind not in "buif":
        raise TypeError(f"X: received dtype {kind}, expected real numbers")
    return int(shape[0])


def _memory_map(X: object) -> mmap.mmap | None:
    """Return the map below an array, if its pages can be given back without losing changes."""
    base = X if isinstance(X, np.memmap) and X.mode in ("r", "r+") else None
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    return base if hasattr(mmap, "MADV_DONTNEED") else None


class Batch(NamedTuple):
    """A batch of rows; the arrays are valid until the next batch is drawn.

    Attributes
    ----------
    X : ndarray (n, n_in)
    Y : ndarray (n, n_out)
    weight : ndarray (n,), (K, n) or None
    """

    X: Array
    Y: Array
    weight: Array | None


class Batches:
    """Cuts checked data into batches of `batch_size` rows; the last one may be shorter.

    Shuffling draws one permutation of the rows per epoch. Rows are gathered into arrays that are
    allocated once; unshuffled batches of arrays in memory are views.

    Parameters
    ----------
    X : Rows
        The inputs.
    targets : ndarray (n, n_out), or integer labels (n,)
        Labels become one-hot rows batch by batch.
    weight : ndarray (n,), (K, n) or None
        The weights of the rows, the same for all replicas or those of each.
    n_out : int
        The width of Y.
    batch_size : int or None
        None for all rows at once. They are never shuffled: their order does not affect the mean.
    shuffle : bool
        Whether each epoch draws a new order.

    Attributes
    ----------
    order : ndarray of int (n,)
        The rows in the order of the current epoch.

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
        if not isinstance(X, Rows) or not isinstance(targets, np.ndarray):
            kinds = f"{type(X).__name__} and {type(targets).__name__}"
            raise TypeError(f"X, targets: received {kinds}, expected Rows and an array")
        if batch_size is not None:
            check_count("batch_size", batch_size)
        self.n_rows = X.n_rows
        self.batch_size = self.n_rows if batch_size is None else min(batch_size, self.n_rows)
        self.shuffle = shuffle and self.batch_size < self.n_rows
        self.X, self.weight = X, weight
        self.targets: NDArray[Any] = targets
        # row `label` of the identity matrix is the one-hot row of that label
        self.rows_of_labels = np.eye(n_out, dtype=X.dtype) if targets.ndim == 1 else None

        size, n_in, dtype = self.batch_size, X.source.shape[1], X.dtype
        n = size
        if self.shuffle and X.is_in_memory:
            n *= max(1, min(_BYTES_GATHERED // (size * n_in * dtype.itemsize), len(self)))
        self._X: Array = np.empty((n, n_in), dtype)
        self._Y = np.empty((n, n_out), dtype)
        self._labels = np.empty(n, np.intp)
        self._weight = None if weight is None else np.empty((*np.shape(weight)[:-1], n), dtype)
        self._full = [self._gathered(start, start + size) for start in range(0, n, size)]
        self.order: NDArray[np.intp] = np.arange(self.n_rows)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-self.n_rows // self.batch_size)

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Draw a new order, and yield every row once."""
        self.draw_order(rng)
        return self.rest(0)

    def draw_order(self, rng: np.random.Generator) -> None:
        """Draw a new order of the rows, if they are shuffled."""
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng: received {shortened(rng)}, expected a numpy Generator")
        if self.shuffle:
            self.order = rng.permutation(self.n_rows)

    def rest(self, done: int) -> Iterator[Batch]:
        """Yield the batches of the current order that follow the first `done`."""
        return self._shuffled(done) if self.shuffle else self._unshuffled(done)

    def _shuffled(self, done: int) -> Iterator[Batch]:
        """Yield copies of the rows in the order of this epoch, gathered for several batches."""
        size, many = self.batch_size, len(self._X)
        for start in range(done * size, self.n_rows, many):
            rows = self.order[start : start + many]
            self._gather(rows)
            n_full, n_short = divmod(len(rows), size)
            yield from self._full[:n_full]
            if n_short:
                yield self._gathered(n_full * size, len(rows))

    def _gather(self, rows: NDArray[np.intp]) -> None:
        """Copy these rows into the first of the arrays for gathered ones."""
        n = len(rows)
        self.X.gather(rows, self._X[:n])
        # mode "clip" saves NumPy a copy; all rows are in range
        if self.rows_of_labels is None:
            self.targets.take(rows, axis=0, out=self._Y[:n], mode="clip")
        else:
            labels = self.targets.take(rows, axis=0, out=self._labels[:n], mode="clip")
            self.rows_of_labels.take(labels, axis=0, out=self._Y[:n], mode="clip")
        if self.weight is not None and self._weight is not None:
            self.weight.take(rows, axis=-1, out=self._weight[..., :n], mode="clip")

    def _gathered(self, start: int, stop: int) -> Batch:
        """Return some of the gathered rows as a batch."""
        weight = None if self._weight is None else self._weight[..., start:stop]
        return Batch(self._X[start:stop], self._Y[start:stop], weight)

    def _unshuffled(self, done: int) -> Iterator[Batch]:
        """Yield the rows as they stand: views, except for labels and a `RowSource`."""
        size = self.batch_size
        for start in range(done * size, self.n_rows, size):
            stop = min(start + size, self.n_rows)
            if not self.X.is_in_memory:
                X = self.X.gather(self.order[start:stop], self._X[: stop - start])
            elif size == self.n_rows:
                X = self.X.source  # the same object in each epoch, as in `_gathered`
            else:
                X = self.X.source[start:stop]
            Y = self.targets[start:stop]
            if self.rows_of_labels is not None:
                Y = self.rows_of_labels.take(Y, axis=0, out=self._Y[: stop - start], mode="clip")
            yield Batch(X, Y, None if self.weight is None else self.weight[..., start:stop])


class Data(NamedTuple):
    """Data that has been checked against a network.

    Attributes
    ----------
    X : Rows
    targets : ndarray (n, n_out), or integer labels (n,)
    weight : ndarray (n,), (K, n) or None
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
    names: Sequence[str] | None = None,
) -> Data:
    """Return checked data for `net`; the weights of rows and classes are multiplied.

    The columns of a frame must have the names of the network's inputs, or else these.
    """
    rows = Rows(X, net.n_in, net.dtype, net._feature_names or names)
    n = rows.n_rows
    targets = check_targets(Y, net.loss, n, net.n_out, net.dtype)
    copies = net.replicas or net.members
    weight = check_weights(sample_weight, n, net.dtype, copies)
    if class_weight is not None:
        of_classes = class_weights(class_weight, targets, net.n_out)
        product = of_classes if weight is None else weight * of_classes
        weight = check_weights(product, n, net.dtype, copies)
    return Data(rows, targets, weight)


def check_validation(net: MLP, validation: Any, names: Sequence[str] | None = None) -> Data:
    """Return checked validation data for `net`; `names` are those of the training data."""
    return check_training(net, *as_pair("validation", validation), names=names)


def check_batch_size(layers: Sequence[Layer], n_rows: int, batch_size: int) -> None:
    """Raise ValueError if the last batch of an epoch is too short for one of the layers."""
    check_rows(layers, n_rows)
    neediest = max(layers, key=attrgetter("least_rows"))
    least, last = neediest.least_rows, n_rows % batch_size or batch_size
    if last < least:
        sizes = range(batch_size + 1, n_rows + 1)
        fitting = next(size for size in sizes if (n_rows % size or size) >= least)
        raise ValueError(
            f"batch_size: received {batch_size} for {n_rows} rows, whose last batch has {last}; "
            f"expected at least {least} rows in each, which {neediest!r} needs: {fitting} would do"
        )
