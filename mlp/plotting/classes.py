"""Colours, markers and names of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from mlp._names import printable
from mlp.plotting.fitting import wrapped
from mlp.plotting.style import font_size
from mlp.plotting.text import as_it_stands
from mlp.plotting.themes import Color, Theme, legible, theme_of

# Distinguishable with all common kinds of colour vision: M. A. Petroff, "Accessible color
# sequences for data visualization" (2021), arXiv:2107.02270.
COLORS: tuple[Color, ...] = tuple(
    to_rgb(color)
    for color in (
        "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
        "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
    )
)  # fmt: skip
NAMES = 0.35  # of the width of the axes, for the names beside them
STRONGEST = 0.5  # largest share of a class's colour in its region
MARKERS = "os^DvPX<>*"  # distinguishable without colour
SIZES = dict.fromkeys("^v<>PX", 1.2) | {
    "*": 1.6,
    "D": 0.8,
}  # to look equally large


def color_of(label: int) -> Color:
    """Return the colour of a class; colours repeat after ten classes."""
    return COLORS[label % len(COLORS)]


def mark_color(label: int, theme: Theme) -> Color:
    """Return the colour of a class's markers, with contrast to the region of the class."""
    color, page = np.array(color_of(label)), np.array(to_rgb(theme.page))
    region = (1.0 - STRONGEST) * page + STRONGEST * color
    return legible(color, region, 2.2)


def marker_of(label: int) -> str:
    """Return the marker of a class; classes of equal colour have different markers.

    Examples
    --------
    >>> len({(color_of(label), marker_of(label)) for label in range(100)})
    100
    """
    return MARKERS[(label + label // len(COLORS)) % len(MARKERS)]


def class_names(names: Sequence[object] | None, n_classes: int) -> list[str]:
    """Return a name for each class, by default its number.

    Raises
    ------
    ValueError
        If the number of names differs from that of classes.
    """
    if names is None:
        return [str(label) for label in range(n_classes)]
    if len(names) != n_classes:
        raise ValueError(f"names: received {len(names)}, expected {n_classes}, one for each class")
    return [printable(str(name)) for name in names]


def area_of(n_points: int) -> float:
    """Return the area of a marker, in square points, when ``n_points`` are drawn."""
    return float(np.clip(14000.0 / n_points, 9.0, 38.0))


def draw_points(
    ax: Axes,
    X: NDArray[np.floating[Any]],
    labels: NDArray[np.integer[Any]],
    wrong: NDArray[np.bool_],
) -> None:
    """Draw the points ``X (n, 2)`` with the colours and markers of their classes.

    Those that are ``wrong`` have a strong rim and lie on top.
    """
    theme = theme_of(ax)
    for is_wrong in (False, True):
        for label in np.unique(labels):
            chosen = X[(labels == label) & (wrong == is_wrong)]
            marker = marker_of(int(label))
            ax.scatter(
                chosen[:, 0],
                chosen[:, 1],
                s=area_of(len(X)) * SIZES.get(marker, 1.0),
                marker=marker,
                color=mark_color(int(label), theme),
                edgecolors=theme.ink if is_wrong else theme.page,
                linewidths=1.6 if is_wrong else 0.7,
                zorder=4.0 if is_wrong else 3.0,
                gid=f"{'wrong' if is_wrong else 'right'} {label}",
            )


def write_classes(ax: Axes, names: Sequence[str]) -> None:
    """Add a legend of the classes to the right of ``ax``."""
    theme = theme_of(ax)
    handles = [
        Line2D(
            [],
            [],
            color=mark_color(label, theme),
            marker=marker_of(label),
            markersize=8.5 * SIZES.get(marker_of(label), 1.0) ** 0.5,
            markeredgecolor=theme.page,
            linestyle="",
        )
        for label in range(len(names))
    ]
    width = NAMES * ax.get_window_extent().width
    legend = ax.legend(
        handles,
        [wrapped(name, width, ax, font_size(0.9)) for name in names],
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        borderpad=0.0,
        labelcolor=theme.ink,
        handlelength=1.2,
        handletextpad=0.5,
    )
    as_it_stands(*legend.get_texts())
