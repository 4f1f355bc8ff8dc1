"""The file of a run: its settings, which are compared, and its state, which is restored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from mlp.core.validation import check_count
from mlp.files import format_errors, read_archive, write_archive
from mlp.files.vocabulary import require, require_keys
from mlp.training.differences import differences
from mlp.training.run_settings import schedule_at
from mlp.training.run_state import restore, state_of

if TYPE_CHECKING:
    from mlp.training.run import Run

AnyPath = str | os.PathLike[str]
_KIND, _VERSION = "mlp-checkpoint", 1
_MOST_TOLD = 6


class Progress(NamedTuple):
    """How far the run in a file has come."""

    epoch: int
    last_epoch: int
    is_over: bool


def write_run(path: AnyPath, run: Run) -> None:
    """Write where a run is to a file, as a whole or not at all.

    Raises
    ------
    TypeError, ValueError
        If a callback's state cannot be written, or a random generator's; no file was touched.
    OSError
        If the file cannot be written; what was there before is unchanged.
    """
    optimizer = run.trainer.optimizer
    schedule = schedule_at(optimizer, max(optimizer.steps - 1, 0))
    settings = run.settings | {"schedule": schedule}
    write_archive(path, _KIND, _VERSION, {"settings": settings, "state": state_of(run)})


def read_run(path: AnyPath) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings and the state in a file.

    Raises
    ------
    FileFormatError
        If the file is damaged, hostile, of a later version or not a run's.
    OSError
        If there is no such file or it cannot be read.
    """
    _, content = read_archive(path, _KIND, [_VERSION])
    with format_errors(path):
        settings, state = require_keys("checkpoint", content, "settings", "state")
        require("settings", settings, dict)
        progress_of(require("state", state, dict))
    return settings, state


def progress_of(state: dict[str, Any]) -> Progress:
    """Return how far a run has come; TypeError or ValueError if that is not told."""
    epoch, last_epoch = (check_count(name, state.get(name), 0) for name in ("epoch", "last_epoch"))
    return Progress(epoch, last_epoch, require("is_over", state.get("is_over"), bool))


def continue_run(path: AnyPath, run: Run) -> None:
    """Put a run where the run in a file was.

    Raises
    ------
    ValueError
        If that is another run, or has come further than this one will go.
    FileFormatError, OSError
        As `read_run`. Nothing has been changed when any of these is raised.
    """
    settings, state = read_run(path)
    now = None
    if settings.get("schedule") is not None:
        with format_errors(path):
            step, _ = require_keys("schedule", settings["schedule"], "step", "rate")
            check_count("step", step, 0)
        now = schedule_at(run.trainer.optimizer, step)
    found = differences(run.settings | {"schedule": now}, settings)
    if found:
        more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
        raise ValueError(
            f"{os.fspath(path)}: is of another run: {'; '.join(found[:_MOST_TOLD])}{more} "
            "(without the file a new run begins)"
        )
    needed = progress_of(state).epoch + (state.get("present") is not None)
    if run.last_epoch < needed:
        raise ValueError(
            f"epochs: received {run.last_epoch}, expected at least {needed}, "
            f"to which {os.fspath(path)} has come"
        )
    with format_errors(path):
        restore(run, state)
    run.source = os.path.realpath(path)
