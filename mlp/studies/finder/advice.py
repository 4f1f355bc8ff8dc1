"""What the data say about a learning rate: the loss of a constant, and whether to standardise."""

from __future__ import annotations

import copy

import numpy as np

from mlp._checks import one_hot
from mlp._types import Array
from mlp.core import MLP, BatchNorm
from mlp.core.output import Output
from mlp.training.data import Data

_MOST_ROWS = 1024
_LARGE, _SMALL, _FAR = 10.0, 0.1, 3.0  # root mean squares; means in standard deviations


class Sample:
    """All rows, or 1024 at random.

    Parameters
    ----------
    net : MLP
    data : Data
    rng : numpy.random.Generator

    Attributes
    ----------
    constant : float
        The loss where every output is the mean of the targets: the lowest that a constant reaches
        for squared errors and cross-entropies.
    advice : str
        Why the data should be standardised; empty if there is no reason to.
    """

    def __init__(self, net: MLP, data: Data, rng: np.random.Generator) -> None:
        rows, targets, weight = data
        chosen = np.arange(len(rows))
        if len(rows) > _MOST_ROWS:
            chosen = np.sort(rng.permutation(chosen)[:_MOST_ROWS])
        X = rows.gather(chosen, np.empty((len(chosen), net.n_in), net.dtype)).astype(np.float64)
        Y = one_hot(targets[chosen], net.n_out, net.dtype).astype(np.float64)
        row_weight = None if weight is None else weight[chosen].astype(np.float64)
        counts = row_weight if row_weight is not None and row_weight.any() else None
        with np.errstate(all="ignore"):
            mean = np.broadcast_to(np.average(Y, axis=0, weights=counts), Y.shape).copy()
            total = Output(copy.deepcopy(net.loss)).total(mean, Y, row_weight)
            self.constant = float(total) / len(Y)
        activation = getattr(net.layers[-1], "activation", None)
        is_regression = getattr(activation, "name", None) == "identity"
        parts = [] if isinstance(net.layers[0], BatchNorm) else _unscaled("inputs", X, 1.0)
        parts += _unscaled("targets", Y, 0.0) if is_regression else []
        self.advice = ""
        if parts:
            self.advice = (
                f"Standardise {' and '.join(parts)}: subtract the mean of each column and divide "
                "by its standard deviation. On raw data no rate trains well."
            )


def _unscaled(name: str, columns: Array, least: float) -> list[str]:
    """Return the name and the worst column if the columns are far from mean 0 and deviation 1."""
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    size = np.hypot(mean, deviation)
    is_far = np.abs(mean) > _FAR * np.maximum(deviation, least)
    if not (is_far.any() or size.max() > _LARGE or size.max() < _SMALL):
        return []
    worst = int(np.where(is_far, np.inf, size).argmax())
    numbers = f"mean {mean[worst]:.3g}, standard deviation {deviation[worst]:.3g}"
    return [f"the {name} (column {worst}: {numbers})"]
