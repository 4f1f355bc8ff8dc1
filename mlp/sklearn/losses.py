"""The losses of scikit-learn that differ from this package's.

Its log loss clips probabilities at 2.2e-16 (float64), so that no row counts more than 36.04,
while its gradient is that of the whole loss. "cross_entropy" and "binary_cross_entropy", which are
computed from the logits, have no such bound.
"""

from __future__ import annotations

import numpy as np

from mlp._types import Array
from mlp.core import Activation, Loss
from mlp.core.arrays import dot_rows
from mlp.core.losses import BinaryCrossEntropy, CrossEntropy

_EPSILON = {8: float(np.finfo(np.float64).eps), 4: float(np.finfo(np.float32).eps)}


class LogLoss(CrossEntropy):
    """Cross-entropy for one-hot rows, of probabilities between epsilon and 1 - epsilon."""

    name = "log_loss"
    canonical = "softmax"

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write -log A of the class of each row."""
        dot_rows(Y, A, out, self)
        _log(out)
        np.negative(out, out=out)


class BinaryLogLoss(BinaryCrossEntropy):
    """Binary cross-entropy for Y of 0 and 1, of probabilities between epsilon and 1 - epsilon."""

    name = "log_loss"
    canonical = "sigmoid"

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write -sum log |1 - Y - A|, where |1 - Y - A| is the probability of Y."""
        of_Y = np.subtract(1.0, Y, out=self.scratch("of_Y", A))
        of_Y -= A
        np.abs(of_Y, out=of_Y)
        _log(of_Y)
        np.add.reduce(of_Y, axis=-1, out=out)
        np.negative(out, out=out)


def _log(probabilities: Array) -> None:
    """Replace probabilities by their logarithms, as if none were 0 or 1."""
    epsilon = _EPSILON[probabilities.itemsize]
    np.maximum(probabilities, epsilon, out=probabilities)
    np.minimum(probabilities, 1.0 - epsilon, out=probabilities)
    np.log(probabilities, out=probabilities)


class Exp(Activation):
    """``A = exp(Z)``, the rates of a Poisson regression."""

    name = "exp"
    outputs = "numbers >= 0"
    needs_z = False

    def forward(self, Z: Array, out: Array) -> None:
        """A = exp(Z)."""
        np.exp(Z, out=out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * A."""
        np.multiply(dA, A, out=out)


class PoissonDeviance(Loss):
    """Half the Poisson deviance, ``sum of Y log(Y / A) - Y + A`` over the outputs.

    The definition of `sklearn.neural_network.MLPRegressor` with ``loss="poisson"``. After `Exp`,
    d loss / dZ is A - Y.
    """

    name = "poisson_deviance"

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError if a target is negative."""
        if (Y < 0).any():
            raise ValueError(f"y: received {Y.min():g}, expected counts >= 0")

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write sum Y log(Y / A) - Y + A, where 0 log 0 is 0."""
        rates = np.maximum(A, np.finfo(A.dtype).tiny)
        counts = np.where(Y > 0, Y, rates)  # log(Y / A) = 0 where Y is 0
        np.add.reduce(Y * np.log(counts / rates) - Y + A, axis=-1, out=out)

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = 1 - Y / A."""
        np.maximum(A, np.finfo(A.dtype).tiny, out=out)
        np.divide(Y, out, out=out)
        np.subtract(1.0, out, out=out)
