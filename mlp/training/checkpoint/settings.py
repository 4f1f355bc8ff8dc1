"""The settings of a run: all that must be the same when it is continued."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.core.description import FACTOR, LAYERS
from mlp.core.layers import Layer
from mlp.core.network import MLP
from mlp.optim import Optimizer
from mlp.training.data import Data
from mlp.training.run import Run

_ROWS_AT_ONCE = 4096


def settings_of(run: Run) -> dict[str, Any]:
    """Return the settings of a run as a tree: network, data, optimizer and so on.

    Custom objects are compared by the name of their class and the result of `config()`, if they
    have it. Seeds and initial weights are left out, as the state of the run replaces them. The
    tree is made once for each run: it takes a pass over all data.
    """
    if run.settings is None:
        run.settings = _settings(run)
    return run.settings


def _settings(run: Run) -> dict[str, Any]:
    trainer, held_out = run.trainer, run.evaluation.validation
    return {
        "network": _network(run.net),
        "optimizer": _optimizer(trainer.optimizer),
        "batch_size": trainer.batch_size,
        "shuffle": trainer.shuffle,
        "random": _bit_generator(run.rng),
        "l1": trainer.penalty.l1,
        "l2": trainer.penalty.l2,
        "clip_norm": trainer.clip_norm,
        "metrics": [metric.name for metric in trainer.metrics],
        "data": _data(run.evaluation.training),
        "validation": None if held_out is None else _data(held_out),
        "callbacks": [_object(callback) for callback in run.stateful],
    }


def _network(net: MLP) -> dict[str, Any]:
    return {
        "layers": [_layer(layer) for layer in net.layers],
        "loss": _object(net.loss),
        "dtype": net.dtype.name,
        "replicas": net.replicas,
        "random": _bit_generator(net._rng),
    }


def _bit_generator(rng: np.random.Generator) -> str:
    return type(rng.bit_generator).__name__


def _layer(layer: Layer) -> dict[str, Any]:
    """Describe a layer, without its initial values."""
    described = _object(layer)
    _, fields = LAYERS.get(type(layer).__name__, (None, {}))
    for key, field in fields.items():
        value = getattr(layer, key, None)
        if field is FACTOR:
            continue  # the parameters have it
        if hasattr(value, "forward"):
            described[key] = _object(value)
        elif key == "rate" or isinstance(value, bool | int | float | str):
            described[key] = value
    described["parameters"] = {
        p.name: {"shape": list(p.shape), "trained": p.trainable}
        | ({} if p.lr_factor == 1.0 else {"lr_factor": p.lr_factor})
        for p in layer.parameters()
    }
    return described


def _object(thing: object) -> dict[str, Any]:
    """Describe an object by its class and its ``config()``."""
    config = getattr(thing, "config", None)
    return {"class": type(thing).__qualname__} | (dict(config()) if callable(config) else {})


def _optimizer(optimizer: Optimizer) -> dict[str, Any]:
    plain = {key: getattr(optimizer, key) for key in optimizer.hyperparameters}
    return {"class": type(optimizer).__qualname__, "lr": _rate(optimizer.lr), **plain}


def schedule_at(optimizer: Optimizer, step: int) -> dict[str, Any] | None:
    """Return the rate of a schedule for one update: functions can only be compared by values."""
    lr = optimizer.lr
    return {"step": step, "rate": np.asarray(lr(step), np.float64)} if callable(lr) else None


def _rate(lr: Any) -> Any:
    """Describe a rate; a custom function has only a name."""
    if not callable(lr):
        return lr
    try:
        return _object(lr)
    except TypeError:  # a schedule of the package around a custom function
        return {"class": type(lr).__qualname__}


def _data(data: Data) -> dict[str, Any]:
    X = data.X.source if data.X.is_in_memory else None
    shape = list(data.X.source.shape)
    return {
        "X": {"shape": shape, "checksum": None if X is None else _checksum(X)},
        "Y": fingerprint(data.targets),
        "weight": None if data.weight is None else fingerprint(data.weight),
    }


def fingerprint(array: NDArray[Any]) -> dict[str, Any]:
    """Return the shape and the checksum of an array."""
    return {"shape": list(array.shape), "checksum": _checksum(array)}


def _checksum(array: NDArray[Any]) -> int:
    """Return the CRC-32 of the numbers, read in blocks of rows."""
    found = 0
    for start in range(0, len(array), _ROWS_AT_ONCE):
        rows = np.ascontiguousarray(array[start : start + _ROWS_AT_ONCE])
        found = zlib.crc32(rows.reshape(-1).view(np.uint8).data, found)
    return found


def differences(received: Any, expected: Any, place: str = "") -> list[str]:
    """Return the differences of two settings, each as ``name: received X, expected Y``.

    Examples
    --------
    >>> differences({"lr": 0.1, "l2": 0.0}, {"lr": 0.2, "l2": 0.0}, "optimizer")
    ['optimizer.lr: received 0.1, expected 0.2']
    """
    if isinstance(received, Mapping) and isinstance(expected, Mapping):
        return _of_mappings(received, expected, place)
    if _is_list(received) and _is_list(expected) and len(received) == len(expected):
        pairs = enumerate(zip(received, expected, strict=True))
        return [d for i, pair in pairs for d in differences(*pair, _item(place, i, pair[0]))]
    if _is_same(received, expected):
        return []
    return [f"{place}: received {_short(received)}, expected {_short(expected)}"]


def _item(place: str, index: int, value: Any) -> str:
    """Name an item of a list; a callback by its class."""
    is_callback = place == "callbacks" and isinstance(value, Mapping)
    return str(value["class"]) if is_callback else f"{place}[{index}]"


def _is_same(received: Any, expected: Any) -> bool:
    if _is_number(received) and _is_number(expected):
        return bool(received == expected)
    return type(received) is type(expected) and np.array_equal(received, expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _of_mappings(received: Mapping[str, Any], expected: Mapping[str, Any], place: str) -> list[str]:
    if "checksum" in received and "checksum" in expected:
        return _of_fingerprints(received, expected, place)
    found: list[str] = []
    dot = f"{place}." if place else ""
    for key in dict.fromkeys(["class", *expected, *received]):
        found += differences(received.get(key), expected.get(key), f"{dot}{key}")
        if found and key == "class":
            break  # another class explains the other differences
    return found


def _of_fingerprints(
    received: Mapping[str, Any], expected: Mapping[str, Any], place: str
) -> list[str]:
    if not _is_same(received.get("shape"), expected.get("shape")):
        return [f"{place}: received {_short(received)}, expected {_short(expected)}"]
    one, other = received["checksum"], expected["checksum"]
    if one is None or other is None:  # data that is read a batch at a time has no checksum
        return []
    if _is_same(one, other):
        return []
    return [f"{place}: received other numbers than before"]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _short(value: Any) -> str:
    """Return a short description of a value."""
    if isinstance(value, Mapping) and "class" in value:
        return _cut(str(value["class"]))
    if isinstance(value, Mapping):
        inner = value.get("X", value)
        shape = inner.get("shape", ()) if isinstance(inner, Mapping) else ()
        return _cut(f"shape {tuple(shape) if _is_list(shape) else shape}")
    if _is_list(value) and value and isinstance(value[0], Mapping):
        return _cut(f"[{', '.join(map(_short, value))}]")
    return _cut(repr(value.tolist() if isinstance(value, np.ndarray) else value))


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."
