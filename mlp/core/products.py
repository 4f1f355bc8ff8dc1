"""Matrix products, also of replicas whose numbers stand side by side in memory.

A product of tiny matrices costs BLAS a call for each replica, many times what its arithmetic
costs. Where the sum over the inner dimension has one or two terms, it is therefore written out
as elementwise products, which serve all replicas at once; fastest with the replica axis last in
memory (`replicas_last`). How a product is computed depends on the shapes of its matrices and
never on the number of replicas, so that each replica has the bits of its own run alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mlp._types import Array
from mlp.core.scratch import Scratch

TERMS_WRITTEN_OUT = 2
_NUMBERS_WRITTEN_OUT = 64  # beyond, BLAS is faster for a single network


class Products(Scratch):
    """Computes ``A @ B`` into a given array, and allocates nothing in the steady state."""

    def for_sizes(self, sizes: Sequence[int], out: Array) -> Callable[..., Array]:
        """Return what computes all products of matrices of these sizes, into arrays like `out`."""
        if min(sizes) <= TERMS_WRITTEN_OUT or (out.ndim == 3 and is_replicas_last(out)):
            return self.matmul
        # np.dot gives the same bits; it takes matrices only, and half as long to call BLAS
        return np.dot if out.ndim == 2 and out.flags.c_contiguous else np.matmul

    def matmul(self, A: Array, B: Array, out: Array) -> Array:
        """Write ``A @ B`` into `out`: shapes ``(..., m, k), (..., k, n), (..., m, n)``."""
        k = A.shape[-1]
        if k == 1:  # np.matmul computes it without BLAS, five times slower
            return np.multiply(A, B, out=out)
        if k == 2 and out.shape[-2] * out.shape[-1] <= _NUMBERS_WRITTEN_OUT:
            np.multiply(A[..., :, :1], B[..., :1, :], out=out)
            second = np.multiply(A[..., :, 1:], B[..., 1:, :], out=self.scratch("second", out))
            out += second
            return out
        if out.ndim == 2 or not is_replicas_last(out):
            return np.matmul(A, B, out=out)
        # BLAS wants each replica's matrix on its own
        product = self.kept("product", out, lambda: _apart(out))
        np.matmul(self._copied_apart("A", A), self._copied_apart("B", B), out=product)
        np.copyto(out, product)
        return out

    def _copied_apart(self, name: str, array: Array) -> Array:
        if array.ndim == 2 or not is_replicas_last(array):
            return array
        copy = self.kept(name, array, lambda: _apart(array))
        np.copyto(copy, array)
        return copy


def are_tiny(widths: Sequence[int]) -> bool:
    """Return whether all products of a layer with these widths, one row at a time, are tiny."""
    return max(widths) <= TERMS_WRITTEN_OUT


def empty(shape: tuple[int, ...], dtype: np.dtype[Any], replicas_last: bool) -> Array:
    """Return an array ``(K, ...)``, in memory with K first or last."""
    if not replicas_last:
        return np.empty(shape, dtype)
    return np.moveaxis(np.empty((*shape[1:], shape[0]), dtype), -1, 0)


def _apart(array: Array) -> Array:
    """Return an array for the matrices of `array`, each as it would stand alone in memory.

    A transposed matrix stays transposed: BLAS computes with it by another kernel.
    """
    K, rows, columns = array.shape
    if array.strides[-2] == columns * K * array.itemsize:
        return np.empty(array.shape, array.dtype)
    return np.empty((K, columns, rows), array.dtype).swapaxes(-1, -2)


def dot_rows(A: Array, B: Array, out: Array, scratch: Scratch) -> Array:
    """Write the sum of ``A * B`` over the last axis into `out`: ``(..., n)`` to ``(...,)``."""
    n = A.shape[-1]
    if n > TERMS_WRITTEN_OUT:
        return np.vecdot(A, B, out=out)
    np.multiply(A[..., 0], B[..., 0], out=out)
    if n == 2:
        out += np.multiply(A[..., 1], B[..., 1], out=scratch.scratch("second", out))
    return out


def sum_of(vectors: Array) -> Array:
    """Return the sum of a vector ``(P,)``, or of each row of ``(K, P)`` in either memory order."""
    if vectors.shape[-1] > _NUMBERS_WRITTEN_OUT:
        total: Array = np.add.reduce(_rows_contiguous(vectors), axis=-1)
    elif vectors.ndim == 2 and is_replicas_last(vectors):
        total = np.add.reduce(vectors, axis=-1)  # adds row after row, for all replicas at once
    elif vectors.size:
        total = np.add.accumulate(vectors, axis=-1)[..., -1]
    else:
        total = vectors.sum(axis=-1)
    return total


def sum_of_squares(vectors: Array, scratch: Scratch) -> Array:
    """Return the sum of the squares of a vector ``(P,)``, or of each row of ``(K, P)``."""
    if vectors.shape[-1] > _NUMBERS_WRITTEN_OUT:
        vectors = _rows_contiguous(vectors)
        total: Array = np.vecdot(vectors, vectors)
        return total
    return sum_of(np.multiply(vectors, vectors, out=scratch.scratch("squares", vectors)))


def _rows_contiguous(vectors: Array) -> Array:
    is_split = vectors.ndim == 2 and is_replicas_last(vectors)
    return np.ascontiguousarray(vectors) if is_split else vectors


def is_replicas_last(array: Array) -> bool:
    """Whether neighbours in memory are replicas, of which there are several."""
    return array.shape[0] > 1 and array.strides[0] == array.itemsize
