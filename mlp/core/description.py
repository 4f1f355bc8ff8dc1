"""Networks as trees of settings and arrays, and back: what a model file holds.

A layer of the package is described by the arguments that make it, each under the name of its
attribute; a new layer is one line in `LAYERS`. Custom layers, activations and losses have no
name here and cannot be described.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mlp._archive import write_archive
from mlp._checks import require, require_keys
from mlp._names import find_name
from mlp.core.activations import ACTIVATIONS
from mlp.core.initializers import INITIALIZERS
from mlp.core.layers import (
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    MemberDense,
    PeriodicEmbedding,
    PiecewiseLinear,
    Scale,
    SharedDense,
)
from mlp.core.losses import LOSSES, Loss
from mlp.core.structure import check_layers, tell_widths

MODEL_FORMAT, MODEL_VERSION = "mlp-model", 1


class Field(NamedTuple):
    """How an argument is described and made again: ``(place, value) -> value`` both ways.

    Both raise TypeError or ValueError, naming the place. A value equal to `default` is left out;
    None for one that is always described.
    """

    describe: Callable[[str, Any], Any]
    rebuild: Callable[[str, Any], Any]
    default: float | None = None


def _word(place: str, value: Any, known: Iterable[str]) -> str:
    """Return `value` if it is a known name, in these very letters."""
    if find_name(place, require(place, value, str), known) != value:
        raise ValueError(f"{place}: received {value!r}, expected {value.lower()!r}")
    return str(value)


def _plain(kind: type) -> Field:
    def check(place: str, value: Any) -> Any:
        return require(place, value, kind)

    return Field(check, check)


def _check_rate(place: str, value: Any) -> Any:
    """Return a float, or a float64 array with a number for each replica."""
    if not isinstance(value, np.ndarray):
        return require(place, value, float)
    if value.dtype != np.float64:
        raise TypeError(f"{place}: received an array of {value.dtype}, expected float64")
    return value


def _named(known: Mapping[str, Callable[[], Any]]) -> Field:
    """Describe an object by its ``config()``: its name and its settings, floats or lists.

    A setting may be left out, if the ``config()`` of a default object leaves it out.
    """

    def describe(place: str, value: Any) -> dict[str, Any]:
        _known_name(place, value, known)
        config: dict[str, Any] = value.config()
        return config

    def rebuild(place: str, node: Any) -> Any:
        name = node.get("name") if isinstance(node, dict) else None
        default = known[_word(f"{place}.name", name, known)]()
        keys = default.config().keys()
        require_keys(place, node, *keys, *(vars(default).keys() & node.keys() - keys))
        settings = {key: value for key, value in node.items() if key != "name"}
        for key, value in settings.items():
            for number in value if type(value) is list else [value]:
                require(f"{place}.{key}", number, float)
        return type(default)(**settings)

    return Field(describe, rebuild)


def _known_name(place: str, value: object, known: Mapping[str, Callable[[], Any]]) -> str:
    """Return the name of an object, if that name makes objects of its class."""
    name = getattr(value, "name", None)
    if isinstance(name, str) and name in known and type(known[name]()) is type(value):
        return name
    raise _unknown(place, value, known)


def _unknown(place: str, value: object, known: Iterable[str]) -> TypeError:
    """Return the error for an object that the package does not define."""
    return TypeError(
        f"{place}: received {value!r}, expected one of {', '.join(known)}: custom "
        "objects cannot be saved"
    )


def _describe_weights(place: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value
    name = _known_name(place, value, INITIALIZERS)
    if vars(INITIALIZERS[name]()) != vars(value):  # a custom rule under a known name
        raise _unknown(place, value, INITIALIZERS)
    return name


def _rebuild_weights(place: str, value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else _word(place, value, INITIALIZERS)


def _describe_bias(place: str, value: Any) -> Any:
    if value is None:
        return False
    return value if value.any() else True


def _rebuild_bias(place: str, value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else require(place, value, bool)


def _rebuild_first_values(place: str, node: Any) -> dict[str, np.ndarray]:
    for name, value in require(place, node, dict).items():
        require(f"{place}.{name}", value, np.ndarray)
    return dict(node)


def _rebuild_arrays(place: str, node: Any) -> list[np.ndarray]:
    found = require(place, node, list)
    for i, value in enumerate(found):
        require(f"{place}[{i}]", value, np.ndarray)
    return list(found)


INT, FLOAT, BOOL = _plain(int), _plain(float), _plain(bool)
WIDTH = Field(*INT)
"""A width that says nothing about the sizes of the layer's arrays."""
FACTOR = FLOAT._replace(default=1.0)
RATE = Field(_check_rate, _check_rate)
ACTIVATION = _named(ACTIVATIONS)
LOSS = _named(LOSSES)
FIRST_WEIGHTS = Field(_describe_weights, _rebuild_weights)
FIRST_BIAS = Field(_describe_bias, _rebuild_bias)
ARRAYS = Field(lambda place, value: list(value), _rebuild_arrays)
FIRST_VALUES = Field(lambda place, value: dict(value), _rebuild_first_values)

_OF_MEMBERS = {
    "members": INT,
    "n_in": INT,
    "n_out": INT,
    "activation": ACTIVATION,
    "weights": FIRST_WEIGHTS,
    "bias": FIRST_BIAS,
    "first": FIRST_VALUES,
}

LAYERS: dict[str, tuple[type[Layer], dict[str, Field]]] = {
    "Dense": (
        Dense,
        {
            "n_in": INT,
            "n_out": INT,
            "activation": ACTIVATION,
            "weights": FIRST_WEIGHTS,
            "bias": FIRST_BIAS,
            "train_bias": BOOL,
            "share_bias": BOOL,
            "lr_factor": FACTOR,
            "bias_lr_factor": FACTOR,
        },
    ),
    "Dropout": (Dropout, {"rate": RATE}),
    "BatchNorm": (BatchNorm, {"momentum": FLOAT, "eps": FLOAT, "first": FIRST_VALUES}),
    "LayerNorm": (LayerNorm, {"eps": FLOAT, "first": FIRST_VALUES}),
    "PeriodicEmbedding": (
        PeriodicEmbedding,
        {
            "n_in": WIDTH,
            "columns": INT,
            "m": INT,
            "dim": INT,
            "sigma": FLOAT,
            "lr_factor": FACTOR,
        },
    ),
    "PiecewiseLinear": (PiecewiseLinear, {"n_in": WIDTH, "knots": ARRAYS}),
    "Scale": (Scale, {"lr_factor": FACTOR, "first": FIRST_VALUES}),
    "SharedDense": (SharedDense, _OF_MEMBERS | {"signs": BOOL}),
    "MemberDense": (MemberDense, _OF_MEMBERS),
    "ActivationLayer": (ActivationLayer, {"activation": ACTIVATION}),
}


def save_model(
    path: str | os.PathLike[str], content: dict[str, Any], metadata: Mapping[str, Any] | None
) -> None:
    """Write a described network to a file, with its metadata; see `MLP.save`."""
    if not isinstance(metadata, Mapping | None):
        raise TypeError(f"metadata: received {metadata!r}, expected a dict or None")
    write_archive(path, MODEL_FORMAT, MODEL_VERSION, content | {"metadata": dict(metadata or {})})


def describe_layers(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return each layer with its parameters; the arrays are views.

    Raises
    ------
    TypeError, ValueError
        If a layer is custom, or a parameter is not finite.
    """
    return [_describe_layer(f"layers[{i}]", layer) for i, layer in enumerate(layers)]


def _describe_layer(place: str, layer: Layer) -> dict[str, Any]:
    name = type(layer).__name__
    if name not in LAYERS or type(layer) is not LAYERS[name][0]:
        raise _unknown(place, layer, LAYERS)
    config = {
        key: field.describe(f"{place}.{key}", getattr(layer, key))
        for key, field in LAYERS[name][1].items()
        if field.default is None or getattr(layer, key) != field.default
    }
    for p in layer.parameters():
        p.check(f"{place}.params.{p.name}", layer.params[p.name])
    return {"name": name, "config": config, "params": dict(layer.params)}


def describe_loss(loss: Loss) -> Any:
    """Return the name of a loss with its settings; TypeError for a custom one."""
    return LOSS.describe("loss", loss)


def rebuild_loss(node: Any) -> Loss:
    """Return the loss that `describe_loss` described."""
    loss: Loss = LOSS.rebuild("loss", node)
    return loss


def rebuild_layers(nodes: Any, lead: tuple[int, ...], dtype: str) -> list[Layer]:
    """Return the layers that `describe_layers` described, without their parameters.

    Raises
    ------
    TypeError, ValueError
        If it is anything else, or the parameters beside them do not fit; nothing larger than
        these has been allocated then.
    """
    require("layers", nodes, list)
    layers = [_rebuild_layer(f"layers[{i}]", node, lead, dtype) for i, node in enumerate(nodes)]
    _, n_in, _ = check_layers(layers)
    tell_widths(layers, n_in)
    for i, (layer, node) in enumerate(zip(layers, nodes, strict=True)):
        if layer.n_in is None:
            _check_params(f"layers[{i}]", layer, node["params"], lead, dtype)
    return layers


def _rebuild_layer(place: str, node: Any, lead: tuple[int, ...], dtype: str) -> Layer:
    """Return the layer that a node describes.

    Its arrays are checked before another layer is made, unless its width is told by another.
    """
    name, config, params = require_keys(place, node, "name", "config", "params")
    if not isinstance(name, str) or name not in LAYERS:
        raise ValueError(f"{place}: received {name!r}, expected one of {', '.join(LAYERS)}")
    cls, fields = LAYERS[name]
    left_out = [key for key, field in fields.items() if field.default is not None]
    if isinstance(config, dict):
        fields = {key: f for key, f in fields.items() if key in config or key not in left_out}
    values = require_keys(f"{place}.config", config, *fields)
    arguments = {
        key: field.rebuild(f"{place}.config.{key}", value)
        for (key, field), value in zip(fields.items(), values, strict=True)
    }
    arrays = list(require(f"{place}.params", params, dict).values())
    largest = max((array.size for array in arrays if isinstance(array, np.ndarray)), default=0)
    for key, value in arguments.items():
        # or making the layer could need any memory; dim is one more than an axis of an array
        if type(value) is int and fields[key] is not WIDTH and value > largest + (key == "dim"):
            raise ValueError(f"{place}.{key}: received {value}, more than its arrays hold numbers")
    try:
        layer = cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}.config.{error}") from error
    if layer.n_in is not None:
        _check_params(place, layer, params, lead, dtype)
    return layer


def _check_params(
    place: str, layer: Layer, params: dict[str, Any], lead: tuple[int, ...], dtype: str
) -> None:
    """Raise TypeError or ValueError unless the arrays are those of the layer."""
    try:
        wanted = layer.parameters()
    except ValueError as error:  # first values of another width
        raise ValueError(f"{place}.config.{error}") from error
    found = require_keys(f"{place}.params", params, *(p.name for p in wanted))
    for p, array in zip(wanted, found, strict=True):
        where, shape = f"{place}.params.{p.name}", (*lead, *p.shape)
        require(where, array, np.ndarray)
        if array.shape != shape or array.dtype.name != dtype:
            raise ValueError(
                f"{where}: received shape {array.shape} of {array.dtype}, "
                f"expected {shape} of {dtype}"
            )
        p.check(where, array)
