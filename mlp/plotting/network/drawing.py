"""Draws a diagram with a pen, at the places of a layout."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from unicodedata import east_asian_width

import numpy as np
from matplotlib.colors import to_rgb

from mlp._names import printable
from mlp.plotting.network.diagram import Column, Diagram, Link
from mlp.plotting.network.layout import Layout, Point, overlap, shares_along
from mlp.plotting.network.marks import (
    Pen,
    mathematical,
    number,
    outside,
    plain,
    short_number,
)
from mlp.plotting.themes import legible

LONGEST = (20, 12)  # letters of a line along a line; the number that allows larger text is taken
ROUNDING = 0.02  # inches on the page by which whole pixels may widen a text
_MATHEMATICS = re.compile(r"(?<!\\)\$(.*?)(?<!\\)\$")
AWAY = 0.1  # inches between the texts above and below a line
TRIALS, SMALLER = 8, 0.88  # sizes that are tried, each a share of the one before
ALONG_SIZE = 10.5  # points, at most, of text along a line
ALONG = 0.45  # of a line, for the text along it

Line = tuple[int | None, int, Point, Point]
"""(i, j, start, end) between unit i, None for the bias, and unit j of the next column."""


@dataclass(frozen=True)
class Drawing:
    """A diagram, its layout, the parts to show, and the pen."""

    diagram: Diagram
    layout: Layout
    shown: Sequence[str]
    digits: int
    pen: Pen

    def draw(self) -> None:
        """Draw lines, units and text."""
        for k, link in enumerate(self.diagram.links):
            if self.layout.named:
                self._named_lines(k, link)
            else:
                self._broad_lines(k, link)
        size = self._size_in_units()
        for k, column in enumerate(self.diagram.columns):
            self._units(k, column, size)
            self._words_below(k, column)
        self._targets()

    def _lines(self, k: int) -> list[Line]:
        """Return the lines to the units of column k + 1."""
        before, after = self.layout.spots[k], self.layout.spots[k + 1]
        starts: list[tuple[int | None, Point]] = [
            (i, (before.x, y)) for i, y in before.units.items()
        ]
        if before.bias is not None:
            starts.append((None, before.bias))
        return [
            (i, j, *outside(start, (after.x, y), self.layout.radius))
            for j, y in after.units.items()
            for i, start in starts
        ]

    def size_along(self) -> float:
        """Return the size in points of the smallest text along the lines of a small network."""
        shares = [self._placed(k, link)[2] for k, link in enumerate(self.diagram.links)]
        return ALONG_SIZE * min(shares) * self.pen.scale

    def _placed(
        self, k: int, link: Link
    ) -> tuple[list[Line], list[dict[str, str]], float, list[float]]:
        """Return lines, the texts along them, the share of their size that fits, and places."""
        lines = self._lines(k)
        numbers = [self._texts_along(link, i, j) for i, j, _, _ in lines]
        ends = [(start, end) for _, _, start, end in lines]
        ways = [[_in_lines(text, letters) for text in numbers] for letters in LONGEST]
        ways = [way for n, way in enumerate(ways) if way not in ways[:n]]
        slack = ROUNDING / self.pen.scale
        placed = [
            _places_along(ends, [_size(list(text.values())) for text in way], slack) for way in ways
        ]
        best = max(range(len(ways)), key=lambda n: placed[n][0])
        texts, (small, shares) = ways[best], placed[best]
        return lines, texts, small, shares

    def _named_lines(self, k: int, link: Link) -> None:
        """Draw thin arrows with their numbers."""
        lines, texts, small, shares = self._placed(k, link)
        theme, size = self.pen.theme, ALONG_SIZE * small
        colors = {"weights": theme.ink, "gradients": legible(theme.second, theme.page)}
        for (i, j, start, end), share, text in zip(lines, shares, texts, strict=True):
            self.pen.arrow(start, end, f"line {k} {'b' if i is None else i} {j}")
            for part, words in text.items():
                above = part == "weights"
                self.pen.along(start, end, share, words, size, above=above, color=colors[part])

    def _texts_along(self, link: Link, i: int | None, j: int) -> dict[str, str]:
        """Return the text along a line, by part; a shared bias is written once."""
        if i is None and j and link.shares_bias:
            return {}
        found = {}
        for part in ("weights", "gradients"):
            value = link.value(part, i, j) if part in self.shown else None
            if value is not None:
                found[part] = number(value, self.digits)
        name = link.names.get((i, j))
        if name is not None and "weights" in found:
            found["weights"] = f"{mathematical(name)} = {found['weights']}"
        return found

    def _broad_lines(self, k: int, link: Link) -> None:
        """Draw lines whose width shows the size of their numbers."""
        lines = self._lines(k)
        part = next((part for part in self.shown if part != "activations"), None)
        if part is not None:
            values = [link.value(part, i, j) for i, j, _, _ in lines]
            known = [n for n, value in enumerate(values) if value is not None]
            self.pen.lines(
                [lines[n][2:] for n in known],
                np.array([values[n] for n in known], dtype=np.float64),
                link.largest(part),
                f"{part} {k}",
            )
            lines = [line for line, value in zip(lines, values, strict=True) if value is None]
        if lines:
            self.pen.plain_lines([line[2:] for line in lines], f"lines {k}")

    def _size_in_units(self) -> float:
        """Return the font size at which the longest number fits a unit."""
        longest = max(
            (len(text) for column in self.diagram.columns for text in self._texts(column)),
            default=1,
        )
        room = 1.5 if self.layout.named else 1.75  # of the radius; two lines have less room
        fitting = room * 72 * self.layout.radius / (0.62 * max(longest, 3))
        return min(11.0 / self._smaller, fitting)

    @property
    def _smaller(self) -> float:
        """The scale of the diagram, at most 1: text of a small one may use all room."""
        return min(1.0, self.pen.scale)

    def _fitted(self, text: str, size: float) -> float:
        """Return the font size, or a smaller one at which a text fits half a unit."""
        lines, radius = text.split("\n"), 72 * self.layout.radius
        wide = (1.8 if len(lines) == 1 else 1.5) * radius / 0.62 / max(1, *map(_letters, lines))
        return min(size, wide, 0.9 * radius / 1.2 / len(lines))

    def _texts(self, column: Column) -> list[str]:
        if column.values is None or "activations" not in self.shown:
            return []
        write = number if self.layout.named else short_number
        return [write(float(value), self.digits) for value in column.values]

    def _units(self, k: int, column: Column, size: float) -> None:
        """Draw the units of a column with their names and activations."""
        theme, spot, radius = self.pen.theme, self.layout.spots[k], self.layout.radius
        color = to_rgb(theme.second if k == 0 else theme.first)
        texts = self._texts(column)
        for i, y in spot.units.items():
            self.pen.circle((spot.x, y), radius, color, f"unit {k} {i}")
            name = _in_unit(column.names[i])
            if texts and self.layout.named:
                self.pen.write((spot.x, y + 0.36 * radius), name, self._fitted(name, 1.05 * size))
                self.pen.write((spot.x, y - 0.36 * radius), texts[i], size)
            else:
                written = texts[i] if texts else name
                self.pen.write((spot.x, y), written, self._fitted(written, size))
        if spot.dots is not None:
            self.pen.dots((spot.x, spot.dots), f"dots {k}")
        if spot.bias is not None:
            self.pen.circle(spot.bias, radius, to_rgb(theme.faint), f"bias {k}")
            self.pen.write(spot.bias, "1", size)

    def _words_below(self, k: int, column: Column) -> None:
        spot = self.layout.spots[k]
        words = "\n".join(map(plain, column.words.split("\n")))
        words = f"{len(column.names)} {words}" if spot.dots is not None else words
        y, va, highest = (0.42, "top", 10.0) if "\n" in words else (0.3, "center", 18.0)
        widest = 72 * self.layout.across / (0.6 * max(map(len, words.split("\n"))))
        size = min(10.0 / self._smaller, highest, widest)
        color = self.pen.theme.faint
        self.pen.write((spot.x, y), words, size, color=color, va=va, in_layout=True)

    def _targets(self) -> None:
        """Write the targets beside the outputs, and the loss below them."""
        targets, theme = self.diagram.targets, self.pen.theme
        spot = self.layout.spots[-1]
        side = spot.x + self.layout.radius + 0.12
        if targets is not None:
            for j, y in spot.units.items():
                text = f"$t_{{{j + 1}}}$ = {number(float(targets[j]), self.digits)}"
                self.pen.write((side, y), text, 10.0, color=theme.faint, ha="left", in_layout=True)
        if self.diagram.loss is not None:
            text = f"$E$ = {number(self.diagram.loss, self.digits)}"
            self.pen.write((side, 0.54), text, 10.0, ha="left", in_layout=True)


def _in_unit(name: str) -> str:
    """Return the name of a unit, a long one in lines."""
    if len(name) <= LONGEST[1]:
        return mathematical(name)
    return "\n".join(map(plain, wrap(printable(name), LONGEST[1])))


def _in_lines(text: dict[str, str], letters: int) -> dict[str, str]:
    """Return the texts along a line with long names in lines of so many letters."""
    found = {}
    for part, words in text.items():
        name, equals, value = words.rpartition(" = ")
        if _letters(name) > letters:
            lines = wrap(name, letters)
            fits = len(lines[-1]) + len(equals) + len(value) <= letters
            words = "\n".join(lines) + (equals if fits else "\n= ") + value
        found[part] = words
    return found


def _size(texts: Sequence[str]) -> tuple[float, float]:
    """Return the approximate length and height of the text along a line, in inches."""
    lines = [line for text in texts for line in text.split("\n")]
    letters = max(map(_letters, lines), default=0)
    high = max((text.count("\n") + 1 for text in texts), default=1)
    return 0.093 * letters, AWAY + 0.34 * high  # above and below the line


def _places_along(
    lines: Sequence[tuple[Point, Point]], sizes: Sequence[tuple[float, float]], slack: float
) -> tuple[float, list[float]]:
    """Return the share of their size at which texts do not overlap, and their places."""
    small = _share_that_fits(lines, sizes)
    for _ in range(TRIALS):
        scaled = [
            (small * length + slack * bool(length), AWAY + small * (high - AWAY))
            for length, high in sizes
        ]
        shares = shares_along(lines, scaled)
        if not overlap(lines, shares, scaled):
            break
        small *= SMALLER
    return small, shares


def _share_that_fits(
    lines: Sequence[tuple[Point, Point]], sizes: Sequence[tuple[float, float]]
) -> float:
    """Return the share of their size, at most 1, at which texts leave room along their lines."""
    longest = max((length for length, _ in sizes), default=0.0)
    shortest = min(math.dist(*line) for line in lines)
    return min(1.0, ALONG * shortest / longest) if longest else 1.0


def _letters(text: str) -> int:
    """Return how many letters wide a text is, about; mathematics without its markup."""
    text = _MATHEMATICS.sub(lambda found: re.sub(r"[{}_^]", "", found[1]), text)
    return sum(2 if east_asian_width(one) in "FW" else 1 for one in text.replace(r"\$", "$"))
