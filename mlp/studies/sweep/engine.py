"""The engine of a sweep: its pieces trained here, or by the workers of any executor."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any

import numpy as np

from mlp._checks import check_offers
from mlp.machine import blas_threads, end_with_parent
from mlp.studies.sweep.recorder import Record
from mlp.studies.sweep.stack import Stack
from mlp.studies.sweep.work import Job, Work

ATTEMPTS = 3
"""How often a piece is tried before its runs are marked as failed."""
_SHORTEST, _LONGEST = 0.5, 60.0  # seconds of work that a task should have
_AHEAD = 2  # tasks that wait or run, for each worker

Outcome = Record | BaseException


def check_executor(executor: object) -> None:
    """Raise TypeError unless it is None or has the method `submit`."""
    if executor is not None:
        check_offers("executor", executor, "an Executor of concurrent.futures or None", "submit")


def workers_of(executor: Executor | None) -> int:
    """Return the number of workers of an executor, by the names that known engines use."""
    if executor is None:
        return 1
    client: Any = getattr(executor, "_client", None)  # of dask.distributed
    if callable(getattr(client, "nthreads", None)):
        return max(1, int(sum(client.nthreads().values())))
    names = ("_max_workers", "num_workers", "max_workers")
    counts = (getattr(executor, name, None) for name in names)
    return next((int(n) for n in counts if isinstance(n, int) and n > 0), os.cpu_count() or 1)


def train_all(
    work: Work,
    jobs: Sequence[Job],
    executor: Executor | None,
    advance: Callable[[Stack, Outcome], None],
) -> list[Outcome]:
    """Do all jobs; return the record of each, or the error with which it failed for good.

    Each piece is computed with one BLAS thread, so the result does not depend on the engine.
    Without an executor an error is raised at once. Each outcome is told to `advance`.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C.
    """
    with blas_threads(1):
        if executor is None:
            records: list[Outcome] = []
            for job in jobs:
                records.append(work.train(job))
                advance(job.stack, records[-1])
            return records
        return _Tasks(work, jobs, executor, advance).run()


class _Tasks:
    """Jobs on their way through an executor.

    Parameters
    ----------
    work, jobs, executor, advance
        As in `train_all`.
    """

    def __init__(
        self,
        work: Work,
        jobs: Sequence[Job],
        executor: Executor,
        advance: Callable[[Stack, Outcome], None],
    ) -> None:
        self.advance = advance
        self.work, self.jobs, self.executor = work, jobs, executor
        self.shared = _scattered(work, executor)
        self.n_workers = workers_of(executor)
        self.outcomes: dict[int, Outcome] = {}
        self.attempts = [0] * len(jobs)
        # the expensive pieces first: a long one at the end would leave workers idle
        self.todo = deque(sorted(range(len(jobs)), key=lambda i: -self._size(i)))
        self.running: dict[Future[Any], list[int]] = {}
        self.seconds, self.size_done = 0.0, 0.0

    def _size(self, i: int) -> float:
        """Return the cost of a piece, in units that are alike for pieces of all kinds."""
        return float(self.jobs[i].stack.starts.size)

    def run(self) -> list[Outcome]:
        """Train everything."""
        try:
            while self.todo or self.running:
                while self.todo and len(self.running) < _AHEAD * self.n_workers:
                    self._submit()
                for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                    self._collect(future)
        except BaseException:
            for future in self.running:
                future.cancel()
            raise
        return [self.outcomes[i] for i in range(len(self.jobs))]

    def _submit(self) -> None:
        chunk = self._next_chunk()
        jobs = [self.jobs[i] for i in chunk]
        is_again = any(self.attempts[i] for i in chunk)
        # what was scattered may have been lost with its worker
        shared = self.work if is_again else self.shared
        try:
            future = self.executor.submit(train_chunk, shared, jobs, os.getpid())
        except (BrokenExecutor, RuntimeError) as error:  # no worker is left
            if self.running:
                self.todo.extendleft(reversed(chunk))
                wait(self.running)
                for finished in list(self.running):
                    self._collect(finished)
                return
            self._give_up(chunk, error)
            return
        self.running[future] = chunk

    def _next_chunk(self) -> list[int]:
        """Return the pieces of the next task, as many as the cost so far suggests."""
        first = self.todo.popleft()
        chunk = [first]
        if not self.size_done or self.attempts[first]:
            return chunk
        rate = self.seconds / self.size_done
        left = rate * (self._size(first) + sum(map(self._size, self.todo)))
        wanted = min(_LONGEST, max(_SHORTEST, left / (_AHEAD * self.n_workers)))
        expected = rate * self._size(first)
        while self.todo and not self.attempts[self.todo[0]]:
            expected += rate * self._size(self.todo[0])
            if expected > wanted:
                break
            chunk.append(self.todo.popleft())
        return chunk

    def _collect(self, future: Future[Any]) -> None:
        chunk = self.running.pop(future)
        error = future.exception()
        if error is None:
            records, seconds = future.result()
            for i, record in zip(chunk, records, strict=True):
                self._end(i, record)
            self.seconds += seconds
            self.size_done += sum(map(self._size, chunk))
        elif isinstance(error, KeyboardInterrupt):
            raise error
        else:
            self._give_up(chunk, error)

    def _give_up(self, chunk: list[int], error: BaseException) -> None:
        """Try pieces again one by one, or keep the error after the last attempt."""
        for i in chunk:
            self.attempts[i] += 1
            if self.attempts[i] < ATTEMPTS:
                self.todo.append(i)
            else:
                self._end(i, error)

    def _end(self, i: int, outcome: Outcome) -> None:
        self.outcomes[i] = outcome
        self.advance(self.jobs[i].stack, outcome)


def _scattered(work: Work, executor: Executor) -> Any:
    """Return the work as it is sent with each task: where the engine can, it is there already."""
    scatter = getattr(getattr(executor, "_client", None), "scatter", None)
    return scatter(work, broadcast=True) if callable(scatter) else work


def train_chunk(work: Work, jobs: Sequence[Job], parent: int) -> tuple[list[Record], float]:
    """Do some jobs in a worker; return their records and their time."""
    if os.getpid() != parent:
        end_with_parent()
    began = time.perf_counter()
    with blas_threads(1):
        records = [work.train(job) for job in jobs]
    return records, time.perf_counter() - began


def failed_record(stack: Stack) -> Record:
    """Return the record of runs that could not be trained."""
    K = len(stack.runs)
    zeros = np.zeros(K, np.int64)
    return Record({}, zeros, zeros, zeros, np.zeros(K, np.bool_), stack.starts)
