"""The work of a sweep: the data and the length of all runs, and the training of one stack."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mlp._archive import format_errors
from mlp.studies.sweep.recorder import Record, RunRecorder, rows_in
from mlp.studies.sweep.stack import Stack
from mlp.training import Callback, Checkpoint, Trainer
from mlp.training.checkpoint.checkpoint import progress_of, read_run
from mlp.training.checkpoint.settings import fingerprint

SECONDS = 5.0
"""The time between two checkpoints of a sweep."""


class Job(NamedTuple):
    """What a worker does: train a stack up to an epoch, without some of its runs.

    Attributes
    ----------
    stack : Stack
    path : Path or None
        The file from which it continues.
    until : int
        The epoch.
    drop : tuple of int
        The runs of the stack that end here, because others are better.
    """

    stack: Stack
    path: Path | None
    until: int
    drop: tuple[int, ...] = ()


@dataclass(frozen=True)
class Work:
    """What all stacks of a sweep have in common; a picklable object for worker processes.

    Attributes
    ----------
    X, Y, sample_weight, validation
        The data.
    epochs : int
    n_rows : int
        How many rows X has.
    callbacks : list of Callback
        Each stack trains with copies.
    """

    X: ArrayLike
    Y: ArrayLike
    sample_weight: ArrayLike | None
    validation: tuple[ArrayLike, ArrayLike] | None
    epochs: int
    n_rows: int
    callbacks: Sequence[Callback]

    def check(self, stack: Stack) -> None:
        """Raise ValueError or TypeError if the runs of a stack cannot be trained."""
        stack.optimizer(1)
        one = stack.part([0])
        trainer = one.trainer(copy.deepcopy(list(self.callbacks)), self._n_steps(one), [0])
        trainer._prepare(self.X, self.Y, self.validation, self.sample_weight, None)

    def train(self, job: Job) -> Record:
        """Train the runs of a stack, continuing from a checkpoint if there is one.

        KeyboardInterrupt after Ctrl-C, with the checkpoint written.
        """
        stack, path, until, drop = job
        K = len(stack.runs)
        rows = np.arange(K)
        if path is not None and os.path.lexists(path):
            _, state = read_run(path)
            until = max(until, progress_of(state).epoch + (state.get("present") is not None))
            with format_errors(path):
                rows = rows_in(state.get("callbacks", ()), K)
        settings = {"runs": np.array(stack.runs), "first weights": fingerprint(stack.starts)}
        recorder = RunRecorder(K, self.epochs, rows, stack.starts, settings, drop)
        callbacks = [*copy.deepcopy(list(self.callbacks)), recorder]
        trainer = stack.trainer(callbacks, self._n_steps(stack), rows.tolist())
        self._fit(trainer, path, until)
        if trainer.history.status == "interrupted":
            raise KeyboardInterrupt
        return recorder.finish(trainer)

    def _fit(self, trainer: Trainer, path: Path | None, until: int) -> None:
        data: dict[str, Any] = {"validation": self.validation, "sample_weight": self.sample_weight}
        if path is None:
            trainer.fit(self.X, self.Y, until, **data)
            return
        trainer.callbacks.append(Checkpoint(path, every=None, every_seconds=SECONDS))
        trainer.resume(path, self.X, self.Y, until, **data, missing_ok=True)

    def _n_steps(self, stack: Stack) -> int:
        """Return the number of updates of a run, for its schedule."""
        size = stack.options["batch_size"]
        return self.epochs * (1 if size is None else -(-self.n_rows // size))
