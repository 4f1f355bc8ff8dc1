"""The network of an estimator: made as its parameters say, with scikit-learn's initial weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from mlp._names import name_of
from mlp.core import MLP, Activation, Dense, Loss
from mlp.core.activations import ACTIVATIONS, Sigmoid, make_activation
from mlp.core.layers import ActivatedLayer, BatchNorm, Dropout, Layer, LayerNorm
from mlp.core.structure import of_each

Activations = str | Activation | list[str | Activation]


def hidden_widths(hidden_layer_sizes: Any) -> list[int]:
    """Return the widths of the hidden layers; ValueError unless all are positive."""
    is_list = isinstance(hidden_layer_sizes, Iterable)
    widths = list(hidden_layer_sizes if is_list else [hidden_layer_sizes])
    if np.any(np.array(widths) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {widths}.")
    return widths


def hidden_activations(activation: Any, n_hidden: int) -> Activations:
    """Return the activation of all hidden layers, or a list with one for each."""
    if not isinstance(activation, list | tuple):
        return _named(activation)
    return [_named(one) for one in of_each("activation", activation, n_hidden)]


def make_network(
    widths: list[int],
    activation: Activations,
    output: str | Activation,
    loss: str | Loss,
    *,
    dropout: float,
    normalization: str | None,
    dtype: DTypeLike,
    random_state: np.random.RandomState,
) -> MLP:
    """Return a network with the initial weights that scikit-learn draws from `random_state`."""
    net = MLP.from_sizes(
        widths,
        activation,
        output,
        loss,
        dropout=dropout,
        normalization=normalization,
        dtype=dtype,
        seed=0,
    )
    for layer, nearest in zip(dense_layers(net), _nearest(activation, widths), strict=True):
        _draw(layer, make_activation(nearest), random_state)
    return net


def _nearest(activation: Activations, widths: list[int]) -> list[str | Activation]:
    """Return for each layer its activation, and for the last the one before it."""
    n_layers = len(widths) - 1
    if not isinstance(activation, list):
        return [activation] * n_layers
    return [*activation, *activation[-1:]] or ["identity"]


def _draw(layer: Dense, activation: Activation, random_state: np.random.RandomState) -> None:
    """Draw weights and biases by the rule of Glorot and Bengio (2010), as scikit-learn does."""
    factor = 2.0 if isinstance(activation, Sigmoid) else 6.0
    bound = np.sqrt(factor / (layer.n_in + layer.n_out))
    layer.W = random_state.uniform(-bound, bound, (layer.n_in, layer.n_out))
    if layer.bias is not None:
        layer.b = random_state.uniform(-bound, bound, layer.n_out)


def dense_layers(net: MLP) -> list[Dense]:
    """Return the layers with weights."""
    return [layer for layer in net.layers if isinstance(layer, Dense)]


def hidden_parts(net: MLP) -> list[Sequence[Layer]]:
    """Return for each hidden layer all layers up to its outputs, which the next weights take."""
    starts = [i for i, layer in enumerate(net.layers) if isinstance(layer, Dense)]
    return [net.layers[:i] for i in starts[1:]]


def _named(activation: Any) -> str | Activation:
    """Return an activation by the name that this package gives it."""
    return "sigmoid" if activation == "logistic" else activation


def with_output(net: MLP, activation: Activation, loss: Loss) -> MLP:
    """Return a copy of a network that ends in another activation and loss."""
    new = net._with(loss=loss)
    last = new.layers[-1]
    if isinstance(last, ActivatedLayer):
        last.activation = activation
    return new.copy()  # which joins the two anew


def structure_of(net: MLP) -> dict[str, Any]:
    """Return the parameters of an estimator that describe a network."""
    parts = hidden_parts(net)
    names = [_last_activation(part) for part in parts]
    kinds = {"batch": BatchNorm, "layer": LayerNorm}
    found = [name for name, kind in kinds.items() if any(isinstance(x, kind) for x in net.layers)]
    rates = [layer.rate for layer in net.layers if isinstance(layer, Dropout)]
    return {
        "hidden_layer_sizes": tuple(layer.n_out for layer in dense_layers(net)[:-1]),
        "activation": names[0] if len(set(names)) == 1 else names,
        "normalization": found[0] if found else None,
        "dropout": rates[0] if rates else 0.0,
        "dtype": net.dtype.name,
    }


def _last_activation(layers: Sequence[Layer]) -> Any:
    """Return the name of the last activation among layers, or a custom one itself."""
    *_, last = [layer for layer in layers if isinstance(layer, ActivatedLayer)]
    name = name_of(last.activation)
    return name if name in ACTIVATIONS else last.activation
