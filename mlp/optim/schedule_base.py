"""The base of all schedules, and their listing without training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlp.optim._checks import Rate, check_count, check_rate

RATE = "a float >= 0 or an array (K,)"


def schedule_values(schedule: Callable[[int], Rate], steps: int) -> NDArray[np.float64]:
    """List the rates of the first `steps` updates, without training.

    Returns
    -------
    ndarray (steps,) or (steps, K)

    Raises
    ------
    TypeError, ValueError
        If `steps` is not an int >= 1 or the schedule returns what is no rate.

    Examples
    --------
    >>> schedule_values(lambda step: 1 / (step + 1), 2)
    array([1. , 0.5])
    """
    count = check_count("steps", steps)
    return np.array([check_rate("schedule", schedule(step), RATE) for step in range(count)])


class Schedule(ABC):
    """The base of the schedules here: call it with the step, 0 for the first update.

    Steps are the optimizer's updates, not epochs. Two schedules are equal when their configs
    are. A rate is a float or an array (K,) with one rate for each replica.
    """

    name: ClassVar[str]

    def __call__(self, step: int) -> Rate:
        """Return the rate of update number `step`; ValueError if it is no int >= 0."""
        return self._at(check_count("step", step, 0))

    @abstractmethod
    def _at(self, step: int) -> Rate:
        """Return the rate of a step that has been checked."""

    def list(self, steps: int) -> NDArray[np.float64]:
        """Return the rates of the first `steps` updates, (steps,) or (steps, K)."""
        return schedule_values(self, steps)

    def config(self) -> dict[str, Any]:
        """Return the name and the fields as JSON can hold them."""
        return {"name": self.name, **{f.name: _plain(v) for f, v in self._fields()}}

    def _fields(self) -> Any:
        return [(f, getattr(self, f.name)) for f in fields(self)]  # type: ignore[arg-type]

    def _set(self, **checked: object) -> None:
        for name, value in checked.items():
            object.__setattr__(self, name, value)  # the record is frozen for everybody else

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.config() == self.config()

    def __hash__(self) -> int:
        return hash(repr(self.config()))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if callable(value):
        if not hasattr(value, "config"):
            raise TypeError(f"schedule: received {value!r}, expected one with a config()")
        return value.config()
    return value
