"""The looks that all pictures share: settings, colours, an empty axes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

INK = "#333333"  # words
FAINT = "#666666"  # words of less weight, and the lines that explain the key
GRID = "#e4e4e4"
FONT_SIZE = 12.0

RC: Mapping[str, Any] = MappingProxyType(
    {
        "axes.edgecolor": GRID,
        "axes.facecolor": "white",
        "axes.labelcolor": INK,
        "axes.labelsize": FONT_SIZE,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlesize": 1.2 * FONT_SIZE,
        "axes.titleweight": "bold",
        "figure.constrained_layout.h_pad": 0.12,
        "figure.constrained_layout.w_pad": 0.12,
        "figure.dpi": 100.0,
        "figure.facecolor": "white",
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
        "font.size": FONT_SIZE,
        "legend.fontsize": 0.9 * FONT_SIZE,
        "lines.linewidth": 2.0,
        "lines.solid_capstyle": "round",
        "savefig.dpi": 200.0,
        "svg.hashsalt": "mlp",
        "text.color": INK,
        "text.usetex": False,
    }
)

# Viridis, dark for high rates; its yellow end, too pale for a white page, is left out.
RATE_COLORS = LinearSegmentedColormap.from_list(
    "mlp_rates", matplotlib.colormaps["viridis"](np.linspace(0.76, 0.0, 64))
)

Color = tuple[float, float, float]


def look(extra: Mapping[str, Any] | None = None) -> AbstractContextManager[None]:
    """Return a context in which the shared settings, and those of ``extra``, hold.

    Examples
    --------
    >>> before = matplotlib.rcParams["font.size"]
    >>> with look({"font.size": 20.0}):
    ...     matplotlib.rcParams["font.size"]
    20.0
    >>> matplotlib.rcParams["font.size"] == before
    True
    """
    settings: dict[Any, Any] = {**RC, **(extra or {})}
    return matplotlib.rc_context(settings)


def new_axes(
    size: tuple[float, float] = (8.0, 5.0), style: Mapping[str, Any] | None = None
) -> Axes:
    """Return the axes of a fresh figure that belongs to nobody but the caller.

    Parameters
    ----------
    size
        Width and height in inches; a PNG has 200 pixels an inch.
    style
        Matplotlib rc settings for this figure and its axes, over the package's own.

    Raises
    ------
    ValueError
        If the size is not two positive numbers.

    Examples
    --------
    >>> new_axes((6, 4)).figure.get_size_inches().tolist()
    [6.0, 4.0]
    """
    if len(size) != 2 or not all(0 < side < float("inf") for side in size):
        raise ValueError(f"size: received {size!r}, expected (width, height) in inches, above 0")
    with look(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        return figure.add_subplot()


def tidy(
    ax: Axes, scale: str, epochs: tuple[float, float], losses: tuple[float, float], ylabel: str
) -> None:
    """Give ``ax`` the shared frame, these limits, a light grid and epochs in whole numbers."""
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(FAINT)
    ax.grid(False)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(which="both", length=0, labelsize=0.92 * FONT_SIZE, labelcolor=INK)
    ax.tick_params(axis="x", which="major", length=4, color=FAINT)
    ax.set_yscale(scale, **({"nonpositive": "clip"} if scale == "log" else {}))
    ax.set_xlim(*epochs)
    ax.set_ylim(*losses)
    if scale == "log" and losses[1] < 1e3 * losses[0]:  # powers of ten alone would be too few
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    ax.set_xlabel("epoch")
    ax.set_ylabel(ylabel + (" (log scale)" if scale == "log" else ""))


def rate_colors(rates: ArrayLike) -> list[Color]:
    """Return a colour for each rate: the higher the darker, evenly spaced by rank.

    Examples
    --------
    >>> low, high = rate_colors([0.1, 0.2])
    >>> lightness(low) > lightness(high) + 50
    True
    """
    distinct, rank = np.unique(np.asarray(rates, dtype=float), return_inverse=True)
    places = np.linspace(0.0, 1.0, distinct.size) if distinct.size > 1 else np.array([0.7])
    return [to_rgb(RATE_COLORS(place)) for place in places[rank]]


def luminance(color: Color) -> float:
    """Return the relative luminance of an sRGB colour as WCAG 2 defines it, 0 to 1."""
    rgb = np.asarray(color, dtype=float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def lightness(color: Color) -> float:
    """Return the CIE lightness L* of an sRGB colour, 0 (black) to 100 (white)."""
    y = luminance(color)
    return float(116 * np.cbrt(y) - 16 if y > (6 / 29) ** 3 else (29 / 3) ** 3 * y)


def ink(color: Color) -> Color:
    """Return ``color`` darkened until words in it can be read on white (contrast 4.5 to 1).

    Examples
    --------
    >>> 1.05 / (luminance(ink((0.4, 0.8, 0.3))) + 0.05) >= 4.5
    True
    """
    while luminance(color) + 0.05 > 1.05 / 4.5:
        color = (0.95 * color[0], 0.95 * color[1], 0.95 * color[2])
    return color


def check_choice(name: str, value: object, known: Sequence[str]) -> None:
    """Raise ValueError unless ``value`` is one of ``known``."""
    if value not in known:
        raise ValueError(f"{name}: received {value!r}, expected one of {', '.join(known)}")
