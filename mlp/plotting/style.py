"""The style that all pictures share: settings, new axes, common elements."""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
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
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
    ScalarFormatter,
)
from numpy.typing import ArrayLike

from mlp._checks import check_number
from mlp._names import shortened
from mlp.plotting.fitting import fit, fit_label
from mlp.plotting.text import as_it_stands, told_once
from mlp.plotting.themes import (
    BACKGROUNDS,
    LIGHT,
    Color,
    Theme,
    current_theme,
    is_chosen,
    settings,
    theme_of,
)

SIZE = (8.0, 5.0)  # inches
NARROW = 4.0  # inches; narrower axes get smaller text
SMALLEST = 7.0  # points, of their text

RC: Mapping[str, Any] = MappingProxyType(
    {
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "figure.constrained_layout.h_pad": 0.12,
        "figure.constrained_layout.w_pad": 0.12,
        "font.size": 12.0,
        "lines.linewidth": 2.0,
        "lines.solid_capstyle": "round",
        "pdf.fonttype": 42,  # TrueType: text stays text, and journals reject the default, Type 3
        "ps.fonttype": 42,
        "savefig.dpi": 200.0,
        "svg.hashsalt": "mlp",
    }
)
_offscreen: ContextVar[bool] = ContextVar("mlp_offscreen", default=False)


def look(
    extra: Mapping[str, Any] | None = None, theme: Theme | None = None
) -> AbstractContextManager[None]:
    """Return a context with the shared settings and those of ``extra``.

    A setting that the user changed from matplotlib's default stays. The colours of text are those
    of ``theme``, by default the current one.

    Examples
    --------
    >>> with look():
    ...     matplotlib.rcParams["font.size"]
    12.0
    >>> with matplotlib.rc_context({"font.size": 20.0}), look():
    ...     matplotlib.rcParams["font.size"]
    20.0
    """
    colors = settings(theme or current_theme())
    now: Mapping[Any, Any] = matplotlib.rcParams
    default: Mapping[Any, Any] = matplotlib.rcParamsDefault
    wanted: dict[Any, Any] = {**RC, **colors, "legend.fontsize": 0.9 * RC["font.size"]}
    if now["font.size"] != default["font.size"]:
        wanted["legend.fontsize"] = 0.9 * now["font.size"]
    followed = {*RC, "legend.fontsize", *(() if is_chosen() else BACKGROUNDS)}
    wanted |= {name: now[name] for name in followed if now[name] != default[name]}
    # names are drawn as they stand, and TeX would read them
    wanted |= {"text.usetex": False, **(extra or {})}
    return matplotlib.rc_context(wanted)


def font_size(share: float = 1.0) -> float:
    """Return a share of the font size, in points."""
    return share * float(matplotlib.rcParams["font.size"])


@contextmanager
def offscreen() -> Iterator[None]:
    """Draw the pictures of a ``with`` block for files: nothing is shown, nothing stays open.

    Elsewhere a picture without ``ax`` is a figure of ``pyplot``, as `matplotlib.pyplot.subplots`
    makes it: a notebook shows it, and ``plt.show()`` opens its window. In threads other than the
    main one, and without the display that the chosen backend needs, pictures are always drawn off
    the screen.

    Examples
    --------
    >>> from mlp.plotting import plot_history
    >>> with offscreen():
    ...     ax = plot_history({"loss": [0.9, 0.5, 0.3]})
    >>> ax.figure.canvas.manager is None
    True
    """
    token = _offscreen.set(True)
    try:
        yield
    finally:
        _offscreen.reset(token)


def new_axes(size: tuple[float, float] = SIZE, style: Mapping[str, Any] | None = None) -> Axes:
    """Return the axes of a new figure, which ``pyplot`` shows except under `offscreen`.

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
        now = matplotlib.rcParams
        dpi, page, edge = now["figure.dpi"], now["figure.facecolor"], now["figure.edgecolor"]
    # outside of the context: pyplot may now load its backend, whose settings must last
    figure = _new_figure(figsize=size, dpi=dpi, facecolor=page, edgecolor=edge)
    with look(style):
        figure.set_layout_engine("constrained")
        return figure.add_subplot()


def _new_figure(**options: Any) -> Figure:
    if not _offscreen.get() and threading.current_thread() is threading.main_thread():
        with suppress(ImportError):  # the backend needs a display; `plt.show` says so
            from matplotlib import pyplot

            return pyplot.figure(**options)
    figure = Figure(**options)
    FigureCanvasAgg(figure)
    return figure


@contextmanager
def drawing(ax: Axes | None, size: tuple[float, float] = SIZE) -> Iterator[Axes]:
    """Yield ``ax``, or new axes for None, with the style that suits its page.

    A new figure does not stay open if the drawing fails.

    Examples
    --------
    >>> with drawing(None, (6, 4)) as ax:
    ...     ax.figure.get_size_inches().tolist()
    [6.0, 4.0]
    """
    page = new_axes(size) if ax is None else ax
    try:
        theme = theme_of(page)  # rejects what are no axes
        with look(_smaller(page), theme), told_once(page):
            if font_size() < RC["font.size"]:  # the axes have the size of wider ones
                page.tick_params(labelsize=font_size())
                for label in (page.xaxis.label, page.yaxis.label):
                    label.set_fontsize(font_size())
            yield page
            fit(page)
    except BaseException:
        if ax is None and page.figure.canvas.manager is not None:
            from matplotlib import pyplot

            pyplot.close(page.figure.canvas.figure)
        raise


def _smaller(ax: Axes) -> dict[str, float]:
    """Return the settings of the text of narrow axes, unless the user has chosen a size."""
    chosen = matplotlib.rcParams["font.size"] != matplotlib.rcParamsDefault["font.size"]
    width = _width(ax) / ax.figure.dpi
    if chosen or width >= NARROW:
        return {}
    size = max(SMALLEST, RC["font.size"] * width / NARROW)
    return {"font.size": size, "legend.fontsize": 0.9 * size}


def _width(ax: Axes) -> float:
    """Return the width of axes in pixels before a layout, so that all of a row get one size."""
    spec = ax.get_subplotspec()
    grid = None if spec is None else spec.get_gridspec()
    if spec is None or not isinstance(grid, GridSpec):
        return float(ax.get_window_extent().width)
    widths = np.asarray(grid.get_width_ratios(), dtype=float)
    share = widths[spec.colspan].sum() / widths.sum()
    # the margins that matplotlib leaves by default
    return float(ax.figure.bbox.width * 0.775 * share / (1.2 - 0.2 * share))


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
    ax.tick_params(which="both", length=0, labelsize=font_size(0.92), labelcolor=theme.ink)
    ax.tick_params(axis="x", which="major", length=4, color=theme.faint)
    ax.set_yscale(scale, **({"nonpositive": "clip"} if scale == "log" else {}))
    ax.set_xlim(*epochs)
    ax.set_ylim(*losses)
    if scale == "log" and losses[1] < 1e3 * losses[0]:  # powers of ten alone would be too few ticks
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    label_with_powers(ax)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    name_axes(ax, "epoch", ylabel + (" (log scale)" if scale == "log" else ""))


def label_with_powers(ax: Axes) -> None:
    """Write a power of ten in each label of a linear y axis, not above it, where the key is."""
    if ax.get_yscale() != "linear":
        return
    largest = max(map(abs, ax.get_ylim()))
    formatter = ax.yaxis.get_major_formatter()
    if 1e-4 <= largest < 1e6:
        if isinstance(formatter, ScalarFormatter):
            formatter.set_useOffset(False)
    else:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _distinct(value, ax)))


def _distinct(value: float, ax: Axes) -> str:
    """Return a number with the digits that tell the ticks of a y axis apart."""
    low, high = ax.get_ylim()
    digits = 3 + math.ceil(math.log10(max(abs(low), abs(high)) / abs(high - low)))
    return f"{value:.{max(digits, 3)}g}"


def name_axes(ax: Axes, xlabel: str, ylabel: str) -> None:
    """Label both axes in the colour of the theme."""
    as_it_stands(
        ax.set_xlabel(xlabel, color=theme_of(ax).ink),
        ax.set_ylabel(ylabel, color=theme_of(ax).ink),
    )
    box = ax.get_window_extent()
    fit_label(ax.xaxis.label, box.width, ax)
    fit_label(ax.yaxis.label, box.height, ax)


def add_color_bar(ax: Axes, colors: ScalarMappable, label: str) -> Colorbar:
    """Add a plain colour bar beside ``ax``."""
    bar = ax.figure.colorbar(colors, ax=ax, pad=0.03)
    bar.outline.set_visible(False)
    bar.ax.tick_params(which="both", length=0)
    bar.set_label(label)
    fit_label(bar.ax.yaxis.label, ax.get_window_extent().height, ax)
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
