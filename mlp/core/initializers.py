"""Initializers: where the weights of a network start.

With ``fan_in = n_in`` and ``fan_out = n_out`` of a layer, the variance of a weight is

=========  ======================  ===========================================
glorot     2 / (fan_in + fan_out)  Glorot & Bengio (2010), for tanh and sigmoid
he         2 / fan_in              He et al. (2015), for ReLU-like activations
lecun      1 / fan_in              LeCun et al. (1998)
=========  ======================  ===========================================

each as a uniform or a normal distribution; ``zeros`` sets all weights to zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlp._names import resolve


class Initializer(Protocol):
    """Draws the weights of a layer. Any object with this method can be given instead of a name."""

    def draw(self, rng: np.random.Generator, n_in: int, n_out: int) -> NDArray[np.float64]:
        """Return new weights ``(n_in, n_out)``."""


class Zeros:
    """All weights zero."""

    name = "zeros"

    def draw(self, rng: np.random.Generator, n_in: int, n_out: int) -> NDArray[np.float64]:
        """Return zeros ``(n_in, n_out)``."""
        return np.zeros((n_in, n_out))


class VarianceScaling:
    """Weights of mean zero whose variance follows from the size of the layer.

    Parameters
    ----------
    name : str
        The name under which the rule is known.
    variance : callable
        ``variance(n_in, n_out)``, the variance of one weight.
    uniform : bool
        Draw from a uniform distribution instead of a normal one.
    """

    def __init__(self, name: str, variance: Callable[[int, int], float], uniform: bool) -> None:
        self.name = name
        self.variance = variance
        self.uniform = uniform

    def draw(self, rng: np.random.Generator, n_in: int, n_out: int) -> NDArray[np.float64]:
        """Return new weights ``(n_in, n_out)`` in float64."""
        deviation = np.sqrt(self.variance(n_in, n_out))
        if self.uniform:
            limit = np.sqrt(3.0) * deviation  # a uniform on (-a, a) has the variance a^2 / 3
            return rng.uniform(-limit, limit, (n_in, n_out))
        return rng.normal(0.0, deviation, (n_in, n_out))


def _glorot(n_in: int, n_out: int) -> float:
    return 2.0 / (n_in + n_out)


def _he(n_in: int, n_out: int) -> float:
    return 2.0 / n_in


def _lecun(n_in: int, n_out: int) -> float:
    return 1.0 / n_in


INITIALIZERS: dict[str, Callable[[], Initializer]] = {
    "glorot_uniform": lambda: VarianceScaling("glorot_uniform", _glorot, uniform=True),
    "glorot_normal": lambda: VarianceScaling("glorot_normal", _glorot, uniform=False),
    "he_uniform": lambda: VarianceScaling("he_uniform", _he, uniform=True),
    "he_normal": lambda: VarianceScaling("he_normal", _he, uniform=False),
    "lecun_uniform": lambda: VarianceScaling("lecun_uniform", _lecun, uniform=True),
    "lecun_normal": lambda: VarianceScaling("lecun_normal", _lecun, uniform=False),
    "zeros": Zeros,
}


def make_initializer(spec: str | Initializer) -> Initializer:
    """Return the initializer of that name, or the object itself.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> make_initializer("he_uniform").draw(rng, 64, 32).shape
    (64, 32)
    """
    return resolve("initializer", spec, INITIALIZERS, ("draw",))
