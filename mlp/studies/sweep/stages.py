"""The stages of a sweep: up to each rung of the pruning, and then to the end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.studies.sweep.engine import Outcome, train_all
from mlp.studies.sweep.pruning import Halving, median_of_seeds
from mlp.studies.sweep.recorder import Record
from mlp.studies.sweep.stack import Stack
from mlp.studies.sweep.work import Job, Work


@dataclass(frozen=True)
class Stages:
    """Trains the pieces of a sweep, and ends runs in between.

    Parameters
    ----------
    work : Work
    pieces : sequence of Stack
    paths : sequence of Path or None
        The files of the pieces.
    n_sets, seeds : int
        Run ``i * seeds + s`` belongs to set i.
    halving : Halving or None
    quantity, sign : str, float
        What decides, and -1 if higher is better.
    """

    work: Work
    pieces: Sequence[Stack]
    paths: Sequence[Path | None]
    n_sets: int
    seeds: int
    halving: Halving | None
    quantity: str
    sign: float

    def run(
        self, executor: Executor | None, advance: Callable[[Stack, Outcome], None]
    ) -> list[Outcome]:
        """Train everything; return the outcome of each piece."""
        if self.halving is None:
            return self._train(self.work.epochs, np.empty(0, np.int64), [], executor, advance)
        # the state of the runs waits in files for the decision
        is_kept = self.paths[0] is not None
        with nullcontext("") if is_kept else tempfile.TemporaryDirectory() as folder:
            names = [Path(folder, f"{i}.npz") for i in range(len(self.pieces))]
            own = self if is_kept else replace(self, paths=names)
            return own._halved(self.halving, executor, advance)

    def _halved(
        self,
        halving: Halving,
        executor: Executor | None,
        advance: Callable[[Stack, Outcome], None],
    ) -> list[Outcome]:
        pruned = np.empty(0, np.int64)
        outcomes: list[Outcome] = []
        for rung in halving.rungs(self.work.epochs):
            outcomes = self._train(rung, pruned, outcomes, executor, _ignore)
            scores = self._scores(outcomes, rung)
            scores[np.unique(pruned // self.seeds)] = np.inf
            candidates = np.flatnonzero(np.isfinite(scores))
            stay = candidates[halving.survivors(scores[candidates])]
            ended = np.setdiff1d(np.arange(self.n_sets), stay)
            pruned = (ended[:, None] * self.seeds + np.arange(self.seeds)).ravel()
        return self._train(self.work.epochs, pruned, outcomes, executor, advance)

    def _train(
        self,
        until: int,
        pruned: NDArray[np.int64],
        before: Sequence[Outcome],
        executor: Executor | None,
        advance: Callable[[Stack, Outcome], None],
    ) -> list[Outcome]:
        """Train all pieces up to an epoch, without these runs; a piece without others rests."""
        outcomes: list[Any] = list(before) or [None] * len(self.pieces)
        jobs = {}
        for i, (piece, path) in enumerate(zip(self.pieces, self.paths, strict=True)):
            drop = np.flatnonzero(np.isin(piece.runs, pruned))
            if isinstance(outcomes[i], BaseException):
                advance(piece, outcomes[i])
            elif outcomes[i] is not None and len(drop) == len(piece.runs):
                outcomes[i] = _ended(outcomes[i], until)
                advance(piece, outcomes[i])
            else:
                jobs[i] = Job(piece, path, until, tuple(drop.tolist()))
        found = train_all(self.work, list(jobs.values()), executor, advance)
        for i, outcome in zip(jobs, found, strict=True):
            outcomes[i] = outcome
        return outcomes

    def _scores(self, outcomes: Sequence[Outcome], rung: int) -> NDArray[np.float64]:
        """Return the median of each set after an epoch, lower is better, infinite if it ended."""
        scores = np.full(self.n_sets * self.seeds, np.inf)
        for piece, outcome in zip(self.pieces, outcomes, strict=True):
            if isinstance(outcome, Record) and self.quantity in outcome.columns:
                values = self.sign * outcome.columns[self.quantity][rung - 1]
                scores[list(piece.runs)] = np.where(np.isfinite(values), values, np.inf)
        return median_of_seeds(scores.reshape(-1, self.seeds))


def _ended(record: Record, until: int) -> Record:
    """Return the record of runs that were all ended by the others."""
    epochs = next(len(column) for column in record.columns.values())
    went_on = (record.diverged_at == 0) & (record.lengths < min(until, epochs))
    return record._replace(pruned=record.pruned | went_on)


def _ignore(piece: Stack, outcome: Outcome) -> None:
    """Do nothing: the bar counts runs once."""
