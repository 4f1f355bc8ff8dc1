"""The marks of a network's diagram: circles, lines, and what is written in and along them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch

from mlp.plotting.network.diagram import Numbers
from mlp.plotting.network.layout import Point
from mlp.plotting.themes import Color, Theme, legible

DASHES = (0.0, (4.0, 1.0))  # tell what is below 0 where no colour does
MANY = 100  # lines between two columns; more are drawn less broad
_NAME = re.compile(r"([A-Za-z])_?(\d+)(?:_(\d+))?")


@dataclass(frozen=True)
class Pen:
    """What everything is drawn with.

    Attributes
    ----------
    ax : Axes
    theme : Theme
    scale : float
        How large an inch of the diagram is on the page.
    """

    ax: Axes
    theme: Theme
    scale: float

    def write(
        self, at: Point, text: str, size: float, *, color: Any = None, **options: Any
    ) -> None:
        """Write a name or a number with its middle at a point."""
        options = {"ha": "center", "va": "center", "zorder": 6.0, **options}
        self.ax.text(
            *at, text, fontsize=size * self.scale, color=color or self.theme.ink, **options
        )

    def circle(self, at: Point, radius: float, color: Color, gid: str) -> None:
        """Draw a unit, tinted with a colour."""
        fill = mixed(self.theme.page, color, 0.22)
        line = legible(color, self.theme.page, 3.0)
        self.ax.add_patch(
            Circle(at, radius, facecolor=fill, edgecolor=line, linewidth=1.3, zorder=4.0, gid=gid)
        )

    def dots(self, at: Point, gid: str) -> None:
        """Draw three dots, one under the other, for units that are not drawn."""
        ys = at[1] + np.array([0.1, 0.0, -0.1])
        self.ax.plot([at[0]] * 3, ys, "o", color=self.theme.faint, markersize=3.2, gid=gid)

    def arrow(self, start: Point, end: Point, gid: str) -> None:
        """Draw a thin line with its direction."""
        self.ax.add_patch(
            FancyArrowPatch(
                start,
                end,
                arrowstyle="-|>",
                mutation_scale=11 * self.scale,
                linewidth=1.1,
                color=self.theme.faint,
                shrinkA=0,
                shrinkB=0,
                zorder=2.0,
                gid=gid,
            )
        )

    def along(
        self, start: Point, end: Point, share: float, text: str, *, above: bool, color: Any
    ) -> None:
        """Write a number along a line, on one side of it."""
        (x0, y0), (x1, y1) = start, end
        angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
        away = (0.03 if above else -0.045) / math.cos(math.radians(angle))
        self.write(
            (x0 + share * (x1 - x0), y0 + share * (y1 - y0) + away),
            text,
            10.5,
            color=color,
            va="bottom" if above else "top",
            rotation=angle,
            rotation_mode="anchor",
            bbox={"facecolor": self.theme.page, "edgecolor": "none", "alpha": 0.85, "pad": 0.4},
            zorder=5.0,
        )

    def lines(
        self, ends: Sequence[tuple[Point, Point]], values: Numbers, largest: float, gid: str
    ) -> None:
        """Draw a line for each value: the larger the broader, as its sign is drawn."""
        known = np.nan_to_num(np.abs(values), nan=largest, posinf=largest)
        sizes = known / largest if largest > 0 else np.zeros_like(known)
        broadest = 3.0 if len(ends) <= MANY else 2.2
        order = np.argsort(sizes, kind="stable")  # the largest on top
        colors = [self.theme.second if value >= 0 else self.theme.first for value in values]
        collection = LineCollection(
            [ends[i] for i in order],
            linewidths=self.scale * (0.3 + broadest * sizes[order]),
            colors=[(*colors[i], 0.2 + 0.8 * sizes[i] ** 1.5) for i in order],
            linestyles=["solid" if values[i] >= 0 else DASHES for i in order],
            capstyle="butt",
            zorder=2.0,
            gid=gid,
        )
        self.ax.add_collection(collection, autolim=False)

    def plain_lines(self, ends: Sequence[tuple[Point, Point]], gid: str) -> None:
        """Draw thin lines that say only what is linked with what."""
        color = self.theme.faint
        self.ax.add_collection(
            LineCollection(ends, linewidths=0.6, colors=color, alpha=0.6, zorder=2.0, gid=gid),
            autolim=False,
        )


def outside(start: Point, end: Point, radius: float) -> tuple[Point, Point]:
    """Return the part of a line between the middles of two circles that lies outside them."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = radius * (x1 - x0) / length, radius * (y1 - y0) / length
    return (x0 + dx, y0 + dy), (x1 - dx, y1 - dy)


def number(value: float, digits: int) -> str:
    """Return a number with so many digits, and a minus as mathematics writes it.

    Examples
    --------
    >>> number(-0.00012345, 3), number(0.5, 3)
    ('−0.000123', '0.5')
    """
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def short_number(value: float, digits: int) -> str:
    """Return a number with two digits at most, one where two would need too much room.

    Examples
    --------
    >>> short_number(0.1234, 3), short_number(-0.01234, 3)
    ('0.12', '−0.01')
    """
    text = number(value, min(digits, 2))
    return text if len(text) <= 5 else number(value, 1)


def mathematical(name: str) -> str:
    """Return a name with its number as an index, or the name itself.

    Examples
    --------
    >>> mathematical("w5"), mathematical("h2_1"), mathematical("my weight")
    ('$w_{5}$', '$h_{2,1}$', 'my weight')
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return name.replace("$", r"\$")  # which is not to begin mathematics
    letter, *indices = found.groups()
    return f"${letter}_{{{','.join(index for index in indices if index)}}}$"


def mixed(page: Any, color: Color, share: float) -> Color:
    """Return the colour of the page with a share of another in it."""
    red, green, blue = (
        (1 - share) * base + share * tint for base, tint in zip(to_rgb(page), color, strict=True)
    )
    return red, green, blue
