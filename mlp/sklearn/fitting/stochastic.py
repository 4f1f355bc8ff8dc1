"""Fitting in batches: the package's trainer under scikit-learn's rules."""

from __future__ import annotations

import math
import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from mlp.sklearn.fitting.convergence import Convergence
from mlp.sklearn.fitting.data import FitData
from mlp.sklearn.fitting.optimizers import optimizer_of
from mlp.sklearn.fitting.scores import stopping_metric
from mlp.sklearn.fitting.tasks import FitTask
from mlp.sklearn.fitting.trainer import EstimatorTrainer
from mlp.sklearn.rows import readable
from mlp.training import Metric, TrainingDiverged

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)


def fit_in_batches(
    estimator: Any, data: FitData, held_out: FitData | None, *, incremental: bool, task: FitTask
) -> None:
    """Train the network of an estimator for up to ``max_iter`` epochs, or for one.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Its network is trained, and its attributes are advanced.
    data : FitData
        The training data.
    held_out : FitData or None
        What is scored after each epoch.
    incremental : bool
        Whether this is `partial_fit`: one epoch, with the optimizer of the last one.
    task : FitTask
        Passes the epochs on to scikit-learn's callbacks.
    """
    keeps_optimizer = incremental or estimator.warm_start == "optimizer"
    if not (keeps_optimizer and hasattr(estimator, "_optimizer")):
        estimator._optimizer = optimizer_of(estimator)
    X, targets, weight = data
    n_rows, alpha = X.shape[0], float(estimator.alpha)
    if weight is not None:  # the mean weight is one, and the penalty keeps its share
        mean = weight.mean()
        weight, alpha = weight / mean, alpha / mean

    metrics: list[Metric] = []
    monitor, sign = "val_loss", -1.0
    if estimator.early_stopping and held_out is not None:
        default = estimator._default_metric(held_out.weight)
        metrics, monitor, sign = stopping_metric(estimator.metric, default)
    convergence = Convergence(estimator, n_rows, monitor, sign)
    trainer = EstimatorTrainer(
        estimator._net,
        estimator._optimizer,
        batch_size=_batch_size(estimator.batch_size, n_rows),
        shuffle=estimator.shuffle,
        seed=estimator._random_state.randint(2**31 - 1) if estimator.dropout else 0,
        alpha=alpha,
        random_state=estimator._random_state,
        clip_norm=estimator.clip_norm,
        metrics=metrics,
        callbacks=[convergence, *task.callbacks(), *estimator.callbacks],
    )
    epochs = 1 if incremental else estimator.max_iter
    estimator.n_iter_ = 0
    try:
        history = trainer.fit(
            readable(X),
            targets,
            epochs,
            validation=None if held_out is None else (readable(held_out.X), held_out.targets),
            sample_weight=weight,
        )
    except TrainingDiverged as error:
        if not estimator.early_stopping:
            raise ValueError(f"{NOT_FINITE} ({error})") from error
        convergence.record(math.nan, None, math.nan)
        warnings.warn(f"Stochastic Optimizer: {error}", ConvergenceWarning, stacklevel=5)
    else:
        is_over = trainer.epoch == epochs and not (incremental or convergence.has_converged)
        _warn_of_end(history.status, epochs if is_over else None)
    if estimator.early_stopping and not incremental:
        estimator._net._numbers = estimator._best_numbers


def _warn_of_end(status: str, epochs: int | None) -> None:
    """Warn of a run that was interrupted, or reached the largest number of epochs."""
    if status == "interrupted":
        warnings.warn("Training interrupted by user.", stacklevel=6)
    elif epochs is not None:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({epochs}) "
            "reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=6,
        )


def _batch_size(batch_size: Any, n_rows: int) -> int:
    """Return the number of rows of a batch."""
    if batch_size == "auto":
        return min(200, n_rows)
    if batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
            stacklevel=6,
        )
    return int(min(batch_size, n_rows))
