"""The rate that a range test suggests, with its reason."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp.studies.finder.result import FinderResult, LearningRateNotFound

_NEARLY_ALL = 0.99  # of the fall
_CAUTION = 2.0
_RISE = 0.2  # of the fall; a smaller rise may be noise


class Measured(NamedTuple):
    """The measurements of a range test.

    Attributes
    ----------
    rates, losses : ndarray (n,)
        The rate of each update, and the loss after it.
    start : float
        The loss before any update.
    diverged_at : float or None
        The rate at which the run diverged.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    start: float
    diverged_at: float | None


def suggest(measured: Measured, smoothing: float, noise: float, loss_name: str) -> FinderResult:
    """Return half of the rate at which nearly all of the fall of the loss is done.

    The loss rises once a step is too long for the steepest direction, which bounds the rate. The
    steepest slope is no guide: it shows where the easiest part is learned, such as the class
    frequencies, perhaps at a hundredth of that rate. Nor is the minimum: a loss near 0 may keep
    falling slowly through all higher rates.

    Parameters
    ----------
    measured : Measured
    smoothing : float
        The weight of the previous average in the next one, at least 0 and less than 1.
    noise : float
        The smallest fall that counts, relative to the first loss.
    loss_name : str

    Raises
    ------
    LearningRateNotFound
        If the loss never fell or was not finite at the start.

    Examples
    --------
    >>> rates, losses = np.array([0.01, 0.1, 1.0, 10.0]), np.array([1.0, 0.9, 0.4, 5.0])
    >>> suggest(Measured(rates, losses, 1.0, 10.0), 0.0, 1e-9, "mse").suggestion
    0.5
    """
    rates, losses, start, diverged_at = measured
    if not math.isfinite(start):
        raise LearningRateNotFound(
            "the loss is not finite before any update", rates, losses, diverged_at
        )
    smoothed = smooth(losses, smoothing)
    if not (start - smoothed > noise * abs(start)).any():
        raise LearningRateNotFound(_why_none(measured), rates, losses, diverged_at)
    slope = np.gradient(smoothed, np.log(rates)) if len(rates) > 1 else np.zeros(1)
    lowest = end_of_first_fall(smoothed, start)
    almost = smoothed[lowest] + (1.0 - _NEARLY_ALL) * (start - smoothed[lowest])
    fallen = int(np.argmax(smoothed <= almost))
    return FinderResult(
        rates=rates,
        losses=losses,
        smoothed=smoothed,
        slope=slope,
        suggestion=max(float(rates[0]), float(rates[fallen]) / _CAUTION),
        reason=_why(measured, smoothed, fallen, lowest),
        diverged_at=diverged_at,
        start=start,
        loss_name=loss_name,
    )


def smooth(losses: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """Return the bias-corrected exponential average: the weights of the losses so far sum to 1.

    Examples
    --------
    >>> smooth(np.array([3.0, 0.0, 0.0]), 0.5).round(3).tolist()
    [3.0, 1.0, 0.429]
    """
    average, total = 0.0, 0.0
    smoothed = np.empty_like(losses)
    for i, loss in enumerate(losses):
        average = smoothing * average + (1.0 - smoothing) * loss
        total = smoothing * total + (1.0 - smoothing)
        smoothed[i] = average / total
    return smoothed


def end_of_first_fall(smoothed: NDArray[np.float64], start: float) -> int:
    """Return the index of the lowest loss before a rise by a fifth of the whole fall.

    After such a rise the loss only recovers from a step that was too long. A rise before a tenth
    of the fall is done does not count: nothing has been learned yet.

    Examples
    --------
    >>> end_of_first_fall(np.array([1.0, 0.5, 0.8, 0.3]), start=1.0)
    1
    """
    lowest = np.minimum.accumulate(smoothed)
    whole = start - lowest[-1]
    rises = (smoothed > lowest + _RISE * whole) & (lowest <= start - 0.1 * whole)
    end = int(rises.argmax()) if rises.any() else len(smoothed)
    return int(smoothed[:end].argmin())


def _why(measured: Measured, smoothed: NDArray[np.float64], fallen: int, lowest: int) -> str:
    rates, _, start, diverged_at = measured
    last = len(rates) - 1
    if fallen == 0:
        return f"At {rates[0]:.3g}, the first rate, the loss is lowest: try a lower lr_min."
    reason = (
        f"While the rate rises, the loss falls from {start:.4g} at the start to "
        f"{smoothed[lowest]:.4g} at the rate {rates[lowest]:.3g}"
        + (", and then rises. " if lowest < last else ". ")
        + f"{_NEARLY_ALL:.0%} of the fall is done at {rates[fallen]:.3g}; half of this rate "
        "keeps clear of the rates that are too high."
    )
    if _CAUTION * rates[fallen] > rates[last] and diverged_at is None:
        reason += " It may fall further beyond the end of the range: try a higher lr_max."
    return reason


def _why_none(measured: Measured) -> str:
    reason = f"the loss, {measured.start:.4g} at the start, never fell"
    if measured.diverged_at is not None:
        at = measured.diverged_at
        return f"{reason}, and the run diverged at the rate {at:.3g}: try a lower lr_min"
    last = measured.rates[-1]
    return f"{reason} up to the rate {last:.3g}: the network may have been trained already"
