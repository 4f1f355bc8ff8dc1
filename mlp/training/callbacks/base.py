"""Callbacks: what else happens while a trainer trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# The module of `Trainer` imports this one, so hooks cannot name the type of their argument.


class Callback:
    """The base of callbacks: hooks that do nothing until they are overridden.

    Each hook receives the `Trainer`, which gives access to the network, the optimizer and the
    history; ``trainer.stop()`` ends the run after the current epoch. Exceptions of a callback are
    not caught, and `on_stop` of all callbacks is called even then.

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

    def on_start(self, trainer: Any) -> None:
        """Before the first epoch of a `fit`."""

    def on_epoch_begin(self, trainer: Any) -> None:
        """Before an epoch, whose number is ``trainer.epoch``.

        When a run is continued in the middle of an epoch, it is called again, except for
        callbacks with a `state_dict`: their state already covers the part of the epoch before.
        """

    def on_batch_end(self, trainer: Any) -> None:
        """After the update of a batch, whose number in the epoch is ``trainer.batch``."""

    def on_epoch_end(self, trainer: Any) -> None:
        """After an epoch, with its entry in ``trainer.history``."""

    def on_stop(self, trainer: Any) -> None:
        """At the end of a `fit`, whatever ended it."""

    def config(self) -> dict[str, Any]:
        """Return the settings, which must be the same when a run is continued."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a continued run needs: arrays, numbers and strings by name.

        Lists and nested dicts are allowed.
        """
        return {}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Replace the state by one that `state_dict` returned.

        `Trainer.resume` first tries it on a shallow copy, and calls it after `on_start`.

        Raises
        ------
        ValueError
            If it is not the state of such a callback; nothing has been changed then.
        """
        if set(saved) != set(self.state_dict()):
            raise ValueError(
                f"{type(self).__name__}: received the state {sorted(saved)}, "
                f"expected {sorted(self.state_dict())}"
            )

    def check_state(self, trainer: Any) -> None:
        """Raise ValueError if the state does not fit the network of `trainer`."""


def has_state(callback: Callback) -> bool:
    """Whether a callback has a state that a continued run needs."""
    return type(callback).state_dict is not Callback.state_dict


class Saver(Callback):
    """The base of callbacks that save the run: their hooks run after those of all others."""

    def finish(self, trainer: Any) -> None:
        """After the last epoch or Ctrl-C, but not after an exception; before any `on_stop`."""


Hook = Callable[[Any], object]


class LambdaCallback(Callback):
    """Calls functions with the trainer.

    Parameters
    ----------
    on_start, on_epoch_begin, on_batch_end, on_epoch_end, on_stop : callable, optional
        The functions, by the hooks of `Callback`.

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
