"""Data sets: rows with their classes, and how they are split."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_number


def split_rows(
    n: int, fraction: float = 0.2, seed: int = 0, labels: NDArray[np.integer[Any]] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the rows of a training part and a held-out part, class by class if `labels` are given.

    From each class, or from all rows, a random `fraction` is held out, rounded, but at least one
    row and never all.

    Parameters
    ----------
    n : int
        The number of rows.
    fraction : float
        The share to hold out, between 0 and 1.
    seed : int
        Random seed; the same seed gives the same parts.
    labels : ndarray of int, shape (n,), optional
        The class of each row.

    Returns
    -------
    training, held_out : ndarray of int
        The indices of the rows, in order; each is in exactly one of the two.

    Raises
    ------
    TypeError
        If `fraction` is not a number or `seed` not a whole number.
    ValueError
        If `fraction` is not between 0 and 1, `seed` is negative, there is only one row (or one
        row of a class), or the labels are not `n` integers.

    Examples
    --------
    >>> training, held_out = split_rows(10, 0.3, seed=0)
    >>> training, held_out
    (array([0, 1, 2, 3, 4, 7, 8]), array([5, 6, 9]))
    """
    n = check_count("n", n)
    fraction = check_number(
        "fraction", fraction, "a number between 0 and 1", lambda f: 0.0 < f < 1.0
    )
    rng = np.random.default_rng(check_count("seed", seed, 0))
    is_held_out = np.zeros(n, dtype=bool)
    if labels is None:
        labels = np.zeros(n, dtype=np.intp)
    if np.shape(labels) != (n,) or np.asarray(labels).dtype.kind not in "bui":
        raise ValueError(f"labels: received shape {np.shape(labels)}, expected {n} integers")
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) == 1:
            which = f"sample of class {label}" if n > 1 else "row"
            raise ValueError(f"y: received one {which}, expected two or more")
        n_held_out = min(max(round(fraction * len(rows)), 1), len(rows) - 1)
        is_held_out[rng.choice(rows, n_held_out, replace=False)] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples with integer labels; unpacks as ``X, y = dataset``.

    Parameters
    ----------
    X : ndarray of float, shape (n, n_features)
        One sample a row, all finite.
    y : ndarray of int or bool, shape (n,)
        Labels from 0 to ``n_classes - 1``; False and True are kept as 0 and 1.
    name : str
        The name that `mlp.datasets.load` takes, or any other.
    n_classes : int
        The number of classes, including any that do not occur.
    feature_names : tuple of str, optional
        One name per column of `X`, or none at all.
    description : str, optional
        The origin of the data.

    Raises
    ------
    TypeError
        If `X` is not an array of floats or `y` not an array of integers or booleans.
    ValueError
        If shapes do not match, there are no samples, a value is not finite, or a label is out of
        range.

    Examples
    --------
    >>> import numpy as np
    >>> dataset = Dataset(np.eye(2), np.array([0, 1]), name="two points", n_classes=2)
    >>> dataset
    Dataset('two points', X=(2, 2) float64, n_classes=2)
    >>> X, y = dataset
    >>> y
    array([0, 1])
    """

    X: NDArray[np.floating[Any]]
    y: NDArray[np.integer[Any]]
    name: str
    n_classes: int
    feature_names: tuple[str, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        _require_array("X", self.X, np.floating, "floats", ndim=2)
        if isinstance(self.y, np.ndarray) and self.y.dtype == np.bool_:
            object.__setattr__(self, "y", self.y.astype(np.intp))  # the class is frozen
        _require_array("y", self.y, np.integer, "integers", ndim=1)
        check_count("n_classes", self.n_classes)
        if self.X.size == 0:
            raise ValueError(f"X: received shape {self.X.shape}, expected at least one value")
        if self.y.shape != self.X.shape[:1]:
            raise ValueError(f"y: received shape {self.y.shape}, expected {self.X.shape[:1]}")
        if not np.isfinite(self.X).all():
            raise ValueError("X: received NaN or infinity, expected finite values")
        if self.y.min() < 0 or self.y.max() >= self.n_classes:
            raise ValueError(
                f"y: received labels from {self.y.min()} to {self.y.max()}, "
                f"expected 0 to {self.n_classes - 1}"
            )
        if self.feature_names and len(self.feature_names) != self.X.shape[1]:
            raise ValueError(
                f"feature_names: received {len(self.feature_names)} names, "
                f"expected {self.X.shape[1]}"
            )

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.X, self.y))

    def __repr__(self) -> str:
        shape, dtype = self.X.shape, self.X.dtype
        return f"Dataset({self.name!r}, X={shape} {dtype}, n_classes={self.n_classes})"

    def split(self, fraction: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Split the rows into a training part and a held-out part, class by class.

        From each class a random `fraction` is held out, rounded, but at least one sample and
        never all. Rows keep their order; both parts are copies.

        Parameters
        ----------
        fraction : float
            The share of each class to hold out, between 0 and 1.
        seed : int
            Random seed; the same seed gives the same parts.

        Returns
        -------
        train, held_out : Dataset
            Each row is in exactly one of them.

        Raises
        ------
        TypeError
            If `fraction` is not a number or `seed` not a whole number.
        ValueError
            If `fraction` is not between 0 and 1, `seed` is negative, or a class has one sample.

        Examples
        --------
        >>> from mlp.datasets import load_digits
        >>> train, held_out = load_digits().split(fraction=0.2, seed=0)
        >>> len(train.y), len(held_out.y)
        (1438, 359)
        """
        training, held_out = split_rows(len(self.y), fraction, seed, self.y)
        return self._take(training), self._take(held_out)

    def _take(self, rows: NDArray[np.intp]) -> Dataset:
        return replace(self, X=self.X[rows], y=self.y[rows])


def _require_array(name: str, value: object, kind: type, kind_name: str, ndim: int) -> None:
    expected = f"expected a {ndim}-D array of {kind_name}"
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{name}: received {type(value).__name__}, {expected}")
    if not np.issubdtype(value.dtype, kind):
        raise TypeError(f"{name}: received dtype {value.dtype}, {expected}")
    if value.ndim != ndim:
        raise ValueError(f"{name}: received shape {value.shape}, {expected}")
