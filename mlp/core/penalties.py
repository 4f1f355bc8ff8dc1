"""Penalties on the size of the weights."""

from __future__ import annotations

import numpy as np

from mlp._checks import check_not_negative
from mlp._types import Array, LossValue
from mlp.core.arrays import Workspace, sum_of, sum_of_squares


class Penalty(Workspace):
    r"""The term :math:`l_1 \sum |w| + \frac{1}{2} l_2 \sum w^2` over all weights, not biases.

    It is added to the loss that is reported and, as ``l1 * sign(w) + l2 * w``, to its gradient.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        How much each part counts, at least zero.

    Examples
    --------
    >>> Penalty(l2=0.5).value(np.array([1.0, 2.0]))
    1.25
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = check_not_negative("l1", l1)
        self.l2 = check_not_negative("l2", l2)

    def __bool__(self) -> bool:
        """Whether there is anything to add."""
        return bool(self.l1 or self.l2)

    def value(self, weights: Array) -> LossValue:
        """Return the penalty of `weights` ``(n,)``, or one for each row of ``(K, n)``."""
        total = np.zeros(weights.shape[:-1], weights.dtype)
        if self.l1:
            magnitude = np.abs(weights, out=self.scratch("magnitude", weights))
            total = total + self.l1 * sum_of(magnitude)
        if self.l2:
            total = total + 0.5 * self.l2 * sum_of_squares(weights, self)
        return total if total.ndim else float(total)

    def add_gradient(self, weights: Array, grad: Array) -> None:
        """Add the penalty's gradient to `grad`, in place."""
        term = self.scratch("term", weights)
        if self.l1:
            np.sign(weights, out=term)
            term *= self.l1
            grad += term
        if self.l2:
            np.multiply(weights, self.l2, out=term)
            grad += term


def check_penalty(penalty: object) -> None:
    """Raise TypeError unless it is a Penalty or None."""
    if not (penalty is None or isinstance(penalty, Penalty)):
        raise TypeError(f"penalty: received {penalty!r}, expected a Penalty or None")
