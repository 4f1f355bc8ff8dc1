"""Standardizer: scales columns to mean 0 and standard deviation 1."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, check_instance, numeric

_ROUNDING = 64 * np.finfo(np.float64).eps  # far above the relative error of a pairwise mean


class Standardizer:
    """Subtracts each column's mean and divides by its standard deviation.

    Parameters
    ----------
    mean, scale : array_like of float, shape (n_columns,)
        Subtracted from each column, and divided by; every scale is > 0.

    Raises
    ------
    ValueError
        If they differ in length, a number is not finite, or a scale is not > 0.

    Examples
    --------
    >>> standardizer = Standardizer.fit(np.array([[1.0, 7.0], [3.0, 7.0]]))
    >>> standardizer.transform(np.array([[1.0, 7.0], [5.0, 8.0]]))
    array([[-1.,  0.],
           [ 3.,  1.]])
    >>> standardizer.inverse([[3.0, 1.0]])
    array([[5., 8.]])
    """

    def __init__(self, mean: ArrayLike, scale: ArrayLike) -> None:
        self.mean = finite_row("mean", mean)
        self.scale = finite_row("scale", scale, len(self.mean))
        if (self.scale <= 0).any():
            raise ValueError(f"scale: received {self.scale.min():g}, expected numbers > 0")

    @classmethod
    def fit(cls, X: ArrayLike) -> Standardizer:
        """Return the standardizer of the rows ``(n, n_columns)``.

        The standard deviation is the population's (divided by n, not n - 1). The scale of a
        column that is constant up to rounding is 1. NaN is ignored.

        Raises
        ------
        TypeError
            If X does not hold real numbers.
        ValueError
            If X is not a matrix, holds infinity, or a column holds no number.
        """
        X = np.ascontiguousarray(as_matrix("X", X))  # a MemoryError if it is far too large
        moments = np.array([_moments(column, i) for i, column in enumerate(X.T)])
        return cls(*moments.reshape(-1, 2).T)

    @classmethod
    def from_moments(cls, mean: object, scale: object) -> Standardizer | None:
        """Return the standardizer of two arrays, or None for two None; else raise ValueError."""
        if mean is None and scale is None:
            return None
        if not (isinstance(mean, np.ndarray) and isinstance(scale, np.ndarray)):
            raise ValueError(f"mean, scale: received {mean!r:.80}, {scale!r:.80}, expected arrays")
        return cls(mean, scale)

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return ``(X - mean) / scale``, a new array; ValueError for another number of columns.

        What overflows becomes infinite.
        """
        X = as_matrix("X", X, len(self.mean))
        with np.errstate(over="ignore", invalid="ignore"):
            scaled: NDArray[np.float64] = np.subtract(X, self.mean, dtype=np.float64)
            scaled /= self.scale
        return scaled

    def inverse(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return ``X * scale + mean``, a new array; ValueError for another number of columns.

        What overflows becomes infinite.
        """
        X = as_matrix("X", X, len(self.mean))
        with np.errstate(over="ignore", invalid="ignore"):
            original: NDArray[np.float64] = np.multiply(X, self.scale, dtype=np.float64)
            original += self.mean
        return original


def check_standardizer(standardizer: Standardizer | None, n: int) -> Standardizer | None:
    """Return a standardizer of `n` columns, or None."""
    if standardizer is not None:
        known = check_instance("standardizer", standardizer, Standardizer)
        if len(known.mean) != n:
            raise ValueError(f"mean: received {len(known.mean)} numbers, expected {n}")
    return standardizer


def as_matrix(name: str, X: ArrayLike, n_columns: int | None = None) -> NDArray[Any]:
    """Return X as a matrix of real numbers; other shapes would be broadcast."""
    X = numeric(name, X)
    if X.ndim != 2 or n_columns not in (None, X.shape[1]):
        expected = "n_columns" if n_columns is None else n_columns
        raise ValueError(f"{name}: received shape {X.shape}, expected (n, {expected})")
    return X


def finite_row(name: str, values: ArrayLike, n: int | None = None) -> NDArray[np.float64]:
    """Return `n` finite numbers, or any number of them."""
    row = numeric(name, values)
    if row.ndim != 1 or n not in (None, len(row)):
        expected = "n_columns" if n is None else n
        raise ValueError(f"{name}: received shape {row.shape}, expected ({expected},)")
    found: NDArray[np.float64] = as_floats(name, row, np.dtype(np.float64))  # type: ignore[assignment]
    return found


def _moments(column: NDArray[Any], i: int) -> tuple[float, float]:
    """Return the mean and the scale of a column."""
    with np.errstate(over="ignore"):
        numbers = column[~np.isnan(column)].astype(np.float64)
    if not numbers.size:
        raise ValueError(f"X: received no number in column {i}, expected at least one")
    peak = float(np.abs(numbers).max()) or 1.0
    if not isfinite(peak):
        raise ValueError(f"X: received infinity in column {i}, expected finite numbers")
    numbers /= peak  # so that squares do not overflow
    mean, deviation = float(numbers.mean()), float(numbers.std())
    return mean * peak, deviation * peak if deviation > _ROUNDING * abs(mean) else 1.0
