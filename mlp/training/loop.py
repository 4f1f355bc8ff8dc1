"""The loop of training: epochs of batches, each a gradient and an update."""

from __future__ import annotations

import time
from contextlib import ExitStack

import numpy as np

from mlp._types import LossValue
from mlp.training.callbacks.base import has_state
from mlp.training.run import Run
from mlp.training.update import TrainingDiverged, first_not_finite


def train_epochs(run: Run) -> None:
    """Train until the run is over, or Ctrl-C was pressed and the current batch has ended."""
    trainer, net, rng, update = run.trainer, run.net, run.rng, run.update
    state, data, callbacks, interrupt = run.state, run.data, run.callbacks, run.interrupt

    while not (run.is_over or interrupt.requested):
        if state.is_in_epoch:  # a checkpoint continues in the middle of an epoch
            for callback in callbacks:
                if not has_state(callback):
                    callback.on_epoch_begin(trainer)
        else:
            _begin_epoch(run)

        penalty = trainer.penalty or None
        for X, Y, weight in data.rest(state.batch):
            state.batch += 1
            loss = net._loss_and_grad(X, Y, weight, penalty, rng)
            norm = update.apply(loss)
            if update.has_new_diverged:
                _note_divergence(run)
            state.batch_loss = loss
            state.loss_sum = state.loss_sum + loss * len(X)
            state.norm_sum = state.norm_sum + norm
            for callback in callbacks:
                callback.on_batch_end(trainer)
            if interrupt.requested and state.batch < len(data):
                return

        if trainer._keeps_history:
            _record_epoch(run)
        state.is_in_epoch = False
        for callback in callbacks:
            callback.on_epoch_end(trainer)


def train(run: Run) -> None:
    """Train from the first hook to the last; the history's status says how the run ended."""
    history, trainer = run.history, run.trainer
    history.status = "running"
    # overflow is found by the checks before each update, so NumPy need not warn
    with np.errstate(all="ignore"), run.interrupt:
        try:
            for callback in run.others:
                callback.on_start(trainer)
            if run.callback_states is not None:
                run.load_callbacks()
            for saver in run.savers:
                saver.on_start(trainer)
            train_epochs(run)
            for saver in run.savers:
                saver.finish(trainer)
            if run.interrupt.requested:
                history.status = "interrupted"
            else:
                history.status = "completed" if run.update.alive.any() else "diverged"
        except BaseException as error:
            statuses = {TrainingDiverged: "diverged", KeyboardInterrupt: "interrupted"}
            history.status = statuses.get(type(error), "failed")
            raise
        finally:
            with ExitStack() as stack:  # calls all of them, even if one raises
                for callback in reversed(run.callbacks):
                    stack.callback(callback.on_stop, trainer)
    if run.interrupt.requested and history.status != "interrupted":
        raise KeyboardInterrupt  # it came too late to end anything


def _begin_epoch(run: Run) -> None:
    state = run.state
    state.epoch += 1
    state.batch = 0
    for callback in run.callbacks:
        callback.on_epoch_begin(run.trainer)
    state.is_in_epoch = True
    state.began = time.perf_counter()
    state.loss_sum = state.norm_sum = 0.0
    run.data.draw_order(run.rng)


def _note_divergence(run: Run) -> None:
    """Raise for a single network; for replicas note in the history when each diverged."""
    net, history, epoch = run.net, run.history, run.state.epoch
    if net.replicas is None:
        layer = first_not_finite(net.layers)
        raise TrainingDiverged(epoch, run.state.batch, float(run.update.lr), layer, history)
    before = history.diverged_at or [0] * net.replicas
    pairs = zip(before, run.update.alive, strict=True)
    history.diverged_at = [at if at or alive else epoch for at, alive in pairs]


def _record_epoch(run: Run) -> None:
    """Add an epoch to the history, with NaN for replicas that have diverged."""
    state, data, alive = run.state, run.data, run.update.alive

    def masked(values: LossValue) -> LossValue:
        if run.net.replicas is None or alive.all():
            return values
        return np.where(alive, values, np.nan)

    # a single batch is not multiplied by its rows and divided again: that would round
    is_one = len(data) == 1
    loss = masked(state.batch_loss if is_one else state.loss_sum / data.n_rows)
    norm = masked(state.norm_sum / len(data))
    measured = {name: masked(value) for name, value in run.evaluation.measure().items()}
    run.history.append(
        loss=loss, lr=run.update.lr, grad_norm=norm, **measured, seconds=state.seconds
    )
