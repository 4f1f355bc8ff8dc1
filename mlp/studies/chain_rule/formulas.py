"""The formulas of activations and losses, filled with named numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

import numpy as np

from mlp.core import ACTIVATIONS, LOSSES
from mlp.studies.chain_rule.records import Named, Token, Tokens

_ACTIVATIONS = {
    "identity": "{z}",
    "sigmoid": "1 / (1 + exp(-{z}))",
    "tanh": "tanh({z})",
    "relu": "max(0, {z})",
    "leaky_relu": "max({z}, {slope} × {z})",
    "elu": "{z} if {z} > 0 else {alpha} × (exp({z}) - 1)",
    "selu": "1.05070099 × {z} if {z} > 0 else 1.75809934 × (exp({z}) - 1)",
    "gelu": "{z} × Φ({z})",
    "gelu_tanh": "{z} × sigmoid(1.59576912 × ({z} + 0.044715 × {z} × {z} × {z}))",
    "silu": "{z} / (1 + exp(-{z}))",
    "mish": "{z} × tanh(log(1 + exp({z})))",
    "softplus": "log(1 + exp({z}))",
}
_ACTIVATION_DERIVATIVES = {
    "identity": "1",
    "sigmoid": "{a} × (1 - {a})",
    "tanh": "1 - {a} × {a}",
    "relu": "1 if {z} > 0 else 0",
    "leaky_relu": "1 if {z} > 0 else {slope}",
    "elu": "1 if {z} > 0 else {a} + {alpha}",
    "selu": "1.05070099 if {z} > 0 else 1.75809934 × exp({z})",
    "gelu": "Φ({z}) + {z} × φ({z})",
    "silu": "sigmoid({z}) + {a} × (1 - sigmoid({z}))",
    "mish": "tanh(log(1 + exp({z}))) + {z} × sigmoid({z}) × (1 - tanh(log(1 + exp({z})))²)",
    "softplus": "1 / (1 + exp(-{z}))",
}
_LOSSES = {
    "squared_error": "({a} - {t})² / 2",
    "mse": "({a} - {t})² / {n}",
    "mae": "abs({a} - {t}) / {n}",
    "huber": (
        "min(abs({a} - {t}), {delta}) × (abs({a} - {t}) - min(abs({a} - {t}), {delta}) / 2) / {n}"
    ),
    "pinball": "max({quantile} × ({t} - {a}), ({quantile} - 1) × ({t} - {a})) / {n}",
    "cross_entropy": "-{t} × log({a})",
    "binary_cross_entropy": "-{t} × log({a}) - (1 - {t}) × log(1 - {a})",
    "poisson": "({a} - {t} × log(max({a}, 0) + 1e-08)) / {n}",
}
_LOSS_DERIVATIVES = {
    "squared_error": "{a} - {t}",
    "mse": "2 × ({a} - {t}) / {n}",
    "mae": "sign({a} - {t}) / {n}",
    "huber": "max(-{delta}, min({delta}, {a} - {t})) / {n}",
    "pinball": "(sign({a} - {t}) / 2 + 0.5 - {quantile}) / {n}",
    "cross_entropy": "-{t} / {a}",
    "binary_cross_entropy": "(1 - {t}) / (1 - {a}) - {t} / {a}",
}


def fill(template: str, **named: object) -> Tokens:
    r"""Return a template with numbers for its fields; anything but a `Named` becomes text.

    Examples
    --------
    >>> fill("{a} × (1 - {n})", a=Named("h1", 0.5), n=1)
    (Named(name='h1', value=0.5, over=None), '\n× (1 - 1)')
    """
    tokens: list[Token] = []
    for text, field, _, _ in Formatter().parse(template):
        value = named[field] if field else ""
        for token in (re.sub(r" (?=else |× \()", "\n", text), value):
            if isinstance(token, Named):
                tokens.append(token)
            elif tokens and isinstance(tokens[-1], str):
                tokens[-1] += str(token)
            elif token != "":
                tokens.append(str(token))
    return tuple(tokens)


def activation_formula(function: object, z: Named) -> Tokens:
    """Return the formula of an activation of z, empty if it takes more than a line.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> from mlp.studies.chain_rule.records import plain
    >>> plain(activation_formula(make_activation("elu"), Named("z_h1")))
    'z_h1 if z_h1 > 0 else 1 × (exp(z_h1) - 1)'
    """
    return _filled(_ACTIVATIONS, _config(function, ACTIVATIONS), z=z)


def activation_derivative(function: object, a: Named, z: Named) -> Tokens:
    """Return da/dz in terms of a and z.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> from mlp.studies.chain_rule.records import plain
    >>> plain(activation_derivative(make_activation("sigmoid"), Named("h1"), Named("z_h1")))
    'h1 × (1 - h1)'
    """
    return _filled(_ACTIVATION_DERIVATIVES, _config(function, ACTIVATIONS), a=a, z=z)


def is_softmax(function: object) -> bool:
    """Return whether an activation is softmax itself."""
    return _config(function, ACTIVATIONS).get("name") == "softmax"


def softmax_derivative(function: object, a: Named, of: Named) -> Tokens:
    """Return the derivative of the softmax output `of` by the z of the output `a`.

    Examples
    --------
    >>> from mlp.core import make_activation
    >>> from mlp.studies.chain_rule.records import plain
    >>> softmax, o1, o2 = make_activation("softmax"), Named("o1"), Named("o2")
    >>> plain(softmax_derivative(softmax, o1, o1)), plain(softmax_derivative(softmax, o1, o2))
    ('o1 × (1 - o1)', '-o2 × o1')
    """
    if not is_softmax(function):
        return ()
    return fill("{a} × (1 - {a})" if of == a else "-{of} × {a}", a=a, of=of)


def loss_formula(loss: object, a: Named, t: Named, n: int) -> Tokens:
    """Return the contribution of one of n outputs to the loss, in terms of output and target.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> from mlp.studies.chain_rule.records import plain
    >>> plain(loss_formula(make_loss("mse"), Named("o1"), Named("t1"), 2))
    '(o1 - t1)² / 2'
    """
    return _filled(_LOSSES, _config(loss, LOSSES), a=a, t=t, n=n)


def loss_derivative(loss: object, a: Named, t: Named, n: int) -> Tokens:
    """Return dE/da in terms of output and target, for n outputs.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> from mlp.studies.chain_rule.records import plain
    >>> plain(loss_derivative(make_loss("mse"), Named("o1"), Named("t1"), 2))
    '2 × (o1 - t1) / 2'
    """
    return _filled(_LOSS_DERIVATIVES, _config(loss, LOSSES), a=a, t=t, n=n)


def is_known_loss(loss: object) -> bool:
    """Return whether a loss is one of the package, made of one part for each output."""
    return bool(_config(loss, LOSSES))


def has_plain_logarithm(loss: object, output: float, dtype: np.dtype[Any]) -> bool:
    """Return whether the formulas of a loss hold for an output.

    They do not where the loss replaces its logarithm: for an output close to 0 and, if the loss
    contains ``log(1 - a)``, close to 1.

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


def _filled(formulas: Mapping[str, str], config: Mapping[str, Any], **named: object) -> Tokens:
    return fill(formulas.get(config.get("name", ""), ""), **config, **named)


def _config(part: Any, registry: Mapping[str, Callable[[], Any]]) -> Mapping[str, Any]:
    """Return the name and the settings of a built-in activation or loss, else nothing."""
    make = registry.get(getattr(part, "name", ""))
    if make is None or type(part) is not type(make()):
        return {}
    config = part.config()
    if any(isinstance(value, list) for value in config.values()):
        return {}  # each output has its own formula
    return {key: str(value).removesuffix(".0") for key, value in config.items()}
