"""The base of callbacks that monitor whether a quantity still improves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_not_negative
from mlp._names import did_you_mean
from mlp.training.callbacks.base import Callback

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer


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

    def __init__(self, monitor: str, patience: int, min_delta: float, mode: str) -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"monitor: received {monitor!r}, expected a name such as 'val_loss'")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode: received {mode!r}, expected 'auto', 'min' or 'max'")
        self.monitor, self.mode = monitor, mode
        self.patience = check_count("patience", patience)
        self.min_delta = check_not_negative("min_delta", min_delta)
        self._sign = 1.0
        self._trainer: Trainer | None = None
        self._state: dict[str, NDArray[Any]] = {}
        self._is_loaded = False

    def on_start(self, trainer: Trainer) -> None:
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

    def check_state(self, trainer: Trainer) -> None:
        """Raise ValueError if the state does not fit the network of `trainer`."""
        for name, first in self._first_state(trainer).items():
            array = self._state.get(name, np.empty(0))
            if array.shape != first.shape or array.dtype != first.dtype:
                raise ValueError(
                    f"{type(self).__name__}: received a state of another network, with {name} of "
                    f"{array.dtype} and shape {array.shape}, expected {first.dtype} and "
                    f"{first.shape}"
                )

    def config(self) -> dict[str, Any]:
        """Return the settings, which must be the same when a run is continued."""
        names = ("monitor", "patience", "min_delta", "mode", *self._settings)
        return {name: getattr(self, name) for name in names}

    def _first_state(self, trainer: Trainer) -> dict[str, NDArray[Any]]:
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
        return waited >= self.patience

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
