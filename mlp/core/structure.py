"""How a network is put together: which layers fit, and what they look like in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any

import numpy as np

from mlp._checks import check_sequence
from mlp._names import find_name, name_of
from mlp.core.activations import Activation, make_activation
from mlp.core.layers import (
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    default_initializer,
)
from mlp.core.losses import Loss

NORMALIZATIONS: dict[str, Callable[[], Layer]] = {"batch": BatchNorm, "layer": LayerNorm}


def check_sizes(sizes: Iterable[int]) -> tuple[int, ...]:
    """Return the widths of a network as a tuple, if there are two or more."""
    widths = check_sequence("sizes", sizes, "at least two widths")
    if len(widths) < 2:
        raise ValueError(f"sizes: received {list(widths)}, expected at least two widths")
    return widths


def layers_of_sizes(
    sizes: Iterable[int],
    hidden: str | Activation | Sequence[str | Activation],
    output: str | Activation,
    dropout: float,
    normalization: str | None,
) -> list[Layer]:
    """Return the layers of `MLP.from_sizes`, whose arguments these are."""
    widths = check_sizes(sizes)
    if normalization is not None:
        normalization = find_name("normalization", normalization, NORMALIZATIONS)
    activations = of_each("hidden", hidden, len(widths) - 2)
    layers: list[Layer] = []
    for (n_in, n_out), activation in zip(pairwise(widths[:-1]), activations, strict=True):
        if normalization is None:
            layers.append(Dense(n_in, n_out, activation))
        else:
            layers += _normalized(n_in, n_out, activation, normalization)
        if dropout:
            layers.append(Dropout(dropout))
    layers.append(Dense(widths[-2], widths[-1], output))
    return layers


def of_each(
    name: str, activation: str | Activation | Sequence[str | Activation], n_layers: int
) -> Sequence[str | Activation]:
    """Return the activation of each hidden layer, given one for all or a list."""
    if not isinstance(activation, list | tuple):
        return [activation] * n_layers  # type: ignore[list-item]
    if len(activation) != n_layers:
        raise ValueError(
            f"{name}: received {len(activation)} activations, expected {n_layers}, "
            "one for each hidden layer"
        )
    return activation


def _normalized(
    n_in: int, n_out: int, activation: str | Activation, normalization: str
) -> tuple[Layer, ...]:
    """Return a hidden layer that normalises before its activation.

    Its first weights are those of the layer without. The shift of a `BatchNorm` does what a bias
    before it would do, which the mean takes away.
    """
    weights = default_initializer(make_activation(activation))
    dense = Dense(n_in, n_out, weights=weights, bias=normalization != "batch")
    return dense, NORMALIZATIONS[normalization](), ActivationLayer(activation)


def check_layers(layers: Iterable[Layer]) -> tuple[tuple[Layer, ...], int, int]:
    """Return the layers as a tuple, with n_in and n_out of the network, if they fit."""
    found: tuple[Layer, ...] = check_sequence("layers", layers, "layers")
    if not found:
        raise ValueError("layers: received none, expected at least one")
    width: int | None = None
    n_in: int | None = None
    for i, layer in enumerate(found):
        if not isinstance(layer, Layer):
            raise TypeError(f"layers: received {layer!r} at {i}, expected a Layer")
        if layer.is_bound or any(layer is other for other in found[:i]):
            raise ValueError(
                f"layers: received {layer!r} at {i}, which already belongs to a network, "
                "expected a new layer (copy.copy(layer) makes one)"
            )
        if width is not None and layer.n_in is not None and layer.n_in != width:
            raise ValueError(
                f"layers: received {layer!r} at {i}, expected n_in={width}, "
                "the width of the layer before"
            )
        if width is None:
            n_in = n_in or layer.n_in
        width = layer.n_out or layer.n_in or width
    if n_in is None or width is None:
        raise ValueError("layers: received no layer with widths, expected at least one Dense")
    members_of(found)
    return found, n_in, width


def members_of(layers: Sequence[Layer], replicas: int | None = None) -> int | None:
    """Return how many members of an ensemble the layers serve; None for a single network.

    Raises
    ------
    ValueError
        If it is not the same number in all layers, or one after the first of them has parameters
        that are not for members, or the network has replicas, too.
    """
    members: int | None = None
    for i, layer in enumerate(layers):
        if members is None:
            members = layer.members
            continue
        has_parameters = type(layer).parameters is not Layer.parameters
        if layer.members not in (members, None) or (layer.members is None and has_parameters):
            raise ValueError(
                f"layers: received {layer!r} at {i}, after layers of {members} members, expected "
                f"one of {members} members, or one without parameters"
            )
    if members is not None and replicas is not None:
        raise ValueError(f"replicas: received {replicas} with {members} members, expected None")
    return members


def tell_widths(layers: Iterable[Layer], n_in: int) -> None:
    """Tell each layer of a network how many units come in."""
    width = n_in
    for layer in layers:
        layer.width = width
        width = layer.n_out or width


def check_rows(layers: Sequence[Layer], n_rows: int) -> None:
    """Raise ValueError if these are too few rows for a batch of training."""
    neediest = max(layers, key=attrgetter("least_rows"))
    if n_rows < neediest.least_rows:
        raise ValueError(
            f"X: received {n_rows} row{'s' * (n_rows > 1)}, expected at least "
            f"{neediest.least_rows} in a batch of training, which {neediest!r} needs"
        )


def layer_rows(n_in: int, layers: Sequence[Layer]) -> list[tuple[str, str, str]]:
    """Return the name, the number of outputs and that of the parameters of each layer."""
    rows, width = [], n_in
    for layer in layers:
        width = layer.n_out or width
        rows.append((repr(layer), str(width), str(sum(p.size for p in layer.parameters()))))
    return rows


def totals(
    layers: Sequence[Layer], loss: Loss, dtype: np.dtype[np.floating[Any]], replicas: int | None
) -> str:
    """Return a line with the number of trained parameters, the dtype and the loss."""
    trained = sum(p.size for layer in layers for p in layer.parameters() if p.trainable)
    each = f" in each of {replicas} replicas" if replicas else ""
    return f"{trained} trained parameters{each}, {dtype}, loss {name_of(loss)}"


def summarize(
    n_in: int,
    layers: Sequence[Layer],
    loss: Loss,
    dtype: np.dtype[np.floating[Any]],
    replicas: int | None,
) -> str:
    """Return a table of the layers, their outputs and their parameters."""
    rows = [("layer", "outputs", "parameters"), *layer_rows(n_in, layers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{name:<{widths[0]}}  {out:>{widths[1]}}  {size:>{widths[2]}}" for name, out, size in rows
    ]
    return "\n".join([*lines, totals(layers, loss, dtype, replicas)])
