"""Networks to draw, and what can be read from their diagrams."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

import mlp
from mlp import MLP, Dense
from mlp.plotting import plot_network


def mazur():
    example = mlp.examples.mazur()
    return example.network, example.x, example.t


def wide(sizes, seed=0):
    net = MLP.from_sizes(sizes, "tanh", "softmax", "cross_entropy", seed=seed)
    net.theta += 0.05  # no bias stays at zero
    return net


def ramp(n):
    return np.linspace(-1.0, 1.0, n)


def small():
    """Three units with biases of their own, of which those of the second layer are fixed."""
    layers = [Dense(2, 3, "tanh"), Dense(3, 1, bias=[0.25], train_bias=False)]
    net = MLP(layers, "mse", seed=1)
    net.layers[0].b = [0.1, -0.2, 0.3]
    return net


DIAGRAMS = {
    "network_2_2_2": lambda: plot_network(*mazur(), names=mlp.examples.mazur().weight_names),
    "network_2_3_1": lambda: plot_network(small(), [0.5, -1.0], [1.0]),
    "network_4_8_3": lambda: plot_network(wide([4, 8, 3]), ramp(4), [1]),
    "network_784_20_3": lambda: plot_network(wide([784, 20, 3])),
}
"""Networks of all sizes: each call makes the axes anew."""


def circles(ax, kind):
    """The units or biases, by (column, unit) or (column,)."""
    found = [(patch.get_gid() or "").split() for patch in ax.patches if isinstance(patch, Circle)]
    patches = [patch for patch in ax.patches if isinstance(patch, Circle)]
    return {
        tuple(map(int, words[1:])): patch
        for words, patch in zip(found, patches, strict=True)
        if words[0] == kind
    }


def arrows(ax):
    """What the arrows of a small network lead from and to: (column, i or b, j)."""
    gids = [(patch.get_gid() or "").split() for patch in ax.patches]
    return [tuple(words[1:]) for words in gids if words[0] == "line"]


def broad(ax, part, column):
    """The lines of a large network between two columns."""
    (found,) = [
        lines
        for lines in ax.collections
        if isinstance(lines, LineCollection) and lines.get_gid() == f"{part} {column}"
    ]
    return found


def words(ax):
    return [text.get_text() for text in ax.texts]
