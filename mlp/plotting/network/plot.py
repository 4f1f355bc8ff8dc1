"""Diagrams of a network or of a traced step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from mlp._checks import check_choice, check_number
from mlp.plotting.fitting import lay_out
from mlp.plotting.labels import write_key
from mlp.plotting.network.diagram import (
    Diagram,
    Differentiable,
    Place,
    TraceRecord,
    diagram_of_network,
    diagram_of_trace,
)
from mlp.plotting.network.drawing import Drawing
from mlp.plotting.network.layout import Layout, arrange
from mlp.plotting.network.marks import DASHES, Pen
from mlp.plotting.style import drawing
from mlp.plotting.themes import Color, legible, theme_of

PARTS = ("weights", "activations", "gradients")
KEY = 0.55  # inches above the diagram for the key, and for a title
TITLE = 0.35
SMALLEST = 2.5  # points, of text along lines; names that need smaller text are left out


def plot_network(
    net: Differentiable,
    x: ArrayLike | None = None,
    t: ArrayLike | None = None,
    ax: Axes | None = None,
    *,
    show: Sequence[str] | None = None,
    names: Mapping[str, Place] | None = None,
    digits: int = 3,
    title: str | None = None,
) -> Axes:
    """Draw the network as a diagram.

    In a small network each line has its weight above it and, for a sample with a target, the
    gradient below it. In a larger one the width of a line shows its size relative to the largest
    of the layer, and colour and dashes show the sign. Of layers with more than 16 units, only the
    first and last four are drawn.

    Parameters
    ----------
    net
        A single network. Of layers other than dense ones, only the names are written, below the
        units that they follow; the numbers in the units are those after them.
    x
        A sample ``(n_in,)`` or ``(1, n_in)``, whose activations are written in the units.
    t
        Its target, as in ``net.loss_and_grad``; required for gradients. All numbers are then those
        of a pass of training, with dropout.
    ax
        Axes to draw on; by default those of a new figure, as high as the network needs.
    show
        Which of ``"weights"``, ``"activations"`` and ``"gradients"`` to show; by default all that
        are known, without gradients if there is no room for two numbers at each line.
    names
        Names of weights, ``{"w1": (layer, i, j)}`` for ``net.layers[layer].W[i, j]``, or of inputs,
        units, outputs and biases by their places, as in `mlp.trace`: ``{"age": "x[0]",
        "price": "a[1][0]", "bias": "b[0][2]"}``. By default, inputs have the names of the
        network's columns. If names at lines would be smaller than 2.5 points, the picture says
        that they are left out.
    digits
        Significant digits, 1 to 17; at most two in small units.
    title
        Title above the picture.

    Returns
    -------
    Axes
        The axes; ``save_figure`` writes them to a file.

    Raises
    ------
    ValueError, TypeError
        If the network has replicas; if a sample, target or name does not fit it; if ``show`` has
        an unknown part, or asks for two numbers at each line of a large network; if a layer other
        than a dense one changes the number of units; if gradients are requested of a network with
        batch normalisation, which one row cannot train.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP.from_sizes([2, 3, 1], "tanh", seed=0)
    >>> ax = plot_network(net, [0.5, -1.0], [1.0])
    >>> len([patch for patch in ax.patches if (patch.get_gid() or "").startswith("unit")])
    6
    """
    return _plot(diagram_of_network(net, x, t, names), ax, show, digits, title)


def plot_trace(
    trace: TraceRecord,
    ax: Axes | None = None,
    *,
    show: Sequence[str] | None = None,
    digits: int = 3,
    title: str | None = None,
) -> Axes:
    """Draw the network of a trace, before its step, as `plot_network` does.

    Units have the names of the trace. Of a batch, they hold the numbers of its first row; the
    gradients are those of all rows.

    Parameters
    ----------
    trace
        The result of `mlp.trace`.
    ax, show, digits, title
        As in `plot_network`.

    Returns
    -------
    Axes
        The axes.

    Raises
    ------
    ValueError, TypeError
        As `plot_network`.

    Examples
    --------
    >>> import mlp
    >>> example = mlp.examples.mazur()
    >>> found = mlp.trace(example.network, example.x, example.t, names=example.weight_names)
    >>> "$w_{5}$ = 0.4" in [text.get_text() for text in plot_trace(found).texts]
    True
    """
    return _plot(diagram_of_trace(trace), ax, show, digits, title)


def _plot(
    diagram: Diagram,
    ax: Axes | None,
    show: Sequence[str] | None,
    digits: int,
    title: str | None,
) -> Axes:
    digits = int(
        check_number("digits", digits, "a whole number from 1 to 17", range(1, 18).__contains__)
    )
    layout = arrange(diagram)
    shown = _shown(diagram, show, layout.named)
    size = (layout.width, layout.height + KEY * bool(shown) + TITLE * bool(title))
    with drawing(ax, size) as ax:
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.set_xlim(0.0, layout.width)
        ax.set_ylim(0.0, layout.height)
        notes = [diagram.note] if diagram.note and "activations" in shown else []
        if layout.named and any(link.names for link in diagram.links):
            named = Drawing(diagram, layout, shown, digits, _pen(ax, layout))
            if named.size_along() < SMALLEST:
                links = [replace(link, names={}) for link in diagram.links]
                diagram = replace(diagram, links=links)
                notes += ["names of weights left out: no room"]
        key = _key(ax, shown, layout.named) + [(None, note) for note in notes]
        write_key(ax, title, key)
        Drawing(diagram, layout, shown, digits, _pen(ax, layout)).draw()
    return ax


def _shown(diagram: Diagram, show: Sequence[str] | None, named: bool) -> tuple[str, ...]:
    """Return the parts to draw."""
    known = {
        "weights": True,
        "activations": diagram.columns[0].values is not None,
        "gradients": diagram.loss is not None,
    }
    if show is None:
        return tuple(p for p in PARTS if known[p] and (named or p != "gradients"))
    if isinstance(show, str):
        raise TypeError(f"show: received {show!r}, expected a sequence of {', '.join(PARTS)}")
    for part in show:
        check_choice("show", part, PARTS)
        if not known[part]:
            needed = "a sample x" if part == "activations" else "a sample x and its target t"
            raise ValueError(f"show: received {part!r}, expected {needed} with it")
    if not named and {"weights", "gradients"} <= set(show):
        raise ValueError(
            "show: received weights and gradients of a network too large for two numbers at each "
            "line, expected one of them"
        )
    return tuple(part for part in PARTS if part in show)


def _key(ax: Axes, shown: Sequence[str], named: bool) -> list[tuple[Any, str]]:
    """Return the key of the colours."""
    theme = theme_of(ax)
    lines = [part for part in ("weights", "gradients") if part in shown]
    if named:
        gradient = legible(theme.second, theme.page)
        colors: dict[str, Any] = {"weights": theme.ink, "gradients": gradient}
        words = {
            "weights": "above its line: a weight",
            "gradients": "below it: its gradient, dE/dw",
        }
        return [
            (Line2D([], [], color=colors[part], marker="s", linestyle=""), words[part])
            for part in lines
        ]
    words = {"weights": "weight", "gradients": "gradient dE/dw"}
    signs: list[tuple[str, Color, Any]]
    signs = [("above", theme.second, "solid"), ("below", theme.first, DASHES)]
    return [
        (
            Line2D([], [], color=color, linewidth=2.2, linestyle=style),
            f"{words[part]} {sign} 0; the broader, the larger in its layer",
        )
        for part in lines
        for sign, color, style in signs
    ]


def _pen(ax: Axes, layout: Layout) -> Pen:
    lay_out(ax)  # determines the size
    box = ax.get_window_extent()
    scale = min(box.width / layout.width, box.height / layout.height) / ax.figure.dpi
    return Pen(ax, theme_of(ax), scale)
