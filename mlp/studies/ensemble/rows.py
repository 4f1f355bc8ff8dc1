"""The rows of each member: all of them, a bootstrap sample, or all but one fold."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROWS = ("all", "bootstrap", "folds")


class MemberRows(NamedTuple):
    """Which rows each member is trained on.

    Attributes
    ----------
    kind : {"all", "bootstrap", "folds"}
    size : int
        The number of members.
    seed : int
    """

    kind: str
    size: int
    seed: int

    def folds(self, n_rows: int, labels: NDArray[np.intp] | None) -> NDArray[np.intp]:
        """Return the fold of each row ``(n_rows,)``, which the member of that number never sees.

        The sizes of the folds, and with labels their numbers of rows of each class, differ by one
        at most.
        """
        if n_rows < self.size:
            raise ValueError(f"X: received {n_rows} rows, expected {self.size}, one for each fold")
        order = self._rng().permutation(n_rows)
        if labels is not None:
            order = order[np.argsort(labels[order], kind="stable")]
        folds = np.empty(n_rows, np.intp)
        folds[order] = np.arange(n_rows) % self.size
        return folds

    def weights(self, n_rows: int, labels: NDArray[np.intp] | None) -> NDArray[np.float64]:
        """Return the weight of each row for each member, ``(size, n_rows)``.

        The mean over the rows is 1 for each member, so its loss is the mean over its own rows.
        """
        if self.kind == "all":
            return np.ones((self.size, n_rows))
        if self.kind == "folds":
            is_used = self.folds(n_rows, labels) != np.arange(self.size)[:, None]
            weights: NDArray[np.float64] = is_used * (n_rows / is_used.sum(axis=1, keepdims=True))
            return weights
        rng, n = self._rng(), n_rows
        counts = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(self.size)]
        return np.array(counts, np.float64)

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.size])
