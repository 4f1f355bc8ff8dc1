"""What early stopping compares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from mlp._types import Array
from mlp.training.metrics import Metric, Targets, make_metric


class Score(Metric):
    """What the method `score` of an estimator returns.

    Parameters
    ----------
    weight : ndarray (n,) or None
        The weights of the rows.
    """

    name = "score"

    def __init__(self, weight: NDArray[Any] | None) -> None:
        self.weight = weight

    def check(self, Y: Targets, n_out: int) -> None:
        """Accept any targets."""


class WeightedAccuracy(Score):
    """The weighted share of rows whose labels are all right."""

    def measure(self, Y: Targets, outputs: Array) -> Array:
        """Return the weighted mean of right rows."""
        if Y.ndim == 1:
            is_right = outputs.argmax(axis=-1) == Y
        else:
            is_right = ((outputs > 0.5) == Y).all(axis=-1)
        weight = None if self.weight is None else np.broadcast_to(self.weight, is_right.shape)
        accuracy: Array = np.average(is_right, axis=-1, weights=weight)
        return accuracy


class WeightedR2(Score):
    """The weighted coefficient of determination."""

    def measure(self, Y: Targets, outputs: Array) -> float:
        """Return `sklearn.metrics.r2_score`."""
        rows = outputs.reshape(Y.shape)  # of one network
        return float(r2_score(Y, rows, sample_weight=self.weight))


def stopping_metric(metric: Any, default: Metric) -> tuple[list[Metric], str, float]:
    """Return the metrics to record, the one to stop by, and its sign: 1 if higher is better."""
    if metric == "loss":
        return [], "val_loss", -1.0
    found = default if metric is None else make_metric(metric)
    if found.higher_is_better is None:
        raise ValueError(
            f"metric: received {metric!r}, expected one that has `higher_is_better`, True or False"
        )
    return [found], f"val_{found.name}", 1.0 if found.higher_is_better else -1.0
