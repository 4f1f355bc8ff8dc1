r"""Losses that are negative log-likelihoods: of classes, of yes or no, of counts.

After their canonical activation they are computed from the logits Z and are exact at any Z
within half of the range of its dtype. After another activation the logarithm is taken of A itself;
below 1e-154 (float64) or 1e-19 (float32) it is continued by its tangent, so that loss and gradient
stay finite and stay each other's.
"""

from __future__ import annotations

import numpy as np

from mlp.core.activations import Sigmoid
from mlp.core.arrays import Array
from mlp.core.losses import Loss
from mlp.core.products import dot_rows


class CrossEntropy(Loss):
    """``-sum over the classes of Y log A``; with softmax it is computed from the logits.

    The outputs are probabilities: those of softmax or sigmoid, or of an activation of one's own.
    Y holds rows of probabilities (one-hot rows are a case of it), or class labels.
    """

    name = "cross_entropy"
    canonical = "softmax"
    outputs = "probabilities"
    takes_labels = True

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError unless the rows are probabilities."""
        _require(Y, (Y >= 0).all(), "probabilities, so numbers >= 0")
        off = np.abs(Y.sum(axis=-1, dtype=np.float64) - 1.0)
        tolerance = 1e-6 if Y.dtype == np.float64 else 1e-4
        if (off > tolerance).any():
            row = int(off.argmax())
            raise ValueError(
                f"Y: received row {row} with the sum {float(Y[row].sum()):g}, expected rows of "
                "probabilities (sum 1), one-hot rows, or integer labels of shape (n,)"
            )

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write -sum Y log A."""
        log_A = _safe_log(self, A)
        dot_rows(Y, log_A, out, self)
        np.negative(out, out=out)

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = -Y / A."""
        np.maximum(A, _least(A), out=out)
        np.divide(Y, out, out=out)
        np.negative(out, out=out)

    def canonical_forward(self, Z: Array, A: Array) -> None:
        """A = softmax(Z); Z becomes log A, exact where A itself is rounded to 0."""
        row = self.row_scratch("row", Z)
        np.maximum.reduce(Z, axis=-1, keepdims=True, out=row)
        Z -= row
        np.exp(Z, out=A)
        np.add.reduce(A, axis=-1, keepdims=True, out=row)
        A /= row
        np.log(row, out=row)
        Z -= row

    def canonical_rows(self, Z: Array, A: Array, Y: Array, out: Array) -> None:
        """Write -sum Y log A, with log A from Z."""
        dot_rows(Y, Z, out, self)
        np.negative(out, out=out)


class BinaryCrossEntropy(Loss):
    """``-sum over the outputs of Y log A + (1 - Y) log(1 - A)``, Y between 0 and 1.

    The outputs are probabilities: those of sigmoid or softmax, or of an activation of one's own.
    With sigmoid it is computed from the logits.
    """

    name = "binary_cross_entropy"
    canonical = "sigmoid"
    outputs = "probabilities"

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError unless all targets are between 0 and 1."""
        _require(Y, ((Y >= 0) & (Y <= 1)).all(), "numbers from 0 to 1")

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write -sum (1 - Y) log(1 - A) + Y log A."""
        rest = np.subtract(1.0, A, out=self.scratch("rest", A))
        terms = _safe_log(self, rest)
        np.subtract(1.0, Y, out=rest)
        terms *= rest
        np.negative(np.add.reduce(terms, axis=-1, out=out), out=out)
        terms = _safe_log(self, A)
        terms *= Y
        out -= np.add.reduce(terms, axis=-1, out=self.per_row("sum", A))

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = (1 - Y) / (1 - A) - Y / A."""
        rest = np.subtract(1.0, A, out=self.scratch("rest", A))
        np.maximum(rest, _least(A), out=rest)
        np.subtract(1.0, Y, out=out)
        out /= rest
        np.maximum(A, _least(A), out=rest)
        np.divide(Y, rest, out=rest)
        out -= rest

    def canonical_forward(self, Z: Array, A: Array) -> None:
        """A = sigmoid(Z)."""
        Sigmoid.forward(self, Z, A)  # type: ignore[arg-type]

    def canonical_rows(self, Z: Array, A: Array, Y: Array, out: Array) -> None:
        """Write sum max(Z, 0) - Y Z + log(1 + exp(-|Z|)), the same in terms of the logits."""
        terms = np.abs(Z, out=self.scratch("terms", Z))
        np.negative(terms, out=terms)
        np.exp(terms, out=terms)
        np.log1p(terms, out=terms)
        linear = np.maximum(Z, 0.0, out=self.scratch("linear", Z))
        linear -= np.multiply(Y, Z, out=self.scratch("product", Z))
        terms += linear
        np.add.reduce(terms, axis=-1, out=out)


class Poisson(Loss):
    """``A - Y log(A + 1e-8)``, its mean over all elements, for counts Y and positive rates A.

    The definition of ``torch.nn.PoissonNLLLoss(log_input=False)``; the terms of Y alone are left
    out. Rates are positive: softplus gives such. After an activation whose outputs may be negative,
    these count as a rate of 0 under the logarithm.
    """

    name = "poisson"
    epsilon = 1e-8

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError if a target is negative."""
        _require(Y, (Y >= 0).all(), "counts, so numbers >= 0")

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write mean A - Y log(max(A, 0) + epsilon)."""
        terms = np.maximum(A, 0.0, out=self.scratch("terms", A))
        terms += self.epsilon
        np.log(terms, out=terms)
        terms *= Y
        np.subtract(A, terms, out=terms)
        np.add.reduce(terms, axis=-1, out=out)
        out /= A.shape[-1]

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = (1 - Y / (A + epsilon) * [A > 0]) / n_out."""
        is_positive = np.greater(A, 0.0, out=self.scratch("is_positive", A, np.bool_))
        positive = self.scratch("positive", A)
        np.copyto(positive, is_positive)
        np.maximum(A, 0.0, out=out)
        out += self.epsilon
        np.divide(Y, out, out=out)
        out *= positive
        np.subtract(1.0, out, out=out)
        out /= A.shape[-1]


def _least(A: Array) -> float:
    """Return below what the logarithm is continued by its tangent: the root of the least number."""
    return 1e-19 if A.dtype == np.float32 else 1e-154


def _safe_log(loss: Loss, A: Array) -> Array:
    """Return log A in a work array, and below `_least` its tangent there."""
    least = _least(A)
    log_A: Array = np.maximum(A, least, out=loss.scratch("log", A))
    below = np.minimum(A, least, out=loss.scratch("below", A))
    np.log(log_A, out=log_A)
    below -= least  # zero wherever A is at least `least`
    below /= least
    log_A += below
    return log_A


def _require(Y: Array, fine: np.bool_ | bool, expected: str) -> None:
    if not fine:
        low, high = float(Y.min()), float(Y.max())
        raise ValueError(f"Y: received values from {low:g} to {high:g}, expected {expected}")
