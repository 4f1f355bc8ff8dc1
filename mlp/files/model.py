"""Networks as files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlp._archive import format_errors, read_archive, write_archive
from mlp._checks import require, require_keys
from mlp.core import MLP, Layer
from mlp.core.structure import check_layers, tell_widths
from mlp.files.vocabulary import LAYERS, LOSS, unknown

_KIND, _VERSION = "mlp-model", 1


def write_model(
    path: str | os.PathLike[str], net: MLP, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write a network to a file; `MLP.save` is the same.

    Parameters
    ----------
    path : path
        Where to. The name is taken as it is; ``.npz`` says what it is to others.
    net : MLP
        The network, with or without replicas.
    metadata : mapping, optional
        What belongs to the network and is not part of it, like the names of its classes: a tree
        of dicts, lists, strings, numbers, booleans, None and arrays.

    Raises
    ------
    TypeError
        If a layer, an activation, a loss or an initializer is one's own.
    ValueError
        If a parameter is not finite. No file has been touched when these are raised.
    OSError
        If the file cannot be written; what was there before is unchanged.
    """
    if not isinstance(metadata, Mapping | None):
        raise TypeError(f"metadata: received {metadata!r}, expected a dict or None")
    write_archive(path, _KIND, _VERSION, describe(net) | {"metadata": dict(metadata or {})})


def read_model(path: str | os.PathLike[str]) -> tuple[MLP, dict[str, Any]]:
    """Return the network and the metadata in a file.

    Raises
    ------
    FileFormatError
        If the file is damaged, hostile, of a later version or not a network's.
    OSError
        If there is no such file or it cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> net = MLP.from_sizes([2, 3, 1], seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     net.save(f"{folder}/net.npz", metadata={"scale": np.array([0.5, 2.0])})
    ...     same, metadata = read_model(f"{folder}/net.npz")
    >>> (same.theta == net.theta).all(), metadata
    (np.True_, {'scale': array([0.5, 2. ])})
    """
    _, content = read_archive(path, _KIND, [_VERSION])
    with format_errors(path):
        metadata: dict[str, Any] = require("metadata", content.pop("metadata", None), dict)
        return rebuild(content), metadata


def load(path: str | os.PathLike[str]) -> MLP:
    """Return the network that `MLP.save` wrote to a file, bit for bit.

    A file holds no random generator: where dropout draws from the network's own, its draws begin
    anew, from seed 0.

    Raises
    ------
    FileFormatError
        If the file is damaged, hostile, of a later version or not a network's.
    OSError
        If there is no such file or it cannot be read.

    Examples
    --------
    >>> import mlp
    >>> from tempfile import TemporaryDirectory
    >>> net = mlp.MLP.from_sizes([2, 3, 1], seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     net.save(f"{folder}/net.npz")
    ...     same = mlp.load(f"{folder}/net.npz")
    >>> same.predict([[1.0, 2.0]]) == net.predict([[1.0, 2.0]])
    array([[ True]])
    """
    return read_model(path)[0]


def describe(net: MLP) -> dict[str, Any]:
    """Return a network as a tree for an archive; its arrays are views.

    Raises
    ------
    TypeError, ValueError
        If it cannot be saved; see `write_model`.
    """
    if type(net) is not MLP:
        raise TypeError(f"net: received {net!r} of {type(net).__name__}, expected an MLP")
    return {
        "dtype": net.dtype.name,
        "replicas": net.replicas,
        "loss": LOSS.describe("loss", net.loss),
        "layers": [_describe_layer(f"layers[{i}]", layer) for i, layer in enumerate(net.layers)],
    }


def _describe_layer(place: str, layer: Layer) -> dict[str, Any]:
    name = type(layer).__name__
    if name not in LAYERS or type(layer) is not LAYERS[name][0]:
        raise unknown(place, layer, LAYERS)
    config = {
        key: field.describe(f"{place}.{key}", getattr(layer, key))
        for key, field in LAYERS[name][1].items()
    }
    for p in layer.parameters():
        p.check(f"{place}.params.{p.name}", layer.params[p.name])
    return {"name": name, "config": config, "params": dict(layer.params)}


def rebuild(content: Any) -> MLP:
    """Return a new network from what `describe` returned.

    Raises
    ------
    TypeError, ValueError
        If it is anything else; nothing larger than the arrays in it has been allocated then.
    """
    dtype, replicas, loss, nodes = require_keys(
        "model", content, "dtype", "replicas", "loss", "layers"
    )
    if require("dtype", dtype, str) not in ("float64", "float32"):
        raise ValueError(f"dtype: received {dtype!r}, expected 'float64' or 'float32'")
    lead = () if replicas is None else (require("replicas", replicas, int),)
    require("layers", nodes, list)
    layers = [_rebuild_layer(f"layers[{i}]", node, lead, dtype) for i, node in enumerate(nodes)]
    _, n_in, _ = check_layers(layers)
    tell_widths(layers, n_in)
    for i, (layer, node) in enumerate(zip(layers, nodes, strict=True)):
        if layer.n_in is None:
            _check_params(f"layers[{i}]", layer, node["params"], lead, dtype)
    net = MLP._blank(layers, LOSS.rebuild("loss", loss), np.dtype(dtype), replicas)
    for layer, node in zip(net.layers, nodes, strict=True):
        for key, array in node["params"].items():
            layer.params[key][...] = array
    return net


def _rebuild_layer(place: str, node: Any, lead: tuple[int, ...], dtype: str) -> Layer:
    """Return the layer that a node describes.

    Its arrays are checked before another layer is made, unless its width is told by another.
    """
    name, config, params = require_keys(place, node, "name", "config", "params")
    if not isinstance(name, str) or name not in LAYERS:
        raise ValueError(f"{place}: received {name!r}, expected one of {', '.join(LAYERS)}")
    cls, fields = LAYERS[name]
    values = require_keys(f"{place}.config", config, *fields)
    arguments = {
        key: field.rebuild(f"{place}.config.{key}", value)
        for (key, field), value in zip(fields.items(), values, strict=True)
    }
    arrays = list(require(f"{place}.params", params, dict).values())
    largest = max((array.size for array in arrays if isinstance(array, np.ndarray)), default=0)
    for key, value in arguments.items():
        if type(value) is int and value > largest:  # or making the layer could need any memory
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
