"""The formulas of a trace: what activations and losses compute, and their derivatives, in a line.

Each is written with the names of what it is made of, and is empty where a line is too short for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mlp.core import ACTIVATIONS, LOSSES

_ACTIVATIONS = {
    "identity": "{z}",
    "sigmoid": "1 / (1 + exp(-{z}))",
    "tanh": "tanh({z})",
    "relu": "max(0, {z})",
    "leaky_relu": "max({z}, {slope} × {z})",
    "elu": "{z} if {z} > 0 else {alpha} × (exp({z}) - 1)",
    "gelu": "{z} × Φ({z})",
    "gelu_tanh": "{z} × sigmoid(1.59576912 × ({z} + 0.044715 × {z} × {z} × {z}))",
    "silu": "{z} / (1 + exp(-{z}))",
    "softplus": "log(1 + exp({z}))",
}
_ACTIVATION_DERIVATIVES = {
    "identity": "1",
    "sigmoid": "{a} × (1 - {a})",
    "tanh": "1 - {a} × {a}",
    "relu": "1 if {z} > 0 else 0",
    "leaky_relu": "1 if {z} > 0 else {slope}",
    "elu": "1 if {z} > 0 else {a} + {alpha}",
    "gelu": "Φ({z}) + {z} × φ({z})",
    "silu": "sigmoid({z}) + {a} × (1 - sigmoid({z}))",
    "softplus": "1 / (1 + exp(-{z}))",
}
_LOSSES = {
    "squared_error": "({a} - {t})² / 2",
    "mse": "({a} - {t})² / {n}",
    "mae": "abs({a} - {t}) / {n}",
    "huber": (
        "min(abs({a} - {t}), {delta}) × (abs({a} - {t}) - min(abs({a} - {t}), {delta}) / 2) / {n}"
    ),
    "cross_entropy": "-{t} × log({a})",
    "binary_cross_entropy": "-{t} × log({a}) - (1 - {t}) × log(1 - {a})",
    "poisson": "({a} - {t} × log(max({a}, 0) + 1e-08)) / {n}",
}
_LOSS_DERIVATIVES = {
    "squared_error": "{a} - {t}",
    "mse": "2 × ({a} - {t}) / {n}",
    "mae": "sign({a} - {t}) / {n}",
    "huber": "max(-{delta}, min({delta}, {a} - {t})) / {n}",
    "cross_entropy": "-{t} / {a}",
    "binary_cross_entropy": "(1 - {t}) / (1 - {a}) - {t} / {a}",
}


def activation(function: object, z: str) -> str:
    """Return the activation of z.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> activation(make_activation("elu"), "z_h1")
    'z_h1 if z_h1 > 0 else 1 × (exp(z_h1) - 1)'
    """
    return _filled(_ACTIVATIONS, _config(function, ACTIVATIONS), z=z)


def activation_derivative(function: object, a: str, z: str) -> str:
    """Return da/dz in terms of the names of a and z.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> activation_derivative(make_activation("sigmoid"), "h1", "z_h1")
    'h1 × (1 - h1)'
    """
    return _filled(_ACTIVATION_DERIVATIVES, _config(function, ACTIVATIONS), a=a, z=z)


def softmax_derivative(function: object, a: str, of: str) -> str:
    """Return the derivative of the output `of` by the z of the output `a`, after softmax.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> softmax = make_activation("softmax")
    >>> softmax_derivative(softmax, "o1", "o1"), softmax_derivative(softmax, "o1", "o2")
    ('o1 × (1 - o1)', '-o2 × o1')
    """
    if _config(function, ACTIVATIONS).get("name") != "softmax":
        return ""
    return f"{a} × (1 - {a})" if of == a else f"-{of} × {a}"


def loss_part(loss: object, a: str, t: str, n: int) -> str:
    """Return the part of one of n outputs in the loss, in terms of output and target.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> loss_part(make_loss("mse"), "o1", "t1", 2)
    '(o1 - t1)² / 2'
    """
    return _filled(_LOSSES, _config(loss, LOSSES), a=a, t=t, n=n)


def loss_derivative(loss: object, a: str, t: str, n: int) -> str:
    """Return dE/da in terms of the names of output and target, for n outputs.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> loss_derivative(make_loss("mse"), "o1", "t1", 2)
    '2 × (o1 - t1) / 2'
    """
    return _filled(_LOSS_DERIVATIVES, _config(loss, LOSSES), a=a, t=t, n=n)


def has_plain_logarithm(loss: object, output: float, dtype: np.dtype[Any]) -> bool:
    """Return whether the formulas of a loss hold for an output.

    Close to 0, and to 1 where ``log(1 - a)`` is taken, the loss continues its logarithm.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> loss, dtype = make_loss("binary_cross_entropy"), np.dtype("float64")
    >>> has_plain_logarithm(loss, 0.5, dtype), has_plain_logarithm(loss, 1.0, dtype)
    (True, False)
    """
    name = _config(loss, LOSSES).get("name")
    above_0 = output > (1e-19 if dtype == np.float32 else 1e-154)
    return {
        "cross_entropy": above_0,
        "binary_cross_entropy": above_0 and output < 1.0,
    }.get(str(name), True)


def name_of(part: object) -> str:
    """Return the name of an activation or a loss, its class where it has none."""
    return str(getattr(part, "name", type(part).__name__))


def _filled(formulas: Mapping[str, str], config: Mapping[str, Any], **names: object) -> str:
    return formulas.get(config.get("name", ""), "").format(**config, **names)


def _config(part: Any, registry: Mapping[str, Callable[[], Any]]) -> Mapping[str, Any]:
    """Return the name and the settings of one of the package's own parts, else nothing."""
    make = registry.get(getattr(part, "name", ""))
    if make is None or type(part) is not type(make()):
        return {}
    return {key: str(value).removesuffix(".0") for key, value in part.config().items()}
