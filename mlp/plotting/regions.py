"""The regions of the plane that belong to the classes, and the lines between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from mlp.plotting.classes import STRONGEST, color_of
from mlp.plotting.style import FONT_SIZE
from mlp.plotting.themes import theme_of

PALEST = 0.12  # how much of a class's colour its region has; at the most it is STRONGEST
STEPS = 8  # of the strength, between the two
CLEARANCE = 1 / 30  # of a side of the picture: room for a name


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
    near = _near(points, sides)
    present = np.unique(found)
    for label in present:
        _write_name(ax, sides, _place(found == label, near), names[label])
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


def _near(points: NDArray[np.float64], sides: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return which places ``(rows, columns)`` of the grid have a point close by."""
    near = np.zeros((len(sides[1]), len(sides[0])), np.bool_)
    columns, rows = (
        np.clip(np.searchsorted(side, points[:, i]), 0, len(side) - 1)
        for i, side in enumerate(sides)
    )
    reach = max(1, round(0.5 * CLEARANCE * len(near)))
    for row, column in zip(rows, columns, strict=True):
        near[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1] = 1
    return near


def _place(region: NDArray[np.bool_], near: NDArray[np.bool_]) -> tuple[int, int]:
    """Return where in ``region`` a name has most room, away from points if that is possible."""
    place, depth = _innermost(region & ~near)
    return place if depth > CLEARANCE * len(region) else _innermost(region)[0]


def _innermost(region: NDArray[np.bool_]) -> tuple[tuple[int, int], int]:
    """Return the place in ``region`` that is farthest from its edge, and how far that is.

    It is found by peeling off the edge until nothing is left.

    Examples
    --------
    >>> region = np.zeros((9, 20), bool)
    >>> region[2:7, 3:8] = True
    >>> _innermost(region)
    ((4, 5), 3)
    """
    left, depth = np.pad(region, 1), 0
    peeled = left
    while peeled.any():
        left, depth = peeled, depth + 1
        peeled = left.copy()
        for axis in (0, 1):
            peeled &= np.roll(left, 1, axis) & np.roll(left, -1, axis)
    places = np.argwhere(left)
    if not depth:
        return (0, 0), 0
    row, column = places[np.abs(places - places.mean(axis=0)).sum(axis=1).argmin()] - 1
    return (int(row), int(column)), depth


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
