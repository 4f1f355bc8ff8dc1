"""Activations: ``A = activation(Z)`` and, going back, ``dZ = dA * activation'(Z)``."""

from collections.abc import Callable

from mlp._names import resolve
from mlp.core.activations.base import Activation
from mlp.core.activations.elementwise import (
    ELU,
    SELU,
    Identity,
    LeakyReLU,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from mlp.core.activations.gelu import GELU, GELUTanh
from mlp.core.activations.softmax import Softmax

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "GELUTanh",
    "Identity",
    "LeakyReLU",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "make_activation",
]

ACTIVATIONS: dict[str, Callable[[], Activation]] = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "gelu_tanh": GELUTanh,
    "silu": SiLU,
    "mish": Mish,
    "softplus": Softplus,
    "softmax": Softmax,
}
"""Each name's class."""


def make_activation(spec: str | Activation) -> Activation:
    """Return a new activation of that name, or the object itself.

    Examples
    --------
    >>> import numpy as np
    >>> A = np.empty((1, 3))
    >>> make_activation("sigmoid").forward(np.array([[-1e4, 0.0, 1e4]]), out=A)
    >>> A.round(3)
    array([[0. , 0.5, 1. ]])
    """
    return resolve("activation", spec, ACTIVATIONS, ("forward", "backward"))


def __dir__() -> list[str]:
    return __all__
