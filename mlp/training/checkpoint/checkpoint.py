"""Checkpoints: files from which a run continues as if it had never stopped."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from mlp._archive import format_errors, read_archive, write_archive
from mlp._checks import check_count, check_not_negative, check_path, require, require_keys
from mlp._types import AnyPath
from mlp.training.callbacks.base import Callback, Saver
from mlp.training.checkpoint.settings import differences, schedule_at, settings_of
from mlp.training.checkpoint.state import restore, state_of
from mlp.training.run import Run

_KIND, _VERSION = "mlp-checkpoint", 1
_MOST_LISTED = 6


class Checkpoint(Saver):
    """Saves a run to a file, from which `Trainer.resume` continues it bit-identically.

    The file is written at the start of the run, after epochs and batches as requested, after
    Ctrl-C and at the end of the run; always after all other callbacks, whatever its place among
    them. Each time the file is replaced as a whole: after kill -9 or on a full disk, the last
    complete one remains.

    Parameters
    ----------
    path : path
        The file, usually ``.npz``. Missing folders are created.
    every : int or None, default 1
        Write after every so many epochs; None for not after epochs.
    every_batches : int or None, default None
        Write after every so many batches, counted over all epochs.
    every_seconds : float or None, default None
        Write after a batch once so much time has passed since the last time, or twenty times the
        time that writing took if that is longer.

    Raises
    ------
    OSError
        If the file cannot be written. It names the path and ends the run; the old file is intact.
    FileExistsError
        If `Trainer.fit` starts a new run and the file holds one that is not over, whose work would
        be lost.
    FileFormatError
        If a run starts and the file is of another kind.

    Notes
    -----
    The file holds the weights and all other numbers of the layers, the state of the optimizer,
    both random streams, the order of the rows and the place in it, the history, and the result of
    each `Callback.state_dict`. Custom layers and activations need no names in it, as the run
    continues with the network at hand. What a custom layer keeps from batch to batch belongs in
    its parameters, which need not all be trained. docs/format.md describes the file.

    Results are bit-identical on the same machine, with the same NumPy and number of threads.

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
        self._trainer: object = None
        self._written: tuple[int, int] | None = None
        self._batches = 0
        self._time = self._took = 0.0

    def on_start(self, trainer: Any) -> None:
        """Write the start of the run, so that a file that cannot be written is found at once."""
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
                "none or one that is over: Trainer.resume continues it; delete the file to start "
                "a new run",
                self.path,
            )

    def on_batch_end(self, trainer: Any) -> None:
        """Write if it is time, but leave the last batch of an epoch to `on_epoch_end`."""
        run = _run_of(trainer)
        if self._is_due(run) and run.state.batch < len(run.data):
            self._write(run)

    def on_epoch_end(self, trainer: Any) -> None:
        """Write if it is time."""
        run = _run_of(trainer)
        if self._is_due(run) or (self.every is not None and run.state.epoch % self.every == 0):
            self._write(run)

    def finish(self, trainer: Any) -> None:
        """Write the end of the run, unless the file already holds it."""
        run = _run_of(trainer)
        if run.state.place != self._written:
            self._write(run)

    def _is_due(self, run: Run) -> bool:
        """Whether enough batches or enough time have passed since the last writing."""
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
        self._written, self._batches = run.state.place, run.batches_done
        self._time = time.monotonic()


def _run_of(trainer: Any) -> Run:
    run: Run | None = trainer._run
    if run is None:
        raise RuntimeError("Checkpoint: received an idle trainer, expected a call during fit")
    return run


def require_checkpoint(callbacks: Sequence[Callback], path: str | os.PathLike[str]) -> None:
    """Raise ValueError unless one of the callbacks is a `Checkpoint` that writes this file."""
    written = [c.path for c in callbacks if isinstance(c, Checkpoint)]
    if os.path.abspath(path) not in map(os.path.abspath, written):
        raise ValueError(
            f"callbacks: received no Checkpoint that writes {os.fspath(path)}, expected one"
        )


class Progress(NamedTuple):
    """How far the run in a file has come."""

    epoch: int
    last_epoch: int
    is_over: bool


def write_run(path: AnyPath, run: Run) -> None:
    """Write a run to a file, as a whole or not at all.

    Raises
    ------
    TypeError, ValueError
        If the state of a callback or a random generator cannot be written; no file was touched.
    OSError
        If the file cannot be written; the old one is unchanged.
    """
    optimizer = run.update.optimizer
    schedule = schedule_at(optimizer, max(optimizer.steps - 1, 0))
    settings = settings_of(run) | {"schedule": schedule}
    write_archive(path, _KIND, _VERSION, {"settings": settings, "state": state_of(run)})


def read_run(path: AnyPath) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings and the state in a file.

    Raises
    ------
    FileFormatError
        If the file is corrupted, hostile, of a later version or not a checkpoint.
    OSError
        If the file does not exist or cannot be read.
    """
    _, content = read_archive(path, _KIND, [_VERSION])
    with format_errors(path):
        settings, state = require_keys("checkpoint", content, "settings", "state")
        require("settings", settings, dict)
        progress_of(require("state", state, dict))
    return settings, state


def progress_of(state: dict[str, Any]) -> Progress:
    """Return how far a saved run has come; TypeError or ValueError if the state is not valid."""
    epoch, last_epoch = (check_count(name, state.get(name), 0) for name in ("epoch", "last_epoch"))
    return Progress(epoch, last_epoch, require("is_over", state.get("is_over"), bool))


def continue_run(path: AnyPath, run: Run, epochs: int) -> None:
    """Restore the run in a file, to be continued up to so many epochs in total.

    Raises
    ------
    ValueError
        If the file holds another run, or one that has come further.
    FileFormatError, OSError
        As in `read_run`. Nothing has been changed when one of these is raised.
    """
    settings, state = read_run(path)
    schedule = None
    if settings.get("schedule") is not None:
        with format_errors(path):
            step, _ = require_keys("schedule", settings["schedule"], "step", "rate")
            check_count("step", step, 0)
            try:
                schedule = schedule_at(run.update.optimizer, step)
            except (ArithmeticError, LookupError) as error:  # no run has come to this step
                raise ValueError(f"schedule: received step {step:.3g}, {error!r}") from error
    found = differences(settings_of(run) | {"schedule": schedule}, settings)
    if found:
        more = f"; and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
        raise ValueError(
            f"{os.fspath(path)}: is of another run: {'; '.join(found[:_MOST_LISTED])}{more} "
            "(delete the file to start a new run)"
        )
    needed = progress_of(state).epoch + (state.get("present") is not None)
    if epochs < needed:
        raise ValueError(
            f"epochs: received {epochs}, expected at least {needed}, "
            f"which {os.fspath(path)} has reached"
        )
    with format_errors(path):
        restore(run, state)
    run.state.last_epoch = epochs
    run.source = os.path.realpath(path)
