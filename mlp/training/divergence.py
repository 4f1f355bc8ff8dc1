"""Divergence: found before an update is applied, so that the last good weights stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp.core.layers import Layer

if TYPE_CHECKING:
    from mlp.training.history import History
    from mlp.training.trainer import Trainer


class TrainingDiverged(ArithmeticError):
    """Loss, gradient or update is no longer finite; the network keeps its last good weights.

    Running statistics are part of it: they are those from before the step too.

    A loss that is huge but finite is no divergence. One that is huge in the first epoch and then
    stays high tells of a rate that is far too high all the same: steps so long that all units of
    relu may have died. `LayerRecorder` names them. Begin again, with new weights and a lower rate.

    Attributes
    ----------
    epoch, batch : int
        Where it happened, counted from 1.
    lr : float
        The learning rate of the update that was not applied.
    layer : str
        The layer where the first number that is not finite appeared.
    history : History
        The epochs before.
    """

    def __init__(self, epoch: int, batch: int, lr: float, layer: str, history: History) -> None:
        self.epoch, self.batch, self.lr, self.layer = epoch, batch, lr, layer
        self.history = history
        super().__init__(
            f"training diverged in epoch {epoch}, batch {batch} with learning rate {lr:g}: "
            f"{layer} is not finite; the network keeps its last good weights "
            "(a lower learning rate or clip_norm may help)"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what makes an equal error, as pickle asks for it."""
        return type(self), (self.epoch, self.batch, self.lr, self.layer, self.history)


def first_not_finite(layers: Sequence[Layer]) -> str:
    """Name the first output, or else the first gradient on the way back, that is not finite."""
    for i, layer in enumerate(layers):
        A = getattr(layer, "A", None)
        if A is not None and not np.isfinite(A).all():
            return f"the output of layers[{i}], {layer!r},"
    for i, layer in reversed(list(enumerate(layers))):
        for name, grad in layer.grads.items():
            if not np.isfinite(grad).all():
                return f"the gradient of {name} in layers[{i}], {layer!r},"
    return "the loss, a running statistic or the update"


def note_divergence(trainer: Trainer) -> None:
    """Raise for a single network; for replicas write into the history when it happened."""
    epoch, history = trainer.epoch, trainer.history
    if trainer.net.replicas is None:
        layer = first_not_finite(trainer.net.layers)
        raise TrainingDiverged(epoch, trainer.batch, float(trainer._update.lr), layer, history)
    diverged_at = history.diverged_at or [0] * trainer.net.replicas
    history.diverged_at = [
        at if at or alive else epoch for at, alive in zip(diverged_at, trainer.alive, strict=True)
    ]
