r"""GELU, the input times the probability that a standard normal number lies below it.

:math:`A = Z \Phi(Z)` (Hendrycks & Gimpel, 2016). NumPy has no error function, so
:math:`\Phi` is computed here: with :math:`t = 2 / (2 + x)`, the function
:math:`\log(\mathrm{erfc}(x) / t) + x^2` is smooth on :math:`0 < t \le 1`, and the Chebyshev
series below, fitted to it in 40-digit arithmetic, gives erfc to a few units of the last place.
"""

from __future__ import annotations

import math

import numpy as np

from mlp._types import Array
from mlp.core.activations.base import Activation

# fmt: off
CHEBYSHEV = (
    -0.65132685989085822701, 0.64196979235649725573, 0.019476473204178913909,
    -0.0095615147868018303672, -0.00094659534448866977245, 0.00036683949785917994819,
    0.000042523324800748199118, -0.000020278578106676264244, -1.6242900101628885126e-6,
    1.3036558407161833932e-6, 1.5626437001990007211e-8, -8.5238091642859378318e-8,
    6.5290506442799356173e-9, 5.0593467872747818908e-9, -9.9136692284708332498e-10,
    -2.273628998524018392e-10, 9.6466247177964110225e-11, 2.3951326011822308716e-12,
    -6.8865460276160496765e-12, 8.9442779445113460667e-13, 3.1372943351977481129e-13,
    -1.1391712975061691492e-13,
)
# fmt: on
TERMS_FLOAT32 = 13  # what remains of the series after these is below 1e-8
_SQRT_HALF = math.sqrt(0.5)
_SQRT_2_OVER_PI = math.sqrt(2.0 / math.pi)
_CUBIC = 0.044715


class GELU(Activation):
    """``A = Z * Phi(Z)``, Phi the distribution function of the standard normal."""

    name = "gelu"
    initializer = "he_uniform"
    outputs = "any number"

    def forward(self, Z: Array, out: Array) -> None:
        """A = Z * Phi(Z)."""
        Phi = self._distribution(Z)
        np.multiply(Z, Phi, out=out)

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA * (Phi(Z) + Z * phi(Z)), phi the density."""
        Phi = self._distribution(Z)
        Z = _bounded(self, Z)
        np.multiply(Z, Z, out=out)
        out *= -0.5
        np.exp(out, out=out)
        out *= 1.0 / math.sqrt(2.0 * math.pi)  # phi(Z)
        out *= Z
        out += Phi
        out *= dA

    def _distribution(self, Z: Array) -> Array:
        """Return Phi(Z) = erfc(-Z / sqrt 2) / 2 in a work array."""
        terms = CHEBYSHEV[:TERMS_FLOAT32] if Z.dtype == np.float32 else CHEBYSHEV
        x, t, u, d, dd, old = (self.scratch(name, Z) for name in ("x", "t", "u", "d", "dd", "old"))
        np.abs(_bounded(self, Z), out=x)
        x *= _SQRT_HALF
        np.add(x, 2.0, out=t)
        np.divide(2.0, t, out=t)  # t = 2 / (2 + x)
        np.multiply(t, 4.0, out=u)
        u -= 2.0  # twice the Chebyshev argument 2 t - 1
        d.fill(0.0)
        dd.fill(0.0)
        for c in reversed(terms[1:]):  # Clenshaw: d, dd = u d - dd + c, d
            np.multiply(u, d, out=old)
            old -= dd
            old += c
            d, dd, old = old, d, dd
        u *= 0.5
        d *= u
        d -= dd
        d += terms[0]
        x *= x
        d -= x
        np.exp(d, out=d)
        d *= t
        d *= 0.5  # erfc(|Z| / sqrt 2) / 2, the smaller tail
        positive = np.greater(Z, 0.0, out=self.scratch("positive", Z, np.bool_))
        np.subtract(1.0, d, out=d, where=positive)
        return d


class GELUTanh(Activation):
    """GELU's usual approximation, several times faster and off by less than 5e-4.

    ``A = Z / 2 * (1 + tanh(sqrt(2 / pi) * (Z + 0.044715 Z^3)))``. Its derivative is its own, not
    that of `GELU`.
    """

    name = "gelu_tanh"
    initializer = "he_uniform"
    outputs = "any number"

    def forward(self, Z: Array, out: Array) -> None:
        """A = Z / 2 * (1 + T)."""
        T = self._tanh(Z)
        np.add(T, 1.0, out=out)
        out *= Z
        out *= 0.5

    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """dZ = dA / 2 * (1 + T + Z * (1 - T^2) * sqrt(2 / pi) * (1 + 3 * 0.044715 Z^2))."""
        T = self._tanh(Z)
        Z = _bounded(self, Z)
        np.multiply(Z, Z, out=out)
        out *= 3.0 * _CUBIC
        out += 1.0
        out *= _SQRT_2_OVER_PI
        out *= Z
        slope = self.scratch("slope", Z)
        np.multiply(T, T, out=slope)
        np.subtract(1.0, slope, out=slope)
        out *= slope
        out += T
        out += 1.0
        out *= 0.5
        out *= dA

    def _tanh(self, Z: Array) -> Array:
        T = self.scratch("T", Z)
        Z = _bounded(self, Z)
        np.multiply(Z, Z, out=T)
        T *= _CUBIC
        T += 1.0
        T *= Z
        T *= _SQRT_2_OVER_PI
        np.tanh(T, out=T)
        return T


def _bounded(activation: Activation, Z: Array) -> Array:
    """Return Z within +-1000, where both forms have long been 0 or Z and a square is finite."""
    bounded: Array = activation.scratch("bounded", Z)
    np.maximum(Z, -1e3, out=bounded)
    np.minimum(bounded, 1e3, out=bounded)
    return bounded
