"""The picture of a learning-rate range test."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from mlp._checks import check_choice
from mlp.plotting.labels import write_key
from mlp.plotting.style import drawing, tidy
from mlp.plotting.themes import theme_of


class FinderRecord(Protocol):
    """The outcome of a learning-rate range test."""

    @property
    def rates(self) -> NDArray[np.floating]:
        """The rising learning rates, shape ``(n,)``."""

    @property
    def losses(self) -> NDArray[np.floating]:
        """The loss after the update with each rate, ``(n,)``."""

    @property
    def smoothed(self) -> NDArray[np.floating]:
        """The smoothed ``losses``, ``(n,)``."""

    @property
    def suggestion(self) -> float:
        """The recommended rate, between the first and the last of ``rates``."""

    @property
    def diverged_at(self) -> float | None:
        """The rate at which the run diverged, or None."""


def plot_learning_rate_finder(
    result: FinderRecord,
    ax: Axes | None = None,
    *,
    scale: Literal["linear", "log"] = "linear",
    title: str | None = None,
) -> Axes:
    """Draw the loss over the rising learning rate, and mark the suggestion.

    A thin line shows the losses, a broad one their average. A dot with a line down to the axis
    marks the suggestion, a cross the rate at which the run diverged. Losses far above the first
    one are cut off at the top.

    Parameters
    ----------
    result
        A range test, with ``rates``, ``losses``, ``smoothed``, ``suggestion``, ``diverged_at``
        and, optionally, ``loss_name``.
    ax
        Axes to draw on; by default those of a new figure.
    scale
        Scale of the loss axis; that of the rates is logarithmic.
    title
        Title above the picture.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError
        If ``scale`` is unknown or cannot show any of the losses.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> losses = np.array([2.0, 1.5, 1.0, 8.0])
    >>> result = SimpleNamespace(
    ...     rates=np.geomspace(0.01, 10, 4),
    ...     losses=losses,
    ...     smoothed=losses,
    ...     suggestion=0.1,
    ...     diverged_at=10.0,
    ... )
    >>> plot_learning_rate_finder(result).get_xscale()
    'log'
    """
    check_choice("scale", scale, ("linear", "log"))
    span = _limits(result, scale)
    last = float(result.rates[-1]) if result.diverged_at is None else result.diverged_at
    with drawing(ax) as ax:
        theme = theme_of(ax)
        name = (getattr(result, "loss_name", None) or "loss").replace("_", " ")
        tidy(ax, scale, (0, 1), span, name)
        _set_rates(ax, float(result.rates[0]), last)
        lines = [
            ("losses", result.losses, theme.pale, 1.1, "loss after each update"),
            ("smoothed", result.smoothed, theme.first, 2.4, "smoothed"),
        ]
        key: list[tuple[Any, str]] = []
        for gid, losses, color, width, words in lines:
            (line,) = ax.plot(result.rates, losses, gid=gid, color=color, linewidth=width)
            key.append((line, words))
        key.append(_mark_suggestion(ax, result))
        if result.diverged_at is not None:
            key.append(_mark_divergence(ax, result.diverged_at))
        write_key(ax, title, key)
    return ax


def _set_rates(ax: Axes, low: float, high: float) -> None:
    """Make the axis of the rates logarithmic, with room for the cross at its end."""
    ax.set_xscale("log")
    ax.set_xlim(low, high * (high / low) ** 0.01)
    ax.xaxis.set_major_locator(LogLocator(numticks=12))
    ax.xaxis.set_minor_locator(NullLocator())
    if high < 1e3 * low:  # powers of ten alone would be too few ticks
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.set_xlabel("learning rate (log scale)")


def _limits(result: FinderRecord, scale: str) -> tuple[float, float]:
    """Return limits that show all losses below the first one and some above it."""
    low, start = float(np.min(result.losses)), float(result.losses[0])
    if scale == "log":
        if not low > 0:
            raise ValueError(
                f"result: received a loss of {low:g}, expected losses above 0 for a log scale"
            )
        return low / 1.3, 4.0 * start
    below = float(np.max(result.losses[result.rates <= result.suggestion]))
    high = max(start, below)
    margin = (high - low) or abs(high) or 1.0
    floor = low - 0.08 * margin
    return (0.0 if low >= 0 and floor < 0.3 * high else floor), high + 0.35 * margin


def _mark_suggestion(ax: Axes, result: FinderRecord) -> tuple[Any, str]:
    height = float(np.interp(np.log(result.suggestion), np.log(result.rates), result.smoothed))
    theme = theme_of(ax)
    color = theme.second
    ax.vlines(result.suggestion, ax.get_ylim()[0], height, color=color, linestyle=(0, (4, 2)))
    (dot,) = ax.plot(
        [result.suggestion],
        [height],
        color=color,
        linestyle="",
        marker="o",
        markersize=9,
        markeredgecolor=theme.page,
        zorder=4.0,
        gid="suggestion",
    )
    return dot, f"suggestion: {result.suggestion:.3g}"


def _mark_divergence(ax: Axes, rate: float) -> tuple[Any, str]:
    """Put a cross at the top of the picture, where the curve leaves it."""
    (cross,) = ax.plot(
        [rate],
        ax.get_ylim()[1:],
        color=theme_of(ax).faint,
        linestyle="",
        marker="x",
        markersize=9,
        markeredgewidth=2.4,
        clip_on=False,
        zorder=4.0,
        gid="diverged",
    )
    return cross, f"diverged at {rate:.3g}"
