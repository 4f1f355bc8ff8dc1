"""Estimators in files without pickle: the file of their network, with the rest beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import require, require_keys
from mlp._names import shortened
from mlp.core.activations import Identity
from mlp.core.layers import ActivatedLayer
from mlp.core.losses import SquaredError
from mlp.files import format_errors, read_model
from mlp.optim import Optimizer, optimizer_from_config
from mlp.sklearn.losses import Exp, PoissonDeviance
from mlp.sklearn.network import with_output

_CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_")
_NUMBERS = ("loss_", "best_loss_", "best_validation_score_", "n_iter_", "t_")
_PLAIN = (bool, int, float, str, type(None))


def save_estimator(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to a file; `mlp.load` reads its network alone."""
    params = {name: _encoded(name, value) for name, value in estimator.get_params().items()}
    fitted = {name: getattr(estimator, name, None) for name in (*_NUMBERS, *_CURVES)}
    net = estimator.to_network()
    fitted["feature_names"], net.feature_names = net.feature_names, None
    fitted["classes"] = _encoded_classes(getattr(estimator, "classes_", None))
    last = net.layers[-1]
    if isinstance(last, ActivatedLayer) and isinstance(last.activation, Exp):
        net = with_output(net, Identity(), SquaredError())
    net.save(
        path,
        {
            "estimator": type(estimator).__name__,
            "output": estimator.out_activation_,
            "params": params,
            "fitted": fitted,
        },
    )


def load_estimator(cls: type[Any], path: str | os.PathLike[str]) -> Any:
    """Return the estimator of a class that `save_estimator` wrote to a file."""
    net, metadata = read_model(path)
    with format_errors(path):
        keys = ("estimator", "output", "params", "fitted")
        name, output, params, fitted = require_keys("metadata", metadata, *keys)
        if name != cls.__name__:
            raise ValueError(f"estimator: received {shortened(name)}, expected {cls.__name__}")
        given = {key: _decoded(value) for key, value in require("params", params, dict).items()}
        if set(given) != set(cls._get_param_names()):
            raise ValueError(f"params: received {sorted(given)}, expected those of {cls.__name__}")
        if output == "exp":
            net = with_output(net, Exp(), PoissonDeviance())
        names = (*_NUMBERS, *_CURVES, "feature_names", "classes")
        values = dict(zip(names, require_keys("fitted", fitted, *names), strict=True))
        net.feature_names = values.pop("feature_names")
        classes = values.pop("classes")
        if classes is None:
            estimator = cls.from_network(net, **given)
        else:
            estimator = cls.from_network(net, _decoded_classes(classes), **given)
        for key, value in values.items():
            numbers = value if isinstance(value, list) else [value]
            if not all(isinstance(number, int | float | None) for number in numbers):
                raise ValueError(f"{key}: received {shortened(value)}, expected numbers")
            setattr(estimator, key, value)
    return estimator


def _encoded(name: str, value: Any) -> Any:
    """Return a parameter as a file can hold it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_encoded(name, item) for item in value]
    if isinstance(value, Optimizer):
        return {"optimizer": value.config()}
    if isinstance(value, Mapping):
        return {"dict": [[_encoded(name, k), _encoded(name, v)] for k, v in value.items()]}
    if isinstance(value, type) and issubclass(value, np.floating):
        return np.dtype(value).name
    raise TypeError(
        f"{name}: received {shortened(value)}, expected what a file can hold: "
        "numbers, names, lists or an optimizer of this package"
    )


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(item) for item in value)
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "optimizer":
        return optimizer_from_config(content)
    return {_decoded(k): _decoded(v) for k, v in content}


def _encoded_classes(classes: NDArray[Any] | None) -> Any:
    if classes is None:
        return None
    if not all(isinstance(item, str | bool | int | float) for item in classes.tolist()):
        raise TypeError(f"classes_: received {classes!r:.80}, expected numbers or text")
    return {"values": classes.tolist(), "dtype": classes.dtype.str}


def _decoded_classes(classes: Any) -> NDArray[Any]:
    values, dtype = require_keys("classes", classes, "values", "dtype")
    return np.array(values, dtype=require("dtype", dtype, str))
