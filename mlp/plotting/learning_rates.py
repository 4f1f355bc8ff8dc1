"""The picture of a learning-rate sweep."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from mlp.plotting.curves import Curve, draw_curve, limits, published_curves, sweep_curves
from mlp.plotting.labels import Label, room, write_key, write_labels
from mlp.plotting.records import SweepRecord
from mlp.plotting.style import add_color_bar, check_choice, drawing, rate_colors, tidy
from mlp.plotting.themes import Color, Theme, theme_of

MOST_NAMED = 12  # more rates than this are told apart by a colour bar, not by names
LEGEND_ROWS = 14


def plot_learning_rates(
    result: SweepRecord,
    ax: Axes | None = None,
    *,
    scale: Literal["linear", "log"] = "linear",
    labels: Literal["auto", "direct", "legend"] = "auto",
    published: Mapping[float, ArrayLike] | None = None,
    published_note: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the error over the epochs, one line a learning rate.

    The higher the rate, the more its line stands out from the page: dark on white, light on
    black; the best rate is drawn broad. A run that diverged ends in a cross at the epoch where
    it left. With several seeds the line is their median, in a band from the lowest to the
    highest of those that held.

    Parameters
    ----------
    result
        A sweep: its ``rates``, ``losses``, ``loss``, ``diverged_at``, ``best`` and, if there,
        ``loss_name`` are read.
    ax
        Where to draw; by default on a figure of its own.
    scale
        Of the error axis.
    labels
        ``"direct"``: names at the right ends of the lines, pushed apart where they would
        overlap, and only some of them where not all fit. ``"legend"``: a legend beside the
        picture. ``"auto"``: direct where all fit, else a legend; above 12 rates a colour bar.
    published
        Series to compare with, by rate: the error at epoch 0, 1, ... Drawn dashed.
    published_note
        What is to be known about them; stands above the picture.
    title
        Stands above it all.

    Returns
    -------
    Axes
        The axes drawn on; ``save_figure`` writes it to a file.

    Raises
    ------
    ValueError
        If ``scale`` or ``labels`` is unknown, a published series does not fit the sweep, or
        there is no loss that the scale can show.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> losses = np.array([[[0.5, 0.4, 0.3]], [[0.5, 0.3, 0.1]]])
    >>> result = SimpleNamespace(
    ...     rates=np.array([0.1, 0.5]),
    ...     losses=losses,
    ...     loss=losses[:, 0],
    ...     diverged_at=np.zeros((2, 1), int),
    ...     best=0.5,
    ... )
    >>> ax = plot_learning_rates(result)
    >>> [label.get_text() for label in ax.texts]
    ['lr 0.1', 'lr 0.5 (best)']
    """
    check_choice("scale", scale, ("linear", "log"))
    check_choice("labels", labels, ("auto", "direct", "legend"))
    with_bar = labels == "auto" and len(result.rates) > MOST_NAMED
    norm, theme = _norm(result), theme_of(ax)
    spaced = _bar_colors(result, norm, theme) if with_bar else None
    colors = spaced or rate_colors(result.rates, theme.rates)
    curves = sweep_curves(result, colors)
    curves += published_curves(result, colors, published or {})
    span = limits(curves, scale)
    with drawing(ax) as ax:
        name = getattr(result, "loss_name", None) or "total error"
        last = max(result.losses.shape[-1] - 1, 1)
        tidy(ax, scale, (0, last), span, name.replace("_", " "))
        for curve in curves:
            draw_curve(ax, curve, width=1.2 if len(result.rates) > MOST_NAMED else 2.0)
        write_key(ax, title, _key(result, curves, with_bar, published_note, theme.faint))
        if with_bar:
            add_color_bar(ax, ScalarMappable(norm, theme.rates), "learning rate")
        elif labels == "legend" or (labels == "auto" and len(curves) > room(ax)):
            _write_legend(ax, curves)
        else:
            _write_direct(ax, curves)
    return ax


def _norm(result: SweepRecord) -> Normalize:
    low, high = float(np.min(result.rates)), float(np.max(result.rates))
    return LogNorm(low, high) if low > 0 else Normalize(low, high)


def _bar_colors(result: SweepRecord, norm: Normalize, theme: Theme) -> list[Color]:
    return [(r, g, b) for r, g, b, _ in theme.rates(norm(np.asarray(result.rates, dtype=float)))]


def _key(
    result: SweepRecord, curves: Sequence[Curve], with_bar: bool, note: str | None, faint: str
) -> list[tuple[Any, str]]:
    """Return what the marks mean, as (handle, words)."""
    rows: list[tuple[Any, str]] = []
    if (seeds := result.losses.shape[1]) > 1:
        band = Patch(color=faint, alpha=0.25, linewidth=0)
        words = f"median of {seeds} seeds; band: lowest to highest"
        words += " of those that held" * bool(np.any(result.diverged_at))
        rows.append(((band, Line2D([], [], color=faint)), words))
    if with_bar:
        rows += [
            (Line2D([], [], color=curve.color, linewidth=3.0), curve.text)
            for curve in curves
            if curve.best
        ]
        left = [curve for curve in curves if curve.exits]
        if left:
            words = f"{len(left)} of {len(result.rates)} rates diverged; lowest: {left[0].text}"
            rows.append((_cross(faint), words))
    if any(curve.published for curve in curves):
        dashes = Line2D([], [], color=faint, linestyle=(0, (4, 2)), linewidth=1.6)
        rows.append((dashes, f"published: {note}" if note else "published"))
    return rows


def _cross(color: Any) -> Line2D:
    return Line2D([], [], color=color, linestyle="", marker="x", markersize=8, markeredgewidth=2.2)


def _write_legend(ax: Axes, curves: Sequence[Curve]) -> None:
    handles = [
        _cross(curve.color)
        if curve.exits and not curve.reaches_edge
        else Line2D(
            [],
            [],
            color=curve.color,
            linewidth=3.4 if curve.best else 2.0,
            linestyle=(0, (4, 2)) if curve.published else "-",
        )
        for curve in curves
    ]
    ax.legend(
        handles,
        [curve.text for curve in curves],
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        ncols=-(-len(curves) // LEGEND_ROWS),
        frameon=False,
        borderpad=0.0,
        labelspacing=0.3,
        handlelength=1.6,
    )


def _write_direct(ax: Axes, curves: Sequence[Curve]) -> None:
    write_labels(
        ax,
        [
            Label(
                text=curve.text if curve.reaches_edge else f"× {curve.text}",
                y=curve.end,
                color=curve.color,
                bold=curve.best,
                reaches_edge=curve.reaches_edge,
            )
            for curve in _some(curves, room(ax))
        ],
    )


def _some(curves: Sequence[Curve], most: int) -> list[Curve]:
    """Return at most ``most`` of the curves, evenly chosen, the best among them."""
    if len(curves) <= most:
        return list(curves)
    chosen = np.linspace(0, len(curves) - 1, most).round().astype(int)
    for i, curve in enumerate(curves):
        if curve.best:
            chosen[np.abs(chosen - i).argmin()] = i
    return [curves[i] for i in chosen]
