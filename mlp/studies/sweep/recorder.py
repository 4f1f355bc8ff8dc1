"""Records the losses of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._types import LossValue
from mlp.core import Dense
from mlp.training import Callback, Trainer


class LossRecorder(Callback):
    """Records the full training loss of every replica, before training and after each epoch.

    It is that of `Trainer.training_loss`. Full-batch training of dense layers computes it anyway,
    before each update.

    Parameters
    ----------
    K, epochs : int
        The number of replicas and of epochs.
    settings : mapping
        Identifies the sweep in its checkpoint.
    """

    def __init__(self, K: int, epochs: int, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._by_epoch = np.empty((epochs + 1, K))  # each epoch writes one row: contiguous
        self._recorded = 0

    def on_start(self, trainer: Trainer) -> None:
        """Record the losses of the initial weights."""
        run: Any = trainer._run
        self.evaluation = run.evaluation
        only_dense = all(isinstance(layer, Dense) for layer in trainer.net.layers)
        self.is_at_hand = only_dense and len(run.data) == 1
        if not (self.is_at_hand or trainer.is_resumed):
            self._evaluate(trainer, 0)

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Remember which replicas have not diverged."""
        self.alive = trainer.alive

    def on_batch_end(self, trainer: Trainer) -> None:
        """Record the losses before the update if they are those of all rows."""
        if self.is_at_hand:
            self._record(trainer.batch_loss, trainer.epoch - 1, self.alive)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Record the losses unless the next update computes them anyway."""
        is_last = trainer.epoch == len(self._by_epoch) - 1
        if not self.is_at_hand or is_last:
            self._evaluate(trainer, trainer.epoch)

    def record_the_end(self, trainer: Trainer) -> None:
        """Record the final losses, also for the epochs after an early stop."""
        with np.errstate(all="ignore"):
            for epoch in range(trainer.epoch, len(self._by_epoch)):
                self._evaluate(trainer, epoch)

    def _evaluate(self, trainer: Trainer, epoch: int) -> None:
        self._record(self.evaluation.training_loss(), epoch, trainer.alive)

    def _record(self, loss: LossValue, epoch: int, alive: NDArray[np.bool_]) -> None:
        row = self._by_epoch[epoch]
        row[...] = loss
        self._recorded = epoch + 1
        fine = np.isfinite(row) & alive
        if not fine.all():
            row[~fine] = np.nan

    @property
    def losses(self) -> NDArray[np.float64]:
        """The losses ``(K, epochs + 1)``, NaN for epochs that did not run."""
        self._by_epoch[self._recorded :] = np.nan
        return self._by_epoch.T

    def config(self) -> dict[str, Any]:
        """Return the settings that identify the sweep."""
        return {"class": "sweep", **self.settings}

    def state_dict(self) -> dict[str, Any]:
        """Return the losses so far."""
        return {"losses": self._by_epoch[: self._recorded]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Continue from these losses; ValueError if they cannot be those of this sweep."""
        super().load_state_dict(saved)
        losses = saved["losses"]
        most, K = self._by_epoch.shape
        if (
            not isinstance(losses, np.ndarray)
            or losses.dtype != np.float64
            or losses.shape[1:] != (K,)
            or len(losses) > most
        ):
            raise ValueError(f"losses: received {losses!r:.80}, expected at most ({most}, {K})")
        # NaN where a damaged file lacks an epoch
        self._by_epoch = np.concatenate([losses, np.full((most - len(losses), K), np.nan)])
        self._recorded = len(losses)
