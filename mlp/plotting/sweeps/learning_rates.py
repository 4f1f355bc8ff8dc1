"""The picture of a learning-rate sweep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_choice, check_offers, numeric
from mlp._names import shortened
from mlp.plotting.fitting import lay_out, wrapped
from mlp.plotting.labels import SHARE, Label, room, write_key, write_labels
from mlp.plotting.style import add_color_bar, drawing, rate_colors, tidy
from mlp.plotting.themes import Color, Theme, theme_of

MOST_NAMED = 12  # above this many rates, a colour bar replaces the names
LEGEND_ROWS = 14


class SweepRecord(Protocol):
    """The outcome of a learning-rate sweep."""

    @property
    def rates(self) -> NDArray[np.floating]:
        """The learning rates, shape ``(n_rates,)``."""

    @property
    def losses(self) -> NDArray[np.floating]:
        """Loss ``(n_rates, n_seeds, epochs + 1)``, NaN from the epoch where a run diverged."""

    @property
    def loss(self) -> NDArray[np.floating]:
        """The median of ``losses`` over the seeds, ``(n_rates, epochs + 1)``."""

    @property
    def diverged_at(self) -> NDArray[np.integer]:
        """The epoch in which each run diverged, ``(n_rates, n_seeds)``; 0: it did not."""

    @property
    def best(self) -> float:
        """The recommended rate; NaN if there is none."""


@dataclass(frozen=True)
class Curve:
    """One line of the picture."""

    rate: float
    text: str
    loss: NDArray[np.float64]  # (epochs + 1,), NaN where there is nothing to draw
    color: Color
    best: bool = False
    published: bool = False
    band: NDArray[np.float64] | None = None  # (2, epochs + 1): range of the runs that held
    exits: tuple[tuple[int, float], ...] = ()  # (epoch, last loss) of the runs that diverged

    @property
    def end(self) -> float:
        """The last finite loss; NaN if there is none."""
        known = self.loss[np.isfinite(self.loss)]
        return float(known[-1]) if known.size else float("nan")

    @property
    def reaches_edge(self) -> bool:
        """Whether the curve runs to the last epoch."""
        return bool(np.isfinite(self.loss[-1]))


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
    """Draw the error over the epochs, one line per learning rate.

    Higher rates contrast more with the page; the best rate has a broad line. A cross marks the
    epoch in which a run diverged. With several seeds the line is their median, inside a band from
    the lowest to the highest run that did not diverge.

    Parameters
    ----------
    result
        A sweep, with ``rates``, ``losses``, ``loss``, ``diverged_at``, ``best`` and, optionally,
        ``loss_name``.
    ax
        Axes to draw on; by default those of a new figure.
    scale
        Scale of the error axis.
    labels
        ``"direct"`` writes names at the right ends of the lines, moved apart to avoid overlap,
        and only some of them if not all fit. ``"legend"`` puts a legend beside the picture.
        ``"auto"`` is direct if all names fit, else a legend, or a colour bar above 12 rates.
    published
        Series to compare with, by rate: the error at epochs 0, 1, ...; drawn dashed.
    published_note
        Note on these series, for the key above the picture.
    title
        Title above the picture.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError
        If ``scale`` or ``labels`` is unknown, a published series does not fit the sweep, or
        ``scale`` cannot show any of the losses.

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
    check_offers("result", result, "a result of learning_rate_sweep", "rates", "losses")
    if not isinstance(published, Mapping | None):
        raise TypeError(f"published: received {shortened(published)}, expected a dict or None")
    with_bar = labels == "auto" and len(result.rates) > MOST_NAMED
    norm, theme = _norm(result), theme_of(ax)
    spaced = _bar_colors(result, norm, theme) if with_bar else None
    colors = spaced or rate_colors(result.rates, theme.rates)
    curves = _sweep_curves(result, colors)
    curves += _published_curves(result, colors, published or {})
    span = _limits(curves, scale)
    with drawing(ax) as ax:
        name = getattr(result, "loss_name", None) or "total error"
        last = max(result.losses.shape[-1] - 1, 1)
        tidy(ax, scale, (0, last), span, name.replace("_", " "))
        for curve in curves:
            _draw_curve(ax, curve, width=1.2 if len(result.rates) > MOST_NAMED else 2.0)
        if with_bar:
            add_color_bar(ax, ScalarMappable(norm, theme.rates), "learning rate")
            lay_out(ax)  # determines the room for the key
        write_key(ax, title, _key(result, curves, with_bar, published_note, theme.faint))
        if labels == "legend" or (labels == "auto" and not with_bar and len(curves) > room(ax)):
            _write_legend(ax, curves)
        elif not with_bar:
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
    """Return the rows of the key."""
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
    width, size = SHARE * ax.get_window_extent().width, float(rcParams["legend.fontsize"])
    ax.legend(
        handles,
        [wrapped(curve.text, width, ax, size) for curve in curves],
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
    """Return at most ``most`` curves, evenly chosen, with the best among them."""
    if len(curves) <= most:
        return list(curves)
    chosen = np.linspace(0, len(curves) - 1, most).round().astype(int)
    for i, curve in enumerate(curves):
        if curve.best:
            chosen[np.abs(chosen - i).argmin()] = i
    return [curves[i] for i in chosen]


def _sweep_curves(result: SweepRecord, colors: Sequence[Color]) -> list[Curve]:
    """Return a curve for each rate of ``result``, in the order of the rates."""
    names = rate_names(result.rates)
    order = np.argsort(result.rates, kind="stable")
    is_best = [len(names) > 1 and bool(rate == result.best) for rate in result.rates]
    notes = [_divergence_note(epochs) for epochs in result.diverged_at]
    return [
        Curve(
            rate=float(result.rates[i]),
            text=f"lr {names[i]}" + " (best)" * is_best[i] + (notes[i] and f", {notes[i]}"),
            loss=np.asarray(result.loss[i], dtype=float),
            color=colors[i],
            best=is_best[i],
            band=_band(result.losses[i][result.diverged_at[i] == 0]),
            exits=tuple(
                (int(epoch), float(run[epoch - 1]))
                for epoch, run in zip(result.diverged_at[i], result.losses[i], strict=True)
                if epoch
            ),
        )
        for i in order
    ]


def _band(held: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """Return the lowest and highest of the runs ``(n, epochs + 1)``, if there are several."""
    return np.array([held.min(axis=0), held.max(axis=0)]) if len(held) > 1 else None


def _published_curves(
    result: SweepRecord, colors: Sequence[Color], published: Mapping[float, ArrayLike]
) -> list[Curve]:
    """Return a dashed curve for each published series, in the colour of its rate.

    Raises
    ------
    ValueError
        If a rate is not in the sweep, or a series does not fit its epochs.
    """
    points = result.losses.shape[-1]
    names = rate_names(result.rates)
    curves = []
    for rate in sorted(published):
        found = np.flatnonzero(np.isclose(result.rates, rate, rtol=1e-9, atol=0.0))
        if not found.size:
            known = ", ".join(names)
            raise ValueError(f"published: received rate {rate!r}, expected one of {known}")
        series = numeric(f"published[{rate!r}]", published[rate])
        if series.ndim != 1 or not 1 <= series.size <= points:
            raise ValueError(
                f"published[{rate!r}]: received shape {series.shape}, "
                f"expected (n,) with n from 1 to {points}"
            )
        loss = np.full(points, np.nan)
        loss[: series.size] = series
        i = found[0]
        text = f"lr {names[i]}, published"
        curves.append(Curve(float(rate), text, loss, colors[i], published=True))
    return curves


def rate_names(rates: Iterable[float]) -> list[str]:
    """Return the rates with as few digits, at least three, as distinguish them.

    Examples
    --------
    >>> rate_names([0.1, 1000.0, 0.0316227766]), rate_names([0.12341, 0.12342])
    (['0.1', '1000', '0.0316'], ['0.12341', '0.12342'])
    """
    values = [float(rate) for rate in rates]
    named = ([_name(value, digits) for value in values] for digits in range(3, 18))
    return next(names for names in named if len(set(names)) == len(set(values)))


def _name(value: float, digits: int) -> str:
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits}g}"
    return np.format_float_positional(value, digits, fractional=False, trim="-")


def _divergence_note(diverged_at: NDArray[np.integer]) -> str:
    """Return in which epochs runs of one rate diverged, "" if none did.

    Examples
    --------
    >>> _divergence_note(np.array([7])), _divergence_note(np.array([4, 7]))
    ('diverged in epoch 7', 'diverged in epochs 4–7')
    >>> _divergence_note(np.array([0, 7, 5]))
    '2 of 3 diverged from epoch 5'
    >>> _divergence_note(np.array([0]))
    ''
    """
    epochs = diverged_at[diverged_at > 0]
    if not epochs.size:
        return ""
    first, last = epochs.min(), epochs.max()
    if epochs.size < diverged_at.size:
        return f"{epochs.size} of {diverged_at.size} diverged from epoch {first}"
    return f"diverged in epoch {first}" if first == last else f"diverged in epochs {first}–{last}"


def _limits(curves: Sequence[Curve], scale: str) -> tuple[float, float]:
    """Return the range of losses to show.

    It covers all runs that held. Runs that diverged may extend it, but not so far that they
    dwarf the rest; they are cut off at the top.

    Raises
    ------
    ValueError
        If the scale cannot show any of the losses.
    """
    lowest = 0.0 if scale == "log" else -np.inf
    held = np.concatenate([_held(curve) for curve in curves])
    every = np.concatenate([_every(curve) for curve in curves])
    held = held[np.isfinite(held) & (held > lowest)]
    every = every[np.isfinite(every) & (every > lowest)]
    if not held.size:
        wanted = "a loss above 0 for a log scale" if scale == "log" else "at least one finite loss"
        raise ValueError(f"result.losses: received none that can be drawn, expected {wanted}")
    low, high = float(held.min()), float(held.max())
    if scale == "log":
        return low / 1.2, 1.2 * min(float(every.max()), 100 * high)
    high = min(float(every.max()), 2 * high) if high > 0 else high
    margin = 0.05 * (high - min(low, 0.0)) or 1.0
    return (0.0 if low >= 0 else low - margin), high + margin


def _held(curve: Curve) -> NDArray[np.float64]:
    """Return the losses that must be visible: only the first of a run that diverged."""
    if not curve.exits:
        return _every(curve)
    return curve.loss[:1] if curve.band is None else np.append(curve.loss[0], curve.band)


def _every(curve: Curve) -> NDArray[np.float64]:
    return curve.loss if curve.band is None else np.append(curve.loss, curve.band)


def _draw_curve(ax: Axes, curve: Curve, width: float) -> None:
    """Draw the line, the band of the seeds, and a cross where a run diverged."""
    epochs = np.arange(curve.loss.size)
    (line,) = ax.plot(
        epochs,
        curve.loss,
        color=curve.color,
        linewidth=width * (1.8 if curve.best else 0.8 if curve.published else 1.0),
        linestyle=(0, (4, 2)) if curve.published else "-",
        zorder=2.0 if curve.published else 3.0 if curve.best else 2.5,
        label=curve.text,
    )
    line.set_gid(f"{'published' if curve.published else 'rate'} {curve.rate!r}")
    if curve.band is not None:
        ax.fill_between(epochs, *curve.band, color=curve.color, alpha=0.18, linewidth=0, zorder=1.5)
    low, high = ax.get_ylim()
    for epoch, last in curve.exits:
        y = min(max(last, low), high) if np.isfinite(last) else high
        (mark,) = ax.plot(
            [epoch - 1, epoch],
            [y, y],
            color=curve.color,
            linewidth=width,
            linestyle=":",
            marker="x",
            markevery=[1],
            markersize=8.0,
            markeredgewidth=2.2,
            clip_on=False,
            zorder=4.0,
        )
        mark.set_gid(f"diverged {curve.rate!r}")
