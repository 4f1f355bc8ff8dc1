"""The record of a stack while it trains: numbers of each run and epoch, and the last weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp._types import Array
from mlp.training import Callback, EarlyStopping, Trainer
from mlp.training.compaction import can_compact, compact

_WORTH_IT = 8  # the stack shrinks once one of so many replicas has ended


class Record(NamedTuple):
    """What is known of K runs.

    Attributes
    ----------
    columns : dict of str to ndarray (epochs, K)
        The quantities of `History`, NaN after the end of a run. "seconds" is the time of the
        whole stack divided among its replicas.
    lengths : ndarray of int (K,)
        The number of epochs that each run completed.
    diverged_at, kept_epoch : ndarray of int (K,)
        The epoch in which it diverged, 0 if it did not, and that of its last weights.
    pruned : ndarray of bool (K,)
        Whether it was ended because others were better.
    numbers : ndarray (K, P + F)
        Its last weights.
    """

    columns: dict[str, NDArray[np.float64]]
    lengths: NDArray[np.int64]
    diverged_at: NDArray[np.int64]
    kept_epoch: NDArray[np.int64]
    pruned: NDArray[np.bool_]
    numbers: Array


class RunRecorder(Callback):
    """Records every run of a stack, ends those that are over, and shrinks the stack.

    It comes after all other callbacks, but before a `Checkpoint`.

    Parameters
    ----------
    K, epochs : int
        The number of runs and of epochs.
    rows : ndarray of int
        Which of the K runs the replicas are, in the beginning.
    starts : ndarray (K, P + F)
        The first weights.
    settings : mapping
        Identifies the stack in its checkpoint.
    drop : sequence of int
        The runs that end before the next epoch.
    """

    def __init__(
        self,
        K: int,
        epochs: int,
        rows: NDArray[np.int64],
        starts: Array,
        settings: Mapping[str, Any],
        drop: Sequence[int] = (),
    ) -> None:
        self.epochs, self.rows, self.settings = epochs, rows, settings
        self.drop = np.zeros(K, np.bool_)
        self.drop[list(drop)] = True
        self.record = Record(
            columns={},
            lengths=np.zeros(K, np.int64),
            diverged_at=np.zeros(K, np.int64),
            kept_epoch=np.zeros(K, np.int64),
            pruned=np.zeros(K, np.bool_),
            numbers=starts.copy(),
        )
        self.is_over = np.zeros(K, np.bool_)

    def on_start(self, trainer: Trainer) -> None:
        """Find the callbacks that end runs."""
        self._stopping = [c for c in trainer.callbacks if isinstance(c, EarlyStopping)]
        others = (c for c in trainer.callbacks if c is not self)
        self._can_compact = all(can_compact(c) or c in trainer._run.savers for c in others)  # type: ignore[union-attr]

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """End the runs that were pruned."""
        ended = (self.drop & ~self.is_over)[self.rows]
        if ended.any():
            self.record.pruned[self.rows[ended]] = True
            self._end(trainer, ended)
            self._shrink(trainer)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Record the epoch, and keep the weights of runs that it ended."""
        epoch, rows, record = trainer.epoch, self.rows, self.record
        runs = ~self.is_over[rows]
        alive = trainer.alive
        for name, values in trainer.history.items():
            if name not in record.columns:
                shape = (self.epochs, len(self.is_over))
                record.columns[name] = np.full(shape, np.nan)
            value = np.broadcast_to(values[-1], rows.shape)
            value = value / len(rows) if name == "seconds" else value
            record.columns[name][epoch - 1, rows[runs & alive]] = value[runs & alive]
        record.lengths[rows[runs & alive]] = epoch
        record.diverged_at[rows[runs & ~alive]] = epoch
        ended = runs & ~alive
        for stopping in self._stopping:
            ended |= runs & (stopping._state["stopped_epoch"] > 0)
        self._end(trainer, ended)
        self._shrink(trainer)

    def _end(self, trainer: Trainer, ended: NDArray[np.bool_]) -> None:
        """Keep the results of these replicas."""
        if not ended.any():
            return
        rows, record = self.rows[ended], self.record
        numbers = trainer.net._numbers
        kept = record.lengths[self.rows]
        for stopping in reversed(self._stopping):  # as at the end of a run alone
            has_kept, state = stopping._has_kept, stopping._state
            own = np.concatenate([state["theta"], state["fixed"]], axis=-1)
            numbers[has_kept] = own[has_kept]
            if stopping.restore_best:
                kept[has_kept] = state["best_epoch"][has_kept]
        record.numbers[rows] = numbers[ended]
        record.kept_epoch[rows] = kept[ended]
        self.is_over[rows] = True

    def _shrink(self, trainer: Trainer) -> None:
        """Go on without the runs that have ended."""
        over = self.is_over[self.rows]
        if over.all():
            trainer.stop()
        elif self._can_compact and over.sum() * _WORTH_IT >= len(over):
            stay = np.flatnonzero(~over)
            compact(trainer, stay)
            self.rows = self.rows[stay]

    def finish(self, trainer: Trainer) -> Record:
        """Return the record, after the last epoch."""
        self._end(trainer, ~self.is_over[self.rows])
        return self.record

    def config(self) -> dict[str, Any]:
        """Return the settings that identify the stack."""
        return {"class": "runs", **self.settings}

    def state_dict(self) -> dict[str, Any]:
        """Return the record so far, and which runs the replicas are."""
        fields = self.record._asdict()
        return {**fields, "rows": self.rows, "is_over": self.is_over}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Continue from this record; ValueError if it cannot be that of this stack."""
        super().load_state_dict(saved)
        own = self.state_dict()
        shape = (self.epochs, len(self.is_over))
        for name, value in saved.items():
            parts = value if name == "columns" else {name: value}
            if not isinstance(parts, Mapping):
                raise ValueError(f"{name}: received {value!r:.80}, expected arrays")
            for place, array in parts.items():
                like = np.empty(shape) if name == "columns" else own[name]
                fits = isinstance(array, np.ndarray) and array.dtype == like.dtype
                if not fits or array.shape != like.shape:
                    raise ValueError(f"{place}: received {array!r:.80}, expected {like.shape}")
        if not np.array_equal(saved["rows"], self.rows):
            raise ValueError(f"rows: received {saved['rows']!r:.80}, expected {self.rows!r:.80}")
        columns = {name: np.array(array) for name, array in saved["columns"].items()}
        rest = {name: np.array(saved[name]) for name in self.record._fields if name != "columns"}
        self.record = Record(columns=columns, **rest)
        self.rows, self.is_over = np.array(saved["rows"]), np.array(saved["is_over"])


def rows_in(states: Sequence[Any], K: int) -> NDArray[np.int64]:
    """Return which of K runs the replicas of a checkpoint are; ValueError if it holds none."""
    rows: Any = states[-1].get("rows") if states and isinstance(states[-1], dict) else None
    is_list = isinstance(rows, np.ndarray) and rows.dtype == np.int64 and rows.ndim == 1
    if not is_list or not rows.size or rows.min() < 0 or rows.max() >= K:
        raise ValueError(f"checkpoint: received {rows!s:.80}, expected the runs of a stack")
    found: NDArray[np.int64] = rows
    return found
