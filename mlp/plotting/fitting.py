"""Text that fits: lines as wide as there is room, and ticks with room between them."""

from bisect import bisect
from collections.abc import Callable, Iterator
from textwrap import wrap
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import Locator

SMALLEST = 5.0  # points; longer labels are shortened
_MOST_LETTERS = 2000  # of a text that is wrapped; no picture has room for so many
PASSES = 2  # of the layout, which places axes of equal aspect step by step
GAP = 12.0  # pixels between a title and the next picture
SLACK = 0.95  # of the room for a title, as later labels may move the axes
TITLE = "title"  # the gid of a title
ROUNDS = 3  # of fitting, as shorter labels leave more room to the axes
Refit = Callable[[Axes], None]
_drawn: WeakKeyDictionary[Axes, Refit | None] = WeakKeyDictionary()  # axes with a picture
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
    words: str,
    width: float,
    ax: Axes,
    size: float,
    *,
    weight: str = "normal",
    most: int = 20,
    with_end: bool = False,
) -> str:
    r"""Return a text in lines of at most ``width`` pixels; of more than ``most``, shortened.

    ``with_end`` shortens the last line in the middle, as names often differ at their ends.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure(dpi=100).add_subplot()
    >>> wrapped("one two three", 60.0, ax, 10.0)
    'one two\nthree'
    >>> wrapped("one two three", 60.0, ax, 10.0, most=1)
    'one t...'
    >>> wrapped("one two three", 60.0, ax, 10.0, most=1, with_end=True)
    'on...e'
    """
    probe = Text(fontsize=size, fontweight=weight, parse_math=False)
    probe.set_figure(ax.figure)

    def is_wide(line: str) -> bool:
        probe.set_text(line)
        return bool(probe.get_window_extent().width > width)

    if len(words) > _MOST_LETTERS:  # measuring more would take seconds
        words = f"{words[: _MOST_LETTERS // 2]}...{words[-_MOST_LETTERS // 2 :]}"
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
    rest = " ".join(lines[most - 1 :])

    def shortened(kept: int) -> str:
        at_end = kept // 2 if with_end else 0
        return f"{rest[: kept - at_end].rstrip()}…{rest[len(rest) - at_end :].lstrip()}"

    fitting = bisect(range(1, len(rest)), False, key=lambda kept: is_wide(shortened(kept)))
    return "\n".join([*lines[: most - 1], shortened(max(fitting, 1))])


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


def room_right(ax: Axes) -> float:
    """Return the width in pixels from the left of ``ax`` to the right end of its place.

    Axes with a fixed aspect may be narrower than their place.
    """
    box, page = ax.get_window_extent(), ax.figure.bbox
    right = page.x0 + ax.get_position(original=True).x1 * page.width
    width = max(box.width, min(right - box.x0, 0.8 * _size(ax)[0]))
    starts = [other.get_window_extent().x0 for other in ax.figure.canvas.figure.axes]
    return float(min([width, *(start - box.x0 - GAP for start in starts if start > box.x1)]))


def shorter_side(ax: Axes) -> float:
    """Return the width or height in pixels of the place of ``ax`` in its figure, with labels."""
    return min(_size(ax))


def _size(ax: Axes) -> tuple[float, float]:
    """Return the width and height in pixels of the place of ``ax`` in its figure, with labels."""
    spec = ax.get_subplotspec()
    rows, columns = (1, 1) if spec is None else spec.get_gridspec().get_geometry()
    page = ax.figure.bbox
    return float(page.width / columns), float(page.height / rows)


def when_fitted(ax: Axes, refit: Refit) -> None:
    """Let `fit` call ``refit(ax)``, also when a later picture takes some of the room.

    It must not refer to the axes otherwise, which would keep them in memory.
    """
    _drawn[ax] = refit


def fit(ax: Axes) -> None:
    """Wrap the labels of the axes, and of those inside and of colour bars; thin their ticks."""
    figure = ax.figure.canvas.figure
    _drawn.setdefault(ax, None)  # others of the figure may have less room now
    ours: list[Any] = [
        other for other in figure.axes if other in _drawn or other.get_label() == "<colorbar>"
    ]
    ours += [child for other in ours for child in other.child_axes]
    before: list[tuple[int, int]] = []
    for _ in range(ROUNDS):
        lay_out(ax)
        boxes = [one.get_window_extent() for one in ours]
        sizes = [(round(box.width), round(box.height)) for box in boxes]
        if sizes == before:
            break
        before = sizes
        changes = [_fit(one) for one in ours]
        if not any(changes):
            break


def _fit(ax: Axes) -> bool:
    """Fit the texts of the axes; return whether that may change the room for them."""
    refit = _drawn.get(ax)
    if refit is not None:
        refit(ax)
    box, is_changed = ax.get_window_extent(), refit is not None
    sides = ((ax.xaxis, box.width), (ax.yaxis, box.height)) if ax.axison else ()
    for axis, length in sides:
        is_changed |= fit_label(axis.label, length, ax)
        is_changed |= _thin(axis)
    for child in ax.get_children():
        if isinstance(child, Text) and child.get_gid() == TITLE:
            _fit_title(child, ax)
    return is_changed


def _fit_title(title: Text, ax: Axes) -> None:
    """Wrap a title anew if there is less room than when it was written."""
    width, words = SLACK * room_right(ax), title.get_text()
    if title.get_window_extent().width > width:
        size, weight = float(title.get_fontsize()), str(title.get_fontweight())
        most, line = words.count("\n") + 1, words.replace("\n", " ")
        title.set_text(wrapped(line, width, ax, size, weight=weight, most=most))


def fit_label(label: Text, length: float, ax: Any) -> bool:
    """Wrap the label of an axis to its length in pixels, and make it smaller if need be.

    Return whether the label has changed.
    """
    words, size = label.get_text(), float(label.get_fontsize())
    if not words:
        return False
    probe = Text(fontsize=size, parse_math=False)
    probe.set_figure(ax.figure)
    while (longest_word := _length(probe, words.split())) > length and size > SMALLEST:
        size = max(SMALLEST, 0.96 * size * length / longest_word)  # widths are whole pixels
        probe.set_fontsize(size)
    is_smaller = size < float(label.get_fontsize())
    label.set_fontsize(size)
    label.set_text(wrapped(words, length, ax, size, most=3))
    return is_smaller or label.get_text() != words


def _thin(axis: Axis) -> bool:
    """Show only every nth tick of an axis if the names of all would touch; return whether."""
    labels = list(_shown(axis))
    if len(labels) < 2:
        return False
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
    return n > 1


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
