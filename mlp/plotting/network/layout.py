"""The layout of a diagram, in inches on a page 8 inches wide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp.plotting.network.diagram import Diagram, Link

MOST_DRAWN = 16  # units; of more, only the first and last ENDS are drawn
ENDS = 4
MOST_NAMED = 9  # weights between two columns with a number at each line
WIDTH = 8.0
MARGIN = 0.75  # from the centre of the outer columns to the edge of the page
TARGET = 0.75  # additional margin for targets beside the outputs
SHARES = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.15, 0.85)
ROUNDS = 4
NEAR = 0.05  # inches; a line at this distance touches a label

Point = tuple[float, float]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Spot:
    """The places of a column: its units by index, its bias and its dots."""

    x: float
    units: dict[int, float]
    bias: Point | None
    dots: float | None


@dataclass(frozen=True)
class Layout:
    """The whole page."""

    spots: Sequence[Spot]
    radius: float
    width: float
    height: float
    across: float  # between two columns
    named: bool  # whether there is room for a number at each line


def arrange(diagram: Diagram) -> Layout:
    """Return the places of all parts of the diagram."""
    named = all(_is_small(link) for link in diagram.links)
    slots = [_slots(len(column.names)) for column in diagram.columns]
    tallest = max(len(rows) for rows in slots)
    step = 5.0 / tallest if named else 7.4 / tallest
    step = float(np.clip(step, 0.46, 1.9 if named else 0.72))
    gaps = len(diagram.columns) - 1
    right = MARGIN + (0.0 if diagram.targets is None else TARGET)
    across = max((WIDTH - MARGIN - right) / gaps, 1.1)
    radius = min(0.38, 0.42 * step, 0.22 * across)
    spots = []
    for k, rows in enumerate(slots):
        ys = [step * ((len(rows) - 1) / 2 - place) for place in range(len(rows))]
        x = MARGIN + across * k
        has_bias = k < gaps and diagram.links[k].bias is not None
        bias = (x + 0.14 * across, ys[-1] - max(step, 3 * radius)) if has_bias else None
        units = {i: y for i, y in zip(rows, ys, strict=True) if i is not None}
        dots = [y for i, y in zip(rows, ys, strict=True) if i is None]
        spots.append(Spot(x, units, bias, dots[0] if dots else None))
    low, high = _edges(spots, radius)
    return Layout(
        _lifted(spots, 0.62 - low),
        radius,
        MARGIN + across * gaps + right,
        high - low + 0.8,
        across,
        named,
    )


def _is_small(link: Link) -> bool:
    return link.weights.size <= MOST_NAMED and max(link.weights.shape) <= 4


def _slots(n: int) -> list[int | None]:
    """Return the indices of the units to draw; None stands for those left out."""
    if n <= MOST_DRAWN:
        return list(range(n))
    return [*range(ENDS), None, *range(n - ENDS, n)]


def _edges(spots: Sequence[Spot], radius: float) -> tuple[float, float]:
    ys = [y for spot in spots for y in spot.units.values()]
    lows = ys + [spot.bias[1] for spot in spots if spot.bias]
    return min(lows) - radius, max(ys) + radius


def _lifted(spots: Sequence[Spot], by: float) -> list[Spot]:
    """Return the columns moved up."""
    return [
        Spot(
            spot.x,
            {i: y + by for i, y in spot.units.items()},
            None if spot.bias is None else (spot.bias[0], spot.bias[1] + by),
            None if spot.dots is None else spot.dots + by,
        )
        for spot in spots
    ]


def shares_along(
    lines: Sequence[tuple[Point, Point]], sizes: Sequence[tuple[float, float]]
) -> list[float]:
    """Return the place of each label along its line that hides the least.

    Parameters
    ----------
    lines
        The start and the end of each line.
    sizes
        The length and height of each label along its line; zero for none.

    Notes
    -----
    Each label in turn moves to the place where it touches the fewest other labels and lines,
    with a preference for the middle, until none moves.

    Examples
    --------
    >>> lines = [((0.0, 0.0), (2.0, 1.0)), ((0.0, 1.0), (2.0, 0.0))]
    >>> 0.5 in shares_along(lines, [(0.5, 0.2), (0.5, 0.2)])  # they cross there
    False
    """
    places = [0.5] * len(lines)
    labels = [n for n, (length, _) in enumerate(sizes) if length]
    points = {n: np.array([_points(lines[n], share, sizes[n]) for share in SHARES]) for n in labels}
    fixed = {n: _fixed_costs(n, points[n], lines, sizes[n][0]) for n in labels}
    for _ in range(ROUNDS):
        before = list(places)
        for n in labels:
            on_labels = sum(
                _share_within(points[n], lines[m], places[m], sizes[m]) for m in labels if m != n
            )
            places[n] = SHARES[int(np.argmin(4.0 * on_labels + fixed[n]))]
        if places == before:
            break
    return places


def overlap(
    lines: Sequence[tuple[Point, Point]],
    shares: Sequence[float],
    sizes: Sequence[tuple[float, float]],
) -> bool:
    """Return whether any two labels at these places overlap."""
    labels = [n for n, (length, _) in enumerate(sizes) if length]
    points = {n: _points(lines[n], shares[n], sizes[n]) for n in labels}
    return any(
        _share_within(points[n], lines[m], shares[m], sizes[m]).any()
        for n in labels
        for m in labels
        if n != m
    )


def _fixed_costs(
    n: int, points: Points, lines: Sequence[tuple[Point, Point]], length: float
) -> NDArray[np.float64]:
    """Return the cost of each place: the lines it hides, and its distance from the middle."""
    on_lines = sum(_share_near(points, line) for m, line in enumerate(lines) if m != n)
    places = np.array(SHARES)
    reach = np.minimum(places, 1 - places) * math.dist(*lines[n]) - length / 2
    costs: NDArray[np.float64] = (
        on_lines + 0.1 * np.abs(places - 0.5) + 4.0 * np.maximum(0.0, 0.05 - reach)
    )
    return costs


def _points(line: tuple[Point, Point], share: float, size: tuple[float, float]) -> Points:
    """Return points spread evenly over a label, ``(n, 2)``."""
    along, across, middle = _frame(line, share)
    u = np.linspace(-0.5, 0.5, 13) * size[0]
    v = np.linspace(-0.5, 0.5, 7) * size[1]
    grid: Points = middle + u[:, None, None] * along + v[None, :, None] * across
    return grid.reshape(-1, 2)


def _share_within(
    points: Points, line: tuple[Point, Point], share: float, size: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the shares of the points ``(places, n, 2)`` that lie on another label."""
    along, across, middle = _frame(line, share)
    away = points - middle
    is_on = (np.abs(away @ along) < size[0] / 2) & (np.abs(away @ across) < size[1] / 2)
    shares: NDArray[np.float64] = is_on.mean(axis=-1)
    return shares


def _share_near(points: Points, line: tuple[Point, Point]) -> NDArray[np.float64]:
    """Return the shares of the points ``(places, n, 2)`` that a line runs through."""
    start, end = np.array(line[0]), np.array(line[1])
    way = end - start
    t = np.clip((points - start) @ way / (way @ way), 0.0, 1.0)
    distance = np.linalg.norm(points - start - t[..., None] * way, axis=-1)
    shares: NDArray[np.float64] = (distance < NEAR).mean(axis=-1)
    return shares


def _frame(line: tuple[Point, Point], share: float) -> tuple[Points, Points, Points]:
    """Return the unit vectors along and across a line, and the point at a share of it."""
    start, end = np.array(line[0]), np.array(line[1])
    along = (end - start) / np.linalg.norm(end - start)
    return along, np.array([-along[1], along[0]]), start + share * (end - start)
