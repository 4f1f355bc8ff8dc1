"""The marks of a diagram: circles, lines, and the text in and along them."""

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

from mlp._names import printable
from mlp.plotting.network.diagram import Numbers
from mlp.plotting.network.layout import Point
from mlp.plotting.text import use_fonts
from mlp.plotting.themes import Color, Theme, legible

DASHES = (0.0, (4.0, 1.0))  # show numbers below 0, also without colour
MANY = 100  # lines between two columns; more are drawn thinner
_NAME = re.compile(r"([A-Za-z])_?(\d+)(?:_(\d+))?(\(\d+\))?")
_PLACE = re.compile(r"([A-Za-z])\[(\d+(?:,\d+)?)\](?:\[([\d,]+)\])?")


@dataclass(frozen=True)
class Pen:
    """Draws marks on axes in a theme.

    Attributes
    ----------
    ax : Axes
    theme : Theme
    scale : float
        The size on the page of one inch of the diagram.
    """

    ax: Axes
    theme: Theme
    scale: float

    def write(
        self, at: Point, text: str, size: float, *, color: Any = None, **options: Any
    ) -> None:
        """Write text centred at a point; by default it lies inside the axes, which need no room."""
        inside = {"ha": "center", "va": "center", "in_layout": False}
        options = {**inside, "zorder": 6.0, **options}
        written = self.ax.text(
            *at, text, fontsize=size * self.scale, color=color or self.theme.ink, **options
        )
        use_fonts(written)

    def _line(self, width: float) -> float:
        """Return the width of a line in points: that of a large diagram, or less."""
        return max(0.5, width * min(1.0, self.scale))

    def circle(self, at: Point, radius: float, color: Color, gid: str) -> None:
        """Draw a unit in a tint of a colour."""
        fill = mixed(self.theme.page, color, 0.22)
        line = legible(color, self.theme.page, 3.0)
        self.ax.add_patch(
            Circle(
                at,
                radius,
                facecolor=fill,
                edgecolor=line,
                linewidth=self._line(1.3),
                zorder=4.0,
                gid=gid,
            )
        )

    def dots(self, at: Point, gid: str) -> None:
        """Draw three vertical dots for units that are left out."""
        ys = at[1] + np.array([0.1, 0.0, -0.1])
        self.ax.plot(
            [at[0]] * 3, ys, "o", color=self.theme.faint, markersize=3.2 * self.scale, gid=gid
        )

    def arrow(self, start: Point, end: Point, gid: str) -> None:
        """Draw a thin arrow."""
        self.ax.add_patch(
            FancyArrowPatch(
                start,
                end,
                arrowstyle="-|>",
                mutation_scale=11 * self.scale,
                linewidth=self._line(1.1),
                color=self.theme.faint,
                shrinkA=0,
                shrinkB=0,
                zorder=2.0,
                gid=gid,
            )
        )

    def along(
        self,
        start: Point,
        end: Point,
        share: float,
        text: str,
        size: float,
        *,
        above: bool,
        color: Any,
    ) -> None:
        """Write text along a line, above or below it."""
        (x0, y0), (x1, y1) = start, end
        angle = math.degrees(math.atan2(y1 - y0, x1 - x0))
        away = (0.03 if above else -0.045) / math.hypot(x1 - x0, y1 - y0)
        self.write(
            (
                x0 + share * (x1 - x0) - away * (y1 - y0),
                y0 + share * (y1 - y0) + away * (x1 - x0),
            ),
            text,
            size,
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
        """Draw a line for each value: its width shows the size, colour and dashes the sign."""
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
        """Draw thin lines without values."""
        color = self.theme.faint
        self.ax.add_collection(
            LineCollection(ends, linewidths=0.6, colors=color, alpha=0.6, zorder=2.0, gid=gid),
            autolim=False,
        )


def outside(start: Point, end: Point, radius: float) -> tuple[Point, Point]:
    """Return the part outside both circles of the line between their centres."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = radius * (x1 - x0) / length, radius * (y1 - y0) / length
    return (x0 + dx, y0 + dy), (x1 - dx, y1 - dy)


def number(value: float, digits: int) -> str:
    """Return a number with so many significant digits and a proper minus sign.

    Examples
    --------
    >>> number(-0.00012345, 3), number(0.5, 3)
    ('−0.000123', '0.5')
    """
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def short_number(value: float, digits: int) -> str:
    """Return a number with at most two digits, one if two would be too long.

    Examples
    --------
    >>> short_number(0.1234, 3), short_number(-0.01234, 3)
    ('0.12', '−0.01')
    """
    text = number(value, min(digits, 2))
    return text if len(text) <= 5 else number(value, 1)


def mathematical(name: str) -> str:
    """Return a name with its number as a subscript, or the name itself.

    Examples
    --------
    >>> mathematical("w5"), mathematical("h2_1"), mathematical("my weight")
    ('$w_{5}$', '$h_{2,1}$', 'my weight')
    >>> mathematical("x[0]"), mathematical("a[1][2,0]"), mathematical("h1(2)")
    ('$x_{0}$', '$a_{2,0}^{(1)}$', '$h_{1}^{(2)}$')
    """
    if found := _PLACE.fullmatch(name):
        letter, first, second = found.groups()
        return f"${letter}_{{{second}}}^{{({first})}}$" if second else f"${letter}_{{{first}}}$"
    found = _NAME.fullmatch(name)
    if found is None:
        return plain(name)
    letter, *indices, row = found.groups()
    index = ",".join(index for index in indices if index)
    return f"${letter}_{{{index}}}" + (f"^{{{row}}}$" if row else "$")


def plain(name: str) -> str:
    r"""Return a name for text beside mathematics, where a dollar sign would start some.

    Examples
    --------
    >>> print(plain("US$"))
    US\$
    """
    return printable(name).replace("$", r"\$")


def mixed(page: Any, color: Color, share: float) -> Color:
    """Return the colour of the page mixed with a share of another."""
    red, green, blue = (
        (1 - share) * base + share * tint for base, tint in zip(to_rgb(page), color, strict=True)
    )
    return red, green, blue
