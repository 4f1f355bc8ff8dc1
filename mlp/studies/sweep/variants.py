"""The networks of a sweep that differ in structure: widths, activation, normalisation, loss."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlp._types import Array
from mlp.core import MLP, ActivationLayer, BatchNorm, Dense, Dropout, LayerNorm
from mlp.core.losses import make_loss
from mlp.core.output import check_pair

SHAPE = ("hidden", "activation", "normalization")
"""The parameters that decide the layers."""


def variant(net: MLP, changes: Mapping[str, Any], has_dropout: bool, seed: int) -> MLP:
    """Return the network with another structure.

    If the layers change, it is that of `MLP.from_sizes` with the seed of the sweep. With another
    loss, or with dropout, it keeps its weights.

    Parameters
    ----------
    net : MLP
        The network to change; if layers change, one as `MLP.from_sizes` makes it.
    changes : mapping
        What changes: "hidden" (the widths of the hidden layers), "activation", "normalization"
        and "loss".
    has_dropout : bool
        Whether some run has dropout; the network then needs layers for it.
    seed : int
        The seed of new weights.
    """
    loss = make_loss(changes.get("loss", net.loss))
    shape = {name: changes[name] for name in SHAPE if name in changes}
    lacks_dropout = has_dropout and not any(isinstance(layer, Dropout) for layer in net.layers)
    if not shape and not lacks_dropout:
        check_pair(net.layers[-1], loss)
        return net if "loss" not in changes else net._with(loss=copy.copy(loss))
    arguments = _arguments(net) | shape
    if lacks_dropout:
        arguments["dropout"] = 0.5  # each run sets its own rate
    sizes = [net.n_in, *_widths(arguments.pop("hidden")), net.n_out]
    hidden = arguments.pop("activation")
    new = MLP.from_sizes(sizes, hidden, loss=loss, dtype=net.dtype, seed=seed, **arguments)
    if not shape:
        new._numbers = net._numbers
    new.feature_names = net.feature_names
    return new


def _widths(hidden: Any) -> Any:
    return [int(hidden)] if isinstance(hidden, int | np.integer) else hidden


def _arguments(net: MLP) -> dict[str, Any]:
    """Return the arguments of `MLP.from_sizes` that make such a network.

    Raises
    ------
    ValueError
        If it makes none with these layers.
    """
    dense = [layer for layer in net.layers if isinstance(layer, Dense)]
    rates = {layer.rate for layer in net.layers if isinstance(layer, Dropout)}
    kinds = {type(layer) for layer in net.layers if isinstance(layer, BatchNorm | LayerNorm)}
    acting = [layer for layer in net.layers if isinstance(layer, ActivationLayer)] or dense[:-1]
    found: dict[str, Any] = {
        "hidden": [layer.n_out for layer in dense[:-1]],
        "activation": acting[0].activation if acting else "relu",
        "output": dense[-1].activation if dense else "identity",
        "dropout": min(rates, default=0.0),
        "normalization": {BatchNorm: "batch", LayerNorm: "layer"}[kinds.pop()] if kinds else None,
    }
    arguments = dict(found)
    sizes = [net.n_in, *arguments.pop("hidden"), net.n_out]
    made = MLP.from_sizes(sizes, arguments.pop("activation"), loss=net.loss, seed=0, **arguments)
    if list(map(repr, made.layers)) != list(map(repr, net.layers)):
        raise ValueError(
            f"net: received {net!r}, expected layers as MLP.from_sizes makes them, "
            f"because {', '.join(SHAPE)} or the presence of dropout changes them"
        )
    return found


def starts_of(net: MLP, n_sets: int, seeds: int, seed: int) -> Array:
    """Return theta and fixed of each run, ``(n_sets * seeds, P + F)``, first the network's."""
    dense = [layer for layer in net.layers if isinstance(layer, Dense)]
    if seeds > 1 and dense and all(layer.has_given_weights for layer in dense):
        raise ValueError(
            f"seeds: received {seeds}, expected 1 for a network whose weights were all given"
        )
    # memory for all before the first is drawn: too many runs are an error at once
    starts = np.empty((n_sets, seeds, net._numbers.size), net.dtype)
    starts[:] = draw_starts(net, seeds, seed)
    return starts.reshape(n_sets * seeds, -1)


def draw_starts(net: MLP, seeds: int, seed: int) -> Array:
    """Return theta and fixed of several initialisations ``(seeds, P + F)``, first the present."""
    numbers, fresh = net._numbers, net.copy()
    starts = np.empty((seeds, numbers.size), numbers.dtype)
    starts[0] = numbers
    for i in range(1, seeds):
        fresh.initialize(np.random.default_rng([seed, i]))
        starts[i] = fresh._numbers
    return starts
