"""Text that fits: lines as wide as there is room, and ticks with room between them."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any
from weakref import WeakSet

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import Locator

SMALLEST = 5.0  # points; longer labels are shortened
PASSES = 2  # of the layout, which places axes of equal aspect step by step
_drawn: WeakSet[Axes] = WeakSet()  # axes with a picture
BETWEEN = 0.4  # least space between the names of ticks, as a share of their size


class EveryNth(Locator):
    """Every nth tick of another locator."""

    def __init__(self, locator: Locator, n: int) -> None:
        self.locator, self.n = locator, n

    def set_axis(self, axis: Any) -> None:
        """Belong to an axis."""
        super().set_axis(axis)
        self.locator.set_axis(axis)

    def __call__(self) -> Any:
        """Return the places of the ticks."""
        return self.locator()[:: self.n]

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Return the places of the ticks between two values."""
        return self.locator.tick_values(vmin, vmax)[:: self.n]


def wrapped(
    words: str, width: float, ax: Axes, size: float, *, weight: str = "normal", most: int = 20
) -> str:
    r"""Return a text in lines of at most ``width`` pixels; of more than ``most``, shortened.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure(dpi=100).add_subplot()
    >>> wrapped("one two three", 60.0, ax, 10.0)
    'one two\\nthree'
    >>> wrapped("one two three", 60.0, ax, 10.0, most=1)
    'one tw…'
    """
    probe = Text(fontsize=size, fontweight=weight, parse_math=False)
    probe.set_figure(ax.figure)

    def is_wide(line: str) -> bool:
        probe.set_text(line)
        return bool(probe.get_window_extent().width > width)

    lines: list[str] = []
    for line in words.split("\n"):
        letters = len(line)
        parts = [line]
        while letters > 1 and any(map(is_wide, parts)):
            letters = min(letters - 1, int(1.1 * letters * width / _length(probe, parts)))
            letters = max(letters, 1)
            parts = wrap(line, letters) or [""]
        lines += parts
    if len(lines) <= most:
        return "\n".join(lines)
    last = " ".join(lines[most - 1 :])
    while len(last) > 1 and is_wide(f"{last}…"):
        last = last[:-1]
    return "\n".join([*lines[: most - 1], f"{last.rstrip()}…"])


def _length(probe: Text, lines: list[str]) -> float:
    """Return the length of the longest line in pixels."""
    lengths = []
    for line in lines:
        probe.set_text(line)
        lengths.append(probe.get_window_extent().width)
    return float(max(lengths))


def lay_out(ax: Axes) -> None:
    """Place the axes of a figure, without drawing it."""
    figure = ax.figure.canvas.figure
    engine = figure.get_layout_engine()
    for _ in range(1 if ax.get_aspect() == "auto" else PASSES):
        if engine is not None:
            engine.execute(figure)
        for one in figure.axes:
            one.apply_aspect()
            for child in one.child_axes:
                place = child.get_axes_locator()
                if place is not None:  # of axes inside others, which needs no renderer
                    child.apply_aspect(place(child, None))  # type: ignore[arg-type]


def fit(ax: Axes) -> None:
    """Wrap the labels of the axes, and of those inside and of colour bars; thin their ticks."""
    figure = ax.figure.canvas.figure
    lay_out(ax)
    _drawn.add(ax)  # others of the figure may have less room now
    ours = [other for other in figure.axes if other in _drawn or other.get_label() == "<colorbar>"]
    for one in (*ours, *(child for other in ours for child in other.child_axes)):
        if one.axison:
            box = one.get_window_extent()
            for axis, length in ((one.xaxis, box.width), (one.yaxis, box.height)):
                fit_label(axis.label, length, one)
                _thin(axis)


def fit_label(label: Text, length: float, ax: Any) -> None:
    """Wrap the label of an axis to its length in pixels, and make it smaller if need be."""
    words, size = label.get_text(), float(label.get_fontsize())
    if not words:
        return
    probe = Text(fontsize=size, parse_math=False)
    probe.set_figure(ax.figure)
    longest_word = _length(probe, words.split())
    if longest_word > length:
        size = max(SMALLEST, size * length / longest_word)
        label.set_fontsize(size)
    label.set_text(wrapped(words, length, ax, size, most=3))


def _thin(axis: Axis) -> None:
    """Show only every nth tick of an axis if the names of all would touch."""
    labels = list(_shown(axis))
    if len(labels) < 2:
        return
    is_x = axis is axis.axes.xaxis
    places = np.array([label.get_transform().transform(label.get_position()) for label in labels])
    places = places[:, 0 if is_x else 1]
    sizes = np.array([_size_along(label, is_x) for label in labels])
    between = BETWEEN * float(labels[0].get_fontsize()) * axis.figure.dpi / 72.0 if is_x else 0.0
    for n in range(1, len(labels) + 1):
        gaps = np.abs(np.diff(places[::n])) - (sizes[::n][1:] + sizes[::n][:-1]) / 2
        if (gaps >= between).all():
            break
    if n > 1:
        axis.set_major_locator(EveryNth(axis.get_major_locator(), n))


def _shown(axis: Axis) -> Iterator[Text]:
    """Yield the names of the ticks within the limits."""
    low, high = sorted(axis.get_view_interval())
    room = 1e-9 * (high - low)
    for label in axis.get_majorticklabels():
        at = label.get_position()[0 if axis is axis.axes.xaxis else 1]
        if label.get_text() and low - room <= at <= high + room:
            yield label


def _size_along(label: Text, is_x: bool) -> float:
    """Return the room in pixels that a name takes along its axis."""
    angle = label.get_rotation()
    if not angle or not is_x:
        box = label.get_window_extent()
        return float(box.width if is_x else box.height)
    label.set_rotation(0.0)
    height = label.get_window_extent().height
    label.set_rotation(angle)
    return float(height / np.sin(np.radians(angle)))
