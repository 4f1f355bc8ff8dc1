"""The training of a sweep, all at once or in parts by an executor, and the record of its losses."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._replicas import are_all
from mlp._types import AnyPath, Array, LossValue
from mlp.core import MLP, Dense
from mlp.machine import blas_thread_count, blas_threads, end_with_parent, read_cpu
from mlp.optim import Optimizer
from mlp.studies.sweep.engine import workers_of
from mlp.studies.sweep.work import SECONDS
from mlp.training import Callback, Checkpoint, Trainer
from mlp.training.checkpoint.settings import fingerprint


class LossRecorder(Callback):
    """Records the full training loss of every replica, before training and after each epoch.

    It is that of `Trainer.training_loss`. Full-batch training of dense layers computes it anyway,
    before each update.

    Parameters
    ----------
    K, epochs : int
        The number of replicas and of epochs.
    settings : mapping
        Identifies the sweep in its checkpoint.
    """

    def __init__(self, K: int, epochs: int, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._by_epoch = np.empty((epochs + 1, K))  # each epoch writes one row: contiguous
        self._recorded = 0

    def on_start(self, trainer: Trainer) -> None:
        """Record the losses of the initial weights."""
        run: Any = trainer._run
        self.evaluation = run.evaluation
        only_dense = all(isinstance(layer, Dense) for layer in trainer.net.layers)
        self.is_at_hand = only_dense and len(run.data) == 1
        if not (self.is_at_hand or trainer.is_resumed):
            self._evaluate(trainer, 0)

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Remember which replicas have not diverged."""
        self.alive = trainer.alive

    def on_batch_end(self, trainer: Trainer) -> None:
        """Record the losses before the update if they are those of all rows."""
        if self.is_at_hand:
            self._record(trainer.batch_loss, trainer.epoch - 1, self.alive)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Record the losses unless the next update computes them anyway."""
        is_last = trainer.epoch == len(self._by_epoch) - 1
        if not self.is_at_hand or is_last:
            self._evaluate(trainer, trainer.epoch)

    def record_the_end(self, trainer: Trainer) -> None:
        """Record the final losses, also for the epochs after an early stop."""
        with np.errstate(all="ignore"):
            for epoch in range(trainer.epoch, len(self._by_epoch)):
                self._evaluate(trainer, epoch)

    def _evaluate(self, trainer: Trainer, epoch: int) -> None:
        self._record(self.evaluation.training_loss(), epoch, trainer.alive)

    def _record(self, loss: LossValue, epoch: int, alive: NDArray[np.bool_]) -> None:
        row = self._by_epoch[epoch]
        row[...] = loss
        self._recorded = epoch + 1
        fine = np.isfinite(row) & alive
        if not are_all(fine):
            row[~fine] = np.nan

    @property
    def losses(self) -> NDArray[np.float64]:
        """The losses ``(K, epochs + 1)``, NaN for epochs that did not run."""
        self._by_epoch[self._recorded :] = np.nan
        return self._by_epoch.T

    def config(self) -> dict[str, Any]:
        """Return the settings that identify the sweep."""
        return {"class": "sweep", **self.settings}

    def state_dict(self) -> dict[str, Any]:
        """Return the losses so far."""
        return {"losses": self._by_epoch[: self._recorded]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Continue from these losses; ValueError if they cannot be those of this sweep."""
        super().load_state_dict(saved)
        losses = saved["losses"]
        most, K = self._by_epoch.shape
        if (
            not isinstance(losses, np.ndarray)
            or losses.dtype != np.float64
            or losses.shape[1:] != (K,)
            or len(losses) > most
        ):
            raise ValueError(f"losses: received {losses!r:.80}, expected at most ({most}, {K})")
        # NaN where a damaged file lacks an epoch
        self._by_epoch = np.concatenate([losses, np.full((most - len(losses), K), np.nan)])
        self._recorded = len(losses)


_MOST_GUESSED = 1000  # parts that are looked for in a folder that cannot be listed


class Trained(NamedTuple):
    """The results of some of the runs, a row for each."""

    numbers: Array
    losses: NDArray[np.float64]
    diverged_at: NDArray[np.int64]
    val_losses: NDArray[np.float64]


@dataclass(frozen=True)
class SweepRun:
    """Trains replicas; a picklable object, because worker processes receive it.

    Parameters
    ----------
    net : MLP
        The network to replicate.
    method : Optimizer
        The rates are set by the sweep.
    X, Y, sample_weight, validation
        The data.
    epochs : int
    options : dict
        Further arguments of the trainer.
    settings : dict
        Identify the sweep in its checkpoint.
    """

    net: MLP
    method: Optimizer
    X: ArrayLike
    Y: ArrayLike
    sample_weight: ArrayLike | None
    validation: tuple[ArrayLike, ArrayLike] | None
    epochs: int
    options: dict[str, Any]
    settings: dict[str, Any]
    is_partial: bool = False
    blas_threads: int | None = None
    parent: int = field(default_factory=os.getpid)

    def in_parts(
        self,
        numbers: Array,
        rates: NDArray[np.float64],
        executor: Executor | None,
        checkpoint: AnyPath | None,
    ) -> Trained:
        """Train replicas from these parameters ``(k, P + F)`` with these rates ``(k,)``.

        There are as many parts as the checkpoint has, else as the executor has workers.
        """
        n_workers = workers_of(executor)
        n_parts = min(len(rates), n_workers)
        if checkpoint is not None:
            n_parts = parts_begun(checkpoint) or n_parts
        if n_parts > len(rates):
            raise ValueError(
                f"checkpoint: received the {n_parts} parts of another sweep, expected those of "
                f"{len(rates)} runs"
            )
        paths = [None] * n_parts if checkpoint is None else part_paths(checkpoint, n_parts)
        cut = (np.array_split(numbers, n_parts), np.array_split(rates, n_parts), paths)
        run = replace(self, is_partial=n_parts > 1)
        if executor is None:
            return _joined([run._part(*part) for part in zip(*cut, strict=True)])
        # never more than this process has: with one thread everywhere the results are the same
        threads = min(blas_thread_count(), max(1, read_cpu().cores // min(n_parts, n_workers)))
        with blas_threads(threads):  # for workers that are threads of this process
            return _joined(list(executor.map(replace(run, blas_threads=threads)._part, *cut)))

    def _part(self, numbers: Array, rates: NDArray[np.float64], path: Path | None) -> Trained:
        is_worker_process = os.getpid() != self.parent
        if is_worker_process:
            end_with_parent()
        with blas_threads(self.blas_threads if is_worker_process else None):
            return self._train(numbers, rates, path)

    def _train(self, numbers: Array, rates: NDArray[np.float64], path: Path | None) -> Trained:
        net = self.net.replicate(len(rates))
        net._numbers = numbers
        settings = self.settings | {"first weights": fingerprint(numbers)}
        recorder = LossRecorder(len(rates), self.epochs, settings)
        own = self.options["callbacks"]
        if self.is_partial:  # threads share this object
            own = copy.deepcopy(own)
        trainer = self._trainer(net, rates, [recorder, *own])
        # a sweep that continues from its checkpoint may have other callbacks
        trainer._keeps_history = bool(own) or path is not None
        self._fit(trainer, path)
        if trainer.history.status == "interrupted":
            raise KeyboardInterrupt
        if trainer._keeps_history:
            recorder.record_the_end(trainer)
        diverged_at = np.array(trainer.history.diverged_at or [0] * len(rates), np.int64)
        val_losses = np.full(len(rates), np.nan)
        if self.validation is not None:
            with np.errstate(all="ignore"):
                val_losses = np.where(diverged_at, np.nan, net.evaluate(*self.validation))
        return Trained(net._numbers, recorder.losses, diverged_at, val_losses)

    def _trainer(self, net: MLP, rates: NDArray[np.float64], callbacks: list[Callback]) -> Trainer:
        optimizer = copy.deepcopy(self.method)
        optimizer.reset()
        optimizer.lr = rates
        return Trainer(net, optimizer, **(self.options | {"callbacks": callbacks}))

    def _fit(self, trainer: Trainer, path: Path | None) -> None:
        """Train, starting from the checkpoint if there is one."""
        watched = self.validation if trainer._keeps_history else None
        data: dict[str, Any] = {"validation": watched, "sample_weight": self.sample_weight}
        if path is None:
            trainer.fit(self.X, self.Y, self.epochs, **data)
            return
        trainer.callbacks.append(Checkpoint(path, every=None, every_seconds=SECONDS))
        trainer.resume(path, self.X, self.Y, self.epochs, **data, missing_ok=True)


def part_paths(checkpoint: AnyPath, n_parts: int) -> list[Path]:
    """Return the checkpoint files: ``sweep.npz``, or ``sweep.1-of-2.npz`` and so on.

    Examples
    --------
    >>> [path.name for path in part_paths("sweep.npz", 2)]
    ['sweep.1-of-2.npz', 'sweep.2-of-2.npz']
    """
    path = Path(checkpoint)
    return [path] if n_parts == 1 else [_part(path, i, n_parts) for i in range(1, n_parts + 1)]


def _part(path: Path, i: int, n_parts: int) -> Path:
    return path.with_name(f"{path.stem}.{i}-of-{n_parts}{path.suffix}")


def parts_begun(checkpoint: AnyPath) -> int | None:
    """Return the number of parts of the checkpoint, None if there are no files.

    Raises
    ------
    ValueError
        If the files belong to more than one sweep.
    """
    path = Path(checkpoint)
    found = {1} if os.path.lexists(path) else set()
    pattern = re.compile(rf"{re.escape(path.stem)}\.\d+-of-(\d+){re.escape(path.suffix)}")
    try:
        names = os.listdir(path.parent)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:  # the folder may be writable but not readable
        firsts = [_part(path, 1, n) for n in range(2, _MOST_GUESSED)]
        names = [first.name for first in firsts if os.path.lexists(first)]
    found |= {int(match[1]) for match in map(pattern.fullmatch, names) if match}
    if len(found) > 1:
        raise ValueError(
            f"checkpoint: received {path} in {' and in '.join(map(str, sorted(found)))} parts, "
            "expected the files of one sweep"
        )
    return found.pop() if found else None


def _joined(parts: list[Trained]) -> Trained:
    if len(parts) == 1:
        return parts[0]
    return Trained(*map(np.concatenate, zip(*parts, strict=True)))
