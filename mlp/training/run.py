"""A run: what one call of `Trainer.fit` or `Trainer.resume` trains on, and where it is."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Self

import numpy as np

from mlp._types import LossValue
from mlp.core.network import MLP
from mlp.training.callbacks.base import Callback, Saver, has_state
from mlp.training.data import Batches, Data
from mlp.training.evaluation import Evaluation
from mlp.training.history import History
from mlp.training.update import GuardedUpdate


@dataclass
class RunState:
    """Where training is. The loop advances it, and a checkpoint saves and restores it.

    Attributes
    ----------
    epoch, batch : int
        The current epoch and batch, counted from 1.
    batch_loss : float or ndarray (K,)
        The loss of the last batch, before its update.
    last_epoch : int
        The epoch after which the run is over.
    is_in_epoch : bool
        Whether an epoch has begun and not ended.
    is_stopping : bool
        Whether a callback has asked the run to stop.
    loss_sum, norm_sum : float or ndarray (K,)
        The sums over the batches of this epoch: loss times rows, and norm of the gradient.
    began : float
        When the epoch began, on the clock of `time.perf_counter`.
    """

    epoch: int = 0
    batch: int = 0
    batch_loss: LossValue = math.nan
    last_epoch: int = 0
    is_in_epoch: bool = False
    is_stopping: bool = False
    loss_sum: LossValue = 0.0
    norm_sum: LossValue = 0.0
    began: float = 0.0

    @property
    def seconds(self) -> float:
        """The duration of the epoch so far."""
        return time.perf_counter() - self.began

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self.began = time.perf_counter() - seconds

    @property
    def place(self) -> tuple[int, int]:
        """The number of complete epochs, and of batches in the epoch after them."""
        return (self.epoch - 1, self.batch) if self.is_in_epoch else (self.epoch, 0)


class Run:
    """What the loop works with: the network, its data, and the state of the run.

    Parameters
    ----------
    trainer : Trainer
        Passed to the callbacks; its settings are those of the run.
    training : Data
        The training data.
    validation : Data or None
        The validation data.

    Attributes
    ----------
    state : RunState
        Where the run is; it outlives the run, as part of the trainer.
    data : Batches
        The batches of the training data.
    evaluation : Evaluation
        Measures the network after each epoch.
    callbacks : list of Callback
        The callbacks in the order of their calls: first the `others`, then the `savers`.
    interrupt : Interrupt
        Catches Ctrl-C.
    source : str or None
        The checkpoint that the run continues.
    callback_states : sequence of dict or None
        The states of the callbacks in that checkpoint.
    settings : dict or None
        What has to be the same when the run is continued, once it has been needed.
    """

    source: str | None = None
    callback_states: Sequence[dict[str, Any]] | None = None
    settings: dict[str, Any] | None = None

    # `trainer` has no narrower type because its module imports this one
    def __init__(self, trainer: Any, training: Data, validation: Data | None) -> None:
        net: MLP = trainer.net
        self.trainer = trainer
        self.net = net
        self.state: RunState = trainer._state
        self.update: GuardedUpdate = trainer._update
        self.history: History = trainer.history
        self.rng: np.random.Generator = trainer._rng
        self.data: Batches = trainer._make_batches(
            *training, n_out=net.n_out, batch_size=trainer.batch_size, shuffle=trainer.shuffle
        )
        self.evaluation: Evaluation = trainer._make_evaluation(
            net, trainer.metrics, training, validation, trainer.penalty, self.data
        )
        self.others: list[Callback] = []
        self.savers: list[Saver] = []
        for callback in trainer.callbacks:
            if isinstance(callback, Saver):
                self.savers.append(callback)
            else:
                self.others.append(callback)
        self.callbacks = [*self.others, *self.savers]
        self.interrupt = Interrupt()

    def begin(self) -> None:
        """Start after the last complete epoch; one that did not end does not count.

        A single network that has diverged may continue: its last good weights are finite.
        """
        state = self.state
        if self.net.replicas is None and not self.update.alive[0]:
            self.update.restore(np.ones(1, np.bool_))
        state.epoch = len(self.history.epochs)
        state.is_in_epoch = state.is_stopping = False

    @property
    def is_over(self) -> bool:
        """Whether no epoch follows: the last has ended, or the run was stopped or diverged."""
        state = self.state
        if state.is_in_epoch:
            return False
        has_ended = state.epoch >= state.last_epoch or state.is_stopping
        return has_ended or not self.update.any_alive

    @property
    def batches_done(self) -> int:
        """The number of batches so far, over all epochs."""
        epochs, batches = self.state.place
        return epochs * len(self.data) + batches

    @property
    def stateful(self) -> list[Callback]:
        """The callbacks whose state is saved; the others may differ when the run is continued."""
        return [callback for callback in self.others if has_state(callback)]

    def load_callbacks(self) -> None:
        """Restore the states of the callbacks, `callback_states`."""
        for callback, saved in zip(self.stateful, self.callback_states or (), strict=True):
            callback.load_state_dict(saved)


class Interrupt:
    """A context that catches the first Ctrl-C; a second one interrupts at once.

    It replaces Python's own handler of SIGINT and restores it at the end. Other handlers stay,
    and nothing is replaced outside the main thread, the only one that receives signals.

    Attributes
    ----------
    requested : bool
        Whether Ctrl-C was pressed.
    """

    requested = False
    _is_installed = False

    def __enter__(self) -> Self:
        """Install the handler."""
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._is_installed = True
        return self

    def __exit__(self, *_: object) -> None:
        """Restore Python's handler."""
        if self._is_installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._is_installed = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            signal.default_int_handler(number, frame)
        self.requested = True
