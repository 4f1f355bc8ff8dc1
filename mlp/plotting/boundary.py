"""The decision boundary of a network with two inputs, or its output as a surface."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.contour import ContourSet
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_count, check_names, check_offers, finite_numbers
from mlp.plotting.classes import (
    STRONGEST,
    area_of,
    class_names,
    color_of,
    draw_points,
    write_classes,
)
from mlp.plotting.fitting import fit, wrapped
from mlp.plotting.labels import write_key
from mlp.plotting.style import add_color_bar, drawing, font_size, label_with_powers, name_axes
from mlp.plotting.text import as_it_stands
from mlp.plotting.themes import theme_of

SIZE = (7.5, 6.0)
MARGIN = 0.08  # of the data's range, on each side
PALEST = 0.12  # share of a class's colour in its region; at most STRONGEST
STEPS = 8  # between the two
NAME = 0.4  # of the width of the axes, for a name inside


class Predictor(Protocol):
    """A network that predicts."""

    def predict(self, X: NDArray[np.float64], /) -> ArrayLike:
        """The outputs ``(n, n_out)`` for the inputs ``(n, n_in)``."""


def plot_decision_boundary(
    net: Predictor,
    X: ArrayLike,
    Y: ArrayLike,
    ax: Axes | None = None,
    *,
    names: Sequence[object] | None = None,
    feature_names: Sequence[str] = ("x0", "x1"),
    output: int = 0,
    resolution: int = 300,
    title: str | None = None,
) -> Axes:
    """Draw the predictions of a network over the plane, with the data on top.

    For a classifier, draws the region of each class with the boundaries between them; where the
    outputs are probabilities, the colour strengthens with confidence. Misclassified points have
    a strong rim. For a regression, draws the output as filled contours, dashed below zero, and
    points in the colour of their target.

    Parameters
    ----------
    net
        A network with two inputs; only its ``predict`` is called.
    X : array_like (n, 2)
        The points.
    Y : array_like
        For a classifier, labels ``(n,)``, one-hot rows, or for a single output a column of 0
        and 1 (class 1 is predicted above 1/2). Other numbers ``(n, n_out)`` are a regression.
    ax
        Axes to draw on; by default those of a new figure.
    names
        Names of the classes, in the order of their labels.
    feature_names
        Names of the two inputs.
    output
        Which output of a regression to draw.
    resolution
        Points of the evaluation grid in each direction.
    title
        Title above the picture.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError, TypeError
        If the data does not have two features, does not fit the network or is not finite; if the
        number of names differs from that of classes; if the network has replicas or outputs that
        are not finite.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.xor()
    >>> net = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)
    >>> ax = plot_decision_boundary(net, X, y, names=["equal", "different"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['equal', 'different']
    """
    check_offers("net", net, "a network", "predict")
    feature_names = check_names("feature_names", feature_names, 2)
    X, Y = _points(X), finite_numbers("Y", Y)
    resolution = check_count("resolution", resolution, 2)
    sides = [_side(X[:, i], resolution) for i in range(2)]
    grid = np.stack([side.ravel() for side in np.meshgrid(*sides)], axis=-1)
    outputs = _outputs(net, grid).reshape(resolution, resolution, -1)
    n_out = outputs.shape[-1]
    labels = _labels(Y, len(X), n_out)
    if labels is None:
        if not 0 <= output < n_out:
            raise ValueError(f"output: received {output!r}, expected 0 to {n_out - 1}")
        with _frame(ax, sides, feature_names) as ax:
            filled = _draw_values(ax, sides, outputs[..., output], X, Y[:, output])
            add_color_bar(ax, filled, "output" if n_out == 1 else f"output {output}")
            write_key(ax, title, [])
    else:
        scores = _scores(outputs)
        written = class_names(names, scores.shape[-1])
        _check_labels(labels, scores.shape[-1])
        wrong = _scores(_outputs(net, X)).argmax(axis=-1) != labels
        with _frame(ax, sides, feature_names) as ax:
            draw_points(ax, X, labels, wrong)
            write_classes(ax, written)
            write_key(ax, title, _key(ax, wrong))
            fit(ax)  # determines the room for the names
            _draw_regions(ax, sides, scores, written, X)
    return ax


def _points(X: ArrayLike) -> NDArray[np.float64]:
    points = finite_numbers("X", X)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"X: received shape {points.shape}, expected (n, 2), two features")
    return points.astype(np.float64)


def _side(x: NDArray[np.float64], resolution: int) -> NDArray[np.float64]:
    """Return evenly spaced numbers over the range of ``x`` plus a margin."""
    low, high = float(x.min()), float(x.max())
    margin = MARGIN * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, resolution)


def _outputs(net: Predictor, X: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
    outputs = finite_numbers("net.predict(X)", net.predict(X))
    if outputs.ndim != 2:
        raise ValueError(
            f"net: received {len(outputs)} replicas, expected a single network; "
            "net.replica(k) makes one"
        )
    return outputs


def _labels(Y: NDArray[Any], n_rows: int, n_out: int) -> NDArray[np.intp] | None:
    """Return the class of each row; None for a regression."""
    if Y.shape[:1] != (n_rows,):
        raise ValueError(f"Y: received shape {Y.shape}, expected {n_rows} rows, as X has")
    if Y.ndim == 1 and Y.dtype.kind in "bui":
        return Y.astype(np.intp)
    if Y.shape != (n_rows, n_out):
        raise ValueError(
            f"Y: received shape {Y.shape} of {Y.dtype}, expected integer labels ({n_rows},) or "
            f"numbers ({n_rows}, {n_out})"
        )
    if not ((Y == 0) | (Y == 1)).all() or (n_out > 1 and (Y.sum(axis=1) != 1).any()):
        return None
    return Y.argmax(axis=1) if n_out > 1 else Y[:, 0].astype(np.intp)


def _check_labels(labels: NDArray[np.intp], n_classes: int) -> None:
    if not 0 <= labels.min() <= labels.max() < n_classes:
        raise ValueError(
            f"Y: received labels from {labels.min()} to {labels.max()}, "
            f"expected labels from 0 to {n_classes - 1}"
        )


def _scores(outputs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return a score for each class: a single output scores class 1 against class 0."""
    if outputs.shape[-1] > 1:
        return outputs
    return np.concatenate([1.0 - outputs, outputs], axis=-1)


@contextmanager
def _frame(
    ax: Axes | None, sides: Sequence[NDArray[np.float64]], feature_names: Sequence[str]
) -> Iterator[Axes]:
    """Yield axes that cover the plane."""
    with drawing(ax, SIZE) as ax:
        _set_frame(ax, sides, feature_names)
        yield ax


def _set_frame(ax: Axes, sides: Sequence[NDArray[np.float64]], names: Sequence[str]) -> None:
    theme = theme_of(ax)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    ax.tick_params(which="both", length=4, color=theme.faint, labelcolor=theme.ink)
    ax.set_xlim(sides[0][0], sides[0][-1])
    ax.set_ylim(sides[1][0], sides[1][-1])
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    label_with_powers(ax)
    name_axes(ax, *names)


def _draw_values(
    ax: Axes,
    sides: Sequence[NDArray[np.float64]],
    values: NDArray[np.floating[Any]],
    X: NDArray[np.float64],
    targets: NDArray[Any],
) -> ContourSet:
    """Draw the output as filled contours, and the targets as points on the same scale."""
    theme = theme_of(ax)
    levels = _levels(np.append(values, targets))
    scale = {"cmap": theme.rates, "vmin": levels[0], "vmax": levels[-1]}
    filled = ax.contourf(*sides, values, levels, zorder=0.0, **scale)
    filled.set_gid("values")
    ax.contour(*sides, values, levels, colors=theme.page, linewidths=0.5, alpha=0.6, zorder=1.0)
    ax.scatter(
        X[:, 0],
        X[:, 1],
        c=targets,
        s=area_of(len(X)),
        edgecolors=theme.page,
        linewidths=1.1,
        zorder=3.0,
        gid="targets",
        **scale,
    )
    return filled


def _levels(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return round numbers that span the values."""
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    return np.asarray(MaxNLocator(12).tick_values(low, high))


def _key(ax: Axes, wrong: NDArray[np.bool_]) -> list[tuple[Any, str]]:
    """Return the number of points on the wrong side, for the key."""
    theme = theme_of(ax)
    has_wrong = bool(wrong.any())
    dot = Line2D(
        [], [], linestyle="", marker="o", markersize=7.5, markeredgewidth=1.6,
        markerfacecolor=theme.page if has_wrong else theme.faint,
        markeredgecolor=theme.ink if has_wrong else theme.page,
    )  # fmt: skip
    words = f"{wrong.sum()} of {wrong.size} points on the wrong side"
    return [(dot, words if has_wrong else f"all {wrong.size} points on the right side")]


def _draw_regions(
    ax: Axes,
    sides: Sequence[NDArray[np.float64]],
    scores: NDArray[np.floating[Any]],
    names: Sequence[str],
    points: NDArray[np.float64],
) -> None:
    """Fill and name the region of each class, and draw the boundaries between them.

    Parameters
    ----------
    ax
        Where to draw.
    sides
        The coordinates of the grid, ``(columns,)`` and ``(rows,)``.
    scores
        ``(rows, columns, n_classes)``: each place belongs to the class with the highest score.
    names
        Names of the classes.
    points
        ``(n, 2)``, which names should not cover.
    """
    found = scores.argmax(axis=-1)
    _fill_regions(ax, sides, found, _certainty(scores))
    taken = _taken(points, sides)
    written = np.zeros_like(taken)
    present = np.unique(found)
    for label in present:
        name = wrapped(
            names[label], NAME * ax.get_window_extent().width, ax, font_size(1.1), weight="bold"
        )
        high, wide = _reach(ax, name, len(found))
        may_cover = "\n" not in name  # one line hides few points
        place = _place_of_name(found == label, taken, written, high, wide, may_cover)
        if place is not None:  # else it is only in the legend
            _write_name(ax, sides, place, name)
            row, column = place
            written[
                max(row - high, 0) : row + high + 1, max(column - wide, 0) : column + wide + 1
            ] = True
        if len(present) > 1:
            others = np.delete(scores, label, axis=-1).max(axis=-1)
            lead = scores[..., label] - others
            ink = theme_of(ax).ink
            lines = ax.contour(*sides, lead, [0.0], colors=[ink], linewidths=1.3, zorder=2.0)
            lines.set_gid(f"boundary {label}")


def _fill_regions(
    ax: Axes,
    sides: Sequence[NDArray[np.float64]],
    found: NDArray[np.intp],
    certainty: NDArray[np.floating[Any]],
) -> None:
    """Colour each place by its class, more strongly where the network is more certain."""
    page = np.array(to_rgb(theme_of(ax).page))
    colors = np.array([color_of(label) for label in range(found.max() + 1)])
    strength = PALEST + (STRONGEST - PALEST) * certainty[..., None]
    picture = (1.0 - strength) * page + strength * colors[found]
    extent = (*sides[0][[0, -1]], *sides[1][[0, -1]])
    ax.imshow(picture, origin="lower", extent=extent, aspect="auto", zorder=0.0, gid="regions")


def _certainty(scores: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return the certainty in steps from 0 to 1; 1/2 if the scores are not probabilities."""
    n = scores.shape[-1]
    if scores.min() < 0 or not np.allclose(scores.sum(axis=-1), 1.0, atol=1e-3):
        return np.full(scores.shape[:-1], 0.5)
    sure: NDArray[np.floating[Any]] = (scores.max(axis=-1) * n - 1.0) / (n - 1.0)
    return np.round(STEPS * sure) / STEPS


def _taken(points: NDArray[np.float64], sides: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return which places ``(rows, columns)`` of the grid hold a point."""
    taken = np.zeros((len(sides[1]), len(sides[0])), np.bool_)
    columns, rows = (np.searchsorted(side, points[:, i]) for i, side in enumerate(sides))
    taken[rows, columns] = True
    return taken


def _reach(ax: Axes, name: str, n: int) -> tuple[int, int]:
    """Return half the height and width of a name, in places of a grid of n in each direction."""
    text = ax.text(0.0, 0.0, name, fontsize=font_size(1.1), fontweight="bold", parse_math=False)
    size, box = text.get_window_extent(), ax.get_window_extent()
    text.remove()
    return math.ceil(0.55 * size.height / box.height * n), math.ceil(
        0.55 * size.width / box.width * n
    )


def _place_of_name(
    region: NDArray[np.bool_],
    taken: NDArray[np.bool_],
    written: NDArray[np.bool_],
    high: int,
    wide: int,
    may_cover: bool,
) -> tuple[int, int] | None:
    """Return the best place for a name: inside ``region`` and covering no point, if possible.

    It never covers another name, leaves the picture, or covers a point unless it ``may_cover``
    some; None if there is no such place.
    """
    inside = np.zeros_like(region)
    inside[high : len(region) - high, wide : region.shape[1] - wide] = True
    clear = inside & ~_widened(written, high, wide)
    for free in (clear & ~_widened(~region | taken, high, wide), clear & region & may_cover):
        if free.any():
            return _innermost(free)
    return None


def _widened(mask: NDArray[np.bool_], high: int, wide: int) -> NDArray[np.bool_]:
    """Return which places have one of ``mask`` within ``high`` rows and ``wide`` columns.

    Examples
    --------
    >>> _widened(np.eye(4, 6, dtype=bool), 0, 1)[0]
    array([ True,  True, False, False, False, False])
    """
    for axis, reach in enumerate((high, wide)):
        room = [(reach, reach) if i == axis else (0, 0) for i in range(2)]
        windows = sliding_window_view(np.pad(mask, room), 2 * reach + 1, axis)
        mask = np.logical_or.reduce(windows, axis=-1)
    return mask


def _innermost(region: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the place in ``region`` farthest from its edge, by peeling until nothing is left.

    Examples
    --------
    >>> region = np.zeros((9, 20), bool)
    >>> region[2:7, 3:8] = True
    >>> _innermost(region)
    (4, 5)
    """
    left = peeled = np.pad(region, 1)
    while peeled.any():
        left, peeled = peeled, peeled.copy()
        for axis in (0, 1):
            peeled &= np.roll(left, 1, axis) & np.roll(left, -1, axis)
    places = np.argwhere(left)
    row, column = places[np.abs(places - places.mean(axis=0)).sum(axis=1).argmin()] - 1
    return int(row), int(column)


def _write_name(
    ax: Axes, sides: Sequence[NDArray[np.float64]], place: tuple[int, int], name: str
) -> None:
    theme = theme_of(ax)
    text = ax.text(
        sides[0][place[1]],
        sides[1][place[0]],
        name,
        ha="center",
        va="center",
        color=theme.ink,
        fontsize=font_size(1.1),
        fontweight="bold",
        path_effects=[withStroke(linewidth=3.5, foreground=theme.page)],
        zorder=5.0,
        gid=f"name {name}",
    )
    as_it_stands(text)
