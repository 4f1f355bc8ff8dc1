"""The layer that encodes numbers by their place between knots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, check_count, check_sequence, numeric
from mlp._types import Array
from mlp.core.layers.base import Layer


class PiecewiseLinear(Layer):
    """Adds to the inputs how far each of the first columns has come through each of its bins.

    Between two neighbouring knots a and b, an input x becomes ``(x - a) / (b - a)``, held within 0
    and 1: the piecewise linear encoding of Gorishniy et al., On embeddings for numerical features
    in tabular deep learning, NeurIPS 2022. A layer that follows can then bend its answer at every
    knot. Nothing is trained.

    Parameters
    ----------
    n_in : int
        How many inputs come in.
    knots : sequence of array_like (n_knots,)
        The increasing knots of each of the first columns; fewer than two for no bins.

    Attributes
    ----------
    n_out : int
        The inputs and all bins: the encoding stands behind the inputs, column by column.
    knots : list of ndarray

    Raises
    ------
    ValueError, TypeError
        If there are more knots than columns, or they do not increase.

    Examples
    --------
    >>> import mlp
    >>> layers = [PiecewiseLinear(2, [[0.0, 1.0, 3.0]]), mlp.Dense(4, 1)]
    >>> net = mlp.MLP(layers, loss="mse", seed=0)
    >>> net.layers[0].forward(np.array([[2.0, 7.0]]), False, None)
    array([[2. , 7. , 1. , 0.5]])
    """

    n_in: int
    n_out: int
    outputs = "any number"
    _of_network = (*Layer._of_network, "_arrays")
    _arrays: _Arrays

    def __init__(self, n_in: int, knots: Sequence[ArrayLike]) -> None:
        self.n_in = check_count("n_in", n_in)
        given = check_sequence("knots", knots, "arrays of knots")
        if len(given) > self.n_in:
            raise ValueError(f"knots: received {len(given)} columns, expected at most {n_in}")
        self.knots = [_checked(f"knots[{i}]", one) for i, one in enumerate(given)]
        counts = [max(len(one) - 1, 0) for one in self.knots]
        self.n_out = self.n_in + sum(counts)
        self._column = np.repeat(np.arange(len(counts)), counts)  # of each bin
        self._low = np.concatenate([np.zeros(0), *(one[:-1] for one in self.knots)])
        self._width = np.concatenate([np.zeros(0), *map(np.diff, self.knots)])

    @classmethod
    def of_quantiles(cls, X: ArrayLike, bins: int, columns: int | None = None) -> Self:
        """Return the layer with knots at equally spaced quantiles of rows ``(n, n_in)``.

        Quantiles that are equal make one knot; a column with fewer than two bins gets none.

        Parameters
        ----------
        X : array_like (n, n_in)
            The rows, finite.
        bins : int
            The most bins of a column.
        columns : int, optional
            How many of the first columns are encoded, by default all.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.

        Examples
        --------
        >>> PiecewiseLinear.of_quantiles([[1.0], [2.0], [4.0]], 2).knots
        [array([1., 2., 4.])]
        """
        rows = as_floats("X", numeric("X", X), np.dtype(np.float64))
        if rows.ndim != 2 or not rows.size:
            raise ValueError(f"X: received shape {rows.shape}, expected (n, n_in)")
        shares = np.linspace(0.0, 1.0, check_count("bins", bins) + 1)
        n = rows.shape[1] if columns is None else check_count("columns", columns, 0)
        found = [np.unique(np.quantile(column, shares)) for column in rows[:, :n].T]
        return cls(rows.shape[1], [knots if len(knots) > 2 else knots[:0] for knots in found])

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A_in, and behind it min(max((A_in - low) / width, 0), 1) of each bin."""
        arrays: _Arrays = self.kept("arrays", A_in, lambda A: _Arrays(self, A))
        n, A, P = self.n_in, arrays.A, arrays.P
        A[..., :n] = A_in
        np.take(A_in, self._column, axis=-1, out=P, mode="clip")  # (..., batch, bins)
        P -= arrays.low
        P /= arrays.width
        np.clip(P, 0.0, 1.0, out=A[..., n:])
        self._arrays = arrays
        return A

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Return dA_in = dA of the inputs + dA of the bins that they are in, divided by width."""
        if not need_dA_in:
            return None
        n, arrays = self.n_in, self._arrays
        inside = (arrays.P > 0.0) & (arrays.P < 1.0)  # at a knot, the derivative is taken as 0
        dP = dA[..., n:] / arrays.width * inside
        dA_in: Array = dA[..., :n] + np.matmul(dP, arrays.column_of_bin)
        return dA_in

    def __repr__(self) -> str:
        """Return the class with its sizes."""
        return f"PiecewiseLinear({self.n_in}, <{self.n_out - self.n_in} bins>)"


class _Arrays:
    """The arrays of a pass for one shape of the inputs."""

    def __init__(self, layer: PiecewiseLinear, A_in: Array) -> None:
        lead, dtype = A_in.shape[:-1], A_in.dtype
        self.low, self.width = layer._low.astype(dtype), layer._width.astype(dtype)
        self.A = np.empty((*lead, layer.n_out), dtype)
        self.P = np.empty((*lead, len(self.low)), dtype)
        self.column_of_bin = np.eye(layer.n_in, dtype=dtype)[layer._column]


def _checked(place: str, knots: Any) -> NDArray[np.float64]:
    """Return knots, a copy."""
    found = as_floats(place, numeric(place, knots), np.dtype(np.float64))
    if found.ndim != 1 or (np.diff(found) <= 0.0).any():
        raise ValueError(f"{place}: received {found!r:.100}, expected increasing numbers")
    return np.array(found, np.float64)
