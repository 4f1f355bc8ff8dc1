"""The schedules by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from mlp._names import find_name
from mlp.optim._checks import Rate, check_count
from mlp.optim.schedule_base import Schedule
from mlp.optim.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    LinearWarmup,
    OneCycle,
    StepDecay,
)

SCHEDULES: dict[str, type[Schedule]] = {
    kind.name: kind
    for kind in (Constant, StepDecay, Exponential, Cosine, LinearWarmup, OneCycle, InverseScaling)
}
"""Each name's class."""


def make_schedule(
    name: str | Callable[[int], Rate], lr: Rate, steps: int, **options: Any
) -> Callable[[int], Rate]:
    """Return the schedule of that name for a run of `steps` updates.

    Parameters
    ----------
    name : str or callable
        A key of `SCHEDULES`, in any case; a callable is returned as it is.
    lr : float or array (K,)
        The largest rate.
    steps : int
        The updates of the whole run. By default "step" divides the rate by 10 after each
        third of them, "exponential" brings it to lr / 100, "linear_warmup" takes the first
        tenth, "cosine" and "one_cycle" take them all.
    **options
        Fields of the schedule, in place of these choices.

    Raises
    ------
    TypeError, ValueError
        If the name or an option is not known, or a value is out of its range.

    Examples
    --------
    >>> make_schedule("cosine", lr=0.1, steps=100)
    Cosine(lr=0.1, steps=100, lr_min=0.0)
    """
    if callable(name):
        return name
    kind = _find(name)
    count = check_count("steps", steps)
    chosen: dict[type[Schedule], dict[str, Any]] = {
        StepDecay: {"lr": lr, "step_size": -(-count // 3)},
        Exponential: {"lr": lr, "gamma": 0.01 ** (1.0 / count)},
        Cosine: {"lr": lr, "steps": count},
        LinearWarmup: {"schedule": lr, "steps": -(-count // 10)},
        OneCycle: {"lr_max": lr, "steps": count},
    }
    return _build(kind, {**chosen.get(kind, {"lr": lr}), **options})


def schedule_from_config(config: Mapping[str, Any]) -> Schedule:
    """Return the schedule that `Schedule.config` described.

    Raises
    ------
    TypeError, ValueError
        If `config` is not such a description.

    Examples
    --------
    >>> schedule_from_config({"name": "exponential", "lr": 0.1, "gamma": 0.9})
    Exponential(lr=0.1, gamma=0.9)
    """
    if not isinstance(config, Mapping) or "name" not in config:
        raise ValueError(f"config: received {config!r}, expected a dict with a name")
    values = {
        key: schedule_from_config(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key != "name"
    }
    return _build(_find(config["name"]), values)


def _find(name: object) -> type[Schedule]:
    if not isinstance(name, str):
        raise TypeError(f"schedule: received {name!r}, expected a name or a callable")
    return SCHEDULES[find_name("schedule", name, SCHEDULES)]


def _build(kind: type[Schedule], values: Mapping[str, Any]) -> Schedule:
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise TypeError(f"{kind.name}: received {key!r}, expected {', '.join(known)}")
    return kind(**values)
