"""The structure of a network as JSON, without its numbers; and networks as whole JSON files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._checks import check_path, require, require_keys
from mlp.core import MLP
from mlp.core.description import LAYERS
from mlp.export.state_dict import KEYS, shared_bias
from mlp.export.steps import check_network
from mlp.export.table import Target, check_table
from mlp.files import describe
from mlp.tables import InputEncoder

DESCRIPTION = "mlp"
"""The name of the description in the metadata of other formats."""
_VERSION = 1
_GIVEN = {"weights", "bias", "first"}
"""Arguments that hold first values; in a description, None for the present values."""
_PARAMETERS = {
    "Dense": ("W", "b"),
    "BatchNorm": ("gamma", "beta", "running_mean", "running_var"),
    "LayerNorm": ("gamma", "beta"),
    "Scale": ("scale",),
}


def describe_structure(net: MLP) -> dict[str, Any]:
    """Return the layers and the loss of a network as a tree for JSON.

    Raises
    ------
    TypeError, ValueError
        If a layer, activation or loss is custom, or the network has replicas.
    """
    tree = describe(check_network(net))
    tree["version"] = _VERSION
    for node in tree["layers"]:
        del node["params"]
        for key in _GIVEN & node["config"].keys():
            value = node["config"][key]
            if isinstance(value, np.ndarray) or (key == "first" and value):
                node["config"][key] = None
    return tree


def restore_structure(tree: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return what `mlp.files.rebuild` takes, from a description and the tensors of a state dict.

    Raises
    ------
    TypeError, ValueError
        If the tree is not a description, or a tensor is missing or unused.
    """
    if tree.pop("version", None) != _VERSION:
        raise ValueError(f"description: has an unknown version, expected {_VERSION}")
    rest = {name for name in tensors if not name.endswith(".num_batches_tracked")}
    at = 0
    for i, node in enumerate(require("layers", tree.get("layers"), list)):
        name, config = require_keys(f"layers[{i}]", node, "name", "config")
        require(f"layers[{i}].config", config, dict)
        if not isinstance(name, str) or name not in LAYERS:
            known = ", ".join(LAYERS)
            raise ValueError(f"layers[{i}]: received {name!r:.80}, expected one of {known}")
        params = {}
        for kind in _PARAMETERS.get(name, ()):
            key = f"{at}.{KEYS[kind]}"
            if key in rest:
                rest.remove(key)
                params[kind] = np.array(tensors[key].T, order="C")
        if config.get("share_bias") is True and "b" in params:
            params["b"] = shared_bias(f"layers[{i}].b", params["b"])
        for key in _GIVEN & config.keys():
            if config[key] is None:
                present = {"weights": params.get("W"), "bias": params.get("b"), "first": params}
                config[key] = _doubles(present[key])
        node["params"] = params
        activation = config.get("activation")
        joins = name == "Dense" and isinstance(activation, dict)
        at += 2 if joins and activation.get("name") != "identity" else 1
    if rest:
        raise ValueError(f"holds {sorted(rest)[:8]}, which no layer has")
    return tree


def _doubles(value: Any) -> Any:
    """Return arrays as float64, as layers keep their first values."""
    if isinstance(value, dict):
        return {key: _doubles(item) for key, item in value.items()}
    with np.errstate(invalid="ignore"):  # of a signaling NaN, which is rejected later
        return None if value is None else value.astype(np.float64)


def to_json(
    net: MLP,
    path: str | os.PathLike[str],
    *,
    inputs: InputEncoder | None = None,
    target: Target | None = None,
) -> None:
    """Write a network as JSON: its layers, each with its settings and its parameters as lists.

    Decimals are exact. There is no reader here: `MLP.save` and `to_safetensors` write files that
    can be read back.

    Parameters
    ----------
    net : MLP
        The network.
    path : path
        The file; end it in ``.json``.
    inputs : InputEncoder, optional
        Written as ``inputs``: the columns, their words, means and scales.
    target : ClassTarget or NumberTarget, optional
        Written as ``target``: the classes, or the means and scales of the numbers.

    Raises
    ------
    TypeError
        If a layer, activation or loss is custom.
    ValueError
        If the network has replicas, or the encoder or the target does not fit it.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import json, mlp
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[0.5]])])
    >>> with TemporaryDirectory() as folder:
    ...     to_json(net, f"{folder}/net.json")
    ...     tree = json.loads(Path(folder, "net.json").read_text())
    >>> tree["layers"][0]["params"]
    {'W': [[0.5]], 'b': [0.0]}
    """
    check_path("path", path)
    tree = describe_structure(net)
    check_table(net, inputs, target)
    for node, layer in zip(tree["layers"], net.layers, strict=True):
        node["params"] = dict(layer.params)
    tree |= {} if inputs is None else {"inputs": inputs.to_dict()}
    tree |= {} if target is None else {"target": target.to_dict()}
    text = json.dumps(tree, allow_nan=False, default=np.ndarray.tolist)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode("ascii"))
