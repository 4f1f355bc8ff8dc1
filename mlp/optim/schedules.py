"""Learning-rate schedules: functions from the step to the rate, and their names."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlp._checks import (
    check_count,
    check_fraction,
    check_not_negative,
    check_number,
    check_positive,
    check_sequence,
)
from mlp._names import find_name
from mlp._replicas import check_numbers, kept_replicas
from mlp._types import Rate

RATE = "a number >= 0 or an array (K,)"
"""What an error message says a rate must be."""


def check_rate(
    name: str, value: object, expected: str = "a number >= 0, a schedule or an array (K,)"
) -> Rate:
    """Return `value` as a float, or as a read-only float64 copy ``(K,)``; finite and >= 0."""
    return check_numbers(name, value, expected, lambda x: x >= 0.0)


class Schedule(ABC):
    """The base class of schedules: call one with the step, which is 0 for the first update.

    A step is one update of the optimizer, not an epoch. A rate is a float, or an array (K,) with
    one rate for each replica. Schedules are equal if their configs are.
    """

    name: ClassVar[str]

    @property
    def end(self) -> int | None:
        """The number of updates that it is made for, after which the rate stays; None for any."""
        return None

    def __call__(self, step: int) -> Rate:
        """Return the rate of update number `step`; `step` must be a whole number >= 0."""
        return self._at(check_count("step", step, 0))

    @abstractmethod
    def _at(self, step: int) -> Rate:
        """Return the rate of a step that has been checked."""

    def list(self, steps: int) -> NDArray[np.float64]:
        """Return the rates of the first `steps` updates, (steps,) or (steps, K)."""
        return schedule_values(self, steps)

    def config(self) -> dict[str, Any]:
        """Return the name and the fields in a form that JSON can hold."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {"name": self.name, **{key: rate_config(key, v) for key, v in values.items()}}

    def _set(self, **checked: object) -> None:
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # the dataclass is frozen

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.config() == self.config()

    def __hash__(self) -> int:
        return hash(repr(self.config()))


def schedule_values(schedule: Callable[[int], Rate], steps: int) -> NDArray[np.float64]:
    """Return the rates of the first `steps` updates, without training.

    Parameters
    ----------
    schedule : callable
        A `Schedule`, or any function from the step to a rate.
    steps : int
        The number of updates, >= 1.

    Returns
    -------
    ndarray (steps,) or (steps, K)

    Raises
    ------
    TypeError, ValueError
        If `steps` is not a whole number >= 1 or the schedule does not return a rate.

    Examples
    --------
    >>> schedule_values(lambda step: 1 / (step + 1), 2)
    array([1. , 0.5])
    """
    count = check_count("steps", steps)
    return np.array([check_rate("schedule", schedule(step), RATE) for step in range(count)])


def rate_config(name: str, value: Any) -> Any:
    """Return a rate or a schedule as JSON can hold it; TypeError for a function without config."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if callable(value):
        if not hasattr(value, "config"):
            expected = "a number, an array or a schedule with a config()"
            raise TypeError(f"{name}: received {value!r}, expected {expected}")
        return value.config()
    return value


def keep_rates(lr: Any, rows: NDArray[np.intp]) -> Any:
    """Return a rate or a schedule of these replicas alone."""
    if isinstance(lr, PerReplica):
        return PerReplica(tuple(lr.schedules[k] for k in rows))
    if isinstance(lr, Schedule):
        values = {f.name: keep_rates(getattr(lr, f.name), rows) for f in fields(lr)}  # type: ignore[arg-type]
        return type(lr)(**values)
    return (lambda step: kept_replicas(lr(step), rows)) if callable(lr) else kept_replicas(lr, rows)


@dataclass(frozen=True, eq=False)
class Constant(Schedule):
    """The same rate at every step.

    >>> Constant(0.1).list(2)
    array([0.1, 0.1])
    """

    lr: Rate
    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        self._set(lr=check_rate("lr", self.lr, RATE))

    def _at(self, step: int) -> Rate:
        return self.lr


@dataclass(frozen=True, eq=False)
class StepDecay(Schedule):
    """``lr * gamma**(step // step_size)``, as ``torch.optim.lr_scheduler.StepLR``.

    >>> StepDecay(1.0, step_size=2, gamma=0.5).list(5)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])
    """

    lr: Rate
    step_size: int
    gamma: float = 0.1
    name: ClassVar[str] = "step"

    def __post_init__(self) -> None:
        self._set(
            lr=check_rate("lr", self.lr, RATE),
            step_size=check_count("step_size", self.step_size),
            gamma=check_positive("gamma", self.gamma),
        )

    def _at(self, step: int) -> Rate:
        return _power(self.lr, self.gamma, step // self.step_size)


@dataclass(frozen=True, eq=False)
class Exponential(Schedule):
    """``lr * gamma**step``, as ``torch.optim.lr_scheduler.ExponentialLR``.

    >>> Exponential(1.0, gamma=0.5).list(3)
    array([1.  , 0.5 , 0.25])
    """

    lr: Rate
    gamma: float
    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        lr, gamma = check_rate("lr", self.lr, RATE), check_positive("gamma", self.gamma)
        self._set(lr=lr, gamma=gamma)

    def _at(self, step: int) -> Rate:
        return _power(self.lr, self.gamma, step)


@dataclass(frozen=True, eq=False)
class Cosine(Schedule):
    """Half a cosine from lr at step 0 to lr_min at step `steps`, then constant.

    ``lr_min + (lr - lr_min) * (1 + cos(pi * step / steps)) / 2``: Loshchilov and Hutter, SGDR,
    ICLR 2017, without restarts; ``torch.optim.lr_scheduler.CosineAnnealingLR`` up to T_max.

    >>> Cosine(1.0, steps=2).list(4).round(12)
    array([1. , 0.5, 0. , 0. ])
    """

    lr: Rate
    steps: int
    lr_min: float = 0.0
    name: ClassVar[str] = "cosine"

    @property
    def end(self) -> int:
        """The number of its steps."""
        return self.steps

    def __post_init__(self) -> None:
        self._set(
            lr=check_rate("lr", self.lr, RATE),
            steps=check_count("steps", self.steps),
            lr_min=check_not_negative("lr_min", self.lr_min),
        )

    def _at(self, step: int) -> Rate:
        return _cosine(self.lr, self.lr_min, min(step / self.steps, 1.0))


@dataclass(frozen=True, eq=False)
class FlatCosine(Schedule):
    """The rate lr for the fraction `flat` of the steps, then half a cosine to 0; then 0.

    >>> FlatCosine(1.0, steps=4).list(5).round(12)
    array([1. , 1. , 1. , 0.5, 0. ])
    """

    lr: Rate
    steps: int
    flat: float = 0.5
    name: ClassVar[str] = "flat_cosine"

    @property
    def end(self) -> int:
        """The number of its steps."""
        return self.steps

    def __post_init__(self) -> None:
        self._set(
            lr=check_rate("lr", self.lr, RATE),
            steps=check_count("steps", self.steps),
            flat=check_fraction("flat", self.flat),
        )

    def _at(self, step: int) -> Rate:
        done = (min(step / self.steps, 1.0) - self.flat) / (1.0 - self.flat)
        return _cosine(self.lr, 0.0, max(done, 0.0))


@dataclass(frozen=True, eq=False)
class CosLog(Schedule):
    """Whole cosines from 0 up to lr and back, each about twice as long as the one before; then 0.

    ``lr * (1 - cos(2 pi log2(1 + (2**cycles - 1) * step / steps))) / 2``: the schedule of RealMLP
    (Holzmüller et al., Better by default, NeurIPS 2024), "coslog4" with its 4 cycles.

    >>> CosLog(1.0, steps=4, cycles=1).list(5).round(3)
    array([0.   , 0.718, 0.93 , 0.324, 0.   ])
    """

    lr: Rate
    steps: int
    cycles: int = 4
    name: ClassVar[str] = "coslog"

    @property
    def end(self) -> int:
        """The number of its steps."""
        return self.steps

    def __post_init__(self) -> None:
        cycles = check_number("cycles", self.cycles, "a whole number from 1 to 60", _is_cycles)
        self._set(
            lr=check_rate("lr", self.lr, RATE),
            steps=check_count("steps", self.steps),
            cycles=int(cycles),
        )

    def _at(self, step: int) -> Rate:
        done = min(step / self.steps, 1.0)
        turns = math.log2(1.0 + (2.0**self.cycles - 1.0) * done)
        return self.lr * (0.5 - 0.5 * math.cos(2.0 * math.pi * turns))


@dataclass(frozen=True, eq=False)
class LinearWarmup(Schedule):
    """A straight line up to the first rate of a schedule, then that schedule from its start.

    The line goes from ``start`` times that rate at step 0 to the full rate at step `steps`, as
    ``torch.optim.lr_scheduler.LinearLR`` followed by another under ``SequentialLR``.

    >>> LinearWarmup(0.4, steps=2, start=0.5).list(4)
    array([0.2, 0.3, 0.4, 0.4])
    """

    schedule: Rate | Callable[[int], Rate]
    steps: int
    start: float = 1.0 / 3.0
    name: ClassVar[str] = "linear_warmup"

    @property
    def end(self) -> int | None:
        """Its steps and those of the schedule that follows, if that has an end."""
        end = self.schedule.end if isinstance(self.schedule, Schedule) else None
        return None if end is None else self.steps + end

    def __post_init__(self) -> None:
        self._set(
            schedule=self.schedule if callable(self.schedule) else Constant(self.schedule),
            steps=check_count("steps", self.steps),
            start=check_number("start", self.start, "a number from 0 to 1", lambda x: 0 <= x <= 1),
        )

    def _at(self, step: int) -> Rate:
        after: Any = self.schedule
        if step >= self.steps:
            return check_rate("schedule", after(step - self.steps), RATE)
        factor = self.start + (1.0 - self.start) * step / self.steps
        return check_rate("schedule", after(0), RATE) * factor


@dataclass(frozen=True, eq=False)
class OneCycle(Schedule):
    """Half a cosine up to lr_max, then half a cosine down to almost 0, in `steps` updates.

    The rate rises from ``lr_max / div_factor`` during the fraction `pct_start` of the updates,
    falls to ``lr_max / div_factor / final_div_factor`` at the last one, and stays there. Smith and
    Topin, Super-convergence, 2018; ``torch.optim.lr_scheduler.OneCycleLR`` without its momentum.

    >>> OneCycle(1.0, steps=5, pct_start=0.4).list(5).round(3)
    array([0.04, 1.  , 0.75, 0.25, 0.  ])
    """

    lr_max: Rate
    steps: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    name: ClassVar[str] = "one_cycle"

    @property
    def end(self) -> int:
        """The number of its steps."""
        return self.steps

    def __post_init__(self) -> None:
        self._set(
            lr_max=check_rate("lr_max", self.lr_max, RATE),
            steps=check_count("steps", self.steps),
            pct_start=check_fraction("pct_start", self.pct_start),
            div_factor=check_positive("div_factor", self.div_factor),
            final_div_factor=check_positive("final_div_factor", self.final_div_factor),
        )

    def _at(self, step: int) -> Rate:
        first = self.lr_max / self.div_factor
        peak, last = self.pct_start * self.steps - 1.0, self.steps - 1
        if step < peak:
            return _cosine(first, self.lr_max, step / peak)
        done = min((step - peak) / (last - peak), 1.0)
        return _cosine(self.lr_max, first / self.final_div_factor, done)


@dataclass(frozen=True, eq=False)
class InverseScaling(Schedule):
    """``lr / (step + 1)**power``, as scikit-learn's ``learning_rate="invscaling"``.

    >>> InverseScaling(1.0).list(4).round(3)
    array([1.   , 0.707, 0.577, 0.5  ])
    """

    lr: Rate
    power: float = 0.5
    name: ClassVar[str] = "inverse_scaling"

    def __post_init__(self) -> None:
        lr, power = check_rate("lr", self.lr, RATE), check_not_negative("power", self.power)
        self._set(lr=lr, power=power)

    def _at(self, step: int) -> Rate:
        try:
            divisor: float = (step + 1) ** self.power
        except OverflowError:
            return self.lr * 0.0
        return self.lr / divisor


@dataclass(frozen=True, eq=False)
class PerReplica(Schedule):
    """A schedule of its own for each replica.

    >>> PerReplica((Constant(0.1), Exponential(1.0, 0.5))).list(2)
    array([[0.1, 1. ],
           [0.1, 0.5]])
    """

    schedules: tuple[Rate | Callable[[int], Rate], ...]
    name: ClassVar[str] = "per_replica"

    def __post_init__(self) -> None:
        given = check_sequence("schedules", self.schedules, "schedules or rates")
        self._set(schedules=tuple(s if callable(s) else Constant(s) for s in given))

    def _at(self, step: int) -> Rate:
        schedules: Any = self.schedules
        return check_rate("schedules", [schedule(step) for schedule in schedules], RATE)

    def config(self) -> dict[str, Any]:
        """Return the name and the configs of the schedules."""
        parts = [rate_config("schedules", schedule) for schedule in self.schedules]
        return {"name": self.name, "schedules": parts}


def _is_cycles(number: float) -> bool:
    return 1.0 <= number <= 60.0 and number.is_integer()


def _power(lr: Rate, gamma: float, n: int) -> Rate:
    """Return lr * gamma**n, also where only the power is beyond the largest float."""
    try:
        return lr * gamma**n
    except OverflowError:
        with np.errstate(divide="ignore", over="ignore"):
            rates = np.exp(np.log(lr) + n * math.log(gamma))  # of a rate of 0, exp(-inf) = 0
        return rates if isinstance(lr, np.ndarray) else float(rates)


def _cosine(first: Rate, last: Rate, done: float) -> Rate:
    """Return the rate after the fraction `done` of half a cosine from `first` to `last`."""
    return last + (first - last) * ((1.0 + math.cos(math.pi * done)) / 2.0)


SCHEDULES: dict[str, type[Schedule]] = {
    kind.name: kind
    for kind in (
        *(Constant, StepDecay, Exponential, Cosine, FlatCosine, CosLog, LinearWarmup, OneCycle),
        InverseScaling,
    )
}
"""The class of each name."""


def make_schedule(
    name: str | Callable[[int], Rate], lr: Rate, steps: int, **options: Any
) -> Callable[[int], Rate]:
    """Return a schedule by name, for a run of `steps` updates.

    Parameters
    ----------
    name : str or callable
        A key of `SCHEDULES`, in any case; a callable is returned as it is.
    lr : float or array (K,)
        The largest rate.
    steps : int
        The number of updates of the run. By default "step" divides the rate by 10 after each
        third of them, "exponential" decays to lr / 100, "linear_warmup" lasts for the first
        tenth, "cosine", "flat_cosine", "coslog" and "one_cycle" for the whole run.
    **options
        Fields of the schedule that replace these defaults.

    Raises
    ------
    TypeError, ValueError
        If the name or an option is unknown, or a value is out of range.

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
        **{one: {"lr": lr, "steps": count} for one in (Cosine, FlatCosine, CosLog)},
        LinearWarmup: {"schedule": lr, "steps": -(-count // 10)},
        OneCycle: {"lr_max": lr, "steps": count},
    }
    return _build(kind, {**chosen.get(kind, {"lr": lr}), **options})


def schedule_from_config(config: Mapping[str, Any]) -> Schedule:
    """Return the schedule described by `Schedule.config`.

    Raises
    ------
    TypeError, ValueError
        If `config` is not valid.

    Examples
    --------
    >>> schedule_from_config({"name": "exponential", "lr": 0.1, "gamma": 0.9})
    Exponential(lr=0.1, gamma=0.9)
    """
    name, values = read_config(config)
    return _build(_find(name), values)


def read_config(config: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the name in a config, and its other values with each nested config as a schedule."""
    if not isinstance(config, Mapping) or "name" not in config:
        raise ValueError(f"config: received {config!r}, expected a dict with a name")
    values = {
        key: schedule_from_config(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key != "name"
    }
    return config["name"], values


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
