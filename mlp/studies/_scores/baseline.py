"""Baselines: what simple predictions reach on the rows that a network is scored on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.core import MLP
from mlp.datasets import ClassTarget, NumberTarget, Standardizer
from mlp.optim import Adam, Cosine
from mlp.studies._scores.scores import score
from mlp.training import Trainer

_PENALTY = 1.0  # of the ridge, for standardised inputs; scikit-learn's default
_MOST_UNKNOWNS = 4000  # of the ridge: its matrix has 128 MB
_STEPS = 400
_BATCH = 512
_LR = 0.05


def baseline_scores(
    target: ClassTarget | NumberTarget,
    training: tuple[NDArray[Any], NDArray[Any]],
    X_scored: NDArray[Any],
    truth: NDArray[Any],
    *,
    is_scaled: bool = True,
) -> dict[str, dict[str, Any]]:
    """Return the scores of the simplest prediction and of a linear model, by name.

    The first is the most frequent class or the mean of the training rows; the second a multinomial
    logistic regression, or a ridge regression with penalty 1 on standardised inputs.

    Parameters
    ----------
    target : ClassTarget or NumberTarget
        The target of the network.
    training : tuple (X, Y)
        The training rows: inputs, and targets as its loss expects them.
    X_scored : ndarray (n, n_in)
        The inputs of the rows to score.
    truth : ndarray
        The targets of the rows to score, as `ClassTarget.truth` and `NumberTarget.truth` give them.
    is_scaled : bool
        Whether the inputs are scaled already; else they are standardised first.
    """
    X, Y = training
    if not is_scaled:
        standardizer = Standardizer.fit(X)
        X, X_scored = standardizer.transform(X), standardizer.transform(X_scored)
    outputs = baseline_outputs(target, X, Y, X_scored)
    return {
        name: score(target, truth, found)
        for name, found in outputs.items()
        if np.isfinite(found).all()
    }


def baseline_outputs(
    target: ClassTarget | NumberTarget, X: NDArray[Any], Y: NDArray[Any], X_scored: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Return the outputs of the baselines of `baseline_scores` for scaled inputs."""
    if isinstance(target, ClassTarget):
        n_classes = len(target.labels)
        labels = Y if Y.ndim == 1 else _labels(Y)
        shares = np.bincount(labels, minlength=n_classes) / len(labels)
        return {
            "most frequent class": np.tile(shares, (len(X_scored), 1)),
            "linear model": _logistic(X, labels, n_classes, X_scored),
        }
    found = {"mean": np.tile(Y.mean(axis=0), (len(X_scored), 1))}
    if X.shape[1] <= _MOST_UNKNOWNS:
        found["linear model"] = _ridge(X, Y, X_scored)
    return found


def _labels(Y: NDArray[Any]) -> NDArray[np.intp]:
    """Return the classes in a column of 0 and 1, or in one-hot rows."""
    labels: NDArray[np.intp] = (Y[:, 0] > 0.5).astype(np.intp) if Y.shape[1] == 1 else Y.argmax(1)
    return labels


def fold_outputs(
    target: ClassTarget | NumberTarget, X: NDArray[Any], Y: NDArray[Any], folds: NDArray[np.intp]
) -> dict[str, NDArray[Any]]:
    """Return the outputs of the baselines for scaled rows, each trained without the row's fold.

    Parameters
    ----------
    target : ClassTarget or NumberTarget
        The target of the network.
    X, Y : ndarray
        Inputs, and targets as its loss expects them: classes as labels.
    folds : ndarray of int (n,)
        The fold of each row.
    """
    found: dict[str, NDArray[Any]] = {}
    is_used = folds != np.arange(folds.max() + 1)[:, None]
    n_classes = len(target.labels) if isinstance(target, ClassTarget) else 0
    if n_classes:
        one_hot = np.eye(n_classes)[Y]
        shares = [one_hot[used].mean(axis=0) for used in is_used]
        found["most frequent class"] = np.array(shares)[folds]
        weights = is_used * (len(X) / is_used.sum(axis=1, keepdims=True))
        outputs = _logistic_network(X, Y, n_classes, weights).predict(X)
        found["linear model"] = outputs[folds, np.arange(len(X))]
        return found
    for k, used in enumerate(is_used):
        for name, outputs in baseline_outputs(target, X[used], Y[used], X[~used]).items():
            found.setdefault(name, np.zeros(Y.shape))[folds == k] = outputs
    return found


def _logistic(
    X: NDArray[Any], labels: NDArray[np.intp], n_classes: int, X_scored: NDArray[Any]
) -> NDArray[Any]:
    """Return the probabilities of a network without hidden layers."""
    return _logistic_network(X, labels, n_classes).predict(X_scored)


def _logistic_network(
    X: NDArray[Any],
    labels: NDArray[np.intp],
    n_classes: int,
    weights: NDArray[Any] | None = None,
) -> MLP:
    """Return a network without hidden layers; with weights ``(K, n)``, K replicas of it."""
    batch_size = min(len(X), _BATCH)
    n_batches = -(-len(X) // batch_size)
    epochs = max(1, round(_STEPS / n_batches))
    sizes = [X.shape[1], n_classes]
    net = MLP.from_sizes(sizes, output="softmax", loss="cross_entropy", dtype=X.dtype.name, seed=0)
    net = net if weights is None else net.replicate(len(weights))
    optimizer = Adam(Cosine(_LR, epochs * n_batches))
    trainer = Trainer(net, optimizer, batch_size=batch_size, seed=0, l2=_PENALTY / len(X))
    trainer.fit(X, labels, epochs, sample_weight=weights)
    return net


def _ridge(X: NDArray[Any], Y: NDArray[Any], X_scored: NDArray[Any]) -> NDArray[Any]:
    """Return the numbers of a ridge regression: (Xc.T @ Xc + I) W = Xc.T @ Yc, both centred."""
    mean_x, mean_y = X.mean(axis=0, dtype=np.float64), Y.mean(axis=0)
    G = (X.T @ X).astype(np.float64) - len(X) * np.outer(mean_x, mean_x)
    G[np.diag_indices_from(G)] += _PENALTY
    W = np.linalg.solve(G, X.T @ (Y - mean_y))
    outputs: NDArray[Any] = (X_scored - mean_x) @ W + mean_y
    return outputs
