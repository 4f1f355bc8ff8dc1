"""The trainer of an estimator: scikit-learn's order of rows, weights of a batch and penalty."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from mlp._types import Array
from mlp.core import Penalty
from mlp.training import Trainer
from mlp.training.data import Batch, Batches


class EstimatorTrainer(Trainer):
    """A trainer whose loss of a batch is ``(sum of w loss + 1/2 alpha sum of W^2) / sum of w``.

    Parameters
    ----------
    *args, **settings
        As of `Trainer`.
    alpha : float
        The penalty.
    random_state : numpy.random.RandomState
        Draws the order of the rows.
    """

    def __init__(
        self, *args: Any, alpha: float, random_state: np.random.RandomState, **settings: Any
    ) -> None:
        super().__init__(*args, l2=alpha, **settings)
        self._make_batches = partial(
            WeightedBatches, penalty=self.penalty, random_state=random_state
        )


class WeightedBatches(Batches):
    """Batches whose weights have the mean one, each with its share of the penalty.

    Parameters
    ----------
    *data, **settings
        As of `Batches`; the weights of all rows have the mean one.
    shuffle : bool
        Whether each epoch draws a new order.
    penalty : Penalty
        Its l2 is that of the sum over all rows; it is set anew for each batch.
    random_state : numpy.random.RandomState
        Draws the order.
    """

    def __init__(
        self,
        *data: Any,
        shuffle: bool,
        penalty: Penalty,
        random_state: np.random.RandomState,
        **settings: Any,
    ) -> None:
        super().__init__(*data, shuffle=shuffle, **settings)
        self.penalty, self.alpha = penalty, penalty.l2
        self.random_state, self.draws = random_state, shuffle

    def draw_order(self, rng: np.random.Generator) -> None:
        """Shuffle the order of the last epoch, as `sklearn.utils.shuffle` does."""
        if self.draws:
            drawn = self.random_state.permutation(self.n_rows)
            if self.shuffle:  # the order of a full batch does not matter, but it is drawn
                self.order = self.order[drawn]

    def rest(self, done: int) -> Iterator[Batch]:
        """Yield the batches of the current order that follow the first `done`."""
        penalty, alpha = self.penalty, self.alpha
        for batch in super().rest(done):
            weight = batch.weight
            if weight is None:
                penalty.l2 = alpha / len(batch.X)
                yield batch
            else:
                total = _sum_of(weight)
                penalty.l2 = alpha / total
                yield batch._replace(weight=weight * (len(weight) / total))
        penalty.l2 = alpha / self.n_rows  # for the loss of all rows, which callbacks ask for


def _sum_of(weight: Array) -> float:
    total = float(weight.sum())
    if total == 0.0:
        raise ZeroDivisionError(
            "sample_weight: received a batch of weights that sum to zero, "
            "expected a positive weight in each; a larger batch_size may help"
        )
    return total
