"""What layers that normalise share: their equations, and a trained scale and shift a unit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, check_number, numeric
from mlp._types import Array
from mlp.core.layers import Layer
from mlp.core.norm_buffers import Bound, Pass
from mlp.core.parameters import Parameter
from mlp.core.views import View


class Normalization(Layer):
    """The base of layers that normalise: ``A = gamma * N + beta``, N of mean 0 and variance 1.

    Means and variances are taken along `axis` of A_in ``(..., batch, n)``: over the rows for each
    unit, or over the units for each row.

    Parameters
    ----------
    eps : float
        What is added to a variance before its root is taken.
    first : mapping of str to float or array_like (n,), or None
        First values of parameters by their names.
    """

    axis: ClassVar[int]
    gamma = View("params", "gamma", "The scales ``(n,)``.")
    beta = View("params", "beta", "The shifts ``(n,)``.")
    dgamma = View("grads", "gamma", "The gradient of the scales.")
    dbeta = View("grads", "beta", "The gradient of the shifts.")

    _defaults: ClassVar[Mapping[str, float]] = {"gamma": 1.0, "beta": 0.0}
    """Where each parameter starts."""

    def __init__(self, eps: float, first: Mapping[str, ArrayLike] | None) -> None:
        # beyond, eps would not be itself in float32
        expected = "a number from 1e-30 to 1e30"
        self.eps = check_number("eps", eps, expected, lambda x: 1e-30 <= x <= 1e30)
        self.first = self._check_first(first)

    def _check_first(self, first: Mapping[str, ArrayLike] | None) -> dict[str, NDArray[np.float64]]:
        """Return copies of first values; how many there are is checked with the network."""
        if not isinstance(first, Mapping | None):
            raise TypeError(f"first: received {first!r}, expected a mapping of names to values")
        first, checked = first or {}, dict[str, NDArray[np.float64]]()
        for name in first:
            if name not in self._defaults:
                known = ", ".join(self._defaults)
                raise ValueError(f"first: received {name!r}, expected one of {known}")
        for p in self._parameters_of(1):
            if p.name not in first:
                continue
            place = f"first[{p.name!r}]"
            array = as_floats(place, numeric(place, first[p.name]), np.dtype(np.float64))
            if array.ndim > 1:
                raise ValueError(f"{place}: received shape {array.shape}, expected () or (n,)")
            p.check(place, array)
            checked[p.name] = array.astype(np.float64)  # a copy
        return checked

    def parameters(self) -> tuple[Parameter, ...]:
        """Return gamma, beta and what else the layer keeps: of each, one number a unit."""
        if self.width is None:
            raise ValueError(f"{self!r}: received no width, expected to be part of a network")
        for name, value in self.first.items():
            if value.shape not in ((), (self.width,)):
                raise ValueError(
                    f"first[{name!r}]: received shape {value.shape}, expected () or "
                    f"({self.width},): {self.width} units come in"
                )
        return self._parameters_of(self.width)

    def _parameters_of(self, width: int) -> tuple[Parameter, ...]:
        return (self._parameter("gamma", width), self._parameter("beta", width))

    def _parameter(self, name: str, width: int, **kind: Any) -> Parameter:
        def first_values(rng: np.random.Generator) -> NDArray[np.float64]:
            return np.broadcast_to(self.first.get(name, self._defaults[name]), (width,))

        return Parameter(name, (width,), first_values, **kind)

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Take over the views that the network has made for this layer."""
        super().bind(params, grads, dtype, replicas)
        self._bound = Bound(params, grads, self.axis)

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = gamma * N + beta."""
        bound = self._bound
        now = bound.pass_of(A_in)
        self._normalize(now, A_in)
        np.multiply(now.N, bound.gamma, out=now.A)
        now.A += bound.beta  # A = gamma * N + beta                    (batch, n)
        return now.A

    def _normalize(self, now: Pass, A_in: Array) -> None:
        """N = (A_in - mean) / sqrt(var + eps), in two passes: the mean, then distances from it.

        Distances are first taken from the first number: an offset that all have costs no digits.
        Of the shape of `mean`, ``(1, n)`` over rows and ``(batch, 1)`` over units, are var and s.
        """
        N, mean, var, s = now.N, now.mean, now.var, now.s
        first = A_in[now.first]
        np.subtract(A_in, first, out=N)
        now.mean_of(N, out=mean)
        N -= mean  # N = A_in - mean                                  (batch, n)
        mean += first
        np.multiply(N, N, out=now.squares)
        now.mean_of(now.squares, out=var)  # var = mean of (A_in - mean)^2
        np.add(var, self.eps, out=s)
        np.sqrt(s, out=s)
        np.divide(1.0, s, out=s)  # s = 1 / sqrt(var + eps)
        N *= s  # N = (A_in - mean) * s                                (batch, n)

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write dgamma and dbeta for dA = d loss / dA; return dA_in = d loss / dA_in.

        Mean and variance depend on A_in too: with c the mean of dN and d that of dN * N, along
        the axis, ``dA_in = s * (dN - c - N * d)``.
        """
        bound, now = self._bound, self._bound.now
        dN, work = now.dN, now.work
        np.multiply(dA, now.N, out=work)
        now.sum_rows(work, out=bound.dgamma)  # dgamma = sum of the rows of dA * N  (1, n)
        now.sum_rows(dA, out=bound.dbeta)  # dbeta = sum of the rows of dA          (1, n)
        if not need_dA_in:
            return None
        np.multiply(dA, bound.gamma, out=dN)  # dN = dA * gamma                (batch, n)
        self._write_means(now)
        np.multiply(now.N, now.d, out=work)
        dN -= now.c
        dN -= work
        dN *= now.s  # dA_in = s * (dN - c - N * d)                             (batch, n)
        return dN

    @abstractmethod
    def _write_means(self, now: Pass) -> None:
        """Write c, the mean of dN along the axis, and d, the mean of dN * N."""

    @property
    def A(self) -> Array:
        """The output of the last pass."""
        try:
            return self._bound.now.A
        except AttributeError:
            raise AttributeError(f"{self!r} has no A before a pass") from None

    def __copy__(self) -> Self:
        """Return a layer of no network, whose first values are the present ones of this layer."""
        if self.replicas is not None:
            raise ValueError(
                f"copy: received {self!r} of {self.replicas} replicas, expected a layer of one "
                "network; net.replica(k) makes one"
            )
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__getstate__())
        if self.is_bound:
            new.first = {name: array.astype(np.float64) for name, array in self.params.items()}
        return new
