"""The weights of each unit of the first layer, as small images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_count, finite_numbers
from mlp.plotting.fitting import lay_out
from mlp.plotting.labels import write_key
from mlp.plotting.style import add_color_bar, drawing, font_size
from mlp.plotting.themes import SIGNS, theme_of

WIDE = 1.5  # width / height of the picture
GAP = 0.14  # between images, as a share of their longer side
NUMBERS = 2.6  # gaps between rows, with room for numbers
SMALLEST = 5.5  # points; smaller numbers are left out


class Network(Protocol):
    """A network with layers; those with weights have a ``W``."""

    @property
    def layers(self) -> Sequence[Any]:
        """From input to output."""


def plot_weights(
    net: Network | ArrayLike,
    ax: Axes | None = None,
    *,
    shape: tuple[int, int] | None = None,
    most: int = 40,
    title: str | None = None,
) -> Axes:
    """Draw the weights of each unit of the first layer as an image of the inputs.

    Blue is negative, orange positive, grey zero, on one scale for all images; in grey print,
    lower values are darker. Units are sorted by the norm of their weights, largest first, row by
    row. Below each image is the unit's number j, the column ``W[:, j]``.

    Parameters
    ----------
    net
        A network, or a matrix of weights ``(n_in, n_out)``.
    ax
        Axes to draw on; by default those of a new figure.
    shape
        Rows and columns of the inputs, which are in row order; by default a square.
    most
        Largest number of units to draw.
    title
        Title above the picture.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError, TypeError
        If the inputs do not fit the shape, or without one do not form a square; if the weights
        are not finite or belong to replicas.

    Examples
    --------
    >>> ax = plot_weights(np.eye(4)[:, :3])
    >>> [text.get_text() for text in ax.texts]
    ['0', '1', '2']
    """
    W = _weights(net)
    rows, columns = _shape(shape, W.shape[0])
    most = check_count("most", most)
    strongest = np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:most]
    images = W.T[strongest].reshape(-1, rows, columns)
    limit = float(np.abs(images).max()) or 1.0
    with drawing(ax) as ax:
        places = _places(images.shape)
        ax.set_axis_off()
        for image, (left, bottom) in zip(images, places, strict=True):
            drawn = ax.imshow(
                image, SIGNS, vmin=-limit, vmax=limit,
                extent=(left, left + columns, bottom, bottom + rows),
            )  # fmt: skip
        ax.set_xlim(0, places[:, 0].max() + columns)
        ax.set_ylim(places[:, 1].min() - NUMBERS * GAP * max(rows, columns), rows)
        add_color_bar(ax, drawn, "weight")
        words = f"{W.shape[1]} units, the strongest first"
        if most < W.shape[1]:
            words = f"the {most} strongest of {W.shape[1]} units"
        write_key(ax, title, [(None, words)])
        _write_numbers(ax, strongest, places, columns)
    return ax


def _weights(net: Network | ArrayLike) -> NDArray[np.floating[Any]]:
    """Return the first weights, (n_in, n_out)."""
    layers = getattr(net, "layers", None)
    found = [layer.W for layer in layers or () if hasattr(layer, "W")]
    if layers is not None and not found:
        raise ValueError(f"net: received {net!r}, expected a network with weights")
    W = finite_numbers("net", net if layers is None else found[0])  # type: ignore[arg-type]
    if W.ndim == 3:
        raise ValueError(
            f"net: received {len(W)} replicas, expected a single network; net.replica(k) makes one"
        )
    if W.ndim != 2 or not W.size:
        raise ValueError(f"net: received weights of shape {W.shape}, expected (n_in, n_out)")
    return W


def _shape(shape: tuple[int, int] | None, n_in: int) -> tuple[int, int]:
    if shape is None:
        side = math.isqrt(n_in)
        if side * side != n_in:
            raise ValueError(
                f"shape: received none for {n_in} inputs, which form no square, "
                "expected (rows, columns)"
            )
        return side, side
    if len(shape) != 2 or min(shape) < 1 or shape[0] * shape[1] != n_in:
        raise ValueError(f"shape: received {shape!r}, expected (rows, columns) of {n_in} inputs")
    return int(shape[0]), int(shape[1])


def _places(shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return the lower left corner of each image, (n, 2); the first row is at height 0."""
    n, rows, columns = shape
    gap = GAP * max(rows, columns)
    width, height = columns + gap, rows + NUMBERS * gap
    across = min(n, max(1, round(math.sqrt(n * WIDE * height / width))))
    i = np.arange(n)
    return np.stack([i % across * width, -(i // across) * height], axis=-1)


def _write_numbers(
    ax: Axes, units: NDArray[np.intp], places: NDArray[np.float64], columns: int
) -> None:
    """Write the number of each unit below its image, if it is large enough to read."""
    lay_out(ax)  # determines the scale
    pixels = ax.transData.transform([(0.0, 0.0), (float(columns), 1.0)])
    width = (pixels[1, 0] - pixels[0, 0]) * 72.0 / ax.figure.dpi
    size = min(font_size(0.8), 0.27 * width)
    if size < SMALLEST:
        return
    for unit, (left, bottom) in zip(units, places, strict=True):
        ax.text(
            left + columns / 2,
            bottom - 0.1 * GAP * columns,
            str(unit),
            ha="center",
            va="top",
            fontsize=size,
            color=theme_of(ax).faint,
        )
