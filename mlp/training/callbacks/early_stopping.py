"""Early stopping: a run ends when it gets no better, with the best weights it had."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp.training.callbacks.monitor import Monitor

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer


class EarlyStopping(Monitor):
    """Ends a run that gets no better and gives back the best weights, those that were scored.

    The score of an epoch is always that of the weights which the epoch ended with: the loss or a
    metric on the validation data, or with ``monitor="loss"`` the loss on all training data
    (penalties and weights of rows included, no dropout), evaluated for this. It is not
    ``history["loss"]``, whose batches each saw other weights. What is scored is given back whole:
    running statistics, as `BatchNorm` has them, go with the weights.

    Parameters
    ----------
    monitor : str, default "val_loss"
        "val_loss", "loss", or a metric by its name in the history, such as "val_accuracy".
    patience : int, default 10
        The run ends when so many epochs in a row brought nothing better.
    min_delta : float, default 0.0
        What does not beat the last better score by more than this does not count as better. The
        best weights are those of the best score all the same.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" knows it of losses and of this package's metrics.
    restore_best : bool, default True
        Whether the network gets its best weights back whatever ends the run: the last epoch, a
        stop, an exception, Ctrl-C, divergence. Without a finite score there are none.

    Attributes
    ----------
    best : float or ndarray (K,)
        The best score; NaN before there is one.
    best_epoch, stopped_epoch : int or ndarray (K,)
        The epochs of the best score and of the stop; 0 while there is none.

    Notes
    -----
    With K replicas each has its own best weights and its own patience, and ends with the bits
    that its run alone ends with; the run goes on until the last of them is through. In a further
    `fit` of the same trainer the best score still counts, and the patience of those that had
    stopped begins again.

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
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = True,
    ) -> None:
        super().__init__(monitor, patience, min_delta, mode)
        self.restore_best = bool(restore_best)

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
        """The epoch in which the patience came to its end."""
        return self._public(self._state["stopped_epoch"]) if self._state else 0

    def _public(self, values: NDArray[Any]) -> Any:
        """Return a number for a single network, an array for replicas."""
        has_replicas = self._trainer is not None and self._trainer.net.replicas is not None
        return values.copy() if has_replicas else values[0].item()

    def _first_state(self, trainer: Trainer) -> dict[str, NDArray[Any]]:
        epochs = np.zeros(trainer.net.replicas or 1, np.int64)
        return super()._first_state(trainer) | {
            "best": np.full(epochs.shape, math.inf),
            "best_epoch": epochs,
            "stopped_epoch": epochs.copy(),
            "theta": np.atleast_2d(trainer.net.theta).copy(),
            "fixed": np.atleast_2d(trainer.net.fixed).copy(),
        }

    def on_start(self, trainer: Trainer) -> None:
        """Begin, or go on where the last `fit` ended."""
        super().on_start(trainer)
        had_stopped = self._state["stopped_epoch"] > 0
        self._state["waited"][had_stopped] = 0
        self._state["stopped_epoch"][had_stopped] = 0

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Score the weights, keep the best, and stop where the patience is at its end."""
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

    def on_stop(self, trainer: Trainer) -> None:
        """Give the weights back: the best, or of replicas that stopped before others the last."""
        if self._trainer is not trainer:  # it never began
            return
        has_kept = self._state["best_epoch" if self.restore_best else "stopped_epoch"] > 0
        np.atleast_2d(trainer.net.theta)[has_kept] = self._state["theta"][has_kept]
        np.atleast_2d(trainer.net.fixed)[has_kept] = self._state["fixed"][has_kept]
