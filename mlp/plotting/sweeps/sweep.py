"""Pictures of a sweep over any parameters: one of them, two of them, or all epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from mlp._checks import check_offers
from mlp._names import shortened
from mlp.plotting.labels import write_key
from mlp.plotting.style import add_color_bar, drawing, font_size, name_axes, tidy
from mlp.plotting.themes import Color, contrast, theme_of

_MOST_DRAWN = 30  # of more curves only three are drawn in full
_WIDE = 20.0  # numbers that differ more are shown on a log scale
_MOST_LETTERS = 40  # below a heat map in one line
_MOST_WRITTEN = 12  # cells of a row with a number in each


class SweepRecord(Protocol):
    """The record of a sweep: run ``i * seeds + s`` has the set i of parameters."""

    @property
    def parameters(self) -> Sequence[Mapping[str, Any]]:
        """The sets of parameters."""

    @property
    def seeds(self) -> int:
        """The number of runs of each set."""

    @property
    def columns(self) -> Mapping[str, NDArray[np.float64]]:
        """The recorded quantities, ``(n_runs, epochs)``."""

    @property
    def modes(self) -> Mapping[str, str]:
        """Whether "min" or "max" of a quantity is better."""

    @property
    def quantity(self) -> str:
        """What is drawn by default."""

    def values(self, name: str, at: str) -> NDArray[np.float64]:
        """Return a quantity of each run."""

    def scores(self, name: str, at: str) -> NDArray[np.float64]:
        """Return a quantity of each set, lower is better, infinite for none."""


def plot_sweep(
    runs: SweepRecord,
    x: str | None = None,
    y: str | None = None,
    *,
    quantity: str | None = None,
    at: Literal["end", "best"] = "end",
    ax: Axes | None = None,
) -> Axes:
    """Draw a sweep over one parameter, over two, or by epochs.

    With `x`, a line of the best value for each value of this parameter, over those of the others:
    the median over the seeds, a band from the lowest to the highest, and one of the middle half.
    With `x` and `y`, a heat map of the medians. With neither, the median curve of each set of
    parameters; of more than thirty only the best, the median and the worst are drawn in full.

    Parameters
    ----------
    runs : SweepRuns
        The result of `mlp.sweep`.
    x, y : str, optional
        Names of parameters. Numbers that differ widely are shown on a log scale.
    quantity : str, optional
        What is drawn; by default the loss, on validation data if any.
    at : {"end", "best"}
        The value at the end of a run, or in its best epoch.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Raises
    ------
    ValueError, TypeError
        If there is no such parameter or quantity, or nothing to draw.

    Examples
    --------
    >>> import mlp
    >>> X, Y = mlp.datasets.xor()
    >>> net = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)
    >>> runs = mlp.sweep(net, X, Y, {"lr": [0.1, 1.0, 10.0]}, epochs=3, seeds=2)
    >>> plot_sweep(runs, "lr").get_xscale()
    'log'
    """
    check_offers("runs", runs, "a SweepRuns", "parameters", "columns", "scores", "modes")
    name = runs.quantity if quantity is None else quantity
    scores = runs.scores(name, at)
    if not np.isfinite(scores).any():
        raise ValueError(f"runs: received no run with a {name}, expected at least one")
    for parameter in (x, y):
        if parameter is not None and not any(parameter in run for run in runs.parameters):
            known = ", ".join(dict.fromkeys(key for run in runs.parameters for key in run))
            raise ValueError(f"parameter: received {shortened(parameter)}, expected {known}")
    if x is None and y is not None:
        raise ValueError(f"x: received None with y={y!r}, expected a parameter")
    with drawing(ax) as ax:
        if x is None:
            _draw_curves(ax, runs, name, scores)
        elif y is None:
            _draw_line(ax, runs, x, name, at, scores)
        else:
            _draw_cells(ax, runs, (x, y), name, scores)
    return ax


def _sign(runs: SweepRecord, name: str) -> float:
    return 1.0 if runs.modes[name] == "min" else -1.0


def _distinct(runs: SweepRecord, parameter: str) -> list[Any]:
    """Return the values of a parameter, numbers in ascending order."""
    values = list(dict.fromkeys(run[parameter] for run in runs.parameters if parameter in run))
    are_numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return sorted(values) if are_numbers else values


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _is_wide(values: Sequence[Any]) -> bool:
    if not all(isinstance(value, int | float) for value in values) or min(values) <= 0:
        return False
    return bool(max(values) >= _WIDE * min(values))


def _draw_line(
    ax: Axes, runs: SweepRecord, x: str, name: str, at: str, scores: NDArray[np.float64]
) -> None:
    """Draw the best value for each value of a parameter, with bands over the seeds."""
    values = _distinct(runs, x)
    of_runs = runs.values(name, at).reshape(-1, runs.seeds)
    found = []
    for place, value in enumerate(values):
        sets = [i for i, run in enumerate(runs.parameters) if x in run and run[x] == value]
        best = min(sets, key=lambda i: scores[i])
        if np.isfinite(scores[best]):
            found.append((place, of_runs[best][np.isfinite(of_runs[best])]))
    are_numbers = all(isinstance(value, int | float) for value in values)
    places = [values[i] if are_numbers else i for i, _ in found]
    low, q1, median, q3, high = np.array(
        [np.percentile(numbers, [0, 25, 50, 75, 100]) for _, numbers in found]
    ).T
    scale = "log" if _is_wide([float(low.min()), float(high.max())]) else "linear"
    margin = 0.06 * float(high.max() - low.min()) or 0.05 * abs(float(high.max())) or 1.0
    ends = (low.min() / 1.2, high.max() * 1.2)
    limits = ends if scale == "log" else (low.min() - margin, high.max() + margin)
    tidy(ax, scale, (min(places), max(places)), limits, name)
    theme = theme_of(ax)
    if runs.seeds > 1:
        ax.fill_between(places, low, high, color=theme.first, alpha=0.15, linewidth=0, gid="all")
        ax.fill_between(places, q1, q3, color=theme.first, alpha=0.3, linewidth=0, gid="half")
        rows = [(None, f"median and range over {runs.seeds} seeds, the middle half darker")]
        write_key(ax, None, rows)
    (line,) = ax.plot(places, median, color=theme.first, marker="o", clip_on=False)
    line.set_gid("median")
    _scale_x(ax, values, are_numbers)
    name_axes(ax, x, name + (" (log scale)" if scale == "log" else ""))


def _scale_x(ax: Axes, values: Sequence[Any], are_numbers: bool) -> None:
    """Show the values of a parameter on the x axis."""
    if are_numbers and _is_wide(values):
        ax.set_xscale("log")
    elif not are_numbers or len(values) <= _MOST_WRITTEN:
        ax.set_xticks(values if are_numbers else range(len(values)), list(map(_text, values)))
        ax.xaxis.set_minor_locator(NullLocator())
    width = len(values) if are_numbers else 1
    ax.margins(x=0.02 * width / len(values))


def _draw_cells(
    ax: Axes,
    runs: SweepRecord,
    names: tuple[str, str],
    name: str,
    scores: NDArray[np.float64],
) -> None:
    """Draw a heat map of the best value for each pair of values."""
    columns, rows = (_distinct(runs, parameter) for parameter in names)
    cells = np.full((len(rows), len(columns)), np.inf)
    for score, run in zip(scores, runs.parameters, strict=True):
        if all(parameter in run for parameter in names):
            at = rows.index(run[names[1]]), columns.index(run[names[0]])
            cells[at] = min(cells[at], score)
    cells = np.where(np.isfinite(cells), _sign(runs, name) * cells, np.nan)
    theme = theme_of(ax)
    image = ax.imshow(cells, cmap=theme.rates, aspect="auto", origin="lower", gid="cells")
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0)
    for axis, values in ((ax.xaxis, columns), (ax.yaxis, rows)):
        every = -(-len(values) // _MOST_WRITTEN)
        shown = range(0, len(values), every)
        axis.set_ticks(shown, [_text(values[i]) for i in shown])
    if sum(len(_text(value)) for value in columns) > _MOST_LETTERS:
        for label in ax.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    if max(cells.shape) <= _MOST_WRITTEN:
        for place in np.argwhere(np.isfinite(cells)):
            row, column = place.tolist()
            color = image.cmap(image.norm(cells[row, column]))
            ink = max((theme.ink, theme.page), key=lambda ink: contrast(color, ink))
            text = f"{cells[row, column]:.3g}"
            ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=font_size(0.8))
    add_color_bar(ax, image, name)
    name_axes(ax, *names)


def _draw_curves(ax: Axes, runs: SweepRecord, name: str, scores: NDArray[np.float64]) -> None:
    """Draw the median curve of each set of parameters."""
    curves = runs.columns[name].reshape(len(scores), runs.seeds, -1)
    medians = np.median(np.where(np.isfinite(curves), curves, np.inf), axis=1)
    medians[~np.isfinite(medians)] = np.nan
    shown = medians[np.isfinite(medians)]
    low, high = float(shown.min()), float(shown.max())
    scale = "log" if _is_wide([low, high]) else "linear"
    margin = 0.05 * (high - low) or 1.0
    limits = (low / 1.2, high * 1.2) if scale == "log" else (low - margin, high + margin)
    epochs = np.arange(1, medians.shape[1] + 1)
    tidy(ax, scale, (1, len(epochs)) if len(epochs) > 1 else (0.5, 1.5), limits, name)
    theme, ranking = theme_of(ax), np.argsort(scores, kind="stable")
    ranking = ranking[np.isfinite(scores[ranking])]
    is_crowded = len(scores) > _MOST_DRAWN
    for curve in medians:
        ax.plot(
            epochs,
            curve,
            color=theme.faint if is_crowded else theme.first,
            linewidth=0.6 if is_crowded else 1.0,
            alpha=0.5,
            marker="o" if len(epochs) == 1 else "",
        )
    chosen = {"best": ranking[0], "median": ranking[len(ranking) // 2], "worst": ranking[-1]}
    colors: tuple[Color, ...] = (theme.first, to_rgb(theme.ink), theme.second)
    rows: list[tuple[Any, str]] = []
    for (word, i), color in zip(chosen.items(), colors, strict=True):
        (line,) = ax.plot(epochs, medians[i], color=color, linewidth=2.2)
        line.set_gid(word)
        values = ", ".join(f"{key}={_text(value)}" for key, value in runs.parameters[i].items())
        rows.append((Patch(color=color), f"{word}: {values}"))
    write_key(ax, None, rows)
