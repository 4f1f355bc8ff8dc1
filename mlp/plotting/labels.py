"""Labels at the right ends of curves, and the key above a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation
from numpy.typing import ArrayLike, NDArray

from mlp._names import shortened
from mlp.plotting.fitting import TITLE, lay_out, room_right, wrapped
from mlp.plotting.style import font_size
from mlp.plotting.text import as_it_stands
from mlp.plotting.themes import Color, legible, theme_of

SIZE = 0.95  # of the font size
LINE_HEIGHT = 1.22 * SIZE
KEY_LINE = 1.2
LONGEST_TITLE = 1000
TITLE_LINES = 3
LOW = 2.8  # inches; lower axes have a shorter key
SHARE = 0.4  # of the width of the axes, for labels beside them


@dataclass(frozen=True)
class Label:
    """A label at the right edge, for a curve whose last value is ``y``."""

    text: str
    y: float
    color: Color
    bold: bool = False
    reaches_edge: bool = True  # if not, no leader is drawn


def spread(targets: ArrayLike, gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Move ``targets`` as little as possible so that they are ``gap`` apart in ``[low, high]``.

    This is the least-squares solution, by pooling adjacent violators. If they do not all fit,
    the gap shrinks.

    Examples
    --------
    >>> spread([5.0, 5.0, 9.0], gap=2.0, low=0.0, high=10.0).tolist()
    [4.0, 6.0, 9.0]
    """
    targets = np.asarray(targets, dtype=float)
    steps = np.arange(targets.size) * min(gap, (high - low) / max(targets.size - 1, 1))
    order = np.argsort(targets, kind="stable")
    pools: list[tuple[float, int]] = []  # (mean, members)
    for value in targets[order] - steps:
        mean, members = float(value), 1
        while pools and pools[-1][0] > mean:
            above, more = pools.pop()
            mean = (mean * members + above * more) / (members + more)
            members += more
        pools.append((mean, members))
    flat = np.repeat([mean for mean, _ in pools], [members for _, members in pools])
    places = np.empty_like(targets)
    places[order] = np.clip(flat, low, high - steps[-1:].sum()) + steps
    return places


def heights(ax: Axes, values: Sequence[float]) -> tuple[NDArray[np.float64], float]:
    """Return the height of each value above the bottom of ``ax``, and that of ``ax``, in points."""
    lay_out(ax)  # determines the height
    box, points = ax.get_window_extent(), 72.0 / ax.figure.dpi
    shown = np.clip(values, *ax.get_ylim())
    pixels = ax.transData.transform(np.column_stack([np.zeros_like(shown), shown]))[:, 1]
    return (pixels - box.y0) * points, box.height * points


def room(ax: Axes) -> int:
    """Return the number of labels that fit beside ``ax`` without overlap."""
    return int(heights(ax, ax.get_ylim())[1] // font_size(LINE_HEIGHT)) + 1


def write_labels(ax: Axes, labels: Sequence[Label]) -> None:
    """Write ``labels`` at the right ends of their curves, moved apart to avoid overlap."""
    if not labels:
        return
    at, height = heights(ax, [label.y for label in labels])
    width = SHARE * ax.get_window_extent().width
    texts = [
        wrapped(label.text, width, ax, font_size(SIZE), weight="bold" if label.bold else "normal")
        for label in labels
    ]
    lines = 1 + max(text.count("\n") for text in texts)
    gap = lines * font_size(LINE_HEIGHT)
    if gap * (len(labels) - 1) > height:
        gap, texts = font_size(LINE_HEIGHT), [label.text for label in labels]
    moves = spread(at, gap, 0.0, height) - at
    led = bool(np.any(np.abs(moves) > 2.0))
    page = theme_of(ax).page
    for label, words, y, move in zip(labels, texts, at / height, moves, strict=True):
        text = ax.annotate(
            words,
            xy=(1.0, y),
            xycoords="axes fraction",
            xytext=(22.0 if led else 8.0, move),
            textcoords="offset points",
            va="center_baseline",
            color=legible(label.color, page),
            fontsize=font_size(SIZE),
            fontweight="bold" if label.bold else "normal",
            annotation_clip=False,
            arrowprops=_leader(label.color) if led and label.reaches_edge else None,
        )
        as_it_stands(text)


def _leader(color: Color) -> dict[str, Any]:
    return {
        "arrowstyle": "-",
        "color": color,
        "linewidth": 0.9,
        "relpos": (0.0, 0.5),
        "shrinkA": 2.0,
        "shrinkB": 2.0,
    }


def write_key(ax: Axes, title: str | None, rows: Sequence[tuple[Any, str]]) -> None:
    """Write the title and below it the key, rows of (handle, words).

    None stands for words without a handle.
    """
    if not isinstance(title, str | None):
        raise TypeError(f"title: received {shortened(title)}, expected text or None")
    if title and (len(title) > LONGEST_TITLE or "\0" in title):
        raise ValueError(
            f"title: received {shortened(title)}, expected at most {LONGEST_TITLE} characters, "
            "none of them null"
        )
    width, size = room_right(ax), font_size(0.9)
    height = ax.get_window_extent().height / ax.figure.dpi
    has_marks = any(handle is not None for handle, _ in rows)
    room = width - (2.6 if has_marks else 0.0) * size * ax.figure.dpi / 72.0
    most = 4 if height > LOW else 2
    texts = [wrapped(words, room, ax, size, most=most) for _, words in rows]
    if rows:
        # a legend pads both sides alike; move text without marks back to the edge
        back = ScaledTranslation(-0.9 * size / 72.0, 0.0, ax.figure.dpi_scale_trans)
        key = Legend(
            ax,
            [handle or Line2D([], [], linestyle="") for handle, _ in rows],
            texts,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            bbox_transform=ax.transAxes if has_marks else ax.transAxes + back,
            frameon=False,
            fontsize=size,
            borderpad=0.0,
            borderaxespad=0.9,
            labelspacing=0.25,
            handlelength=1.8 if has_marks else 0.0,
            handletextpad=0.8 if has_marks else 0.0,
            labelcolor=theme_of(ax).faint,
        )
        key.set_clip_on(False)  # a clipped artist gets no room from the layout
        key.set_gid("key")
        as_it_stands(*key.get_texts())
        ax.add_artist(key)
    lines = sum(text.count("\n") + 1 for text in texts)
    if title:
        pad = 14.0 + font_size(KEY_LINE) * lines + 4.0 * bool(lines)
        most = int(np.clip(height, 1, TITLE_LINES))
        written = ax.set_title(title, pad=pad, color=theme_of(ax).ink)
        size, weight = float(written.get_fontsize()), str(written.get_fontweight())
        written.set_text(wrapped(title, width, ax, size, weight=weight, most=most))
        as_it_stands(written)
        written.set_gid(TITLE)
