"""Checkpoints: files from which a run goes on as if it had never ended."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlp._checks import check_count, check_not_negative
from mlp.training.callbacks.base import Callback
from mlp.training.checkpoint.file import progress_of, read_run, write_run

if TYPE_CHECKING:
    from mlp.training.loop import Run
    from mlp.training.trainer import Trainer


class Checkpoint(Callback):
    """Writes where a run is to a file, from which `Trainer.resume` continues it, bit for bit.

    It is written when the run begins, after epochs and batches as asked for, after Ctrl-C and
    when the run is over; always when all other callbacks have been called, wherever it stands
    among them. There is one file, replaced as a whole each time: what ends the process, kill -9
    and a full disk included, leaves the one that was written last.

    Parameters
    ----------
    path : path
        The file; ``.npz`` says what it is to others. Folders that are missing are made.
    every : int or None, default 1
        After so many epochs; None for not after epochs.
    every_batches : int or None, default None
        After so many batches, counted through all epochs.
    every_seconds : float or None, default None
        After the batch during which so much time has passed since the last writing, or twenty
        times what that took if it is more.

    Raises
    ------
    OSError
        If the file cannot be written: it names the path, ends the run, and the file that was
        there is whole.
    FileExistsError
        When `Trainer.fit` begins a new run and the file holds one that is not over yet, so that
        its work is not lost.
    FileFormatError
        When a run begins and the file is something else.

    Notes
    -----
    The file holds the weights, all that layers keep besides, the state of the optimizer, both
    random streams, the order of the rows and the place in it, the history, and what
    `Callback.state_dict` returns. Layers and activations of one's own need no names in it: it is
    the network at hand that goes on. What such a layer keeps from batch to batch belongs into its
    parameters, of which some need not be trained. docs/format.md describes the file.

    The bits are the same on the same machine, with the same NumPy and number of threads.

    Examples
    --------
    >>> import mlp, tempfile
    >>> X, y = mlp.datasets.xor()
    >>> def train(folder, epochs):
    ...     net = mlp.MLP.from_sizes([2, 8, 2], "tanh", "softmax", "cross_entropy", seed=1)
    ...     checkpoint = mlp.Checkpoint(f"{folder}/run.npz", every=10)
    ...     trainer = mlp.Trainer(net, mlp.Adam(0.1), callbacks=[checkpoint])
    ...     return trainer.resume(checkpoint.path, X, y, epochs, missing_ok=True)
    >>> with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
    ...     for epochs in (20, 30):
    ...         in_two_parts = train(one, epochs)["loss"]
    ...     in_two_parts == train(other, 30)["loss"]
    True
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int | None = 1,
        every_batches: int | None = None,
        *,
        every_seconds: float | None = None,
    ) -> None:
        self.path = check_path("path", path)
        self.every = None if every is None else check_count("every", every)
        self.every_batches = (
            None if every_batches is None else check_count("every_batches", every_batches)
        )
        self.every_seconds = (
            None if every_seconds is None else check_not_negative("every_seconds", every_seconds)
        )
        self._trainer: Trainer | None = None
        self._written: tuple[int, int] | None = None
        self._batches = 0
        self._time = self._took = 0.0

    def on_start(self, trainer: Trainer) -> None:
        """Write where the run begins, so that what cannot be written is found at once."""
        run = _run_of(trainer)
        is_there = run.source == os.path.realpath(self.path)
        if not is_there and trainer is not self._trainer and os.path.exists(self.path):
            self._protect()
        self._trainer = trainer
        self._note(run)
        if not is_there:
            self._write(run)

    def _protect(self) -> None:
        """Raise FileExistsError if the file holds a run that is not over."""
        epoch, last_epoch, is_over = progress_of(read_run(self.path)[1])
        if not is_over:
            raise FileExistsError(
                errno.EEXIST,
                f"received a file that holds a run after epoch {epoch} of {last_epoch}, expected "
                "none or one that is over: Trainer.resume continues it, and without the file a "
                "new one begins",
                self.path,
            )

    def on_batch_end(self, trainer: Trainer) -> None:
        """Write if it is time to; after the last batch of an epoch, that is left to its end."""
        run = _run_of(trainer)
        if self._is_due(run) and trainer.batch < len(run.data):
            self._write(run)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Write if it is time to."""
        run = _run_of(trainer)
        if self._is_due(run) or (self.every is not None and trainer.epoch % self.every == 0):
            self._write(run)

    def finish(self, trainer: Trainer) -> None:
        """Write what came after the last writing, when a run is over or was interrupted."""
        run = _run_of(trainer)
        if run.place != self._written:
            self._write(run)

    def _is_due(self, run: Run) -> bool:
        """Whether there have been enough batches, or enough time, since the last writing."""
        n, m = self.every_batches, self.every_seconds
        if n is not None and run.batches_done - self._batches >= n:
            return True
        return m is not None and time.monotonic() - self._time >= max(m, 20.0 * self._took)

    def _write(self, run: Run) -> None:
        began = time.monotonic()
        write_run(self.path, run)
        self._took = time.monotonic() - began
        self._note(run)

    def _note(self, run: Run) -> None:
        self._written, self._batches, self._time = run.place, run.batches_done, time.monotonic()


def _run_of(trainer: Trainer) -> Run:
    if trainer._run is None:
        raise RuntimeError("Checkpoint: received a trainer at rest, expected a call during fit")
    return trainer._run


def check_path(name: str, path: object) -> str:
    """Return the name of a file; TypeError if it is none."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name}: received {path!r}, expected a path")
    return str(os.fspath(path))


def require_checkpoint(callbacks: Sequence[Callback], path: str | os.PathLike[str]) -> None:
    """Raise ValueError unless one of the callbacks is a `Checkpoint` that writes this file."""
    written = [c.path for c in callbacks if isinstance(c, Checkpoint)]
    if os.path.abspath(path) not in map(os.path.abspath, written):
        raise ValueError(
            f"callbacks: received no Checkpoint that writes {os.fspath(path)}, expected one"
        )
