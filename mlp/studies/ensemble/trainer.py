"""The trainer of an ensemble: the rows of each member, and its score on the fold it never saw."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_weights
from mlp._types import LossValue
from mlp.core import MLP, Penalty
from mlp.optim import Optimizer
from mlp.studies.ensemble.rows import MemberRows
from mlp.training import History, Trainer
from mlp.training.class_weights import ClassWeight
from mlp.training.data import Batches, Data, Rows, check_training
from mlp.training.evaluation import Evaluation
from mlp.training.metrics import Metric
from mlp.training.run import Run


class EnsembleTrainer(Trainer):
    """Trains the members of an ensemble at once, each on its rows; `Ensemble.trainer` makes it.

    Parameters
    ----------
    net : MLP
        The network of all members.
    member_rows : MemberRows
        The rows of each.
    optimizer, **settings
        As of `Trainer`.

    Warns
    -----
    UserWarning
        By `fit` and `resume`, if a member has diverged. It keeps its last good weights.
    """

    def __init__(
        self, net: MLP, member_rows: MemberRows, optimizer: Optimizer | str, **settings: Any
    ) -> None:
        super().__init__(net, optimizer, **settings)
        self._member_rows = member_rows

    def _prepare(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        validation: tuple[ArrayLike, ArrayLike] | None,
        sample_weight: ArrayLike | None,
        class_weight: ClassWeight | None,
    ) -> Run:
        rows = self._member_rows
        self._make_evaluation = Evaluation
        if rows.kind != "all":
            data = check_training(self.net, X, Y)
            n_rows = data.X.n_rows
            labels: Any = data.targets if data.targets.ndim == 1 else None
            weights = rows.weights(n_rows, labels)
            given = check_weights(sample_weight, n_rows, np.dtype(np.float64), rows.size)
            sample_weight = weights if given is None else weights * given
            if rows.kind == "folds" and validation is None:
                folds = rows.folds(n_rows, labels)
                held_out = [_part(data, np.flatnonzero(folds == k)) for k in range(rows.size)]
                self._make_evaluation = partial(FoldEvaluation, held_out)
        return super()._prepare(X, Y, validation, sample_weight, class_weight)

    def _train(self, run: Run, epochs: int) -> History:
        history = super()._train(run, epochs)
        lost = [k for k, epoch in enumerate(history.diverged_at) if epoch]
        if lost:
            warnings.warn(
                f"members {lost} of {self._member_rows.size} have diverged and keep the weights "
                "from before (a lower learning rate or clip_norm may help)",
                stacklevel=3,
            )
        return history


class FoldEvaluation(Evaluation):
    """Measures each member on the fold that it is not trained on, as "val_loss" and so on.

    Members that share weights have one value: the mean over the members.

    Parameters
    ----------
    held_out : sequence of Data
        The fold of each member.
    net, metrics, training, validation, penalty, batches
        As of `Evaluation`.
    """

    def __init__(
        self,
        held_out: Sequence[Data],
        net: MLP,
        metrics: Sequence[Metric],
        training: Data,
        validation: Data | None,
        penalty: Penalty,
        batches: Batches,
    ) -> None:
        every_row = training._replace(weight=None)  # each is in the fold of one member
        super().__init__(net, metrics, training, every_row, penalty, batches)
        self._held_out = held_out

    def measure(self) -> dict[str, LossValue]:
        """Return the validation loss and the metrics by their names in the history."""
        found = [
            Evaluation(
                self.net.replica(k), self.metrics, self.training, fold, self.penalty, self.batches
            ).measure()
            for k, fold in enumerate(self._held_out)
        ]
        values = {name: np.array([one[name] for one in found]) for name in found[0]}
        if self.net.members is None:
            return dict(values)
        return {name: float(value.mean()) for name, value in values.items()}


def _part(data: Data, rows: NDArray[np.intp]) -> Data:
    """Return some rows of data in memory."""
    X = data.X
    if not X.is_in_memory:
        raise TypeError(
            f"X: received a {type(X.source).__name__}, whose rows are read a batch at a time, "
            "expected an array, or validation data"
        )
    return Data(Rows(X.source[rows], X.source.shape[1], X.dtype), data.targets[rows], None)
