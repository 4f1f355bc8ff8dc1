"""Early stopping: ends a run that no longer improves, and restores the best weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.training.callbacks.base import Monitor


class EarlyStopping(Monitor):
    """Ends a run that no longer improves, and restores the best weights.

    The score of an epoch is that of the weights at its end: the loss or a metric on the validation
    data, or with ``monitor="loss"`` the loss on all training data (including penalties and row
    weights, without dropout), evaluated for this purpose. It is not ``history["loss"]``, whose
    batches each saw different weights. Running statistics, as of `BatchNorm`, are restored with
    the weights.

    Parameters
    ----------
    monitor : str, default "val_loss"
        "val_loss", "loss", or a metric by its name in the history, such as "val_accuracy".
    patience : int or None, default 10
        The run ends after so many epochs in a row without a better score; with None it goes on to
        the last epoch, and the best weights are restored.
    min_delta : float, default 0.0
        A score counts as better only if it beats the last better one by more than this. The best
        weights are nevertheless those of the best score.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" knows losses and the metrics of this package.
    restore_best : bool, default True
        Whether the best weights are restored, whatever ends the run: the last epoch, a stop, an
        exception, Ctrl-C or divergence. Without a finite score there are none.

    Attributes
    ----------
    best : float or ndarray (K,)
        The best score; NaN before there is one.
    best_epoch, stopped_epoch : int or ndarray (K,)
        The epochs of the best score and of the stop; 0 before there is one.

    Notes
    -----
    Each of K replicas has its own best weights and its own patience, and its result is
    bit-identical to that of its run alone; the run goes on until the last one stops. In another
    `fit` of the same trainer the best score still counts, and the patience of stopped replicas
    starts again.

    Examples
    --------
    >>> import mlp
    >>> train, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
    >>> net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    >>> stopping = mlp.EarlyStopping(patience=3)
    >>> trainer = mlp.Trainer(net, mlp.SGD(0.5), callbacks=[stopping])
    >>> history = trainer.fit(*train, epochs=100, validation=tuple(held_out))
    >>> stopping.stopped_epoch - stopping.best_epoch
    3
    >>> net.evaluate(*held_out) == stopping.best == min(history["val_loss"])
    True
    """

    _names = ("reference", "waited", "best", "best_epoch", "stopped_epoch", "theta", "fixed")
    _settings = ("restore_best",)

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int | None = 10,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = True,
    ) -> None:
        super().__init__(monitor, patience, min_delta, mode)
        self.restore_best = bool(restore_best)
        if patience is None and not self.restore_best:
            raise ValueError("patience: received None, expected a number without restore_best")

    @property
    def best(self) -> float | NDArray[np.float64]:
        """The best score."""
        if not self._state:
            return math.nan
        best = self._state["best"]
        best = np.where(np.isfinite(best), self._sign * best, math.nan)
        return self._public(best)  # type: ignore[no-any-return]

    @property
    def best_epoch(self) -> int | NDArray[np.int64]:
        """The epoch of the best score."""
        return self._public(self._state["best_epoch"]) if self._state else 0

    @property
    def stopped_epoch(self) -> int | NDArray[np.int64]:
        """The epoch in which the patience ran out."""
        return self._public(self._state["stopped_epoch"]) if self._state else 0

    def _public(self, values: NDArray[Any]) -> Any:
        """Return a number for a single network, an array for replicas."""
        has_replicas = self._trainer is not None and self._trainer.net.replicas is not None
        return values.copy() if has_replicas else values[0].item()

    def _first_state(self, trainer: Any) -> dict[str, NDArray[Any]]:
        epochs = np.zeros(trainer.net.replicas or 1, np.int64)
        return super()._first_state(trainer) | {
            "best": np.full(epochs.shape, math.inf),
            "best_epoch": epochs,
            "stopped_epoch": epochs.copy(),
            "theta": np.atleast_2d(trainer.net.theta).copy(),
            "fixed": np.atleast_2d(trainer.net.fixed).copy(),
        }

    def check_state(self, trainer: Any) -> None:
        """Raise ValueError if the state does not fit the network, or has weights that cannot be."""
        super().check_state(trainer)
        if self._is_loaded:
            for name in ("theta", "fixed"):
                own = getattr(trainer.net, name)
                trainer.net._parameters.check(name, self._state[name].reshape(own.shape))

    def on_start(self, trainer: Any) -> None:
        """Start, or continue where the last `fit` ended."""
        super().on_start(trainer)
        had_stopped = self._state["stopped_epoch"] > 0
        self._state["waited"][had_stopped] = 0
        self._state["stopped_epoch"][had_stopped] = 0

    def on_epoch_end(self, trainer: Any) -> None:
        """Score the weights, keep the best, and stop once the patience has run out."""
        if self.monitor == "loss":
            score = self._score(trainer.training_loss())
        else:
            score = self._score(trainer.history[self.monitor][-1])
        state, net = self._state, trainer.net
        runs = state["stopped_epoch"] == 0
        better = runs & (score < state["best"])
        state["best"][better] = score[better]
        state["best_epoch"][better] = trainer.epoch
        ended = runs & (self._wait(score) | ~trainer.alive)
        state["stopped_epoch"][ended] = trainer.epoch
        kept = better if self.restore_best else ended
        state["theta"][kept] = np.atleast_2d(net.theta)[kept]
        state["fixed"][kept] = np.atleast_2d(net.fixed)[kept]
        if state["stopped_epoch"].all():
            trainer.stop()

    def on_stop(self, trainer: Any) -> None:
        """Restore the best weights, or the last ones of replicas that stopped before others."""
        if self._trainer is not trainer:  # `on_start` did not succeed
            return
        has_kept = self._has_kept
        np.atleast_2d(trainer.net.theta)[has_kept] = self._state["theta"][has_kept]
        np.atleast_2d(trainer.net.fixed)[has_kept] = self._state["fixed"][has_kept]

    @property
    def _has_kept(self) -> NDArray[np.bool_]:
        """Which replicas have weights that are restored at the end of the run."""
        kept: NDArray[np.bool_]
        kept = self._state["best_epoch" if self.restore_best else "stopped_epoch"] > 0
        return kept
