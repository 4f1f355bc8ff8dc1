"""The operators of ONNX that a step of the forward pass becomes.

In float64, runtimes lack several operators, and attributes are float32: what they would round is
put together from simpler operators. A builder, which makes the nodes, has two methods:
``add(operator, *inputs, **attributes)`` and ``constant(values)``; both return a name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from mlp.core.activations import SELU
from mlp.core.activations.gelu import CHEBYSHEV

OPSET = 20
"""The first with Gelu."""


class Builder(Protocol):
    """What makes the nodes of a graph, or compares them."""

    def add(self, operator: str, *inputs: Any, **attributes: Any) -> Any:
        """Return the output of a new node."""

    def constant(self, values: Any) -> Any:
        """Return the name of a constant."""


Emit = Callable[[Builder, Any, Mapping[str, Any], Mapping[str, Any]], Any]
"""``emit(builder, A, arrays, settings)`` returns the name of the step's output."""


def _single(operator: str, *kept: str, **fixed: Any) -> Emit:
    """Return what emits one node; `kept` are its settings, as ``theirs=ours``."""
    names = dict(pair.split("=") for pair in kept)

    def emit(g: Builder, A: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
        attributes = {theirs: settings[ours] for theirs, ours in names.items()}
        return g.add(operator, A, **attributes, **fixed)

    return emit


def _dense(g: Builder, A: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    bias = [g.constant(arrays["b"])] if "b" in arrays else []
    return g.add("Gemm", A, g.constant(arrays["W"]), *bias)


def _silu(g: Builder, A: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    return g.add("Mul", A, g.add("Sigmoid", A))


def _gelu_tanh(g: Builder, Z: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """A = Z / 2 * (1 + tanh(sqrt(2 / pi) * Z * (1 + 0.044715 Z^2)))."""
    cubic = g.add("Mul", g.add("Mul", Z, Z), g.constant(0.044715))
    inner = g.add("Mul", Z, g.add("Add", cubic, g.constant(1.0)))
    T = g.add("Tanh", g.add("Mul", inner, g.constant(math.sqrt(2.0 / math.pi))))
    half = g.add("Mul", Z, g.constant(0.5))
    return g.add("Mul", half, g.add("Add", T, g.constant(1.0)))


def _scale(g: Builder, A: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    return g.add("Mul", A, g.constant(arrays["scale"]))


def _batch_norm(g: Builder, A: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Take the nearest float32 below eps as the attribute, and add the rest to the variance."""
    var, eps = arrays["running_var"], np.float32(settings["eps"])
    if eps > settings["eps"]:
        eps = np.nextafter(eps, np.float32(0.0))
    var = (var.astype(np.float64) + (settings["eps"] - float(eps))).astype(var.dtype)
    parameters = (arrays["gamma"], arrays["beta"], arrays["running_mean"], var)
    momentum = 1.0 - settings["momentum"]
    inputs = [g.constant(values) for values in parameters]
    return g.add("BatchNormalization", A, *inputs, epsilon=float(eps), momentum=momentum)


def _layer_norm(g: Builder, A: Any, arrays: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    gamma, beta = g.constant(arrays["gamma"]), g.constant(arrays["beta"])
    return g.add("LayerNormalization", A, gamma, beta, axis=-1, epsilon=settings["eps"])


FLOAT32: dict[str, Emit] = {
    "dense": _dense,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "scale": _scale,
    "sigmoid": _single("Sigmoid"),
    "tanh": _single("Tanh"),
    "relu": _single("Relu"),
    "leaky_relu": _single("LeakyRelu", "alpha=slope"),
    "elu": _single("Elu", "alpha=alpha"),
    "selu": _single("Selu"),
    "gelu": _single("Gelu"),
    "gelu_tanh": _single("Gelu", approximate="tanh"),
    "silu": _silu,
    "mish": _single("Mish"),
    "softplus": _single("Softplus"),
    "softmax": _single("Softmax", axis=-1),
}
"""The operators of each step in float32."""


def _leaky_relu64(g: Builder, Z: Any, arrays: Any, settings: Mapping[str, Any]) -> Any:
    """A = max(Z, slope * Z)."""
    return g.add("Max", Z, g.add("Mul", Z, g.constant(settings["slope"])))


def _elu64(g: Builder, Z: Any, arrays: Any, settings: Mapping[str, Any]) -> Any:
    """A = max(Z, 0) + alpha * (exp(min(Z, 0)) - 1)."""
    below = g.add("Exp", g.add("Min", Z, g.constant(0.0)))
    below = g.add("Mul", g.add("Sub", below, g.constant(1.0)), g.constant(settings["alpha"]))
    return g.add("Add", g.add("Relu", Z), below)


def _selu64(g: Builder, Z: Any, arrays: Any, settings: Any) -> Any:
    """A = scale * (max(Z, 0) + alpha * (exp(min(Z, 0)) - 1))."""
    A = _elu64(g, Z, arrays, {"alpha": SELU.alpha})
    return g.add("Mul", A, g.constant(SELU.scale))


def _mish64(g: Builder, Z: Any, arrays: Any, settings: Any) -> Any:
    """A = Z * n / (n + 2) with n = e * (e + 2) and e = exp(min(Z, 20))."""
    e = g.add("Exp", g.add("Min", Z, g.constant(20.0)))
    n = g.add("Mul", e, g.add("Add", e, g.constant(2.0)))
    return g.add("Mul", Z, g.add("Div", n, g.add("Add", n, g.constant(2.0))))


def _softplus64(g: Builder, Z: Any, arrays: Any, settings: Any) -> Any:
    """A = max(Z, 0) + log(1 + exp(-|Z|))."""
    rest = g.add("Exp", g.add("Neg", g.add("Abs", Z)))
    rest = g.add("Log", g.add("Add", rest, g.constant(1.0)))
    return g.add("Add", g.add("Relu", Z), rest)


def _gelu64(g: Builder, Z: Any, arrays: Any, settings: Any) -> Any:
    """A = Z * Phi(Z), with the series of mlp/core/activations/gelu.py, added up by Clenshaw."""
    x = g.add("Min", g.add("Abs", Z), g.constant(1e3))
    x = g.add("Mul", x, g.constant(math.sqrt(0.5)))
    t = g.add("Div", g.constant(2.0), g.add("Add", x, g.constant(2.0)))
    u = g.add("Sub", g.add("Mul", t, g.constant(4.0)), g.constant(2.0))
    dd, d = g.constant(0.0), g.constant(CHEBYSHEV[-1])
    for c in reversed(CHEBYSHEV[1:-1]):
        d, dd = g.add("Add", g.add("Sub", g.add("Mul", u, d), dd), g.constant(c)), d
    d = g.add("Mul", g.add("Mul", u, g.constant(0.5)), d)
    d = g.add("Add", g.add("Sub", d, dd), g.constant(CHEBYSHEV[0]))
    tail = g.add("Exp", g.add("Sub", d, g.add("Mul", x, x)))
    tail = g.add("Mul", g.add("Mul", tail, t), g.constant(0.5))
    other = g.add("Sub", g.constant(1.0), tail)
    is_positive = g.add("Greater", Z, g.constant(0.0))
    return g.add("Mul", Z, g.add("Where", is_positive, other, tail))


def _layer_norm64(g: Builder, A: Any, arrays: Mapping[str, Any], settings: Any) -> Any:
    """A = gamma * (A - mean) / sqrt(var + eps) + beta, mean and var those of each row."""
    axes = g.constant(np.array([-1]))
    N = g.add("Sub", A, g.add("ReduceMean", A, axes, keepdims=1))
    var = g.add("ReduceMean", g.add("Mul", N, N), axes, keepdims=1)
    N = g.add("Div", N, g.add("Sqrt", g.add("Add", var, g.constant(settings["eps"]))))
    N = g.add("Mul", N, g.constant(arrays["gamma"]))
    return g.add("Add", N, g.constant(arrays["beta"]))


FLOAT64: dict[str, Emit] = FLOAT32 | {
    "leaky_relu": _leaky_relu64,
    "elu": _elu64,
    "selu": _selu64,
    "mish": _mish64,
    "softplus": _softplus64,
    "gelu": _gelu64,
    "gelu_tanh": _gelu_tanh,
    "layer_norm": _layer_norm64,
}
"""The operators of each step in float64."""


def gelu_by_erf(g: Builder, Z: Any, arrays: Any, settings: Any) -> Any:
    """A = Z * (1 + erf(Z / sqrt 2)) / 2, as PyTorch writes it before opset 20."""
    erf = g.add("Erf", g.add("Div", Z, g.constant(math.sqrt(2.0))))
    product = g.add("Mul", Z, g.add("Add", erf, g.constant(1.0)))
    return g.add("Mul", product, g.constant(0.5))


def mish_by_softplus(g: Builder, Z: Any, arrays: Any, settings: Any) -> Any:
    """A = Z * tanh(softplus(Z)), as PyTorch writes it before opset 18."""
    return g.add("Mul", Z, g.add("Tanh", g.add("Softplus", Z)))
