"""Activations that map each number on its own.

Most derivatives are functions of the output: sigmoid' = A (1 - A), tanh' = 1 - A^2,
relu' = [A > 0]. Such an activation sets ``needs_z = False``, and a layer lets A overwrite Z.
No exponential is taken of a large positive number: every formula stays finite at any Z within
half of the range of its dtype.
"""

from __future__ import annotations

import numpy as np

from mlp._checks import check_number, check_positive
from mlp._types import Array
from mlp.core.activations.base import Activation

# as arrays: NumPy takes half a microsecond longer for a Python float, in each operation
_ONE = {np.dtype(name): np.array(1.0, name) for name in ("float32", "float64")}
_LARGEST = {np.dtype(x): np.array(y, x) for x, y in (("float32", 88.0), ("float64", 709.0))}


class Identity(Activation):
    """``A = Z``."""

    name = "identity"
    outputs = "any number"
    needs_z = False

    def forward(self, Z: Array, out: Array) -> None:
        """A = Z."""
        if out is not Z:
            np.copyto(out, Z)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA."""
        np.copyto(out, dA)


class Sigmoid(Activation):
    """``A = 1 / (1 + exp(-Z))``."""

    name = "sigmoid"
    outputs = "probabilities"
    needs_z = False

    def forward(self, Z: Array, out: Array) -> None:
        """A = 1 / (1 + exp(-Z))."""
        _sigmoid(Z, out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * A * (1 - A)."""
        np.subtract(_ONE[out.dtype], A, out=out)
        out *= A
        out *= dA


class Tanh(Activation):
    """``A = tanh(Z)``."""

    name = "tanh"
    outputs = "any number"
    needs_z = False

    def forward(self, Z: Array, out: Array) -> None:
        """A = tanh(Z)."""
        np.tanh(Z, out=out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * (1 - A^2)."""
        np.multiply(A, A, out=out)
        np.subtract(1.0, out, out=out)
        out *= dA


class ReLU(Activation):
    """``A = max(Z, 0)``; the derivative at zero is taken as 0."""

    name = "relu"
    initializer = "he_uniform"
    outputs = "numbers >= 0"
    needs_z = False

    def forward(self, Z: Array, out: Array) -> None:
        """A = max(Z, 0)."""
        np.maximum(Z, self.kept("zeros", Z, np.zeros_like), out=out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * [A > 0]."""
        # copying the booleans and multiplying is faster than np.multiply on mixed dtypes
        out[...] = _is_positive(self, A)
        out *= dA


class LeakyReLU(Activation):
    """``A = Z`` where Z is positive, ``slope * Z`` elsewhere.

    Parameters
    ----------
    slope : float, default 0.01
        Between 0 and 1.
    """

    name = "leaky_relu"
    initializer = "he_uniform"
    outputs = "any number"
    needs_z = False

    def __init__(self, slope: float = 0.01) -> None:
        between = "a number from 0 to 1"
        self.slope = check_number("slope", slope, between, lambda x: 0.0 <= x <= 1.0)

    def forward(self, Z: Array, out: Array) -> None:
        """A = max(Z, slope * Z)."""
        leak = np.multiply(Z, self.slope, out=self.scratch("leak", Z))
        np.maximum(Z, leak, out=out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * (slope + (1 - slope) * [A > 0])."""
        np.copyto(out, _is_positive(self, A))
        out *= 1.0 - self.slope
        out += self.slope
        out *= dA

    def config(self) -> dict[str, str | float]:
        """Return the name and the slope."""
        return {"name": self.name, "slope": self.slope}


class ELU(Activation):
    """``A = Z`` where Z is positive, ``alpha * (exp(Z) - 1)`` elsewhere (Clevert et al., 2016).

    Parameters
    ----------
    alpha : float, default 1.0
        Minus the limit at minus infinity; positive.
    """

    name = "elu"
    initializer = "he_uniform"
    outputs = "any number"
    needs_z = False

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = check_positive("alpha", alpha)

    def forward(self, Z: Array, out: Array) -> None:
        """A = max(Z, 0) + alpha * (exp(min(Z, 0)) - 1)."""
        below = np.minimum(Z, 0.0, out=self.scratch("below", Z))
        np.expm1(below, out=below)
        below *= self.alpha
        np.maximum(Z, 0.0, out=out)
        out += below

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA where A > 0, dA * (A + alpha) elsewhere."""
        np.add(A, self.alpha, out=out)
        np.copyto(out, 1.0, where=_is_positive(self, A))
        out *= dA

    def config(self) -> dict[str, str | float]:
        """Return the name and alpha."""
        return {"name": self.name, "alpha": self.alpha}


class SELU(Activation):
    """An ELU that keeps mean 0 and variance 1 from layer to layer (Klambauer et al., 2017).

    ``A = 1.0507 * Z`` where Z is positive, ``1.0507 * 1.6733 * (exp(Z) - 1)`` elsewhere. The
    weights before it are drawn by LeCun's normal rule, from which the constants follow.
    """

    name = "selu"
    initializer = "lecun_normal"
    outputs = "any number"
    needs_z = False
    scale = 1.0507009873554805
    alpha = 1.6732632423543772

    def forward(self, Z: Array, out: Array) -> None:
        """A = scale * (max(Z, 0) + alpha * (exp(min(Z, 0)) - 1))."""
        zeros = self.kept("zeros", Z, np.zeros_like)
        below = np.minimum(Z, zeros, out=self.scratch("below", Z))
        np.exp(below, out=below)
        below -= 1.0  # expm1 keeps more digits of tiny numbers, but takes 5 times longer in float32
        below *= self.scale * self.alpha
        np.maximum(Z, zeros, out=out)
        out *= self.scale
        out += below

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * scale where A > 0, dA * (A + scale * alpha) elsewhere."""
        limit = self.scale * self.alpha
        np.copyto(out, _is_positive(self, A))
        out *= self.scale - limit
        out += limit
        out += np.minimum(A, self.kept("zeros", A, np.zeros_like), out=self.scratch("below", A))
        out *= dA


class Softplus(Activation):
    """``A = log(1 + exp(Z))``."""

    name = "softplus"
    initializer = "he_uniform"
    outputs = "numbers >= 0"
    needs_z = False

    def forward(self, Z: Array, out: Array) -> None:
        """A = log(exp(0) + exp(Z))."""
        np.logaddexp(0.0, Z, out=out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * (1 - exp(-A)), which is dA * sigmoid(Z)."""
        np.negative(A, out=out)
        np.expm1(out, out=out)
        np.negative(out, out=out)
        out *= dA


class SiLU(Activation):
    """``A = Z * sigmoid(Z)``, also known as swish (Elfwing et al., 2018)."""

    name = "silu"
    initializer = "he_uniform"
    outputs = "any number"

    def forward(self, Z: Array, out: Array) -> None:
        """A = Z * sigmoid(Z)."""
        S = self.scratch("sigmoid", Z)
        _sigmoid(Z, out=S)
        np.multiply(Z, S, out=out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * (S + A * (1 - S)) with S = sigmoid(Z)."""
        S = self.scratch("sigmoid", Z)
        _sigmoid(Z, out=S)
        np.subtract(1.0, S, out=out)
        out *= A
        out += S
        out *= dA


class Mish(Activation):
    """``A = Z * tanh(softplus(Z))`` (Misra, 2019).

    With ``e = exp(Z)`` and ``n = e * (e + 2)``, the tanh is ``n / (n + 2)``: one exponential.
    From 20 on, it is 1 to the last bit.
    """

    name = "mish"
    initializer = "he_uniform"
    outputs = "any number"

    def forward(self, Z: Array, out: Array) -> None:
        """A = Z * n / (n + 2)."""
        e = np.minimum(Z, 20.0, out=self.scratch("e", Z))
        np.exp(e, out=e)
        n = np.add(e, 2.0, out=out)
        n *= e
        out /= np.add(n, 2.0, out=e)
        out *= Z

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * (n + 4 * Z * (n - e) / D) / D with D = n + 2."""
        z = np.minimum(Z, 20.0, out=self.scratch("z", Z))
        e = np.exp(z, out=self.scratch("e", Z))
        n = np.add(e, 2.0, out=out)
        n *= e
        D = np.add(n, 2.0, out=self.scratch("D", Z))
        np.subtract(n, e, out=e)
        z *= e
        z /= D
        z *= 4.0
        out += z
        out /= D
        out *= dA


def _sigmoid(Z: Array, out: Array) -> None:
    """Write 1 / (1 + exp(-Z)), with -Z held below the exponential's overflow."""
    one = _ONE[out.dtype]
    np.negative(Z, out=out)
    np.minimum(out, _LARGEST[out.dtype], out=out)
    np.exp(out, out=out)
    out += one
    np.divide(one, out, out=out)


def _is_positive(activation: Activation, A: Array) -> Array:
    """Return A > 0 in a work array of booleans."""
    zeros = activation.kept("zeros", A, np.zeros_like)  # compared 2 to 3 times as fast as with 0.0
    active: Array = np.greater(A, zeros, out=activation.scratch("active", A, np.bool_))
    return active
