"""A worked example: a network with its numbers, as printed and corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp.core import MLP, Dense

Values = Mapping[str, float | NDArray[np.float64]]
"""Named quantities, numbers or arrays."""

WeightNames = Mapping[str, tuple[int, int, int]]
"""The names of weights: name -> (layer, i, j) of ``net.layers[layer].W[i, j]``."""


@dataclass(frozen=True)
class Erratum:
    """An error in a document.

    Attributes
    ----------
    where : str
        The quantity or formula.
    printed, correct : float or str
        Formulas are expressions in the document's names.
    why : str
        The cause of the error.
    """

    where: str
    printed: float | str
    correct: float | str
    why: str


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Example:
    """A worked network.

    Attributes
    ----------
    name, title : str
    network : MLP
        New for each call, in float64.
    x, t : ndarray ``(1, n_in)``, ``(1, n_out)``
        The sample and its target, read-only.
    lr : float
        The learning rate of the first step.
    weight_names : mapping of str to (layer, i, j)
        The document's names, for the argument `names` of `mlp.trace`.
    published : mapping of str to number or array
        The numbers that the document prints.
    exact : mapping of str to number or array
        The correct numbers as far as known, also of quantities that the document leaves open.
        A name with a ``+`` is a value after one step.
    errata : tuple of Erratum
    """

    name: str
    title: str
    network: MLP
    x: NDArray[np.float64]
    t: NDArray[np.float64]
    lr: float
    weight_names: WeightNames
    published: Values
    exact: Values
    errata: tuple[Erratum, ...] = ()

    def __repr__(self) -> str:
        """Return a line."""
        return f"<{type(self).__name__} {self.name!r}: {self.title}>"


TEXTBOOK_NAMES: WeightNames = {
    "w1": (0, 0, 0),
    "w2": (0, 1, 0),
    "w3": (0, 0, 1),
    "w4": (0, 1, 1),
    "w5": (1, 0, 0),
    "w6": (1, 1, 0),
    "w7": (1, 0, 1),
    "w8": (1, 1, 1),
}
"""Unit by unit: w1 and w2 lead to h1, w3 and w4 to h2, w5 and w6 to o1, w7 and w8 to o2."""


def sigmoid_network(weights: Sequence[ArrayLike], biases: Sequence[float] = ()) -> MLP:
    """Make a sigmoid network with loss 1/2 sum (o - t)^2 and one fixed bias for each layer.

    Examples
    --------
    >>> net = sigmoid_network([[[0.5], [0.5]]], biases=[0.25])
    >>> net.theta, net.layers[0].b
    (array([0.5, 0.5]), array([0.25]))
    """
    layers = []
    for number, W in enumerate(weights):
        n_in, n_out = np.shape(W)
        bias = biases[number] if biases else False
        layers.append(
            Dense(n_in, n_out, "sigmoid", weights=W, bias=bias, train_bias=False, share_bias=True)
        )
    return MLP(layers, "squared_error")


def array(values: ArrayLike) -> NDArray[np.float64]:
    """Return a read-only float64 array."""
    made = np.array(values, dtype=np.float64)
    made.flags.writeable = False
    return made
