"""Callbacks: what else happens while a trainer trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer


class Callback:
    """The base of callbacks: plain methods that do nothing until they are overridden.

    Each receives the trainer, through which network, optimizer and history are reached;
    ``trainer.stop()`` ends the run after the current epoch. What a callback raises is not caught,
    and `on_stop` of all callbacks is called even then.

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
        """Before an epoch, whose number is ``trainer.epoch``.

        In a run that is continued in the middle of an epoch it is called once more, but not of a
        callback that has a `state_dict`, which knows from it what the epoch has brought so far.
        """

    def on_batch_end(self, trainer: Trainer) -> None:
        """After the update of a batch, whose number in the epoch is ``trainer.batch``."""

    def on_epoch_end(self, trainer: Trainer) -> None:
        """After an epoch, with its entry in ``trainer.history``."""

    def on_stop(self, trainer: Trainer) -> None:
        """At the end of a `fit`, whatever ended it."""

    def config(self) -> dict[str, Any]:
        """Return the settings, which must be the same in a run that is continued."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return what a run that is continued needs of it: arrays, numbers and words by name.

        Lists and further dicts may be among them.
        """
        return {}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` returned, in place of the present state.

        `Trainer.resume` first tries it on a shallow copy, and calls it after `on_start`.

        Raises
        ------
        ValueError
            If that was not the state of such a callback; nothing was changed then.
        """
        if set(saved) != set(self.state_dict()):
            raise ValueError(
                f"{type(self).__name__}: received the state {sorted(saved)}, "
                f"expected {sorted(self.state_dict())}"
            )


def has_state(callback: Callback) -> bool:
    """Whether a callback keeps what a run that is continued needs."""
    return type(callback).state_dict is not Callback.state_dict


Hook = Callable[["Trainer"], object]


class LambdaCallback(Callback):
    """Calls functions that receive the trainer.

    Parameters
    ----------
    on_start, on_epoch_begin, on_batch_end, on_epoch_end, on_stop : callable, optional
        What is called when; the names are those of `Callback`.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[1.0]])], loss="mse")
    >>> show = LambdaCallback(on_epoch_end=lambda trainer: print(trainer.history["loss"][-1]))
    >>> _ = mlp.Trainer(net, mlp.SGD(0.1), callbacks=[show]).fit([[1.0]], [[0.0]])
    1.0
    """

    def __init__(
        self,
        *,
        on_start: Hook | None = None,
        on_epoch_begin: Hook | None = None,
        on_batch_end: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_stop: Hook | None = None,
    ) -> None:
        hooks = {
            "on_start": on_start,
            "on_epoch_begin": on_epoch_begin,
            "on_batch_end": on_batch_end,
            "on_epoch_end": on_epoch_end,
            "on_stop": on_stop,
        }
        for name, function in hooks.items():
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"{name}: received {function!r}, expected a function of a trainer")
            setattr(self, name, function)
