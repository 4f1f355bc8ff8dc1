"""Sparse inputs, of which a network reads some rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from mlp._types import Array
from mlp.core import MLP

_AT_ONCE = 1024


class SparseRows:
    """The rows of a sparse matrix, as a `RowSource`: only each batch becomes dense.

    Parameters
    ----------
    matrix : sparse matrix or array (n, n_in)
        In any format.
    """

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix.tocsr()
        self.shape: tuple[int, int] = self.matrix.shape
        self.dtype = self.matrix.dtype

    def take(self, indices: NDArray[np.intp], axis: int) -> Any:
        """Return these rows as a dense array."""
        return self.matrix[indices].toarray()


def readable(X: Any) -> Any:
    """Return inputs as `Trainer.fit` reads them."""
    return SparseRows(X) if issparse(X) else X


def predict(net: MLP, X: Any) -> Array:
    """Return the outputs of a network for dense or sparse inputs."""
    if not issparse(X):
        return net.predict(X)
    X = X.tocsr()
    starts = range(0, X.shape[0], _AT_ONCE)
    return np.concatenate([net.predict(X[i : i + _AT_ONCE].toarray()) for i in starts])
