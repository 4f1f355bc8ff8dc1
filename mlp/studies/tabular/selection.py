"""The choice of the epoch: the one whose weights predict the rows best that they never saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.training import Callback

_TINY = 1e-12


def squared_error(outputs: NDArray[Any], Y: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Return the sum of squared differences of each row."""
    squares: NDArray[np.floating[Any]] = ((outputs - Y) ** 2).sum(axis=-1)
    return squares


def log_loss(outputs: NDArray[Any], Y: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Return minus the logarithm of the probability of the true class of each row."""
    losses: NDArray[np.floating[Any]] = -np.log(np.maximum((outputs * Y).sum(axis=-1), _TINY))
    return losses


class FoldSelection(Callback):
    """Keeps the weights of each member's best epoch, measured on the fold that it leaves out.

    Parameters
    ----------
    X, Y : ndarray (n, n_in), (n, n_out)
        The inputs and the targets, classes as one-hot rows.
    folds : ndarray of int (n,)
        The fold of each row.
    weight : ndarray (n,), optional
        The weights of the rows.
    measure : callable
        `log_loss` or `squared_error`: what is least in the best epoch.

    Attributes
    ----------
    best_epochs : list of int
        The epoch that each member keeps; 0 before there is one.
    outputs : ndarray (n, n_out)
        The outputs of the kept weights, each row's by the member that was not trained on it.
    """

    def __init__(
        self,
        X: NDArray[Any],
        Y: NDArray[Any],
        folds: NDArray[np.intp],
        weight: NDArray[Any] | None = None,
        *,
        measure: Callable[[NDArray[Any], NDArray[Any]], NDArray[np.floating[Any]]],
    ) -> None:
        K = int(folds.max()) + 1
        self._rows = [np.flatnonzero(folds == k) for k in range(K)]
        longest = max(map(len, self._rows))
        self._X = X[np.stack([np.resize(rows, longest) for rows in self._rows])]  # (K, m, n_in)
        self._Y = Y
        self._weight = np.ones(len(X)) if weight is None else weight
        self._measure = measure
        self._best = np.full(K, np.inf)
        self._theta: NDArray[Any] | None = None
        self.best_epochs = [0] * K
        self.outputs = np.zeros(Y.shape)

    @property
    def losses(self) -> NDArray[np.floating[Any]]:
        """What `measure` finds of `outputs`, times the weights, ``(n,)``."""
        losses: NDArray[np.floating[Any]] = self._measure(self.outputs, self._Y) * self._weight
        return losses

    def on_epoch_end(self, trainer: Any) -> None:
        """Measure the members, and keep the weights of those that are better than before."""
        theta = trainer.net.theta
        if self._theta is None:
            self._theta = theta.copy()
        found = trainer.net.predict(self._X)
        outputs = np.zeros(self._Y.shape)
        for rows, own in zip(self._rows, found, strict=True):
            outputs[rows] = own[: len(rows)]
        losses = self._measure(outputs, self._Y) * self._weight
        scores = np.array([losses[rows].mean() for rows in self._rows])
        for k in np.flatnonzero(scores < self._best).tolist():
            self._best[k], self.best_epochs[k] = scores[k], trainer.epoch
            self._theta[k] = theta[k]
            self.outputs[self._rows[k]] = outputs[self._rows[k]]

    def on_stop(self, trainer: Any) -> None:
        """Restore the weights of the best epochs."""
        if self._theta is not None:
            trainer.net.theta = self._theta
