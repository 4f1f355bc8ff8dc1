"""The layer that scales each unit by a trained number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import check_not_negative
from mlp._types import Array
from mlp.core.arrays import Products, empty, is_replicas_last
from mlp.core.layers.base import Parameter, View
from mlp.core.layers.per_unit import PerUnit


class Scale(PerUnit):
    """Multiplies each unit by a number of its own, ``A = A_in * scale``.

    As the first layer it weighs the inputs: with a high `lr_factor`, training soon finds out which
    of them matter, as in RealMLP (Holzmüller et al., Better by default, NeurIPS 2024).

    Parameters
    ----------
    lr_factor : float, default 1.0
        What the step of any optimizer is multiplied by.
    first : mapping of str to float or array_like (n,), optional
        First values of "scale", 1 by default.

    Attributes
    ----------
    scale, dscale : ndarray (n,)
        The scales and their gradient: views of the network's vectors, with a leading K for
        replicas. Penalties do not count them.

    Raises
    ------
    ValueError, TypeError
        If a number is out of its range or a first value does not fit.

    Notes
    -----
    The width n is that of the layer before, or of the inputs.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([Scale(lr_factor=6.0), mlp.Dense(2, 1, weights=[[1.0], [1.0]])], loss="mse")
    >>> net.layers[0].scale = [1.0, 0.5]
    >>> net.predict([[3.0, 4.0]])
    array([[5.]])
    """

    outputs = "any number"
    scale = View("params", "scale", "The scales ``(n,)``.")
    dscale = View("grads", "scale", "The gradient of the scales.")

    _defaults = {"scale": 1.0}  # noqa: RUF012 - a ClassVar of the base
    _A_in: Array
    _of_network = (*PerUnit._of_network, "_A_in", "_scale", "_dscale", "_products")

    def __init__(
        self, lr_factor: float = 1.0, *, first: Mapping[str, ArrayLike] | None = None
    ) -> None:
        self.lr_factor = check_not_negative("lr_factor", lr_factor)
        super().__init__(first)

    def _parameters_of(self, width: int) -> tuple[Parameter, ...]:
        return (self._parameter("scale", width, lr_factor=self.lr_factor),)

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Receive the views that the network has made for this layer."""
        super().bind(params, grads, dtype, replicas)
        self._scale, self._dscale = params["scale"][..., None, :], grads["scale"][..., None, :]
        self._products = Products()

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = A_in * scale."""
        self._A_in = A_in
        A: Array = self.kept("A", A_in, self._outputs)
        return np.multiply(A_in, self._scale, out=A)  # A = A_in * scale        (batch, n)

    def _outputs(self, A_in: Array) -> Array:
        shape = A_in.shape
        lead = self._scale.shape[:-2] if len(shape) == 2 else ()  # replicas may share the inputs
        replicas_last = self._scale.ndim == 3 and is_replicas_last(self._scale)
        return empty((*lead, *shape), self._scale.dtype, replicas_last)

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write dscale for dA = d loss / dA; return dA_in = d loss / dA_in."""
        work = np.multiply(dA, self._A_in, out=self.scratch("work", dA))
        ones = self.kept("ones", dA, lambda dA: np.ones((1, dA.shape[-2]), dA.dtype))
        self._products.matmul(ones, work, out=self._dscale)  # sum of the rows of dA * A_in  (1, n)
        if not need_dA_in:
            return None
        dA_in: Array = np.multiply(dA, self._scale, out=work)  # dA_in = dA * scale    (batch, n)
        return dA_in

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        return "Scale()" if self.lr_factor == 1.0 else f"Scale(lr_factor={self.lr_factor:g})"
