r"""The last activation with its loss: where the outputs become a number, and its gradient.

Any activation goes with any loss: `Output` composes them by the chain rule,
:math:`\partial L / \partial Z = \partial L / \partial A \cdot \partial A / \partial Z`, softmax's
Jacobian included.

For three pairs the product of the two derivatives is simply :math:`factor \cdot (A - Y)`:

- softmax with cross-entropy. With :math:`\ell = -\sum_k Y_k \log A_k` and
  :math:`\log A_k = Z_k - \log \sum_j e^{Z_j}`,
  :math:`\partial \ell / \partial Z_i = -Y_i + A_i \sum_k Y_k = A_i - Y_i`, as Y sums to 1.
- sigmoid with binary cross-entropy. With :math:`\ell = -Y \log A - (1 - Y) \log(1 - A)` and
  :math:`A' = A (1 - A)`,
  :math:`\partial \ell / \partial Z = -Y (1 - A) + (1 - Y) A = A - Y`.
- identity with a squared error, where :math:`Z = A`.

`FusedOutput` computes these. It is not only shorter but exact where the other is not: the loss is
computed from Z, so that an output rounded to 0 has a finite logarithm. It stands in the place of
the activation in the last layer (``layer.fused``), whose `backward` then receives d loss / dZ.
"""

from __future__ import annotations

import numpy as np

from mlp._names import name_of
from mlp._types import Array, LossValue
from mlp.core.activations import ACTIVATIONS
from mlp.core.arrays import Workspace, dot_rows
from mlp.core.first_call import checked_once
from mlp.core.layers import ActivatedLayer, Layer
from mlp.core.losses import BinaryCrossEntropy, CrossEntropy, Loss


class Output(Workspace):
    """Any loss after any last layer.

    Parameters
    ----------
    loss : Loss
        What follows the last layer.

    Attributes
    ----------
    members : int or None
        How many members of an ensemble A holds; the loss is then the mean of theirs.
    factor : float
        What the derivative is multiplied by.
    """

    members: int | None = None
    factor: float = 1.0

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self._loss: Loss = checked_once("loss", loss, ("rows", "gradient"))

    def total(self, A: Array, Y: Array, weight: Array | None) -> LossValue:
        """Return the sum of weight * loss over the rows: a float, or ``(K,)`` for replicas."""
        rows = self.kept("rows", A, lambda A: np.empty(A.shape[:-1], A.dtype))
        self.rows(A, Y, out=rows)  # (..., batch)
        total: Array
        if weight is not None:
            total = np.vecdot(rows, weight)
        elif rows.shape[-1] == 1:
            total = rows[..., 0]
        else:
            total = np.add.reduce(rows, axis=-1)
        if self.members is not None:
            return float(np.add.reduce(total, axis=None)) / self.members
        return total.astype(np.float64) if total.ndim else float(total)

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write the loss of each row, ``(..., batch)``, into `out`."""
        self._loss.rows(A, Y, out=out)

    def gradient(self, A: Array, Y: Array, weight: Array | None) -> Array:
        """Return what the last layer's `backward` takes: dA = d loss / dA * weight / batch."""
        dA, factor = self.kept("dA", A, self._derivative)
        self._loss.gradient(A, Y, out=dA)
        return _scaled(dA, weight, factor)

    def _derivative(self, A: Array) -> tuple[Array, Array | None]:
        """Return memory for dA or dZ, and what it is multiplied by, unless that is 1."""
        factor = self.factor / A.shape[-2]
        return np.empty_like(A), None if factor == 1.0 else np.array(factor, A.dtype)


class FusedOutput(Output):
    """A loss and the activation with which d loss / dZ is ``factor * (A - Y)``.

    Parameters
    ----------
    layer : ActivatedLayer
        The last layer.
    loss : Loss
        The loss that follows it.

    Attributes
    ----------
    needs_z : bool
        Whether Z is still needed after `forward`; if so, A has memory of its own.
    """

    def __init__(self, layer: ActivatedLayer, loss: Loss) -> None:
        super().__init__(loss)
        self.layer, self.activation = layer, layer.activation
        self.needs_z = getattr(layer.activation, "needs_z", True)
        n_out = layer.n_out or layer.width
        self.factor = 1.0 if n_out is None else loss.factor(n_out)

    def forward(self, Z: Array, out: Array) -> None:
        """Write A = activation(Z) into `out`; Z may be overwritten."""
        self.activation.forward(Z, out=out)

    def gradient(self, A: Array, Y: Array, weight: Array | None) -> Array:
        """Return dZ = (A - Y) * factor * weight / batch."""
        if self.loss.label_smoothing:
            Y = self.loss.targets(Y)
        dZ, factor = self.kept("dZ", A, self._derivative)
        if dZ.flags.c_contiguous:
            np.subtract(A, Y, out=dZ)
        else:  # twice as fast as a subtraction across two memory orders
            dZ[...] = Y
            np.subtract(A, dZ, out=dZ)
        return _scaled(dZ, weight, factor)


class LogitsOutput(FusedOutput):
    """A fused pair whose loss is computed from the logits: Z, up to a constant a row."""

    logits: Array

    def __init__(self, layer: ActivatedLayer, loss: Loss) -> None:
        super().__init__(layer, loss)
        self.needs_z = True


class SoftmaxCrossEntropy(LogitsOutput):
    """Softmax with cross-entropy, ``-sum Y log A``, where ``log A = Z - log sum exp(Z)``."""

    sums: Array

    def forward(self, Z: Array, out: Array) -> None:
        """A = softmax(Z); Z becomes Z - max Z, so that no exponential overflows."""
        row = self.kept("row", Z, lambda Z: np.empty_like(Z[..., :1]))
        np.maximum.reduce(Z, axis=-1, keepdims=True, out=row)
        Z -= row
        np.exp(Z, out=out)
        np.add.reduce(out, axis=-1, keepdims=True, out=row)
        out /= row  # A = exp(Z) / sum exp(Z)
        self.logits, self.sums = Z, row

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write log sum exp(Z) - sum Y Z, as Y sums to 1."""
        if self.loss.label_smoothing:
            Y = self.loss.targets(Y)
        np.log(self.sums[..., 0], out=out)
        out -= dot_rows(Y, self.logits, self.scratch("dot", out), self)


class SigmoidBinaryCrossEntropy(LogitsOutput):
    """Sigmoid with binary cross-entropy, computed from Z."""

    def forward(self, Z: Array, out: Array) -> None:
        """A = sigmoid(Z)."""
        super().forward(Z, out)
        self.logits = Z

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write sum max(Z, 0) - Y Z + log(1 + exp(-|Z|)), the same in terms of Z."""
        Z, Y = self.logits, self.loss.targets(Y)
        terms = np.abs(Z, out=self.scratch("terms", Z))
        np.negative(terms, out=terms)
        np.exp(terms, out=terms)
        np.log1p(terms, out=terms)
        linear = np.maximum(Z, 0.0, out=self.scratch("linear", Z))
        linear -= np.multiply(Y, Z, out=self.scratch("product", Z))
        terms += linear
        np.add.reduce(terms, axis=-1, out=out)


FROM_LOGITS: dict[type[Loss], type[FusedOutput]] = {
    CrossEntropy: SoftmaxCrossEntropy,
    BinaryCrossEntropy: SigmoidBinaryCrossEntropy,
}
"""The pairs whose loss is computed from Z; all others compute it from A."""


def make_output(last: Layer, loss: Loss, members: int | None = None) -> Output:
    """Return what follows the last layer, fused if the loss and its activation are a pair.

    A class derived from a loss may have redefined its methods: only the `canonical` that its own
    class sets counts, not an inherited one.
    """
    name = vars(type(loss)).get("canonical")
    if (
        name is None
        or not isinstance(last, ActivatedLayer)
        or type(last.activation) is not ACTIVATIONS[name]
    ):
        output = Output(loss)
    else:
        output = FROM_LOGITS.get(type(loss), FusedOutput)(last, loss)
    if members is not None:
        output.members, output.factor = members, output.factor / members
    return output


def check_pair(last: Layer, loss: Loss) -> None:
    """Raise ValueError if the outputs of the last layer have no meaning for the loss.

    Only what a class itself says of its `outputs` counts: a custom activation, layer or loss
    that says nothing passes.
    """
    wanted = vars(type(loss)).get("outputs")
    source = last.activation if isinstance(last, ActivatedLayer) else last
    given = vars(type(source)).get("outputs")
    if wanted is None or given is None or given == wanted:
        return
    fitting = [name for name, make in ACTIVATIONS.items() if make().outputs == wanted]
    raise ValueError(
        f"loss: received {name_of(loss)!r} after {last!r}, whose outputs are {given}; "
        f"expected {wanted}, as {' and '.join(fitting)} give them"
    )


def _scaled(delta: Array, weight: Array | None, factor: Array | None) -> Array:
    """Multiply the rows of `delta` by weight * factor, in place."""
    if weight is not None:
        delta *= weight[..., None]
    if factor is not None:
        delta *= factor
    return delta
