"""The picture of a confusion matrix."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from mlp._checks import finite_numbers
from mlp._names import shortened
from mlp.plotting.classes import class_names
from mlp.plotting.fitting import lay_out, shorter_side, when_fitted, wrapped
from mlp.plotting.labels import write_key
from mlp.plotting.style import drawing, font_size, name_axes
from mlp.plotting.text import as_it_stands
from mlp.plotting.themes import contrast, legible, shades, theme_of

SIZE = (7.5, 7.0)
WITH_RATES = 10  # classes; with more, cells hold counts only
SMALLEST = 5.5  # points; smaller text is left out
MOST_NAMED = 30  # names along an axis
PAIRS = 3  # most confused pairs in the key, where cells hold no text
NAMES = 0.25  # of the shorter side of the picture, for a line of a name
LINE, LINES = 1.3, 2  # the height of a line, in units of its size, and the most of a name
WIDTH = 0.72  # of a character, in units of its size
FIRST_SHADE, POWER = 0.15, 0.5  # make one error in a hundred rows visible


def plot_confusion_matrix(
    matrix: ArrayLike,
    ax: Axes | None = None,
    *,
    names: Sequence[object] | None = None,
    rows: str | None = None,
    title: str | None = None,
) -> Axes:
    r"""Draw a confusion matrix, with a row for each true class.

    Cells hold their count and, for up to ten classes, their share of the row, which the strength
    of the colour shows. Correct predictions, on the diagonal, are blue, errors orange. With more
    than about 25 classes, where text would be too small, there are colours only and the key lists
    the most confused pairs.

    Parameters
    ----------
    matrix : array_like of int (n, n)
        Entry (i, j) is the number of rows of class i predicted as class j, as returned by
        `mlp.confusion_matrix`.
    ax
        Axes to draw on; by default those of a new figure.
    names
        Names of the classes; by default their numbers.
    rows
        What the rows are, such as ``"held-out rows"``, for the key.
    title
        Title above the picture.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError, TypeError
        If the matrix is not square, does not hold counts or is all zero, or the number of names
        differs from that of classes.

    Examples
    --------
    >>> ax = plot_confusion_matrix([[9, 1], [0, 5]], names=["no", "yes"])
    >>> [text.get_text() for text in ax.texts]
    ['9\n90%', '1\n10%', '5\n100%']
    """
    counts = _counts(matrix)
    n = len(counts)
    written = class_names(names, n)
    if not isinstance(rows, str | None):
        raise TypeError(f"rows: received {shortened(rows)}, expected text or None")
    totals = counts.sum(axis=1, keepdims=True)
    rates = counts / np.maximum(totals, 1)
    with drawing(ax, SIZE) as ax:
        colors = _colors(ax, counts, rates)
        ax.imshow(colors, interpolation="nearest", gid="cells")
        _tidy(ax, len(counts))
        _name_classes(ax, written)
        lay_out(ax)  # determines the size of a cell
        with_pairs = _font_size(ax, counts) < SMALLEST
        write_key(ax, title, _key(ax, counts, written, rows or "", with_pairs))
        if not with_pairs:
            _write_cells(ax, counts, rates, colors)
        when_fitted(ax, partial(_refit, names=written, counts=counts))
    return ax


def _counts(matrix: ArrayLike) -> NDArray[np.int64]:
    counts = finite_numbers("matrix", matrix)
    if counts.dtype.kind not in "ui":
        raise TypeError(f"matrix: received dtype {counts.dtype}, expected whole numbers")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"matrix: received shape {counts.shape}, expected (n, n)")
    if not counts.size or counts.min() < 0 or not counts.any():
        raise ValueError("matrix: received no counts, expected numbers from 0, one above it")
    return counts.astype(np.int64)


def _colors(ax: Axes, counts: NDArray[np.int64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the colour of each cell, ``(n, n, 3)``; empty cells have that of the page."""
    theme = theme_of(ax)
    strength = FIRST_SHADE + (1.0 - FIRST_SHADE) * PowerNorm(POWER, 0.0, 1.0)(rates)
    strength[counts == 0] = 0.0
    right, wrong = (shades(theme, color)(strength) for color in (theme.first, theme.second))
    diagonal = np.eye(len(counts), dtype=bool)[..., None]
    cells: NDArray[np.float64] = np.where(diagonal, right, wrong)[..., :3]
    return cells


def _tidy(ax: Axes, n: int) -> None:
    """Name the axes, and draw lines between the cells."""
    theme = theme_of(ax)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    ax.tick_params(which="both", length=0)
    between = np.arange(1, n) - 0.5
    width = min(2.0, 30.0 / n)
    ax.hlines(between, -0.5, n - 0.5, color=theme.grid, linewidth=width)
    ax.vlines(between, -0.5, n - 0.5, color=theme.grid, linewidth=width)
    name_axes(ax, "predicted class", "true class")


def _refit(ax: Axes, names: Sequence[str], counts: NDArray[np.int64]) -> None:
    """Fit the names of the classes and the text of the cells to the room that is left."""
    _name_classes(ax, names)
    size = _font_size(ax, counts)
    for text in ax.texts:
        text.set_fontsize(size)


def _name_classes(ax: Axes, names: Sequence[str]) -> None:
    """Name rows and columns."""
    theme, n = theme_of(ax), len(names)
    every = -(-n // MOST_NAMED)
    size = min(font_size(0.95), font_size(3.2) / (n / every) ** 0.5)
    size = max(SMALLEST, min(size, 0.06 * shorter_side(ax) * 72.0 / ax.figure.dpi))
    shown = range(0, n, every)
    box, line = ax.get_window_extent(), LINE * size * ax.figure.dpi / 72.0
    width, between = NAMES * shorter_side(ax), box.height / len(shown)
    turned = sum(map(len, names[::every])) * 0.6 * size * ax.figure.dpi / 72.0 > box.width
    for axis, across in (ax.xaxis, 0.7 * between if turned else 2 * line), (ax.yaxis, between):
        length = width if turned or axis is ax.yaxis else between
        most = int(np.clip(across / line, 1, LINES))
        written = [wrapped(names[i], length, ax, size, most=most, with_end=True) for i in shown]
        axis.set_ticks(shown, written, fontsize=size, color=theme.ink)
        as_it_stands(*axis.get_ticklabels())
    for label in ax.get_xticklabels():
        turn = (45, "right", "anchor") if turned else (0, "center", "default")
        label.set(rotation=turn[0], ha=turn[1], rotation_mode=turn[2])


def _font_size(ax: Axes, counts: NDArray[np.int64]) -> float:
    """Return the font size in points that fits a cell."""
    box = ax.get_window_extent()
    cell = 0.9 * min(box.width, box.height) * 72.0 / ax.figure.dpi / len(counts)
    with_rates = len(counts) <= WITH_RATES
    longest = max(len(str(counts.max())), len("100%") if with_rates else 1)
    return min(font_size(1.15), cell * (0.31 if with_rates else 0.6), cell / longest / WIDTH)


def _write_cells(
    ax: Axes,
    counts: NDArray[np.int64],
    rates: NDArray[np.float64],
    colors: NDArray[np.float64],
) -> None:
    """Write counts and, where there is room, shares into the non-empty cells."""
    theme, n = theme_of(ax), len(counts)
    for row, column in np.argwhere(counts):
        cell = tuple(colors[row, column])
        better = max((theme.ink, theme.page), key=partial(contrast, cell))
        text = str(counts[row, column])
        if n <= WITH_RATES:
            text += f"\n{_percent(rates[row, column])}"
        written = ax.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=SMALLEST,
            linespacing=1.25,
            color=legible(better, cell),
        )
        written.set_in_layout(False)  # it lies inside, and a hundred of them take time


def _percent(share: float) -> str:
    """Return a share as a whole percentage that never rounds to 0% or 100%.

    Examples
    --------
    >>> _percent(1.0), _percent(0.054), _percent(0.002), _percent(0.998)
    ('100%', '5%', '<1%', '>99%')
    """
    if 0.0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1.0 else f"{share:.0%}"


def _key(
    ax: Axes, counts: NDArray[np.int64], names: Sequence[str], of: str, with_pairs: bool
) -> list[tuple[Any, str]]:
    """Return the key: how many rows are right and, ``with_pairs``, the most confused pairs."""
    theme = theme_of(ax)
    right, total = int(np.trace(counts)), int(counts.sum())
    all_rows = f"{total} {of}".rstrip()
    rows = [(Patch(color=theme.first), f"right: {right} of {all_rows}, {right / total:.1%}")]
    wrong = counts - np.diag(np.diag(counts))
    told = f"wrong: {total - right}"
    if with_pairs and wrong.any():
        order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
        places = zip(*np.unravel_index(order, wrong.shape), strict=True)
        pairs = [f"{names[i]} for {names[j]} ({wrong[i, j]})" for i, j in places if wrong[i, j]]
        told += ", most often " + ", ".join(pairs)
    return [*rows, (Patch(color=theme.second), told)]
