"""Reduces the learning rate when a run no longer improves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_not_negative, check_number
from mlp.training.callbacks.base import Monitor


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` when a quantity no longer improves.

    It changes ``optimizer.lr_scale``, so the rate may be a number, a schedule, or one rate for
    each replica; every replica has its own scale. The scale persists in another `fit`.

    Parameters
    ----------
    monitor : str, default "val_loss"
        "val_loss", "loss" (that of the history), or a metric such as "val_accuracy".
    factor : float, default 0.1
        Between 0 and 1, exclusive.
    patience : int, default 10
        The rate is reduced after so many epochs in a row without a better value.
    min_delta : float, default 0.0
        A value counts as better only if it beats the last better one by more than this.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" knows losses and the metrics of this package.
    min_lr : float, default 0.0
        The lower bound of the rate. It is rejected with a schedule, which may go below it by
        itself.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[1.0]])], loss="mse")
    >>> slower = mlp.ReduceLROnPlateau("loss", factor=0.1, patience=2)
    >>> trainer = mlp.Trainer(net, mlp.SGD(0.5), callbacks=[slower])
    >>> trainer.fit([[1.0]], [[0.0]], epochs=6)["lr"]  # 0.5 only flips the sign
    [0.5, 0.5, 0.5, 0.05, 0.05, 0.05]
    """

    _names = ("reference", "waited", "lr_scale")
    _settings = ("factor", "min_lr")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "auto",
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, check_count("patience", patience), min_delta, mode)
        between = "a number between 0 and 1"
        self.factor = check_number("factor", factor, between, lambda x: 0.0 < x < 1.0)
        self.min_lr = check_not_negative("min_lr", min_lr)

    def _first_state(self, trainer: Any) -> dict[str, NDArray[Any]]:
        state = super()._first_state(trainer)
        scale = trainer.optimizer.lr_scale
        return state | {"lr_scale": np.broadcast_to(scale, state["waited"].shape).copy()}

    def check_state(self, trainer: Any) -> None:
        """Raise ValueError if the state does not fit the network, or the scales are not valid."""
        super().check_state(trainer)
        scale = self._state["lr_scale"]
        if not (np.isfinite(scale) & (scale >= 0.0)).all():
            raise ValueError(f"lr_scale: received {scale.tolist()}, expected numbers >= 0")

    def on_start(self, trainer: Any) -> None:
        """Start, or continue with the scale reached so far."""
        lr = trainer.optimizer.lr
        if self.min_lr and callable(lr):
            raise ValueError(
                f"min_lr: received {self.min_lr:g} and a schedule, expected a fixed lr"
            )
        if self.min_lr and np.any(np.asarray(lr) < self.min_lr):
            raise ValueError(f"min_lr: received {self.min_lr:g}, expected at most the rate {lr}")
        super().on_start(trainer)
        self._set_scale(trainer)

    def on_epoch_end(self, trainer: Any) -> None:
        """Reduce the rate where the patience has run out."""
        due = self._wait(self._score(trainer.history[self.monitor][-1]))
        if not due.any():
            return
        self._state["waited"][due] = 0
        scale = self._state["lr_scale"]
        least = self.min_lr / np.asarray(trainer.optimizer.lr) if self.min_lr else 0.0
        scale[due] = np.maximum(self.factor * scale, np.minimum(least, scale))[due]
        self._set_scale(trainer)

    def _set_scale(self, trainer: Any) -> None:
        scale = self._state["lr_scale"]
        if np.any(scale != trainer.optimizer.lr_scale):
            has_replicas = trainer.net.replicas is not None
            trainer.optimizer.lr_scale = scale if has_replicas else float(scale[0])
