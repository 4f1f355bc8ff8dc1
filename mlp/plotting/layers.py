"""Histograms of activations or gradients over the epochs, one strip per layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from mlp._checks import check_choice, check_offers
from mlp.plotting.fitting import fit, wrapped
from mlp.plotting.labels import write_key
from mlp.plotting.style import drawing, font_size
from mlp.plotting.text import as_it_stands
from mlp.plotting.themes import legible, shades, theme_of

STRIP = 1.35  # inches per layer
HIGHEST = 11.0  # inches
HEADER = 0.6  # of the width of a strip, at most, for the name of the layer
FILLED, LEAST = 0.72, 0.25  # shares of a layer's height: at most, and at least below a high header
HEIGHT, SPACE = 1.1, 9.0  # of a header, as a share of the font size; points around it
MOST_NAMED, LONGEST = 10, 60  # units, and characters
STRONG = 0.07  # share of the values that gives a bin the full colour
TAILS = {
    "activations": (0.005, 0.005),
    "gradients": (0.03, 0.002),
}  # shares that may be cut off
FEWEST_BINS = 48  # of the grid that the histograms are drawn on
STATES = {2: "dead", 1: "saturated"}
MEANINGS = {"dead": "no gradient passes", "saturated": "hardly any gradient passes"}


class Histograms(Protocol):
    """One histogram per epoch, for n epochs."""

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, ``(n, bins + 1)``."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of values in each bin, ``(n, bins)``."""

    @property
    def medians(self) -> NDArray[np.float64]:
        """The median of the values, ``(n,)``; NaN where there are none."""


class LayerSeries(Protocol):
    """The record of one layer over n epochs."""

    @property
    def name(self) -> str:
        """The name of the layer."""

    @property
    def activations(self) -> Histograms:
        """Histograms of the outputs."""

    @property
    def gradients(self) -> Histograms:
        """Histograms of ``log10 |dW|``, where dW is not zero."""

    @property
    def zeros(self) -> NDArray[np.int64]:
        """The number of elements of dW that are zero, ``(n,)``."""

    @property
    def units(self) -> NDArray[np.uint8]:
        """The state of each unit, ``(n, n_out)``: 0 active, 1 saturated, 2 dead."""


class LayersRecord(Protocol):
    """The record of all layers of a run."""

    @property
    def epochs(self) -> NDArray[np.int64]:
        """The recorded epochs, ``(n,)``."""

    @property
    def layers(self) -> Sequence[LayerSeries]:
        """The record of each layer."""


def plot_layers(
    record: LayersRecord,
    ax: Axes | None = None,
    *,
    what: Literal["activations", "gradients"] = "activations",
    title: str | None = None,
) -> Axes:
    """Draw the distribution of activations or gradients over the epochs, one strip per layer.

    Stronger colours mean more values; a line connects the medians. Beside the name of a layer
    stand the numbers of its dead and saturated units after the last epoch or, for gradients, the
    share of dW that is zero.

    Parameters
    ----------
    record
        The record of a `LayerRecorder`.
    ax
        Axes that will hold the strips as inset axes; by default those of a new figure.
    what
        ``"activations"`` or ``"gradients"``. The latter shows the magnitudes of dW on a log scale
        that all layers share, so that vanishing gradients are visible.
    title
        Title above the picture.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError
        If ``what`` is unknown, or nothing was recorded.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.xor()
    >>> net = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)
    >>> recorder = mlp.LayerRecorder(X)
    >>> _ = mlp.Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, epochs=5)
    >>> ax = plot_layers(recorder.record)
    >>> [strip.get_ylabel() for strip in ax.child_axes]
    ['output', 'output']
    """
    check_choice("what", what, ("activations", "gradients"))
    check_offers("record", record, "a LayerRecord", "epochs", "layers")
    if not len(record.epochs):
        raise ValueError("record: received no epoch, expected one at least")
    drawn = [getattr(layer, what) for layer in record.layers]
    spans = _spans(drawn, TAILS[what], shared=what == "gradients")
    n = len(drawn)
    with drawing(ax, (8.0, min(STRIP * n + 1.0, HIGHEST))) as ax:
        ax.set_axis_off()
        strips = []
        for i, (histograms, span) in enumerate(zip(drawn, spans, strict=True)):
            strip = ax.inset_axes((0.0, 1.0 - (i + 1) / n, 1.0, FILLED / n))
            strip.set_axes_locator(_Place(ax, i, n, font_size(HEIGHT) + SPACE))
            _tidy(strip, record.epochs, span, what, is_last=i == n - 1)
            _draw(strip, record.epochs, histograms, span)
            strips.append(strip)
        write_key(ax, title, _key(ax, record.layers if what == "activations" else ()))
        fit(ax)  # determines the room for the headers
        for strip, layer in zip(strips, record.layers, strict=True):
            note = _units(layer) if what == "activations" else _zeros(layer)
            _write_header(strip, layer.name, *note)
    return ax


@dataclass(frozen=True)
class _Place:
    """The place of strip i of n on ``ax``, below a header as high as so many points."""

    ax: Axes
    i: int
    n: int
    header: float

    def __call__(self, strip: Any, renderer: object) -> Bbox:
        """Return the place in the figure, as a locator of axes does."""
        points = self.ax.get_window_extent().height * 72.0 / self.ax.figure.dpi / self.n
        filled = max(LEAST, min(FILLED, 1.0 - self.header / points))
        bounds = Bbox.from_bounds(0.0, 1.0 - (self.i + 1) / self.n, 1.0, filled / self.n)
        return bounds.transformed(self.ax.transAxes - strip.figure.transSubfigure)


def _key(ax: Axes, judged: Sequence[LayerSeries]) -> list[tuple[Line2D | None, str]]:
    """Return the key, with the meaning of dead and saturated if there are such units."""
    line = Line2D([], [], color=theme_of(ax).second, linewidth=1.6)
    key: list[tuple[Line2D | None, str]] = [
        (line, "median of the values; the stronger the colour, the more of them")
    ]
    meanings = [
        f"{word}: {MEANINGS[word]}"
        for state, word in STATES.items()
        if any((layer.units[-1] == state).any() for layer in judged)
    ]
    return key + [(None, "; ".join(meanings))] * bool(meanings)


def _spans(
    drawn: Sequence[Histograms], tails: tuple[float, float], shared: bool
) -> list[tuple[float, float]]:
    """Return the range to show of each layer, with a margin."""
    ranges = np.array([range_of(histograms, tails) for histograms in drawn])
    known = np.isfinite(ranges).all(axis=1)
    ranges[~known] = (0.0, 1.0)
    if shared and known.any():
        ranges[:] = ranges[known, 0].min(), ranges[known, 1].max()
    sizes = np.maximum(np.ptp(ranges, axis=1), 1e-6 * np.abs(ranges).max(axis=1) + 1e-12)
    return [(low - 0.04 * s, high + 0.04 * s) for (low, high), s in zip(ranges, sizes, strict=True)]


def _tidy(
    ax: Axes, epochs: NDArray[np.int64], span: tuple[float, float], what: str, is_last: bool
) -> None:
    """Set the limits and ticks of a strip."""
    theme = theme_of(ax)
    ax.spines[:].set_visible(False)
    ax.set_facecolor("none")
    ax.tick_params(length=3, color=theme.faint, labelcolor=theme.ink, labelsize=font_size(0.8))
    step = _step(epochs)
    ax.set_xlim(epochs[0] - step / 2, epochs[-1] + step / 2)
    ax.set_ylim(*span)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    if what == "gradients":
        whole = span[1] - span[0] > 2
        ax.yaxis.set_major_locator(MaxNLocator(4, integer=whole, steps=[1, 2, 5, 10]))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:g}}}$"))
    else:
        ax.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    ax.set_ylabel("|dW|" if what == "gradients" else "output", color=theme.ink)
    if is_last:
        ax.set_xlabel("epoch", color=theme.ink)
    else:
        ax.tick_params(labelbottom=False)


def _step(epochs: NDArray[np.int64]) -> int:
    """Return the smallest distance between two epochs."""
    return int(np.diff(epochs).min()) if len(epochs) > 1 else 1


def _draw(
    ax: Axes, epochs: NDArray[np.int64], histograms: Histograms, span: tuple[float, float]
) -> None:
    """Draw the histograms as shaded columns, and the line of their medians."""
    theme = theme_of(ax)
    edges, shares = density(histograms, *span)
    step = _step(epochs)
    columns = (epochs - epochs[0]) // step
    picture = np.full((len(shares), columns[-1] + 1), np.nan)
    picture[:, columns] = shares
    ax.imshow(
        picture,
        shades(theme),
        PowerNorm(0.5, 0.0, STRONG, clip=True),
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(epochs[0] - step / 2, epochs[-1] + step / 2, edges[0], edges[-1]),
        gid="histograms",
    )
    ax.set_ylim(*span)  # imshow has changed it
    middle = histograms.medians
    alone = np.count_nonzero(np.isfinite(middle)) == 1
    ax.plot(
        epochs,
        middle,
        color=theme.second,
        linewidth=1.6,
        marker="o" if alone else "",
        path_effects=[withStroke(linewidth=3.0, foreground=theme.page)],
        gid="median",
    )


def _units(layer: LayerSeries) -> tuple[str, bool]:
    """List the dead and saturated units after the last epoch; return whether there are any."""
    last = layer.units[-1]
    found = {word: np.flatnonzero(last == state) for state, word in STATES.items()}
    if not last.any():
        return f"all {last.size} units work", False
    notes = [_named(found, last.size, most) for most in range(MOST_NAMED, -1, -1)]
    return next((note for note in notes if len(note) <= LONGEST), notes[-1]), True


def _named(found: Mapping[str, NDArray[np.intp]], n_units: int, most: int) -> str:
    """Return the counts of dead and saturated units, with at most ``most`` numbers of each."""
    told: list[str] = []
    for word, units in found.items():
        if units.size:
            names = [str(unit) for unit in units[:most]]
            names += [f"{units.size - most} more"] * (units.size > most > 0)
            of = "" if told else f" of {n_units}"
            told.append(f"{units.size}{of} {word}" + ": " * bool(names) + ", ".join(names))
    return "; ".join(told)


def _zeros(layer: LayerSeries) -> tuple[str, bool]:
    """Return the share of dW that is zero, and whether it is large."""
    zeros = int(layer.zeros[-1])
    size = zeros + int(layer.gradients.counts[-1].sum())
    if not size:
        return "no weights", False
    share = zeros / size
    return (f"{share:.0%} of dW is zero" if zeros else "no element of dW is zero"), share > 0.05


def _write_header(ax: Axes, name: str, note: str, is_bad: bool) -> None:
    """Write the name and the note of a layer above its strip."""
    theme = theme_of(ax)
    warning = legible(theme.second, theme.page)
    size, width, left = font_size(0.88), ax.get_window_extent().width, HEADER
    for x, side, text, color, weight in (
        (0.0, "left", name, theme.ink, "bold"),
        (1.0, "right", note, *((warning, "bold") if is_bad else (theme.faint, "normal"))),
    ):
        header = ax.annotate(
            wrapped(text, left * width, ax, size, weight=weight, most=1),
            (x, 1.0),
            (0.0, 4.0),
            xycoords="axes fraction",
            textcoords="offset points",
            ha=side,
            va="bottom",
            color=color,
            fontsize=size,
            fontweight=weight,
        )
        as_it_stands(header)
        left = 0.95 - header.get_window_extent().width / width


def range_of(histograms: Histograms, tails: tuple[float, float]) -> tuple[float, float]:
    """Return the range of the values of all epochs, NaN if there are none.

    Shares of the values, ``tails``, may lie below and above it.
    """
    shares = (tails[0], 1.0 - tails[1])
    ends = np.array([_quantiles(*one, shares) for one in _epochs(histograms)])
    known = ends[np.isfinite(ends).all(axis=1)]
    if not len(known):
        return math.nan, math.nan
    return float(known[:, 0].min()), float(known[:, 1].max())


def density(
    histograms: Histograms, low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edges ``(m + 1,)`` from low to high, and the share in each bin, ``(m, n)``.

    The edges are multiples of a power of two, like those of the histograms, so that narrow bins
    merge exactly; bins wider than the grid are spread evenly.
    """
    exponent = math.floor(math.log2((high - low) / FEWEST_BINS))
    first, last = math.floor(math.ldexp(low, -exponent)), math.ceil(math.ldexp(high, -exponent))
    edges: NDArray[np.float64] = np.ldexp(np.arange(first, last + 1.0), exponent)
    shares = np.full((last - first, len(histograms.counts)), np.nan)
    for i, (bins, counts) in enumerate(_epochs(histograms)):
        if counts.any():
            shares[:, i] = np.diff(np.interp(edges, bins, _cumulative(counts)))
    return edges, shares


def _epochs(histograms: Histograms) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return the edges and counts of each epoch."""
    return list(zip(histograms.edges, histograms.counts, strict=True))


def _cumulative(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of the values below each edge."""
    below: NDArray[np.float64] = np.append(0, np.cumsum(counts)) / counts.sum()
    return below


def _quantiles(
    edges: NDArray[np.float64], counts: NDArray[np.int64], shares: tuple[float, ...]
) -> list[float]:
    if not counts.any():
        return [math.nan] * len(shares)
    held = np.flatnonzero(counts)
    used = slice(held[0], held[-1] + 2)  # elsewhere the cumulative share has no inverse
    return np.interp(shares, _cumulative(counts)[used], edges[used]).tolist()
