"""The layer that embeds numbers by cosines of trained frequencies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_not_negative, check_positive
from mlp._types import Array
from mlp.core.layers.base import Layer, Parameter

_TURN = 2.0 * math.pi


class PeriodicEmbedding(Layer):
    """Replaces each of the first `columns` inputs by a vector; the other inputs pass through.

    An input x becomes ``dim`` numbers: x itself, and ``cos(2 pi w x + b) @ V + c`` with `m` trained
    frequencies w of its own, the PBLD embedding of RealMLP (Holzmüller et al., Better by default,
    NeurIPS 2024) after Gorishniy et al., On embeddings for numerical features, NeurIPS 2022.

    Parameters
    ----------
    n_in : int
        How many inputs come in.
    columns : int, optional
        How many of them are embedded, by default all.
    m : int, default 16
        The number of frequencies of each column.
    dim : int, default 4
        How many numbers a column becomes, at least 2.
    sigma : float, default 0.1
        The standard deviation of the first frequencies; scale inputs before.
    lr_factor : float, default 1.0
        What the steps of any optimizer are multiplied by.

    Attributes
    ----------
    params, grads : dict of str to ndarray
        ``w`` and ``b`` ``(columns, m)``, ``V`` ``(columns, m, dim - 1)`` and ``c``
        ``(columns, dim - 1)``, with a leading K for replicas. Penalties count V.

    Raises
    ------
    ValueError, TypeError
        If a number is out of its range.

    Notes
    -----
    At the start, w is normal, b uniform between -pi and pi, V and c uniform within
    ``1 / sqrt(m)``.

    Examples
    --------
    >>> import mlp
    >>> layers = [PeriodicEmbedding(3, columns=2, m=8), mlp.Dense(9, 1)]
    >>> net = mlp.MLP(layers, loss="mse", seed=0)
    >>> net.predict([[0.1, -0.2, 1.0]]).shape
    (1, 1)
    """

    n_in: int
    n_out: int
    outputs = "any number"
    _arrays: _Arrays
    _of_network = (*Layer._of_network, "_arrays", "_A_in")

    def __init__(
        self,
        n_in: int,
        columns: int | None = None,
        *,
        m: int = 16,
        dim: int = 4,
        sigma: float = 0.1,
        lr_factor: float = 1.0,
    ) -> None:
        self.n_in = check_count("n_in", n_in)
        self.columns = self.n_in if columns is None else check_count("columns", columns)
        if self.columns > self.n_in:
            raise ValueError(f"columns: received {columns}, expected at most {self.n_in}")
        self.m, self.dim = check_count("m", m), check_count("dim", dim, 2)
        self.sigma = check_positive("sigma", sigma)
        self.lr_factor = check_not_negative("lr_factor", lr_factor)
        self.n_out = self.n_in + self.columns * (self.dim - 1)

    def parameters(self) -> tuple[Parameter, ...]:
        """Return w, b, V and c."""
        n, m, rest, bound = self.columns, self.m, self.dim - 1, self.m**-0.5

        def uniform(limit: float, *shape: int) -> Any:
            return lambda rng: rng.uniform(-limit, limit, shape)

        def normal(rng: np.random.Generator) -> NDArray[np.float64]:
            return rng.normal(0.0, self.sigma, (n, m))

        factor = self.lr_factor
        return (
            Parameter("w", (n, m), normal, lr_factor=factor),
            Parameter("b", (n, m), uniform(math.pi, n, m), lr_factor=factor),
            Parameter(
                "V", (n, m, rest), uniform(bound, n, m, rest), penalised=True, lr_factor=factor
            ),
            Parameter("c", (n, rest), uniform(bound, n, rest), lr_factor=factor),
        )

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A: of each embedded column x and E, then the other inputs."""
        arrays: _Arrays = self.kept("arrays", A_in, lambda A: _Arrays(self, A))
        self._A_in, self._arrays = A_in, arrays
        # in the memory order of one network, for the same bits
        w, b, V, c = (np.ascontiguousarray(self.params[name]) for name in ("w", "b", "V", "c"))
        n, U, H, E, A = self.columns, arrays.U, arrays.H, arrays.E, arrays.A
        x = _columns_first(A_in[..., :n, None])  # (..., columns, batch, 1)

        np.multiply(x, w[..., None, :], out=U)  # U = 2 pi x w + b        (..., columns, batch, m)
        U *= _TURN
        U += b[..., None, :]
        np.cos(U, out=H)
        np.matmul(H, V, out=E)  # E = cos(U) @ V + c               (..., columns, batch, dim - 1)
        E += c[..., None, :]

        embedded = arrays.embedded(A)
        embedded[..., 0] = A_in[..., :n]
        embedded[..., 1:] = _columns_first(E)
        A[..., n * self.dim :] = A_in[..., n:]
        return A

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write dw, db, dV and dc for dA = d loss / dA; return dA_in."""
        n, arrays, grads = self.columns, self._arrays, self.grads
        w, V = (np.ascontiguousarray(self.params[name]) for name in ("w", "V"))
        x, ones = _columns_first(self._A_in[..., :n, None]), arrays.ones
        dE, dU = arrays.E, arrays.dU
        of_columns = arrays.embedded(dA)
        dE[...] = _columns_first(of_columns[..., 1:])

        grads["c"][...] = np.matmul(ones, dE)[..., 0, :]  # dc = sum of the rows of dE
        grads["V"][...] = np.matmul(arrays.H.swapaxes(-1, -2), dE)  # dV = cos(U).T @ dE
        np.matmul(dE, V.swapaxes(-1, -2), out=dU)  # dU = -sin(U) * (dE @ V.T)
        dU *= np.sin(arrays.U, out=arrays.H)
        np.negative(dU, out=dU)
        grads["b"][...] = np.matmul(ones, dU)[..., 0, :]  # db = sum of the rows of dU
        np.multiply(dU, x, out=arrays.U)
        grads["w"][...] = _TURN * np.matmul(ones, arrays.U)[..., 0, :]  # dw = 2 pi sum of x dU
        if not need_dA_in:
            return None
        dA_in = arrays.dA_in
        dx = np.matmul(dU, w[..., :, None])  # dx = d(x itself) + 2 pi dU @ w
        dA_in[..., :n] = _columns_first(dx)[..., 0]
        dA_in[..., :n] *= _TURN
        dA_in[..., :n] += of_columns[..., 0]
        dA_in[..., n:] = dA[..., n * self.dim :]
        return dA_in

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its defaults."""
        columns = "" if self.columns == self.n_in else f", {self.columns}"
        usual = {"m": 16, "dim": 4, "sigma": 0.1, "lr_factor": 1.0}
        found = {name: getattr(self, name) for name, value in usual.items()}
        others = "".join(f", {k}={v:g}" for k, v in found.items() if v != usual[k])
        return f"PeriodicEmbedding({self.n_in}{columns}{others})"


class _Arrays:
    """The arrays of a pass for one shape of the inputs."""

    def __init__(self, layer: PeriodicEmbedding, A_in: Array) -> None:
        lead = A_in.shape[:-1]
        n, m, dtype = layer.columns, layer.m, layer.params["w"].dtype
        self._split = (n, layer.dim)
        batch = lead[-1]
        replicas = lead[:-1] if layer.replicas is None else (layer.replicas,)
        self.U = np.empty((*replicas, n, batch, m), dtype)
        self.H, self.dU = np.empty_like(self.U), np.empty_like(self.U)
        self.E = np.empty((*replicas, n, batch, layer.dim - 1), dtype)
        self.A = np.empty((*replicas, batch, layer.n_out), dtype)
        self.dA_in = np.empty((*replicas, batch, layer.n_in), dtype)
        self.ones = np.ones((1, batch), dtype)

    def embedded(self, A: Array) -> Array:
        """Return the part of the embedded columns as ``(..., batch, columns, dim)``."""
        n, dim = self._split
        return A[..., : n * dim].reshape(*A.shape[:-1], n, dim)


def _columns_first(array: Array) -> Array:
    """Exchange the axes of rows and columns: ``(..., a, b, m)`` to ``(..., b, a, m)``."""
    return array.swapaxes(-3, -2)
