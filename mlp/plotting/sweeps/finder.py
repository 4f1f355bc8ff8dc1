"""The picture of the learning-rate finder."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from mlp._checks import check_choice, check_offers
from mlp.plotting.labels import write_key
from mlp.plotting.style import drawing, tidy
from mlp.plotting.themes import theme_of


class FinderRecord(Protocol):
    """The outcome of the learning-rate finder."""

    @property
    def rates(self) -> NDArray[np.floating]:
        """The rates that were tried and did not diverge, ascending, ``(n,)``."""

    @property
    def losses(self) -> NDArray[np.floating]:
        """The loss that each reached, ``(n,)``."""

    @property
    def updates(self) -> NDArray[np.integer]:
        """The updates of each, ``(n,)``."""

    @property
    def suggestion(self) -> float:
        """The suggested rate, one of `rates`."""

    @property
    def diverged_at(self) -> float | None:
        """The lowest rate that diverged, if any did."""


def plot_learning_rate_finder(
    result: FinderRecord,
    ax: Axes | None = None,
    *,
    scale: Literal["linear", "log"] = "linear",
    title: str | None = None,
) -> Axes:
    """Draw the loss that each learning rate reached, and mark the suggestion.

    A thin line connects all rates, a broad one those of the last round, which had more updates. A
    dot and a line down to the axis mark the suggestion; a cross marks the lowest rate that
    diverged. Losses far above the start leave the picture through its top.

    Parameters
    ----------
    result
        What the finder returns: its ``rates``, ``losses``, ``updates``, ``suggestion``,
        ``diverged_at`` and, if there, ``loss_name`` are read.
    ax
        Where to draw; by default on a new figure.
    scale
        Of the loss axis; that of the rates is logarithmic.
    title
        The title of the picture.

    Returns
    -------
    Axes
        The axes drawn on; ``save_figure`` writes it to a file.

    Raises
    ------
    ValueError
        If ``scale`` is unknown, or there is no loss that it can show.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> result = SimpleNamespace(
    ...     rates=np.geomspace(0.01, 10, 4),
    ...     losses=np.array([2.0, 1.5, 1.0, 8.0]),
    ...     updates=np.array([8, 160, 160, 160]),
    ...     suggestion=1.0,
    ...     diverged_at=30.0,
    ... )
    >>> plot_learning_rate_finder(result).get_xscale()
    'log'
    """
    check_choice("scale", scale, ("linear", "log"))
    expected = "a result of find_learning_rate"
    check_offers("result", result, expected, "rates", "losses", "updates", "suggestion")
    span = _limits(result, scale)
    highest = max(float(result.rates[-1]), result.diverged_at or 0.0)
    is_last = result.updates == np.max(result.updates)
    with drawing(ax) as ax:
        theme = theme_of(ax)
        name = (getattr(result, "loss_name", None) or "loss").replace("_", " ")
        tidy(ax, scale, (0, 1), span, name)
        _set_rates(ax, float(result.rates[0]), highest)
        n = int(np.max(result.updates))
        lines = [
            ("losses", slice(None), theme.pale, 1.1, "fewer updates"),
            ("last", is_last, theme.first, 2.4, f"{n} updates"),
        ]
        key: list[tuple[Any, str]] = []
        for gid, chosen, color, width, words in lines:
            rates, losses = result.rates[chosen], result.losses[chosen]
            (line,) = ax.plot(rates, losses, gid=gid, color=color, linewidth=width, marker=".")
            key.append((line, words))
        key.append(_mark_suggestion(ax, result))
        if result.diverged_at is not None:
            key.append(_mark_divergence(ax, result.diverged_at))
        write_key(ax, title, key)
    return ax


def _set_rates(ax: Axes, low: float, high: float) -> None:
    """Make the rates' axis logarithmic, with a little room for the cross at its end."""
    ax.set_xscale("log")
    ax.set_xlim(low, high * (high / low) ** 0.01)
    ax.xaxis.set_major_locator(LogLocator(numticks=12))
    ax.xaxis.set_minor_locator(NullLocator())
    if high < 1e3 * low:  # powers of ten alone would be too few
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    ax.set_xlabel("learning rate (log scale)")


def _limits(result: FinderRecord, scale: str) -> tuple[float, float]:
    """Show all that lies below the start, and somewhat more than it above."""
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
    height = float(result.losses[result.rates == result.suggestion][0])
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
    """Put a cross at the top of the picture."""
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
