"""What makes a run the run that it is: all that must be the same where it is continued."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp.core.description import LAYERS
from mlp.core.layers import Layer
from mlp.core.network import MLP
from mlp.optim import Optimizer
from mlp.training.data import Data

if TYPE_CHECKING:
    from mlp.training.loop import Run

_ROWS_AT_ONCE = 4096


def settings_of(run: Run) -> dict[str, Any]:
    """Return the settings of a run as a tree: network, data, optimizer and all the rest.

    Objects of one's own count by the names of their classes and what their `config()` returns,
    if they have one. Seeds and first weights do not count: the state of a run replaces them.
    """
    trainer = run.trainer
    held_out = run.evaluation.validation
    return {
        "network": _network(trainer.net),
        "optimizer": _optimizer(trainer.optimizer),
        "batch_size": trainer.batch_size,
        "shuffle": trainer.shuffle,
        "random": _bit_generator(trainer._rng),
        "l1": trainer.penalty.l1,
        "l2": trainer.penalty.l2,
        "clip_norm": trainer.clip_norm,
        "metrics": [metric.name for metric in trainer.metrics],
        "data": _data(run.evaluation.training),
        "validation": None if held_out is None else _data(held_out),
        "callbacks": [_object(callback) for callback in run.with_state],
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
    """Describe a layer, without its first values."""
    described = _object(layer)
    _, fields = LAYERS.get(type(layer).__name__, (None, ()))
    for key in fields:
        value = getattr(layer, key, None)
        if hasattr(value, "forward"):
            described[key] = _object(value)
        elif isinstance(value, bool | int | float | str):
            described[key] = value
    described["parameters"] = {
        p.name: {"shape": list(p.shape), "trained": p.trainable} for p in layer.parameters()
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
    """Return what a schedule gives for an update: of functions, all that can be compared."""
    lr = optimizer.lr
    return {"step": step, "rate": np.asarray(lr(step), np.float64)} if callable(lr) else None


def _rate(lr: Any) -> Any:
    """Describe a rate; a function of one's own has only a name."""
    if not callable(lr):
        return lr
    try:
        return _object(lr)
    except TypeError:  # a schedule of the package around a function of one's own
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
    """Return the CRC-32 of the numbers, read some rows at a time."""
    found = 0
    for start in range(0, len(array), _ROWS_AT_ONCE):
        rows = np.ascontiguousarray(array[start : start + _ROWS_AT_ONCE])
        found = zlib.crc32(rows.reshape(-1).view(np.uint8).data, found)
    return found
