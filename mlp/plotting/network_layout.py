"""Where the parts of a network's diagram stand, in inches of a page 8 inches wide."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlp.plotting.network_numbers import Diagram, Link

MOST_DRAWN = 16  # units; of more, the first and last four are drawn
ENDS = 4
MOST_NAMED = 9  # weights between two columns, each with its number
WIDTH = 8.0
MARGIN = 0.75  # from the middle of the outer columns to the edge of the page
TARGET = 0.75  # more at the right, where targets stand beside the outputs

Point = tuple[float, float]


@dataclass(frozen=True)
class Spot:
    """A column: where its units stand, by their index, and its bias and its dots."""

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
    named: bool  # whether there is room for a number at each line


def arrange(diagram: Diagram) -> Layout:
    """Return a place for everything that is drawn."""
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
        _lifted(spots, 0.62 - low), radius, MARGIN + across * gaps + right, high - low + 0.8, named
    )


def _is_small(link: Link) -> bool:
    return link.weights.size <= MOST_NAMED and max(link.weights.shape) <= 4


def _slots(n: int) -> list[int | None]:
    """Return the indices of the units that are drawn; None is where the others would be."""
    if n <= MOST_DRAWN:
        return list(range(n))
    return [*range(ENDS), None, *range(n - ENDS, n)]


def _edges(spots: Sequence[Spot], radius: float) -> tuple[float, float]:
    ys = [y for spot in spots for y in spot.units.values()]
    lows = ys + [spot.bias[1] for spot in spots if spot.bias]
    return min(lows) - radius, max(ys) + radius


def _lifted(spots: Sequence[Spot], by: float) -> list[Spot]:
    """Return the columns, higher by so much."""
    return [
        Spot(
            spot.x,
            {i: y + by for i, y in spot.units.items()},
            None if spot.bias is None else (spot.bias[0], spot.bias[1] + by),
            None if spot.dots is None else spot.dots + by,
        )
        for spot in spots
    ]
