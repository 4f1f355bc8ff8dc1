"""The forward pass as a list of steps with their numbers, which every exporter writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mlp._types import Array
from mlp.core import (
    ACTIVATIONS,
    MLP,
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    Scale,
)
from mlp.core.activations import Activation
from mlp.core.description import describe_layers

_PER_UNIT: dict[str, Callable[..., Layer]] = {
    "batch_norm": BatchNorm,
    "layer_norm": LayerNorm,
    "scale": Scale,
}


class Step(NamedTuple):
    """One step of the forward pass.

    Attributes
    ----------
    kind : str
        "dense", "batch_norm", "layer_norm", "scale", "dropout" or the name of an activation.
    layer : int
        The index of the layer of the network that it belongs to.
    n_in, n_out : int
        How many units come in and go out.
    arrays : mapping of str to ndarray
        Its parameters: W and b, or scale, or gamma, beta, running_mean and running_var.
    settings : mapping of str to float
        Its settings: slope, alpha, eps, momentum or rate.
    """

    kind: str
    layer: int
    n_in: int
    n_out: int
    arrays: Mapping[str, Array]
    settings: Mapping[str, float]


def check_network(net: object) -> MLP:
    """Return `net` if it is a network without replicas.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.
    """
    if not isinstance(net, MLP):
        one = "; ensemble.replica(k) makes one" if hasattr(net, "predict_members") else ""
        raise TypeError(f"net: received {type(net).__name__}, expected an MLP{one}")
    if net.replicas is not None:
        raise ValueError(
            f"net: received {net.replicas} replicas, expected one network; net.replica(k) makes one"
        )
    if net.members is not None:
        raise ValueError(
            f"net: received {net.members} members, expected one network; net.replica(k) makes one"
        )
    return net


def steps_of(net: MLP) -> list[Step]:
    """Return the steps of the forward pass, without identities.

    Raises
    ------
    TypeError
        If a layer or an activation is custom; the message names the layer.
    ValueError
        If the network has replicas, or a parameter is not finite.
    """
    return [step for step in all_steps(net) if step.kind not in ("identity", "dropout")]


def all_steps(net: MLP) -> list[Step]:
    """Return the steps of the forward pass with dropout and the identities of layers."""
    check_network(net)
    describe_layers(net.layers)  # rejects custom layers and activations
    steps: list[Step] = []
    width = net.n_in
    for i, layer in enumerate(net.layers):
        steps += _steps_of_layer(layer, i, width)
        width = layer.n_out or width
    return steps


def _steps_of_layer(layer: Layer, index: int, width: int) -> list[Step]:
    arrays: dict[str, Array] = dict(layer.params)
    if isinstance(layer, Dense):
        n_out = layer.n_out
        if "b" in arrays and layer.share_bias:
            arrays["b"] = arrays["b"].repeat(n_out)
        dense = Step("dense", index, width, n_out, arrays, {})
        after = _activation_step(layer.activation, index, n_out)
        return [dense] if after.kind == "identity" else [dense, after]
    if isinstance(layer, ActivationLayer):
        return [_activation_step(layer.activation, index, width)]
    if isinstance(layer, Dropout):
        return [Step("dropout", index, width, width, {}, {"rate": float(layer.rate)})]
    if isinstance(layer, BatchNorm):
        settings = {"eps": layer.eps, "momentum": layer.momentum}
        return [Step("batch_norm", index, width, width, arrays, settings)]
    if isinstance(layer, LayerNorm):
        return [Step("layer_norm", index, width, width, arrays, {"eps": layer.eps})]
    if isinstance(layer, Scale):
        return [Step("scale", index, width, width, arrays, {})]
    raise TypeError(f"layers[{index}]: received {layer!r}, which has no exported form")


def _activation_step(activation: Activation, index: int, width: int) -> Step:
    config = dict(activation.config())
    kind = str(config.pop("name"))
    settings = {name: float(value) for name, value in config.items()}
    return Step(kind, index, width, width, {}, settings)


def network_of(steps: Sequence[Step], loss: str, dtype: str) -> MLP:
    """Return the network of these steps; an activation after a dense step joins it.

    The numbers of the steps are also the first values of the network: `MLP.initialize` returns
    to them.

    Raises
    ------
    ValueError, TypeError
        If the widths of two steps do not match, a number is not finite in `dtype`, or the loss
        has no meaning for the outputs.
    """
    layers: list[Layer] = []
    joins = False
    for step in steps:
        if joins and step.kind in ACTIVATIONS:
            dense = layers[-1]
            layers[-1] = Dense(
                dense.n_in,  # type: ignore[arg-type]
                dense.n_out,  # type: ignore[arg-type]
                _activation_of(step),
                weights=dense.weights,  # type: ignore[attr-defined]
                bias=False if dense.bias is None else dense.bias,  # type: ignore[attr-defined]
            )
        else:
            layers.append(_layer_of(step))
        joins = step.kind == "dense"
    return MLP(layers, loss, dtype=dtype, seed=0)


def _layer_of(step: Step) -> Layer:
    arrays, settings = step.arrays, step.settings
    if step.kind == "dense":
        return Dense(step.n_in, step.n_out, weights=arrays["W"], bias=arrays.get("b", False))
    if step.kind == "dropout":
        return Dropout(**settings)
    if step.kind in _PER_UNIT:
        return _PER_UNIT[step.kind](**settings, first=arrays)
    return ActivationLayer(_activation_of(step))


def _activation_of(step: Step) -> Activation:
    return ACTIVATIONS[step.kind](**step.settings)
