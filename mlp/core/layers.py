"""Layers: what a network is made of.

A layer keeps, between `forward` and `backward`, what its equations need; its arrays are views of
its network's flat vectors. It writes gradients and never weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from mlp._checks import check_fraction
from mlp._types import Array
from mlp.core.parameters import Parameter
from mlp.core.scratch import Scratch


class Layer(Scratch, ABC):
    """The base of all layers and of one's own.

    A layer of one's own defines `forward` and `backward`, and `parameters` if it has any; their
    values are then ``self.params[name]`` and their gradients, which `backward` overwrites,
    ``self.grads[name]``. What `forward` itself changes in training it asks for as
    ``Parameter(..., trainable=False, running=True)``.

    With K replicas, arrays have a leading axis: write the equations with ``@``,
    ``swapaxes(-1, -2)`` and ``axis=-2`` and they serve both.

    Attributes
    ----------
    n_in, n_out : int or None
        The widths, None for "as the layer before".
    width : int or None
        How many units come in: n_in, or what the layer before gives. The network sets it before
        it asks for `parameters`, whose shapes may depend on it.
    least_rows : int
        How many rows a batch of training needs at least; a shorter one is refused beforehand.
    params, grads : dict of str to ndarray
        Views of the network's theta (or fixed) and grad; empty outside a network.
    replicas : int or None
        K, once the layer is in a network of replicas.

    Examples
    --------
    >>> import mlp
    >>> class Double(mlp.Layer):
    ...     def forward(self, A_in, training, rng):
    ...         return 2.0 * A_in
    ...
    ...     def backward(self, dA, need_dA_in=True):
    ...         return 2.0 * dA
    >>> net = mlp.MLP([mlp.Dense(2, 3, "tanh"), Double(), mlp.Dense(3, 1)], loss="mse", seed=0)
    >>> error, where = mlp.check_gradients(net, [[0.1, 0.2]], [[0.5]])
    >>> error < 1e-6
    True
    """

    n_in: int | None = None
    n_out: int | None = None
    width: int | None = None
    least_rows: int = 1
    replicas: int | None = None
    _transient = ("params", "grads", "width", "replicas", "_bound", "_arrays", "_latest")

    @property
    def is_bound(self) -> bool:
        """Whether the layer is part of a network."""
        return "params" in self.__dict__

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters that the layer asks for, in the order in which they are drawn."""
        return ()

    @abstractmethod
    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A ``(..., batch, n_out)`` for A_in ``(..., batch, n_in)``.

        Parameters
        ----------
        A_in : ndarray
            The output of the layer before; stays valid and unchanged until `backward`.
        training : bool
            Whether `backward` follows; dropout is only then at work.
        rng : numpy.random.Generator
            Where random draws come from.
        """

    @abstractmethod
    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write the gradients of the parameters; return dA_in, or None where it is not needed."""

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Take over the views that the network has made for this layer."""
        self.params = params
        self.grads = grads
        self.replicas = replicas

    def __getstate__(self) -> dict[str, Any]:
        """Leave views and work arrays behind: the network that holds the copy makes new ones."""
        return {k: v for k, v in self.__dict__.items() if k not in self._transient}

    def __repr__(self) -> str:
        """Return the class name."""
        return f"{type(self).__name__}()"


class Dropout(Layer):
    """Sets outputs to zero at random while training and scales the rest up (Srivastava, 2014).

    ``A = A_in * mask / (1 - rate)``: the mean of A is that of A_in, and outside training nothing
    is done. All replicas see the same mask.

    Parameters
    ----------
    rate : float
        The probability of zero, at least 0 and less than 1.
    """

    def __init__(self, rate: float) -> None:
        self.rate = check_fraction("rate", rate)

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """A = A_in * mask / (1 - rate)."""
        self._bound: Array | None = None
        if not training or self.rate == 0.0:
            return A_in
        one = A_in if A_in.ndim == 2 else A_in[0]
        mask = self.scratch("mask", one)
        rng.random(out=mask, dtype=mask.dtype.type)
        kept = np.greater_equal(mask, self.rate, out=self.scratch("kept", one, np.bool_))
        np.copyto(mask, kept)
        mask /= 1.0 - self.rate
        self._bound = mask
        A: Array = np.multiply(A_in, mask, out=self.scratch("A", A_in))
        return A

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """dA_in = dA * mask / (1 - rate)."""
        if self._bound is None:
            return dA
        dA_in: Array = np.multiply(dA, self._bound, out=self.scratch("dA_in", dA))
        return dA_in

    def __repr__(self) -> str:
        """Return the call that makes the layer."""
        return f"Dropout({self.rate:g})"
