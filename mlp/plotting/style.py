"""The style that all pictures share: settings, new axes, common elements."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from mlp._checks import check_number
from mlp._names import shortened
from mlp.plotting.text import as_it_stands, told_once
from mlp.plotting.themes import LIGHT, Color, Theme, current_theme, settings, theme_of

FONT_SIZE = 12.0

RC: Mapping[str, Any] = MappingProxyType(
    {
        "axes.labelsize": FONT_SIZE,
        "axes.titlelocation": "left",
        "axes.titlesize": 1.2 * FONT_SIZE,
        "axes.titleweight": "bold",
        "figure.constrained_layout.h_pad": 0.12,
        "figure.constrained_layout.w_pad": 0.12,
        "figure.dpi": 100.0,
        "font.family": "DejaVu Sans",  # ships with matplotlib, so pictures are the same everywhere
        "font.size": FONT_SIZE,
        "legend.fontsize": 0.9 * FONT_SIZE,
        "lines.linewidth": 2.0,
        "lines.solid_capstyle": "round",
        "savefig.dpi": 200.0,
        "svg.hashsalt": "mlp",
        "text.usetex": False,
    }
)


def look(
    extra: Mapping[str, Any] | None = None, theme: Theme | None = None
) -> AbstractContextManager[None]:
    """Return a context with the shared settings and those of ``extra``.

    The colours are those of ``theme``, by default the current one.

    Examples
    --------
    >>> before = matplotlib.rcParams["font.size"]
    >>> with look({"font.size": 20.0}):
    ...     matplotlib.rcParams["font.size"]
    20.0
    >>> matplotlib.rcParams["font.size"] == before
    True
    """
    colors = settings(theme or current_theme())
    wanted: dict[Any, Any] = {**RC, **colors, **(extra or {})}
    return matplotlib.rc_context(wanted)


def new_axes(
    size: tuple[float, float] = (8.0, 5.0), style: Mapping[str, Any] | None = None
) -> Axes:
    """Return the axes of a new figure, which matplotlib does not keep open.

    Parameters
    ----------
    size
        Width and height in inches; a PNG has 200 pixels per inch.
    style
        Matplotlib rc settings for this figure, which override those of the package.

    Raises
    ------
    ValueError, TypeError
        If the size is not two positive numbers, or a setting is unknown.

    Examples
    --------
    >>> new_axes((6, 4)).figure.get_size_inches().tolist()
    [6.0, 4.0]
    """
    expected = "(width, height) in inches, above 0"
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise ValueError(f"size: received {shortened(size)}, expected {expected}")
    for side in size:
        check_number("size", side, expected, lambda x: x > 0)
    if not isinstance(style, Mapping | None) or set(style or ()) - set(matplotlib.rcParams):
        raise ValueError(f"style: received {shortened(style)}, expected settings of matplotlib")
    with look(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        return figure.add_subplot()


@contextmanager
def drawing(ax: Axes | None, size: tuple[float, float] = (8.0, 5.0)) -> Iterator[Axes]:
    """Yield ``ax``, or new axes for None, with the style that suits its page.

    Examples
    --------
    >>> with drawing(None, (6, 4)) as ax:
    ...     ax.figure.get_size_inches().tolist()
    [6.0, 4.0]
    """
    ax = new_axes(size) if ax is None else ax
    with look(theme=theme_of(ax)), told_once(ax):
        yield ax


def tidy(
    ax: Axes, scale: str, epochs: tuple[float, float], losses: tuple[float, float], ylabel: str
) -> None:
    """Give ``ax`` the shared frame, a light grid, these limits and whole epochs as ticks."""
    theme = theme_of(ax)
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(theme.faint)
    ax.grid(False)
    ax.grid(axis="y", color=theme.grid, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(which="both", length=0, labelsize=0.92 * FONT_SIZE, labelcolor=theme.ink)
    ax.tick_params(axis="x", which="major", length=4, color=theme.faint)
    ax.set_yscale(scale, **({"nonpositive": "clip"} if scale == "log" else {}))
    ax.set_xlim(*epochs)
    ax.set_ylim(*losses)
    if scale == "log" and losses[1] < 1e3 * losses[0]:  # powers of ten alone would be too few ticks
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    name_axes(ax, "epoch", ylabel + (" (log scale)" if scale == "log" else ""))


def name_axes(ax: Axes, xlabel: str, ylabel: str) -> None:
    """Label both axes in the colour of the theme."""
    as_it_stands(
        ax.set_xlabel(xlabel, color=theme_of(ax).ink),
        ax.set_ylabel(ylabel, color=theme_of(ax).ink),
    )


def add_color_bar(ax: Axes, colors: ScalarMappable, label: str) -> Colorbar:
    """Add a plain colour bar beside ``ax``."""
    bar = ax.figure.colorbar(colors, ax=ax, pad=0.03)
    bar.outline.set_visible(False)
    bar.ax.tick_params(which="both", length=0)
    bar.set_label(label)
    return bar


def rate_colors(rates: ArrayLike, colors: Colormap = LIGHT.rates) -> list[Color]:
    """Return a colour for each rate, evenly spaced by rank; higher rates are darker on white.

    Examples
    --------
    >>> from mlp.plotting.themes import lightness
    >>> low, high = rate_colors([0.1, 0.2])
    >>> lightness(low) > lightness(high) + 50
    True
    """
    distinct, rank = np.unique(np.asarray(rates, dtype=float), return_inverse=True)
    places = np.linspace(0.0, 1.0, distinct.size) if distinct.size > 1 else np.array([0.7])
    return [to_rgb(colors(place)) for place in places[rank]]
