"""Callbacks: what else happens while a trainer trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer


class Callback:
    """The base of callbacks: plain methods that do nothing until they are overridden.

    Each receives the trainer, through which network, optimizer and history are reached;
    ``trainer.stop()`` ends the run after the current epoch. What a callback raises is not caught.

    Examples
    --------
    >>> import mlp
    >>> class Print(Callback):
    ...     def on_epoch_end(self, trainer):
    ...         print(trainer.epoch, round(trainer.history["loss"][-1], 3))
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[1.0]])], loss="mse")
    >>> trainer = mlp.Trainer(net, mlp.SGD(0.1), batch_size=None, callbacks=[Print()])
    >>> _ = trainer.fit([[1.0]], [[0.0]], epochs=2)
    1 1.0
    2 0.36
    """

    def on_start(self, trainer: Trainer) -> None:
        """Before the first epoch of a `fit`."""

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Before an epoch, whose number is ``trainer.epoch``."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """After the update of a batch, whose number in the epoch is ``trainer.batch``."""

    def on_epoch_end(self, trainer: Trainer) -> None:
        """After an epoch, with its entry in ``trainer.history``."""

    def on_stop(self, trainer: Trainer) -> None:
        """At the end of a `fit`, whatever ended it."""
