"""The arrays that a pass works in, and the products that fill them.

A product of tiny matrices costs BLAS a call for each replica, many times what its arithmetic
costs. Where the sum over the inner dimension has one or two terms, it is therefore written out
as elementwise products, which serve all replicas at once, fastest with the replica axis last in
memory (`is_replicas_last`). How a product is computed depends on the shapes of its matrices and
never on the number of replicas: each replica is bit-identical to its own run alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlp._types import Array

_LAYOUTS_KEPT = 8
_TERMS_WRITTEN_OUT = 2
_FEW = 64  # numbers; beyond, BLAS is faster for a single network
# made once: an index of slices takes a third of its time to make
_FIRST_COLUMN, _LAST_COLUMN = np.s_[..., :1], np.s_[..., 1:]
_FIRST_ROW, _LAST_ROW = np.s_[..., :1, :], np.s_[..., 1:, :]


class Workspace:
    """Arrays that are allocated once for each batch size, so that a pass allocates nothing.

    A layer, an activation and a loss each own one, by inheritance. Arrays are kept by name and by
    the layout (shape, strides, dtype) of the array they belong to: of each name, those of the
    eight layouts used last. They are never copied or pickled with their owner.
    """

    _kept: dict[str, dict[tuple[Any, ...], Any]]
    _latest: dict[str, tuple[Array, Any]]

    def scratch(self, name: str, like: Array, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return the array `name` in the shape and layout of `like`, with old content."""
        try:  # repeated from `kept`: this saves a call in the innermost loops
            asked, array = self._latest[name]
            if asked is like:
                return array  # type: ignore[no-any-return]
        except (KeyError, AttributeError):
            pass
        return self.kept(name, like, lambda like: np.empty_like(like, dtype=dtype))  # type: ignore[no-any-return]

    def kept(self, name: str, like: Array, make: Callable[[Array], Any]) -> Any:
        """Return what ``make(like)`` made for the layout of `like` under this name."""
        try:
            asked, found = self._latest[name]
            if asked is like:  # in the steady state, the same array asks again
                return found
        except (KeyError, AttributeError):
            pass
        layouts = self.__dict__.setdefault("_kept", {}).setdefault(name, {})
        layout = (like.shape, like.strides, like.dtype)
        found = layouts.pop(layout, None)
        if found is None:
            found = make(like)
        layouts[layout] = found  # the one used last stands last
        if len(layouts) > _LAYOUTS_KEPT:
            del layouts[next(iter(layouts))]
        self.__dict__.setdefault("_latest", {})[name] = (like, found)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Leave the arrays behind."""
        state = self.__dict__.copy()  # in one piece: another thread may be in its first pass
        return {k: v for k, v in state.items() if k not in ("_kept", "_latest")}


class Products(Workspace):
    """Computes ``A @ B`` into a given array, and allocates nothing in the steady state."""

    def into(self, out: Array, k: int) -> Callable[..., Array]:
        """Return the function for products of ``(..., m, k)`` and ``(..., k, n)`` into `out`.

        It is called as ``matmul(A, B, out=out)``, also with other arrays like `out`.
        """
        m, n = out.shape[-2:]
        is_plain = (out if out.ndim == 2 else out[0]).flags.c_contiguous
        if k <= _TERMS_WRITTEN_OUT and not (is_plain and n > _TERMS_WRITTEN_OUT and m * n > _FEW):
            if k == 1:
                return np.multiply  # np.matmul computes it without BLAS, four times slower
            if m * n <= _FEW:
                return self._two_terms
        if out.ndim == 3:
            if is_replicas_last(out):
                return self._each_in_one_piece
            return _dot_each if k == 1 else np.matmul
        # the method gives the same bits; it takes matrices only, and a third as long to call BLAS
        return np.ndarray.dot if is_plain else np.matmul

    def matmul(self, A: Array, B: Array, out: Array) -> Array:
        """Write ``A @ B`` into `out`: shapes ``(..., m, k), (..., k, n), (..., m, n)``."""
        return self.into(out, A.shape[-1])(A, B, out=out)

    def _two_terms(self, A: Array, B: Array, out: Array) -> Array:
        np.multiply(A[_FIRST_COLUMN], B[_FIRST_ROW], out=out)
        out += np.multiply(A[_LAST_COLUMN], B[_LAST_ROW], out=self.scratch("second", out))
        return out

    def _each_in_one_piece(self, A: Array, B: Array, out: Array) -> Array:
        """Let BLAS have each replica's matrix in one piece, as it needs it."""
        product = self.kept("product", out, _replicas_first)
        np.matmul(self._copy_replicas_first("A", A), self._copy_replicas_first("B", B), out=product)
        np.copyto(out, product)
        return out

    def _copy_replicas_first(self, name: str, array: Array) -> Array:
        if array.ndim == 2 or not is_replicas_last(array):
            return array
        copy: Array = self.kept(name, array, _replicas_first)
        np.copyto(copy, array)
        return copy


def _dot_each(A: Array, B: Array, out: Array) -> Array:
    """Write ``A @ B`` into `out`, replica by replica, where np.matmul does without BLAS."""
    for a, b, c in zip(np.broadcast_to(A, (len(out), *A.shape[-2:])), B, out, strict=True):
        a.dot(b, c)
    return out


def has_tiny_products(widths: Sequence[int]) -> bool:
    """Return whether all products of layers with these widths, one row at a time, are tiny."""
    return max(widths) <= _TERMS_WRITTEN_OUT


def is_replicas_last(array: Array) -> bool:
    """Return whether neighbours in memory are replicas, of which there are several."""
    return array.shape[0] > 1 and array.strides[0] == array.itemsize


def empty(shape: tuple[int, ...], dtype: np.dtype[Any], replicas_last: bool) -> Array:
    """Return an array ``(K, ...)``, in memory with K first or last."""
    if not replicas_last:
        return np.empty(shape, dtype)
    return np.moveaxis(np.empty((*shape[1:], shape[0]), dtype), -1, 0)


def empty_units_first(like: Array) -> Array:
    """Return an array ``(..., batch, n)`` in which the numbers of a unit are neighbours in memory.

    Sums over the units then run along the batch, several times faster.
    """
    return np.empty_like(like.swapaxes(-1, -2), order="C").swapaxes(-1, -2)


def _replicas_first(array: Array) -> Array:
    """Return an array for the matrices of `array`, each as it would be in memory on its own.

    A transposed matrix stays transposed: BLAS multiplies it by another kernel.
    """
    K, rows, columns = array.shape
    if array.strides[-2] == columns * K * array.itemsize:
        return np.empty(array.shape, array.dtype)
    return np.empty((K, columns, rows), array.dtype).swapaxes(-1, -2)


def dot_rows(A: Array, B: Array, out: Array, workspace: Workspace) -> Array:
    """Write the sum of ``A * B`` over the last axis into `out`: ``(..., n)`` to ``(...,)``."""
    n = A.shape[-1]
    if n > _TERMS_WRITTEN_OUT:
        return np.vecdot(A, B, out=out)
    np.multiply(A[..., 0], B[..., 0], out=out)
    if n == 2:
        out += np.multiply(A[..., 1], B[..., 1], out=workspace.scratch("second", out))
    return out


def sum_of(vectors: Array) -> Array:
    """Return the sum of a vector ``(P,)``, or of each row of ``(K, P)`` in either memory order."""
    if vectors.shape[-1] > _FEW:
        total: Array = np.add.reduce(_rows_contiguous(vectors), axis=-1)
    elif vectors.ndim == 2 and is_replicas_last(vectors):
        total = np.add.reduce(vectors, axis=-1)  # adds row after row, for all replicas at once
    elif vectors.size:
        total = np.add.accumulate(vectors, axis=-1)[..., -1]
    else:
        total = vectors.sum(axis=-1)
    return total


def sum_of_squares(vectors: Array, workspace: Workspace) -> Array:
    """Return the sum of the squares of a vector ``(P,)``, or of each row of ``(K, P)``."""
    if vectors.shape[-1] > _FEW:
        rows = _rows_contiguous(vectors)
        # for one vector the method gives the same bits, half a microsecond sooner
        total: Array = rows.dot(rows) if rows.ndim == 1 else np.vecdot(rows, rows)
        return total
    return sum_of(np.multiply(vectors, vectors, out=workspace.scratch("squares", vectors)))


def _rows_contiguous(vectors: Array) -> Array:
    is_split = vectors.ndim == 2 and is_replicas_last(vectors)
    return np.ascontiguousarray(vectors) if is_split else vectors
