"""The result of a learning-rate range test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class LearningRateNotFound(ValueError):
    """No rate can be suggested: the loss never fell, or was not finite at the start.

    Attributes
    ----------
    rates, losses : ndarray (n,)
        The rate of each update, and the loss after it.
    diverged_at : float or None
        The rate at which the run diverged.
    """

    def __init__(
        self,
        reason: str,
        rates: NDArray[np.float64],
        losses: NDArray[np.float64],
        diverged_at: float | None,
    ) -> None:
        self.rates, self.losses, self.diverged_at = rates, losses, diverged_at
        super().__init__(f"no learning rate can be suggested: {reason}")


@dataclass(frozen=True, eq=False)
class FinderResult:
    """The loss of a network while its learning rate increases.

    Attributes
    ----------
    rates : ndarray (n,)
        The rate of each update, evenly spaced on a log scale.
    losses : ndarray (n,)
        The loss on the same rows after each update; all finite.
    smoothed : ndarray (n,)
        Their exponential average, bias-corrected.
    slope : ndarray (n,)
        d smoothed / d log(rate), with the natural logarithm.
    suggestion : float
        Half of the rate at which `smoothed` has completed 99 % of its first fall, but not below
        the first rate.
    reason : str
        The explanation.
    diverged_at : float or None
        The rate at which the loss exploded or was no longer finite, if it did.
    start : float
        The loss before any update.
    loss_name : str
        The name of the loss.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    slope: NDArray[np.float64]
    suggestion: float
    reason: str
    diverged_at: float | None = None
    start: float = float("nan")
    loss_name: str = "loss"

    @property
    def alternatives(self) -> dict[str, float]:
        """Other rules: the steepest slope before the minimum, half the fall, minimum / 10."""
        lowest = int(self.smoothed.argmin())
        steepest = int(self.slope[: lowest + 1].argmin())
        half = 0.5 * (self.start + self.smoothed[lowest])
        halfway = int(np.argmax(self.smoothed <= half))
        return {
            "steepest": float(self.rates[steepest]),
            "halfway": float(self.rates[halfway]),
            "minimum / 10": float(self.rates[lowest]) / 10.0,
        }

    def to_csv(self, path: str | Path) -> None:
        """Write rates, losses, smoothed losses and slopes in full precision."""
        columns = (self.rates, self.losses, self.smoothed, self.slope)
        rows = [["rate", "loss", "smoothed", "slope"]]
        rows += [list(map(repr, row)) for row in np.column_stack(columns).tolist()]
        write_file(path, "".join(",".join(row) + "\n" for row in rows).encode())

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-compatible data."""
        numbers = {
            name: getattr(self, name).tolist() for name in ("rates", "losses", "smoothed", "slope")
        }
        return {
            "loss_name": self.loss_name,
            "suggestion": self.suggestion,
            "reason": self.reason,
            "alternatives": self.alternatives,
            "diverged_at": self.diverged_at,
            "start": self.start,
        } | numbers

    def __str__(self) -> str:
        """Return the rates as a table, and the reason."""
        rates = {"suggestion": self.suggestion} | self.alternatives
        if self.diverged_at is not None:
            rates["diverged"] = self.diverged_at
        width = max(map(len, rates))
        lines = [f"{name.ljust(width)}  {rate:.3g}" for name, rate in rates.items()]
        return "\n".join([*lines, "", self.reason])

    def plot(self, path: str | Path | None = None, **options: Any) -> Axes:
        """Draw the losses and, with a path, save the picture; see `plot_learning_rate_finder`."""
        from mlp.plotting import plot_learning_rate_finder, save_figure

        ax = plot_learning_rate_finder(self, **options)
        if path is not None:
            save_figure(ax, path)
        return ax
