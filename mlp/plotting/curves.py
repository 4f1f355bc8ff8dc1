"""The curves of a learning-rate sweep: what to draw for a rate, and how."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from mlp.plotting.records import SweepRecord
from mlp.plotting.themes import Color


@dataclass(frozen=True)
class Curve:
    """One line of the picture."""

    rate: float
    text: str
    loss: NDArray[np.float64]  # (epochs + 1,), NaN where there is nothing to draw
    color: Color
    best: bool = False
    published: bool = False
    band: NDArray[np.float64] | None = (
        None  # (2, epochs + 1): lowest and highest of the runs that held
    )
    exits: tuple[tuple[int, float], ...] = ()  # (epoch, last loss) of the runs that diverged

    @property
    def end(self) -> float:
        """The last loss that is a number; NaN if none is."""
        known = self.loss[np.isfinite(self.loss)]
        return float(known[-1]) if known.size else float("nan")

    @property
    def reaches_edge(self) -> bool:
        """Whether the curve runs to the last epoch."""
        return bool(np.isfinite(self.loss[-1]))


def sweep_curves(result: SweepRecord, colors: Sequence[Color]) -> list[Curve]:
    """Return a curve for each rate of ``result``, in the order of the rates."""
    names = rate_names(result.rates)
    order = np.argsort(result.rates, kind="stable")
    is_best = [len(names) > 1 and bool(rate == result.best) for rate in result.rates]
    notes = [divergence_note(epochs) for epochs in result.diverged_at]
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
    """Return the lowest and the highest of the runs ``(n, epochs + 1)``, if there are two."""
    return np.array([held.min(axis=0), held.max(axis=0)]) if len(held) > 1 else None


def published_curves(
    result: SweepRecord, colors: Sequence[Color], published: Mapping[float, ArrayLike]
) -> list[Curve]:
    """Return a dashed curve for each published series, in the colour of its rate.

    Raises
    ------
    ValueError
        If a rate is not one of the sweep, or a series does not fit its epochs.
    """
    points = result.losses.shape[-1]
    names = rate_names(result.rates)
    curves = []
    for rate in sorted(published):
        found = np.flatnonzero(np.isclose(result.rates, rate, rtol=1e-9, atol=0.0))
        if not found.size:
            known = ", ".join(names)
            raise ValueError(f"published: received rate {rate!r}, expected one of {known}")
        series = np.asarray(published[rate], dtype=float)
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
    """Return the rates in as few digits, three at least, as tell them apart.

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


def divergence_note(diverged_at: NDArray[np.integer]) -> str:
    """Say in which epoch the runs of one rate diverged; nothing if none did.

    Examples
    --------
    >>> divergence_note(np.array([7])), divergence_note(np.array([4, 7]))
    ('diverged in epoch 7', 'diverged in epochs 4–7')
    >>> divergence_note(np.array([0, 7, 5]))
    '2 of 3 diverged from epoch 5'
    >>> divergence_note(np.array([0]))
    ''
    """
    epochs = diverged_at[diverged_at > 0]
    if not epochs.size:
        return ""
    first, last = epochs.min(), epochs.max()
    if epochs.size < diverged_at.size:
        return f"{epochs.size} of {diverged_at.size} diverged from epoch {first}"
    return f"diverged in epoch {first}" if first == last else f"diverged in epochs {first}–{last}"


def limits(curves: Sequence[Curve], scale: str) -> tuple[float, float]:
    """Return the range of losses to show.

    All of every run that held; runs that diverged may add to it, but not dwarf the rest:
    they leave through the top.

    Raises
    ------
    ValueError
        If there is no loss to show on this scale.
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
    """Return the losses that must be seen: of a line with runs that diverged, only the first."""
    if not curve.exits:
        return _every(curve)
    return curve.loss[:1] if curve.band is None else np.append(curve.loss[0], curve.band)


def _every(curve: Curve) -> NDArray[np.float64]:
    return curve.loss if curve.band is None else np.append(curve.loss, curve.band)


def draw_curve(ax: Axes, curve: Curve, width: float) -> None:
    """Draw the line, the band of the seeds, and a cross where a run left."""
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
