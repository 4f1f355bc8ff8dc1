"""The regions of the plane that belong to the classes, and the lines between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import withStroke
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mlp.plotting.classes import STRONGEST, color_of
from mlp.plotting.style import FONT_SIZE
from mlp.plotting.themes import theme_of

PALEST = 0.12  # how much of a class's colour its region has; at the most it is STRONGEST
STEPS = 8  # of the strength, between the two
LINE, LETTER = 0.025, 0.011  # of a side of the picture: half of a line of words, half a letter


def draw_regions(
    ax: Axes,
    sides: Sequence[NDArray[np.float64]],
    scores: NDArray[np.floating[Any]],
    names: Sequence[str],
    points: NDArray[np.float64],
) -> None:
    """Fill the region of each class, draw the lines between them, and write its name there.

    Parameters
    ----------
    ax
        Where to draw.
    sides
        The coordinates of the grid, ``(columns,)`` and ``(rows,)``.
    scores
        ``(rows, columns, n_classes)``: a place belongs to the class of the highest.
    names
        Of the classes.
    points
        ``(n, 2)``, from which names keep away.
    """
    found = scores.argmax(axis=-1)
    _fill(ax, sides, found, _certainty(scores))
    taken = _taken(points, sides)
    present = np.unique(found)
    for label in present:
        place = _place(found == label, taken, LINE + LETTER * len(names[label]))
        _write_name(ax, sides, place, names[label])
        if len(present) > 1:
            others = np.delete(scores, label, axis=-1).max(axis=-1)
            lead = scores[..., label] - others
            ink = theme_of(ax).ink
            lines = ax.contour(*sides, lead, [0.0], colors=[ink], linewidths=1.3, zorder=2.0)
            lines.set_gid(f"boundary {label}")


def _fill(
    ax: Axes,
    sides: Sequence[NDArray[np.float64]],
    found: NDArray[np.intp],
    certainty: NDArray[np.floating[Any]],
) -> None:
    """Colour each place by its class, the stronger the surer the network is."""
    page = np.array(to_rgb(theme_of(ax).page))
    colors = np.array([color_of(label) for label in range(found.max() + 1)])
    strength = PALEST + (STRONGEST - PALEST) * certainty[..., None]
    picture = (1.0 - strength) * page + strength * colors[found]
    extent = (*sides[0][[0, -1]], *sides[1][[0, -1]])
    ax.imshow(picture, origin="lower", extent=extent, aspect="auto", zorder=0.0, gid="regions")


def _certainty(scores: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return how sure a network is, in steps from 0 to 1; 1/2 where scores are no probabilities."""
    n = scores.shape[-1]
    if scores.min() < 0 or not np.allclose(scores.sum(axis=-1), 1.0, atol=1e-3):
        return np.full(scores.shape[:-1], 0.5)
    sure: NDArray[np.floating[Any]] = (scores.max(axis=-1) * n - 1.0) / (n - 1.0)
    return np.round(STEPS * sure) / STEPS


def _taken(points: NDArray[np.float64], sides: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return which places ``(rows, columns)`` of the grid have a point."""
    taken = np.zeros((len(sides[1]), len(sides[0])), np.bool_)
    columns, rows = (np.searchsorted(side, points[:, i]) for i, side in enumerate(sides))
    taken[rows, columns] = True
    return taken


def _place(
    region: NDArray[np.bool_], taken: NDArray[np.bool_], half_width: float
) -> tuple[int, int]:
    """Return where in ``region`` a name lies best: wholly in it and on no point, if it can."""
    n = len(region)
    free = ~_widened(~region | taken, round(LINE * n), round(half_width * n))
    return _innermost(free if free.any() else region)


def _widened(mask: NDArray[np.bool_], high: int, wide: int) -> NDArray[np.bool_]:
    """Return which places have one of ``mask`` within so many rows and columns.

    Examples
    --------
    >>> _widened(np.eye(4, 6, dtype=bool), 0, 1)[0]
    array([ True,  True, False, False, False, False])
    """
    for axis, reach in enumerate((high, wide)):
        room = [(reach, reach) if i == axis else (0, 0) for i in range(2)]
        windows = sliding_window_view(np.pad(mask, room), 2 * reach + 1, axis)
        mask = np.logical_or.reduce(windows, axis=-1)
    return mask


def _innermost(region: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the place in ``region`` that is farthest from its edge.

    It is found by peeling off the edge until nothing is left.

    Examples
    --------
    >>> region = np.zeros((9, 20), bool)
    >>> region[2:7, 3:8] = True
    >>> _innermost(region)
    (4, 5)
    """
    left = peeled = np.pad(region, 1)
    while peeled.any():
        left, peeled = peeled, peeled.copy()
        for axis in (0, 1):
            peeled &= np.roll(left, 1, axis) & np.roll(left, -1, axis)
    places = np.argwhere(left)
    row, column = places[np.abs(places - places.mean(axis=0)).sum(axis=1).argmin()] - 1
    return int(row), int(column)


def _write_name(
    ax: Axes, sides: Sequence[NDArray[np.float64]], place: tuple[int, int], name: str
) -> None:
    theme = theme_of(ax)
    ax.text(
        sides[0][place[1]],
        sides[1][place[0]],
        name,
        ha="center",
        va="center",
        color=theme.ink,
        fontsize=1.1 * FONT_SIZE,
        fontweight="bold",
        path_effects=[withStroke(linewidth=3.5, foreground=theme.page)],
        zorder=5.0,
        gid=f"name {name}",
    )
