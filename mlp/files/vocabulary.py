"""The words of a model file: which layers, activations and losses it can name, and how.

A layer of the package is saved by the arguments that make it, each under the name of its
attribute; a new layer is one line in `LAYERS`. What a user defines has no word here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mlp._checks import require, require_keys
from mlp._names import find_name
from mlp.core import (
    ACTIVATIONS,
    INITIALIZERS,
    LOSSES,
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
)


class Field(NamedTuple):
    """How an argument is described and made again: ``(place, value) -> value`` both ways.

    Both raise TypeError or ValueError, naming the place.
    """

    describe: Callable[[str, Any], Any]
    rebuild: Callable[[str, Any], Any]


def _word(place: str, value: Any, known: Iterable[str]) -> str:
    """Return `value` if it is a known name, in these very letters."""
    if find_name(place, require(place, value, str), known) != value:
        raise ValueError(f"{place}: received {value!r}, expected {value.lower()!r}")
    return str(value)


def _plain(kind: type) -> Field:
    return Field(
        lambda place, value: require(place, value, kind),
        lambda place, value: require(place, value, kind),
    )


def _named(known: Mapping[str, Callable[[], Any]]) -> Field:
    """Describe an object by its ``config()``: its name and its settings, which are floats."""

    def describe(place: str, value: Any) -> dict[str, str | float]:
        _known_name(place, value, known)
        config: dict[str, str | float] = value.config()
        return config

    def rebuild(place: str, node: Any) -> Any:
        name = node.get("name") if isinstance(node, dict) else None
        default = known[_word(f"{place}.name", name, known)]()
        settings = dict(zip(node, require_keys(place, node, *default.config()), strict=True))
        del settings["name"]
        for key, value in settings.items():
            require(f"{place}.{key}", value, float)
        return type(default)(**settings)

    return Field(describe, rebuild)


def _known_name(place: str, value: object, known: Mapping[str, Callable[[], Any]]) -> str:
    """Return the name of an object, if that name makes objects of its class."""
    name = getattr(value, "name", None)
    if isinstance(name, str) and name in known and type(known[name]()) is type(value):
        return name
    raise unknown(place, value, known)


def unknown(place: str, value: object, known: Iterable[str]) -> TypeError:
    """Return the error for an object that the package does not define."""
    return TypeError(
        f"{place}: received {value!r}, expected one of {', '.join(known)}: a file has no words "
        "for what is defined outside the package"
    )


def _describe_weights(place: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value
    name = _known_name(place, value, INITIALIZERS)
    if vars(INITIALIZERS[name]()) != vars(value):  # a rule of one's own under a known name
        raise unknown(place, value, INITIALIZERS)
    return name


def _rebuild_weights(place: str, value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else _word(place, value, INITIALIZERS)


def _describe_bias(place: str, value: Any) -> Any:
    return False if value is None else value if value.any() else True


def _rebuild_bias(place: str, value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else require(place, value, bool)


def _rebuild_first_values(place: str, node: Any) -> dict[str, np.ndarray]:
    for name, value in require(place, node, dict).items():
        require(f"{place}.{name}", value, np.ndarray)
    return dict(node)


INT, FLOAT, BOOL = _plain(int), _plain(float), _plain(bool)
ACTIVATION = _named(ACTIVATIONS)
LOSS = _named(LOSSES)
FIRST_WEIGHTS = Field(_describe_weights, _rebuild_weights)
FIRST_BIAS = Field(_describe_bias, _rebuild_bias)
FIRST_VALUES = Field(lambda place, value: dict(value), _rebuild_first_values)

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
        },
    ),
    "Dropout": (Dropout, {"rate": FLOAT}),
    "BatchNorm": (BatchNorm, {"momentum": FLOAT, "eps": FLOAT, "first": FIRST_VALUES}),
    "LayerNorm": (LayerNorm, {"eps": FLOAT, "first": FIRST_VALUES}),
    "ActivationLayer": (ActivationLayer, {"activation": ACTIVATION}),
}
