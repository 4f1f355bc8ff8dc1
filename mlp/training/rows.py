"""Rows of data, in memory or too large for it."""

from __future__ import annotations

import math
import mmap
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mlp.core.arrays import Array
from mlp.core.validation import check_inputs

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
