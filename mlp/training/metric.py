"""What a metric is: what is reported of a network besides its loss.

A metric takes the targets and the outputs ``(n, n_out)`` and returns a float; for the outputs
``(K, n, n_out)`` of K replicas it returns ``(K,)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp.core.arrays import Array, LossValue

Targets: TypeAlias = NDArray[Any]
"""Integer labels ``(n,)``, or rows of numbers ``(n, n_out)``."""


class Metric(ABC):
    """The base of metrics.

    One's own defines `check` and `measure`, or is a plain function ``(Y, outputs) -> float``; that
    is called once for each replica.

    Attributes
    ----------
    name : str
        What `History` calls it, after ``val_`` where it was measured on validation data.
    higher_is_better : bool or None
        What callbacks take for an improvement; None if that is not known.
    """

    name: str
    higher_is_better: bool | None = True

    def __call__(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the metric of these outputs.

        Parameters
        ----------
        Y : ndarray (n,) or (n, n_out)
            The targets.
        outputs : ndarray (n, n_out) or (K, n, n_out)
            What the network predicts for the same rows.

        Returns
        -------
        float or ndarray (K,)

        Raises
        ------
        ValueError
            If the metric has no meaning for such targets.
        """
        Y, outputs = np.asarray(Y), np.asarray(outputs)
        check_rows(self.name, Y, outputs)
        self.check(Y, outputs.shape[-1])
        value = self.measure(Y, outputs)
        return value if np.ndim(value) else float(value)

    @abstractmethod
    def check(self, Y: Targets, n_out: int) -> None:
        """Raise ValueError if the metric has no meaning for these targets of `n_out` outputs."""

    @abstractmethod
    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the metric for arguments that have been checked."""

    def __repr__(self) -> str:
        """Return the call that makes the metric."""
        return f"{type(self).__name__}()"


def check_rows(name: str, Y: Targets, outputs: Array) -> None:
    """Raise ValueError unless there are as many targets as outputs."""
    if outputs.ndim not in (2, 3) or Y.ndim < 1 or len(Y) != outputs.shape[-2]:
        raise ValueError(
            f"{name}: received targets {Y.shape} and outputs {outputs.shape}, expected "
            "(n,) or (n, n_out) and (n, n_out) or (K, n, n_out)"
        )


class FunctionMetric(Metric):
    """A user's function as a metric; replicas are handed to it one by one."""

    def __init__(self, function: Callable[[Targets, Array], float]) -> None:
        name = getattr(function, "name", None) or getattr(function, "__name__", "")
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(
                f"metrics: received {function!r}, expected a function with a name: "
                "a def, or an object with a `name`"
            )
        self.name = name
        self.function = function
        self.higher_is_better = getattr(function, "higher_is_better", None)

    def check(self, Y: Targets, n_out: int) -> None:
        """Accept all targets: what the function makes of them is its own affair."""

    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return what the function gives, for each replica by itself."""
        if outputs.ndim == 3:
            return np.array([self._number(Y, A) for A in outputs])
        return self._number(Y, outputs)

    def _number(self, Y: Targets, outputs: Array) -> float:
        value = self.function(Y, outputs)
        if np.ndim(value) or isinstance(value, str):
            raise TypeError(f"metric {self.name}: received {value!r} from it, expected a number")
        return float(value)

    def __repr__(self) -> str:
        """Return what was wrapped."""
        return repr(self.function)
