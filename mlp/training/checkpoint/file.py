"""The file of a run: its settings, which are compared, and its state, which is restored."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlp._archive import format_errors, read_archive, write_archive
from mlp._checks import check_count, require, require_keys
from mlp.training.checkpoint.settings import schedule_at
from mlp.training.checkpoint.state import restore, state_of

if TYPE_CHECKING:
    from mlp.training.loop import Run


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


def differences(received: Any, expected: Any, place: str = "") -> list[str]:
    """Return how two trees of settings differ, each in the form ``name: received X, expected Y``.

    Examples
    --------
    >>> differences({"lr": 0.1, "l2": 0.0}, {"lr": 0.2, "l2": 0.0}, "optimizer")
    ['optimizer.lr: received 0.1, expected 0.2']
    """
    if isinstance(received, Mapping) and isinstance(expected, Mapping):
        return _of_mappings(received, expected, place)
    if _is_list(received) and _is_list(expected) and len(received) == len(expected):
        pairs = enumerate(zip(received, expected, strict=True))
        return [d for i, pair in pairs for d in differences(*pair, _item(place, i, pair[0]))]
    if _is_same(received, expected):
        return []
    return [f"{place}: received {_short(received)}, expected {_short(expected)}"]


def _item(place: str, index: int, value: Any) -> str:
    """Name an item of a list; a callback by its class."""
    is_callback = place == "callbacks" and isinstance(value, Mapping)
    return str(value["class"]) if is_callback else f"{place}[{index}]"


def _is_same(received: Any, expected: Any) -> bool:
    if _is_number(received) and _is_number(expected):
        return bool(received == expected)
    return type(received) is type(expected) and np.array_equal(received, expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _of_mappings(received: Mapping[str, Any], expected: Mapping[str, Any], place: str) -> list[str]:
    if "checksum" in received and "checksum" in expected:
        return _of_fingerprints(received, expected, place)
    found: list[str] = []
    dot = f"{place}." if place else ""
    for key in dict.fromkeys(["class", *expected, *received]):
        found += differences(received.get(key), expected.get(key), f"{dot}{key}")
        if found and key == "class":
            break  # which explains the rest
    return found


def _of_fingerprints(
    received: Mapping[str, Any], expected: Mapping[str, Any], place: str
) -> list[str]:
    if received.get("shape") != expected.get("shape"):
        return [f"{place}: received {_short(received)}, expected {_short(expected)}"]
    one, other = received["checksum"], expected["checksum"]
    if one == other or None in (one, other):  # of what is read a batch at a time there is none
        return []
    return [f"{place}: received other numbers than before"]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _short(value: Any) -> str:
    """Return a value, or what is most telling of it, in a few words."""
    if isinstance(value, Mapping) and "class" in value:
        return _cut(str(value["class"]))
    if isinstance(value, Mapping):
        inner = value.get("X", value)
        shape = inner.get("shape", ()) if isinstance(inner, Mapping) else ()
        return _cut(f"shape {tuple(shape) if _is_list(shape) else shape}")
    if _is_list(value) and value and isinstance(value[0], Mapping):
        return _cut(f"[{', '.join(map(_short, value))}]")
    return _cut(repr(value.tolist() if isinstance(value, np.ndarray) else value))


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."
