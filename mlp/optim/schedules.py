"""Learning-rate schedules: frozen records that are functions from the step to the rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from mlp.optim._checks import (
    Rate,
    check_count,
    check_not_negative,
    check_positive,
    check_rate,
    check_real,
)
from mlp.optim.schedule_base import RATE, Schedule


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
        return self.lr * self.gamma ** (step // self.step_size)


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
        return self.lr * self.gamma**step


@dataclass(frozen=True, eq=False)
class Cosine(Schedule):
    """Half a cosine from lr at step 0 to lr_min at step `steps`, and lr_min after it.

    ``lr_min + (lr - lr_min) * (1 + cos(pi * step / steps)) / 2``: Loshchilov and Hutter, SGDR,
    ICLR 2017, without restarts; ``torch.optim.lr_scheduler.CosineAnnealingLR`` up to T_max.

    >>> Cosine(1.0, steps=2).list(4).round(12)
    array([1. , 0.5, 0. , 0. ])
    """

    lr: Rate
    steps: int
    lr_min: float = 0.0
    name: ClassVar[str] = "cosine"

    def __post_init__(self) -> None:
        self._set(
            lr=check_rate("lr", self.lr, RATE),
            steps=check_count("steps", self.steps),
            lr_min=check_not_negative("lr_min", self.lr_min),
        )

    def _at(self, step: int) -> Rate:
        return _cosine(self.lr, self.lr_min, min(step / self.steps, 1.0))


@dataclass(frozen=True, eq=False)
class LinearWarmup(Schedule):
    """A straight line up to a schedule's first rate, then that schedule from its beginning.

    The line goes from ``start`` times the rate at step 0 to the full rate at step `steps`, as
    ``torch.optim.lr_scheduler.LinearLR`` followed by another under ``SequentialLR``.

    >>> LinearWarmup(0.4, steps=2, start=0.5).list(4)
    array([0.2, 0.3, 0.4, 0.4])
    """

    schedule: Rate | Callable[[int], Rate]
    steps: int
    start: float = 1.0 / 3.0
    name: ClassVar[str] = "linear_warmup"

    def __post_init__(self) -> None:
        self._set(
            schedule=self.schedule if callable(self.schedule) else Constant(self.schedule),
            steps=check_count("steps", self.steps),
            start=check_real("start", self.start, "a float in [0, 1]", lambda x: 0 <= x <= 1),
        )

    def _at(self, step: int) -> Rate:
        after: Any = self.schedule
        if step >= self.steps:
            return check_rate("schedule", after(step - self.steps), RATE)
        factor = self.start + (1.0 - self.start) * step / self.steps
        return check_rate("schedule", after(0), RATE) * factor


@dataclass(frozen=True, eq=False)
class OneCycle(Schedule):
    """Half a cosine up to lr_max, half a cosine down to almost nothing, over `steps` updates.

    From ``lr_max / div_factor`` up during the share `pct_start`, then down to ``lr_max /
    div_factor / final_div_factor`` at the last step, and constant after it. Smith and Topin,
    Super-convergence, 2018; ``torch.optim.lr_scheduler.OneCycleLR``, the rate only.

    >>> OneCycle(1.0, steps=5, pct_start=0.4).list(5).round(3)
    array([0.04, 1.  , 0.75, 0.25, 0.  ])
    """

    lr_max: Rate
    steps: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    name: ClassVar[str] = "one_cycle"

    def __post_init__(self) -> None:
        self._set(
            lr_max=check_rate("lr_max", self.lr_max, RATE),
            steps=check_count("steps", self.steps),
            pct_start=check_real(
                "pct_start", self.pct_start, "a float in [0, 1)", lambda x: 0 <= x < 1
            ),
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
        divisor: float = (step + 1) ** self.power
        return self.lr / divisor


def _cosine(first: Rate, last: Rate, done: float) -> Rate:
    """Return the rate between `first` and `last` when the share `done` of the way is made."""
    return last + (first - last) * ((1.0 + math.cos(math.pi * done)) / 2.0)
