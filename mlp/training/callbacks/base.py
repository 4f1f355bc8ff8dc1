"""The base of all callbacks, and of those that watch one quantity."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_not_negative, check_sequence
from mlp._names import did_you_mean, shortened

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

        `Trainer.resume` first tries it on a deep copy, before anything is changed; if that
        succeeds, it calls it after `on_start`.

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


def check_callbacks(callbacks: object) -> list[Callback]:
    """Return callbacks as a list; TypeError if one of them is anything else."""
    found = list(check_sequence("callbacks", callbacks, "callbacks"))
    for i, callback in enumerate(found):
        if not isinstance(callback, Callback):
            hint = ", such as EarlyStopping()" if isinstance(callback, type) else ""
            raise TypeError(
                f"callbacks: received {shortened(callback)} at {i}, expected a Callback{hint}"
            )
    return found


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


class Monitor(Callback):
    """The base of callbacks that wait for a quantity to improve, separately for each replica.

    A value is better if it is finite and beats the last better one by more than `min_delta`. NaN
    and infinity are never better, and do not reset the waiting.

    Parameters
    ----------
    monitor : str
        "val_loss", "loss", or a metric by its name in the history, such as "val_accuracy".
    patience : int
        The number of epochs in a row without a better value that are tolerated.
    min_delta : float
        The least improvement, >= 0.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" asks the quantity.

    Notes
    -----
    The first axis of the state's arrays is that of the replicas, of length one for a single
    network. The state persists through all calls of `fit` of one trainer; another trainer starts
    a new one.
    """

    monitor: str
    _names: ClassVar[tuple[str, ...]] = ("reference", "waited")
    _settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, monitor: str, patience: int | None, min_delta: float, mode: str) -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"monitor: received {monitor!r}, expected a name such as 'val_loss'")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode: received {mode!r}, expected 'auto', 'min' or 'max'")
        self.monitor, self.mode = monitor, mode
        self.patience = None if patience is None else check_count("patience", patience)
        self.min_delta = check_not_negative("min_delta", min_delta)
        self._sign = 1.0
        self._trainer: Any = None
        self._state: dict[str, NDArray[Any]] = {}
        self._is_loaded = False

    def on_start(self, trainer: Any) -> None:
        """Find the quantity; ValueError if it is not recorded."""
        modes = trainer.monitored
        if self.monitor not in modes:
            hint = did_you_mean(self.monitor, modes)
            if "val_loss" not in modes:
                hint = "; fit was given no validation data"
            raise ValueError(
                f"monitor: received {self.monitor!r}, expected one of {', '.join(modes)}{hint}"
            )
        mode = modes[self.monitor] if self.mode == "auto" else self.mode
        if not mode:
            raise ValueError(
                f"mode: received 'auto' for {self.monitor}, expected 'min' or 'max': "
                "the metric has no `higher_is_better`"
            )
        self._sign = 1.0 if mode == "min" else -1.0
        if self._trainer is not trainer and not self._is_loaded:
            self._state = self._first_state(trainer)
        self.check_state(trainer)
        self._trainer, self._is_loaded = trainer, False

    def check_state(self, trainer: Any) -> None:
        """Raise ValueError if the state does not fit the network of `trainer`."""
        for name, first in self._first_state(trainer).items():
            array = self._state.get(name, np.empty(0))
            if array.shape != first.shape or array.dtype != first.dtype:
                raise ValueError(
                    f"{type(self).__name__}: received a state of another network, with {name} of "
                    f"{array.dtype} and shape {array.shape}, expected {first.dtype} and "
                    f"{first.shape}"
                )
        for name in ("waited", "best_epoch", "stopped_epoch"):
            if (self._state.get(name, np.zeros(1)) < 0).any():
                raise ValueError(f"{name}: received a number below 0, expected counts of epochs")
        for name in ("reference", "best"):
            if not (self._state.get(name, np.zeros(1)) > -math.inf).all():
                raise ValueError(f"{name}: received NaN or -inf, expected scores")

    def config(self) -> dict[str, Any]:
        """Return the settings, which must be the same when a run is continued."""
        names = ("monitor", "patience", "min_delta", "mode", *self._settings)
        return {name: getattr(self, name) for name in names}

    def _first_state(self, trainer: Any) -> dict[str, NDArray[Any]]:
        """Return the initial state."""
        K = trainer.net.replicas or 1
        return {"reference": np.full(K, math.inf), "waited": np.zeros(K, np.int64)}

    def _score(self, value: Any) -> NDArray[np.float64]:
        """Return a value as a score ``(K,)``: lower is better, infinity if it is not finite."""
        score = self._sign * np.atleast_1d(np.asarray(value, np.float64))
        return np.where(np.isfinite(score), score, math.inf)

    def _wait(self, score: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Count an epoch; return which replicas have run out of patience."""
        reference, waited = self._state["reference"], self._state["waited"]
        # infinity - infinity is NaN, and no score is less than NaN
        is_first = np.isinf(reference) & np.isfinite(score)
        better = is_first | (score < reference - self.min_delta)
        reference[better] = score[better]
        waited += 1
        waited[better] = 0
        return waited >= (math.inf if self.patience is None else self.patience)

    def _keep_replicas(self, rows: NDArray[np.intp]) -> None:
        """Go on with only these replicas."""
        self._state = {name: array[rows] for name, array in self._state.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the state's arrays; empty before the first `fit`."""
        return {name: array.copy() for name, array in self._state.items()}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Restore a state from `state_dict`; ValueError if it is that of another callback."""
        if set(saved) not in (set(), set(self._names)):
            raise ValueError(
                f"{type(self).__name__}: received the state {sorted(saved)}, "
                f"expected {sorted(self._names)}"
            )
        self._state = {name: np.array(saved[name]) for name in saved}
        if self._trainer is None or not self._trainer.is_training:
            self._trainer, self._is_loaded = None, bool(saved)
