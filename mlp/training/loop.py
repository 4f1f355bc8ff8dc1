"""A run: epochs of batches, each a gradient and an update."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp._types import LossValue
from mlp.training.callbacks.base import Callback, has_state
from mlp.training.checkpoint.checkpoint import Checkpoint
from mlp.training.checkpoint.settings import settings_of
from mlp.training.data import Batches, Data
from mlp.training.divergence import TrainingDiverged, note_divergence
from mlp.training.evaluation import Evaluation
from mlp.training.interrupt import Interrupt

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer


class Run:
    """What one call of `Trainer.fit` or `Trainer.resume` does.

    Where it is, it notes in the trainer's `epoch` and `batch`.

    Parameters
    ----------
    trainer : Trainer
        Whose network is trained.
    training : Data
        What it is trained on.
    validation : Data or None
        What it is validated on.

    Attributes
    ----------
    data : Batches
        The batches of the training data.
    evaluation : Evaluation
        Measures the network after each epoch.
    last_epoch : int
        The epoch after which the run is over.
    source : str or None
        The checkpoint that is continued.
    callback_states : sequence of dict or None
        What it says of the callbacks that keep a state.
    is_in_epoch : bool
        Whether an epoch has begun and not ended.
    is_stopping : bool
        Whether a callback has stopped the run.
    interrupt : Interrupt
        Notes Ctrl-C.
    loss_sum, norm_sum : float or ndarray (K,)
        What the batches of the present epoch have come to.
    """

    last_epoch = 0
    source: str | None = None
    callback_states: Sequence[dict[str, Any]] | None = None
    is_in_epoch = False
    is_stopping = False
    loss_sum: LossValue = 0.0
    norm_sum: LossValue = 0.0

    def __init__(self, trainer: Trainer, training: Data, validation: Data | None) -> None:
        net = trainer.net
        self.trainer = trainer
        self.evaluation = Evaluation(net, trainer.metrics, training, validation, trainer.penalty)
        self.data = Batches(
            *training, n_out=net.n_out, batch_size=trainer.batch_size, shuffle=trainer.shuffle
        )
        self.interrupt = Interrupt()
        self._began = 0.0

    def load_callbacks(self) -> None:
        """Give the callbacks their states, where a checkpoint holds them."""
        if self.callback_states is not None:
            pairs = zip(self.with_state, self.callback_states, strict=True)
            for callback, state in pairs:
                callback.load_state_dict(state)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What must be the same where the run is continued; reads all data once."""
        return settings_of(self)

    @property
    def seconds(self) -> float:
        """How long the present epoch has lasted."""
        return time.perf_counter() - self._began

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        self._began = time.perf_counter() - seconds

    @property
    def place(self) -> tuple[int, int]:
        """How many epochs have ended, and how many batches of the next."""
        trainer = self.trainer
        return (trainer.epoch - 1, trainer.batch) if self.is_in_epoch else (trainer.epoch, 0)

    @property
    def batches_done(self) -> int:
        """How many batches there have been."""
        epochs, batches = self.place
        return epochs * len(self.data) + batches

    @property
    def is_over(self) -> bool:
        """Whether no epoch follows: the last one has ended, or the run was stopped or diverged."""
        trainer = self.trainer
        if self.is_in_epoch:
            return False
        is_last = trainer.epoch >= self.last_epoch
        return is_last or self.is_stopping or not bool(trainer.alive.any())

    def begin(self, epochs: int) -> None:
        """Go on from where the trainer is; an epoch that did not end does not count."""
        trainer = self.trainer
        trainer.epoch = len(trainer.history.epochs)
        self.last_epoch = trainer.epoch + epochs

    def carry_out(self) -> None:
        """Train; tell the callbacks and the history how it begins and how it ends."""
        history = self.trainer.history
        if self._checkpoints:
            self.settings  # noqa: B018  before a callback changes one of them
        history.status = "running"
        # what overflows is found by the checks before each update, so NumPy need not warn
        with np.errstate(all="ignore"), self.interrupt:
            try:
                self._call("on_start", self._others)
                self.load_callbacks()
                self._call("on_start", self._checkpoints)
                self._train()
                for checkpoint in self._checkpoints:
                    checkpoint.finish(self.trainer)
                history.status = self._outcome()
            except BaseException as error:
                history.status = _OUTCOMES.get(type(error), "failed")
                raise
            finally:
                self._call_all("on_stop")
        if self.interrupt.requested and history.status != "interrupted":
            raise KeyboardInterrupt  # it came when there was nothing left to end

    def _outcome(self) -> str:
        if self.interrupt.requested:
            return "interrupted"
        return "completed" if self.trainer.alive.any() else "diverged"

    @property
    def _checkpoints(self) -> list[Checkpoint]:
        return [c for c in self.trainer.callbacks if isinstance(c, Checkpoint)]

    @property
    def _others(self) -> list[Callback]:
        return [c for c in self.trainer.callbacks if not isinstance(c, Checkpoint)]

    @property
    def with_state(self) -> list[Callback]:
        """The callbacks that keep a state; the others may come and go."""
        return [callback for callback in self._others if has_state(callback)]

    @property
    def _in_order(self) -> list[Callback]:
        """The callbacks, with those at the end that write what the others have come to."""
        return [*self._others, *self._checkpoints]

    def _call(self, hook: str, callbacks: Sequence[Callback] | None = None) -> None:
        for callback in self._in_order if callbacks is None else callbacks:
            getattr(callback, hook)(self.trainer)

    def _call_all(self, hook: str) -> None:
        """Call a hook of every callback, also of those that come after one that raises."""
        with ExitStack() as stack:
            for callback in reversed(self.trainer.callbacks):
                stack.callback(getattr(callback, hook), self.trainer)

    def _train(self) -> None:
        """Train until the run is over or Ctrl-C came."""
        if self.is_in_epoch:  # continued in the middle of one; with a state, they know of it
            self._call("on_epoch_begin", [c for c in self._others if not has_state(c)])
            self._train_epoch()
        while not (self.is_over or self.interrupt.requested):
            self._begin_epoch()
            self._train_epoch()

    def _begin_epoch(self) -> None:
        trainer = self.trainer
        trainer.epoch += 1
        trainer.batch = 0
        self._call("on_epoch_begin")
        self.is_in_epoch = True
        self.seconds = 0.0
        self.loss_sum = self.norm_sum = 0.0
        self.data.draw_order(trainer._rng)

    def _train_epoch(self) -> None:
        """Train on the rows that are left of an epoch and record it."""
        trainer, data = self.trainer, self.data
        net, update, rng = trainer.net, trainer._update, trainer._rng
        penalty, interrupt = trainer.penalty or None, self.interrupt
        after_batch = [c.on_batch_end for c in self._in_order if _wants_batches(c)]
        is_one_batch = len(data) == 1
        for X, Y, weight in data.rest(trainer.batch):
            trainer.batch += 1
            loss = net._loss_and_grad(X, Y, weight, penalty, rng)
            norm = update.apply(loss)
            if update.has_new_diverged:
                note_divergence(trainer)
            trainer.batch_loss = loss
            if is_one_batch:
                self.loss_sum, self.norm_sum = loss, norm
            else:
                self.loss_sum = self.loss_sum + loss * len(X)
                self.norm_sum = self.norm_sum + norm
            for call in after_batch:
                call(trainer)
            if interrupt.requested and trainer.batch < len(data):
                return
        self._end_epoch()

    def _end_epoch(self) -> None:
        trainer, data = self.trainer, self.data
        if trainer._keeps_history:
            loss, norm = self.loss_sum, self.norm_sum
            if len(data) > 1:
                loss, norm = loss / data.n_rows, norm / len(data)
            self._record(loss, norm)
        self.is_in_epoch = False
        self._call("on_epoch_end")

    def _record(self, loss: LossValue, norm: LossValue) -> None:
        values: dict[str, Any] = {
            "loss": self._masked(loss),
            "lr": self.trainer._update.lr,
            "grad_norm": self._masked(norm),
        }
        measured = self.evaluation.measure()
        values |= {name: self._masked(value) for name, value in measured.items()}
        self.trainer.history.append(**values, seconds=self.seconds)

    def _masked(self, values: LossValue) -> LossValue:
        """Replace the numbers of diverged replicas by NaN."""
        alive = self.trainer.alive
        if self.trainer.net.replicas is None or alive.all():
            return values
        return np.where(alive, values, np.nan)


def _wants_batches(callback: Callback) -> bool:
    """Whether anything would be done: most callbacks have nothing to do after a batch."""
    return getattr(callback.on_batch_end, "__func__", None) is not Callback.on_batch_end


_OUTCOMES: dict[type[BaseException], str] = {
    TrainingDiverged: "diverged",
    KeyboardInterrupt: "interrupted",
}
