r"""Losses: how far the outputs A ``(batch, n_out)`` are from the targets Y of the same shape.

Every loss gives one number a row; the loss of a batch is the mean over its rows,
:math:`L = \frac{1}{batch} \sum_i weight_i\, loss_i`. Where a loss follows the activation that it
belongs to (its ``canonical`` one), their common derivative is simple,
:math:`\partial loss_i / \partial Z = factor \cdot (A - Y)`, and the loss is computed from Z.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from mlp.core.arrays import Array
from mlp.core.products import dot_rows
from mlp.core.registry import resolve
from mlp.core.scratch import Scratch


class Loss(Scratch, ABC):
    """What is minimised; one's own needs `rows` and `gradient`, no more.

    An object with these two methods serves wherever a name does; it need not derive from this
    class. `check_gradients` tells whether its two methods belong together.
    """

    name: str
    canonical: ClassVar[str | None] = None
    """The name of the activation with which d loss / dZ is ``factor(n_out) * (A - Y)``."""
    outputs: ClassVar[str | None] = None
    """What A has to be for the loss to have a meaning: "probabilities", or None for anything."""
    takes_labels: ClassVar[bool] = False
    """Whether Y may also be class labels ``(n,)``, which then count as one-hot rows."""

    @abstractmethod
    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write the loss of each row, ``(..., batch)``, into `out`."""

    @abstractmethod
    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """Write d loss / dA of each row, ``(..., batch, n_out)``, into `out`."""

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError where finite targets of the right shape are out of range."""

    def factor(self, n_out: int) -> float:
        """Return what A - Y is multiplied by in d loss / dZ after the canonical activation."""
        return 1.0

    def canonical_forward(self, Z: Array, A: Array) -> None:
        """Write the canonical activation of Z into A; what is left in Z is the loss's own."""
        if A is not Z:
            np.copyto(A, Z)

    def canonical_rows(self, Z: Array, A: Array, Y: Array, out: Array) -> None:
        """Write the loss of each row into `out`, given what `canonical_forward` left."""
        self.rows(A, Y, out)

    def __repr__(self) -> str:
        """Return the class name and its settings."""
        settings = ", ".join(f"{k}={v!r}" for k, v in self.config().items() if k != "name")
        return f"{type(self).__name__}({settings})"

    def config(self) -> dict[str, str | float]:
        """Return the name and the settings."""
        return {"name": self.name}


class SquaredError(Loss):
    """``1/2 * sum over the outputs of (A - Y)^2``, the error of the textbooks."""

    name = "squared_error"
    canonical = "identity"

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write 1/2 * sum (A - Y)^2."""
        difference = np.subtract(A, Y, out=self.scratch("difference", A))
        dot_rows(difference, difference, out, self)
        out *= 0.5

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = A - Y."""
        np.subtract(A, Y, out=out)


class MeanSquaredError(Loss):
    """``(A - Y)^2``, its mean over all elements."""

    name = "mse"
    canonical = "identity"

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write mean (A - Y)^2."""
        difference = np.subtract(A, Y, out=self.scratch("difference", A))
        dot_rows(difference, difference, out, self)
        out /= A.shape[-1]

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = 2 (A - Y) / n_out."""
        np.subtract(A, Y, out=out)
        out *= 2.0 / A.shape[-1]

    def factor(self, n_out: int) -> float:
        """Return 2 / n_out."""
        return 2.0 / n_out


class MeanAbsoluteError(Loss):
    """``|A - Y|``, its mean over all elements; the derivative at zero is taken as 0."""

    name = "mae"

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write mean |A - Y|."""
        difference = np.subtract(A, Y, out=self.scratch("difference", A))
        np.abs(difference, out=difference)
        np.add.reduce(difference, axis=-1, out=out)
        out /= A.shape[-1]

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = sign(A - Y) / n_out."""
        np.subtract(A, Y, out=out)
        np.sign(out, out=out)
        out /= A.shape[-1]


class Huber(Loss):
    """Half the square of ``A - Y`` up to `delta`, a straight line beyond; its mean (Huber, 1964).

    Parameters
    ----------
    delta : float, default 1.0
        Where the square ends; positive.
    """

    name = "huber"

    def __init__(self, delta: float = 1.0) -> None:
        if not (delta > 0.0 and math.isfinite(delta)):
            raise ValueError(f"delta: received {delta!r}, expected a finite number > 0")
        self.delta = float(delta)

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write mean C * (A - Y - C / 2) with C = A - Y held within +-delta."""
        difference = np.subtract(A, Y, out=self.scratch("difference", A))
        C = self._clip(difference, self.scratch("clipped", A))
        difference *= 2.0
        difference -= C
        dot_rows(C, difference, out, self)
        out *= 0.5 / A.shape[-1]

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = C / n_out."""
        np.subtract(A, Y, out=out)
        self._clip(out, out)
        out /= A.shape[-1]

    def _clip(self, values: Array, out: Array) -> Array:
        np.minimum(values, self.delta, out=out)
        return np.maximum(out, -self.delta, out=out)

    def config(self) -> dict[str, str | float]:
        """Return the name and delta."""
        return {"name": self.name, "delta": self.delta}


def _likelihoods(name: str) -> Callable[[], Loss]:
    def make() -> Loss:
        from mlp.core import likelihoods

        made: Loss = getattr(likelihoods, name)()
        return made

    return make


LOSSES: dict[str, Callable[[], Loss]] = {
    "squared_error": SquaredError,
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "cross_entropy": _likelihoods("CrossEntropy"),
    "binary_cross_entropy": _likelihoods("BinaryCrossEntropy"),
    "poisson": _likelihoods("Poisson"),
}


def make_loss(spec: str | Loss) -> Loss:
    """Return a new loss of that name, or the object itself.

    Examples
    --------
    >>> loss, rows = make_loss("squared_error"), np.empty(1)
    >>> loss.rows(np.array([[0.75, 0.77]]), np.array([[0.01, 0.99]]), out=rows)
    >>> rows
    array([0.298])
    """
    return resolve("loss", spec, LOSSES, ("rows", "gradient"))
