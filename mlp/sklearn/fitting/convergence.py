"""When a fit ends: scikit-learn's rules, and what it records of each epoch."""

from __future__ import annotations

import math
from typing import Any

from mlp.sklearn.fitting.optimizers import SMALLEST_RATE, set_rate
from mlp.training import Callback


class Convergence(Callback):
    """Records each epoch in the attributes of an estimator, and ends a fit that stalls.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        What is fitted; its ``loss_curve_``, ``n_iter_`` and so on are advanced.
    n_rows : int
        The number of rows of an epoch.
    monitor : str
        The quantity of the history that early stopping compares, if the estimator stops early.
    sign : float
        -1 if lower is better.

    Attributes
    ----------
    has_converged : bool
        Whether the fit was ended.
    """

    def __init__(self, estimator: Any, n_rows: int, monitor: str, sign: float) -> None:
        self.estimator, self.n_rows = estimator, n_rows
        self.monitor, self.sign = monitor, sign
        self.schedule = "constant"
        if estimator.optimizer is None and estimator.solver == "sgd":
            self.schedule = estimator.learning_rate
        self.has_converged = False

    def on_epoch_end(self, trainer: Any) -> None:
        """Record the epoch, set the next rate, and stop if nothing has improved for long."""
        est, history = self.estimator, trainer.history
        score = self.sign * history[self.monitor][-1] if est.early_stopping else math.nan
        self.record(history["loss"][-1], history.get("val_loss", [None])[-1], score)
        est.t_ += self.n_rows
        if est.early_stopping:
            self._compare_scores(trainer.net)
        else:
            self._compare_losses()
        if self.schedule == "invscaling":
            rate = est.learning_rate_init / (est.t_ + 1) ** est.power_t
            set_rate(trainer.optimizer, rate)
        if est._no_improvement_count > est.n_iter_no_change:
            self._end_or_slow_down(trainer)

    def record(self, loss: float, val_loss: float | None, score: float) -> None:
        """Add an epoch to the curves, and print it."""
        est = self.estimator
        est.n_iter_ += 1
        est.loss_ = loss
        est.loss_curve_.append(loss)
        if est.verbose:
            print(f"Iteration {est.n_iter_}, loss = {loss:.8f}")
        if val_loss is not None:
            est.validation_loss_curve_.append(val_loss)
        if est.early_stopping:
            est.validation_scores_.append(score)
            if est.verbose:
                print(f"Validation score: {score:f}")

    def _compare_scores(self, net: Any) -> None:
        est = self.estimator
        score = est.validation_scores_[-1]
        is_worse = score < est.best_validation_score_ + est.tol  # False for NaN, as there
        est._no_improvement_count = est._no_improvement_count + 1 if is_worse else 0
        if score > est.best_validation_score_:
            est.best_validation_score_ = score
            est._best_numbers = net._numbers

    def _compare_losses(self) -> None:
        est = self.estimator
        is_worse = est.loss_ > est.best_loss_ - est.tol
        est._no_improvement_count = est._no_improvement_count + 1 if is_worse else 0
        est.best_loss_ = min(est.best_loss_, est.loss_)

    def _end_or_slow_down(self, trainer: Any) -> None:
        est, optimizer = self.estimator, trainer.optimizer
        what = "Validation score" if est.early_stopping else "Training loss"
        message = (
            f"{what} did not improve more than tol={est.tol:f} for {est.n_iter_no_change} "
            "consecutive epochs."
        )
        if self.schedule == "adaptive" and optimizer.lr > SMALLEST_RATE:
            set_rate(optimizer, optimizer.lr / 5.0)
            est._no_improvement_count = 0
            message += f" Setting learning rate to {optimizer.lr:f}"
        else:
            self.has_converged = True
            trainer.stop()
            is_slow = self.schedule == "adaptive"
            message += " Learning rate too small. Stopping." if is_slow else " Stopping."
        if est.verbose:
            print(message)
