"""Scalers of columns: Standardizer, by mean and deviation, and RobustScaler, by quartiles."""

from __future__ import annotations

from typing import Any, ClassVar

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
        moments = np.array([_moments(_numbers(column, i)) for i, column in enumerate(X.T)])
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
            scaled: NDArray[np.float64] = X.astype(np.float64)
            self._scale_in_place(scaled)
        return scaled

    def _scale_in_place(self, X: NDArray[np.floating[Any]]) -> None:
        """Do what `transform` does to a float array, in place."""
        X -= self.mean
        X /= self.scale

    def inverse(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return ``X * scale + mean``, a new array; ValueError for another number of columns.

        What overflows becomes infinite.
        """
        X = as_matrix("X", X, len(self.mean))
        with np.errstate(over="ignore", invalid="ignore"):
            original: NDArray[np.float64] = np.multiply(X, self.scale, dtype=np.float64)
            original += self.mean
        return original


class RobustScaler(Standardizer):
    """Subtracts each column's median, divides by its interquartile range, and clips smoothly.

    ``x = (X - mean) / scale`` becomes ``x / sqrt(1 + (x / 3)^2)``, which stays within -3 and 3:
    outliers neither set the scale nor dominate. It is the scaling of RealMLP (Holzmüller et al.,
    Better by default, NeurIPS 2024).

    Parameters
    ----------
    mean, scale : array_like of float, shape (n_columns,)
        The medians and the scales; every scale is > 0.

    Raises
    ------
    ValueError
        If they differ in length, a number is not finite, or a scale is not > 0.

    Examples
    --------
    >>> scaler = RobustScaler.fit(np.array([[0.0], [1.0], [2.0], [3.0], [1e6]]))
    >>> scaler.mean, scaler.scale
    (array([2.]), array([2.]))
    >>> scaler.transform(np.array([[2.0], [4.0], [1e6]])).round(3)
    array([[0.   ],
           [0.949],
           [3.   ]])
    """

    limit: ClassVar[float] = 3.0

    @classmethod
    def fit(cls, X: ArrayLike) -> RobustScaler:
        """Return the scaler of the rows ``(n, n_columns)``. NaN is ignored.

        Where the quartiles are equal, the scale is half of the range. A constant column gets the
        largest scale there is: whatever its values are later, they become 0, or almost.

        Raises
        ------
        TypeError, ValueError
            As `Standardizer.fit`.
        """
        X = np.ascontiguousarray(as_matrix("X", X))
        found = np.array([_quartiles(_numbers(column, i)) for i, column in enumerate(X.T)])
        return cls(*found.reshape(-1, 2).T)

    def _scale_in_place(self, X: NDArray[np.floating[Any]]) -> None:
        """Do what `transform` does to a float array, in place."""
        super()._scale_in_place(X)
        X /= np.hypot(1.0, X / self.limit)

    def inverse(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return what `transform` gives X for, a new array: infinite beyond the limit."""
        Y: NDArray[np.float64] = as_matrix("X", X, len(self.mean)).astype(np.float64)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            Y /= np.sqrt(np.maximum(1.0 - (Y / self.limit) ** 2, 0.0))
        return super().inverse(Y)


SCALERS: dict[str, type[Standardizer]] = {"standard": Standardizer, "robust": RobustScaler}
"""The scalers of inputs by name."""


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


def _numbers(column: NDArray[Any], i: int) -> NDArray[np.float64]:
    """Return the numbers of a column in float64; ValueError if there is none, or infinity."""
    with np.errstate(over="ignore"):
        numbers: NDArray[np.float64] = column[~np.isnan(column)].astype(np.float64)
    if not numbers.size:
        raise ValueError(f"X: received no number in column {i}, expected at least one")
    if not np.isfinite(numbers).all():
        raise ValueError(f"X: received infinity in column {i}, expected finite numbers")
    return numbers


def _moments(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean and the scale of a column."""
    peak = float(np.abs(numbers).max()) or 1.0
    numbers /= peak  # so that squares do not overflow
    mean, deviation = float(numbers.mean()), float(numbers.std())
    return mean * peak, deviation * peak if deviation > _ROUNDING * abs(mean) else 1.0


def _quartiles(numbers: NDArray[np.float64]) -> tuple[float, float]:
    """Return the median of a column, and its interquartile range or half of its range."""
    low, median, high = np.quantile(numbers, [0.25, 0.5, 0.75])
    largest = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        scale = (high - low) or (numbers.max() / 2.0 - numbers.min() / 2.0) or largest
    return float(median), float(min(scale, largest))
