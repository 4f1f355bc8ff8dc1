"""The data of a fit, and the part of it that is held out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split


class FitData(NamedTuple):
    """Data that has been checked.

    Attributes
    ----------
    X : ndarray or sparse matrix (n, n_in)
    targets : ndarray (n,) or (n, n_out)
    weight : ndarray (n,) or None
    """

    X: Any
    targets: NDArray[Any]
    weight: NDArray[Any] | None

    def take(self, rows: NDArray[np.intp]) -> FitData:
        """Return some of the rows."""
        X = self.X.tocsr() if issparse(self.X) else self.X
        weight = None if self.weight is None else self.weight[rows]
        return FitData(X[rows], self.targets[rows], weight)


def split_rows(
    n_rows: int, fraction: float, random_state: np.random.RandomState, strata: NDArray[Any] | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to train on and those to hold out, as scikit-learn draws them."""
    train, held_out = train_test_split(
        np.arange(n_rows), random_state=random_state, test_size=fraction, stratify=strata
    )
    if len(held_out) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    return train, held_out
