r"""Losses, and penalties on the weights.

A loss says how far the outputs A ``(batch, n_out)`` are from the targets Y of the same shape.
Every loss gives one number a row; the loss of a batch is the mean over its rows,
:math:`L = \frac{1}{batch} \sum_i weight_i\, loss_i`. Where a loss follows the activation that it
belongs to (its ``canonical`` one), their common derivative is simple,
:math:`\partial loss_i / \partial Z = factor \cdot (A - Y)`, and the loss is computed from Z.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_fraction, check_positive
from mlp._names import resolve
from mlp._replicas import check_not_negatives, check_numbers, check_replicas, kept_replicas
from mlp._types import Array, LossValue, Rate
from mlp.core.arrays import Workspace, dot_rows, sum_of, sum_of_squares


class Loss(Workspace, ABC):
    """What is minimised. A custom loss needs `rows` and `gradient` only.

    Any object with these two methods can be given instead of a name; it need not derive from
    this class. Their first calls are checked: TypeError if they leave numbers of `out` unwritten
    or change another argument. `check_gradients` checks that the two belong together.
    """

    name: str
    canonical: ClassVar[str | None] = None
    """The name of the activation with which d loss / dZ is ``factor(n_out) * (A - Y)``."""
    outputs: ClassVar[str | None] = None
    """What A must be for the loss to have a meaning: "probabilities", or None for anything."""
    takes_labels: ClassVar[bool] = False
    """Whether Y may also be class labels ``(n,)``, which then count as one-hot rows."""
    label_smoothing: float = 0.0
    """The share of each target that is spread over the classes, by `targets`."""

    @abstractmethod
    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write the loss of each row, ``(..., batch)``, into `out`."""

    @abstractmethod
    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """Write d loss / dA of each row, ``(..., batch, n_out)``, into `out`."""

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError where finite targets of the right shape are out of range."""

    def targets(self, Y: Array) -> Array:
        """Return what A is compared with: Y, unless the loss changes it."""
        return Y

    def factor(self, n_out: int) -> float:
        """Return what A - Y is multiplied by in d loss / dZ after the canonical activation."""
        return 1.0

    def __repr__(self) -> str:
        """Return the class name and its settings."""
        settings = ", ".join(f"{k}={v!r}" for k, v in self.config().items() if k != "name")
        return f"{type(self).__name__}({settings})"

    def config(self) -> dict[str, Any]:
        """Return the name and the settings."""
        return {"name": getattr(self, "name", type(self).__name__)}


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
    """The mean of ``(A - Y)^2`` over the outputs."""

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
    """The mean of ``|A - Y|`` over the outputs; its derivative at zero is taken as 0."""

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
        self.delta = check_positive("delta", delta)

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

    def config(self) -> dict[str, Any]:
        """Return the name and delta."""
        return {"name": self.name, "delta": self.delta}


class Pinball(Loss):
    """The quantile loss: the mean of ``max(q (Y - A), (q - 1) (Y - A))`` over the outputs.

    An output at its minimum is exceeded by the target with probability 1 - q (Koenker & Bassett,
    1978). With q = 0.5 it is half of "mae". At zero the derivative is the mean of those of both
    sides, 1/2 - q.

    Parameters
    ----------
    quantile : float or array_like (n_out,), default 0.5
        q, above 0 and below 1: one for all outputs, or one for each.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(1, 2, weights=[[1.0, 1.0]])], loss=Pinball([0.1, 0.9]))
    >>> net.evaluate([[0.0]], [[1.0, 1.0]])
    0.5
    """

    name = "pinball"

    def __init__(self, quantile: Rate | Sequence[float] = 0.5) -> None:
        expected = "numbers above 0 and below 1, one for all outputs or one for each"
        self.quantile = check_numbers(
            "quantile", quantile, expected, lambda x: (x > 0.0) & (x < 1.0)
        )

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError unless there is a quantile for each output, or one for all."""
        n = np.size(self.quantile)
        if isinstance(self.quantile, np.ndarray) and n != Y.shape[-1]:
            raise ValueError(
                f"quantile: received {n} numbers, expected {Y.shape[-1]}, one for each output"
            )

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write mean max(q D, (q - 1) D) with D = Y - A."""
        D = np.subtract(Y, A, out=self.scratch("difference", A))
        above = np.multiply(D, _as(self.quantile, A), out=self.scratch("above", A))
        np.subtract(above, D, out=D)
        np.maximum(above, D, out=D)
        np.add.reduce(D, axis=-1, out=out)
        out /= A.shape[-1]

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = (sign(A - Y) / 2 + 1/2 - q) / n_out."""
        np.subtract(A, Y, out=out)
        np.sign(out, out=out)
        out *= 0.5
        out += _as(0.5 - self.quantile, A)
        out /= A.shape[-1]

    def config(self) -> dict[str, Any]:
        """Return the name and the quantiles, a number or a list."""
        q = self.quantile
        return {"name": self.name, "quantile": q.tolist() if isinstance(q, np.ndarray) else q}


class Smoothing(Loss):
    """The base of losses that can take a share of each target and spread it over the classes.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        The share e, at least 0 and less than 1: of n classes, Y becomes ``(1 - e) Y + e / n``.
        It counts in every loss that is reported.
    """

    n_classes: ClassVar[int | None] = None
    """How many classes a number of Y decides between; None for one an output."""

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = check_fraction("label_smoothing", label_smoothing)

    def targets(self, Y: Array) -> Array:
        """Return (1 - e) Y + e / n."""
        e = self.label_smoothing
        if e == 0.0:
            return Y
        smoothed: Array = np.multiply(Y, 1.0 - e, out=self.scratch("smoothed", Y))
        smoothed += e / (self.n_classes or Y.shape[-1])
        return smoothed

    def config(self) -> dict[str, Any]:
        """Return the name and the label smoothing, if there is any."""
        e = self.label_smoothing
        return super().config() | ({"label_smoothing": e} if e else {})


class CrossEntropy(Smoothing):
    """``-sum over the classes of Y log A``; with softmax it is computed from the logits.

    The outputs are probabilities: those of softmax or sigmoid, or of a custom activation.
    Y holds rows of probabilities (one-hot rows are a case of it), or class labels.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        The share e of each target that is spread over all n classes: Y becomes
        ``(1 - e) Y + e / n`` (Szegedy et al., Rethinking the Inception architecture, 2016).
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
        Y = self.targets(Y)
        log_A = _safe_log(self, A)
        dot_rows(Y, log_A, out, self)
        np.negative(out, out=out)

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = -Y / A."""
        Y = self.targets(Y)
        np.maximum(A, _least(A), out=out)
        np.divide(Y, out, out=out)
        np.negative(out, out=out)


class BinaryCrossEntropy(Smoothing):
    """``-sum over the outputs of [Y log A + (1 - Y) log(1 - A)]``, Y between 0 and 1.

    The outputs are probabilities: those of sigmoid or softmax, or of a custom activation.
    With sigmoid it is computed from the logits.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        The share e of each target that is spread over yes and no: Y becomes ``(1 - e) Y + e / 2``.
    """

    name = "binary_cross_entropy"
    canonical = "sigmoid"
    outputs = "probabilities"
    n_classes = 2

    def check_targets(self, Y: Array) -> None:
        """Raise ValueError unless all targets are between 0 and 1."""
        _require(Y, ((Y >= 0) & (Y <= 1)).all(), "numbers from 0 to 1")

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write -sum [Y log A + (1 - Y) log(1 - A)]."""
        Y = self.targets(Y)
        rest = np.subtract(1.0, A, out=self.scratch("rest", A))
        terms = _safe_log(self, rest)
        np.subtract(1.0, Y, out=rest)
        terms *= rest
        np.negative(np.add.reduce(terms, axis=-1, out=out), out=out)
        terms = _safe_log(self, A)
        terms *= Y
        out -= np.add.reduce(terms, axis=-1, out=self.scratch("sum", out))

    def gradient(self, A: Array, Y: Array, out: Array) -> None:
        """dA = (1 - Y) / (1 - A) - Y / A."""
        Y = self.targets(Y)
        rest = np.subtract(1.0, A, out=self.scratch("rest", A))
        np.maximum(rest, _least(A), out=rest)
        np.subtract(1.0, Y, out=out)
        out /= rest
        np.maximum(A, _least(A), out=rest)
        np.divide(Y, rest, out=rest)
        out -= rest


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
    """Return the number below which log continues as its tangent: about sqrt(smallest normal)."""
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


LOSSES: dict[str, Callable[[], Loss]] = {
    "squared_error": SquaredError,
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "huber": Huber,
    "pinball": Pinball,
    "cross_entropy": CrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "poisson": Poisson,
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


class Penalty(Workspace):
    r"""The term :math:`l_1 \sum |w| + \frac{1}{2} l_2 \sum w^2` over all weights, not biases.

    It is added to the loss that is reported and, as ``l1 * sign(w) + l2 * w``, to its gradient.

    Parameters
    ----------
    l1, l2 : float or array (K,), default 0.0
        How much each part counts, at least zero; an array holds a number for each replica.

    Examples
    --------
    >>> Penalty(l2=0.5).value(np.array([1.0, 2.0]))
    1.25
    """

    def __init__(self, l1: Rate = 0.0, l2: Rate = 0.0) -> None:
        self.l1 = check_not_negatives("l1", l1)
        self.l2 = check_not_negatives("l2", l2)

    def __bool__(self) -> bool:
        """Whether there is anything to add."""
        return _counts(self.l1, self.l2)

    def check(self, replicas: int | None) -> None:
        """Raise ValueError unless the arrays have a number for each of so many replicas."""
        check_replicas("l1", self.l1, replicas)
        check_replicas("l2", self.l2, replicas)

    def _keep_replicas(self, rows: NDArray[np.intp]) -> None:
        """Be the penalty of only these replicas."""
        for name in ("l1", "l2"):
            setattr(self, name, kept_replicas(getattr(self, name), rows))

    def value(self, weights: Array) -> LossValue:
        """Return the penalty of `weights` ``(n,)``, or one for each row of ``(K, n)``."""
        total = np.zeros(weights.shape[:-1], weights.dtype)
        if _counts(self.l1):
            magnitude = np.abs(weights, out=self.scratch("magnitude", weights))
            total = total + _as(self.l1, weights) * sum_of(magnitude)
        if _counts(self.l2):
            total = total + _as(0.5 * self.l2, weights) * sum_of_squares(weights, self)
        return total if total.ndim else float(total)

    def add_gradient(self, weights: Array, grad: Array) -> None:
        """Add the penalty's gradient to `grad`, in place."""
        term = self.scratch("term", weights)
        if _counts(self.l1):
            np.sign(weights, out=term)
            term *= _as(self.l1, weights, (..., None))
            grad += term
        if _counts(self.l2):
            np.multiply(weights, _as(self.l2, weights, (..., None)), out=term)
            grad += term


def _counts(*numbers: Rate) -> bool:
    """Return whether one of these parts of the penalty counts, for any replica."""
    for number in numbers:  # noqa: SIM110 - a generator takes longer, for every batch
        if number.any() if isinstance(number, np.ndarray) else number:
            return True
    return False


def _as(number: Rate, weights: Array, index: Any = ...) -> Any:
    """Return a float as it is, and an array in the dtype of the weights, indexed."""
    return number.astype(weights.dtype)[index] if isinstance(number, np.ndarray) else number


def check_penalty(penalty: object, replicas: int | None) -> None:
    """Raise TypeError or ValueError unless it is a Penalty for so many replicas, or None."""
    if penalty is None:
        return
    if not isinstance(penalty, Penalty):
        raise TypeError(f"penalty: received {penalty!r}, expected a Penalty or None")
    penalty.check(replicas)
