"""The split of rows into a training part and a held-out part."""

from __future__ import annotations

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
