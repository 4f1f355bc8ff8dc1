"""Networks, and other trees of settings and arrays, in files that can be trusted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlp._archive import FileFormatError, format_errors, read_archive, write_archive
from mlp._checks import require, require_keys
from mlp._hooks import HOOKS
from mlp.core import MLP
from mlp.core.description import MODEL_FORMAT, MODEL_VERSION, rebuild_layers, rebuild_loss

__all__ = [
    "FileFormatError",
    "describe",
    "format_errors",
    "load",
    "read_archive",
    "read_model",
    "rebuild",
    "write_archive",
    "write_model",
]


def write_model(
    path: str | os.PathLike[str], net: MLP, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write a network to a file: see `MLP.save`.

    Raises
    ------
    TypeError, ValueError, OSError
        As `MLP.save`.
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net: received {net!r} of {type(net).__name__}, expected an MLP")
    net.save(path, metadata)


def read_model(path: str | os.PathLike[str]) -> tuple[Any, dict[str, Any]]:
    """Return the network, or the `mlp.Ensemble`, and the metadata in a file.

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
    _, content = read_archive(path, MODEL_FORMAT, [MODEL_VERSION])
    with format_errors(path):
        metadata: dict[str, Any] = require("metadata", content.pop("metadata", None), dict)
        if "ensemble" not in content:
            return rebuild(content), metadata
        node = content.pop("ensemble")
        return HOOKS["Ensemble"]()._rebuild(rebuild(content), node), metadata


def load(path: str | os.PathLike[str]) -> Any:
    """Return the `MLP`, `mlp.Ensemble` or `mlp.TabularModel` that was saved to a file, bit for bit.

    From other files of ``mlp train`` it returns the network, without the columns of its data.

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
    net, metadata = read_model(path)
    if "tabular" in metadata and "inputs" in metadata:
        return HOOKS["TabularModel"]()._of_file(net, metadata, path)
    return net


def describe(net: MLP) -> dict[str, Any]:
    """Return a network as a tree for an archive; its arrays are views.

    Raises
    ------
    TypeError, ValueError
        If it cannot be saved; see `MLP.save`.
    """
    if not isinstance(net, MLP):
        raise TypeError(f"net: received {net!r} of {type(net).__name__}, expected an MLP")
    return net._describe()


def rebuild(content: Any) -> MLP:
    """Return a new network from what `describe` returned.

    Raises
    ------
    TypeError, ValueError
        If it is anything else; nothing larger than the arrays in it has been allocated then.
    """
    keys = ("dtype", "replicas", "loss", "layers")
    names = None
    if isinstance(content, dict) and "feature_names" in content:
        content = dict(content)
        names = require("feature_names", content.pop("feature_names"), list)
    dtype, replicas, loss, nodes = require_keys("model", content, *keys)
    if require("dtype", dtype, str) not in ("float64", "float32"):
        raise ValueError(f"dtype: received {dtype!r}, expected 'float64' or 'float32'")
    lead = () if replicas is None else (require("replicas", replicas, int),)
    layers = rebuild_layers(nodes, lead, dtype)
    net = MLP._blank(layers, rebuild_loss(loss), np.dtype(dtype), replicas)
    net.feature_names = names
    for layer, node in zip(net.layers, nodes, strict=True):
        for key, array in node["params"].items():
            layer.params[key][...] = array
    return net


def __dir__() -> list[str]:
    return __all__
