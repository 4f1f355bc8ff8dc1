"""An activation as a layer of its own, for what stands between a dense layer and its relu."""

from __future__ import annotations

import copy
from typing import Self

import numpy as np

from mlp._types import Array
from mlp.core.activated import Activated


class ActivationLayer(Activated):
    """Applies an activation to what the layer before gives, ``A = activation(A_in)``.

    A `Dense` layer has an activation of its own; this layer is for one that follows something
    else: ``Dense(64, 32), BatchNorm(), ActivationLayer("relu")``.

    Parameters
    ----------
    activation : str or Activation
        What is applied: a name, or an object as `Dense` takes it.

    Attributes
    ----------
    A_in, Z, A, dZ : ndarray (batch, n)
        The numbers of the last pass, where Z is A_in, and dZ the derivative of the loss by it.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown, or the object is no activation.

    Notes
    -----
    As the last layer it is what a `Dense` with this activation would be: with the loss that it
    is a pair with, as softmax with cross-entropy, the gradient is ``A - Y`` and the loss is
    computed from Z.

    A `Dense` layer draws its first weights by its own activation, so one without draws them by
    Glorot's rule. Before a layer that normalises, their scale does not change the outputs.
    Where relu follows directly, He's rule is ``Dense(64, 32, weights="he_uniform")``.

    Examples
    --------
    >>> import mlp
    >>> layers = [mlp.Dense(2, 3), mlp.BatchNorm(), ActivationLayer("relu"), mlp.Dense(3, 1)]
    >>> net = mlp.MLP(layers, loss="mse", seed=0)
    >>> loss = net.loss_and_grad([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]], [[1.0], [0.0], [1.0]])
    >>> bool((net.layers[2].A == net.layers[1].A.clip(min=0.0)).all())
    True
    """

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = activation(A_in)."""
        if self.canonical_loss is None:
            Z, A = A_in, self.scratch("A", A_in)
            self.activation.forward(Z, out=A)  # A = activation(Z)           (batch, n)
        else:
            Z = self._copy_for_the_loss(A_in)
            A = self.scratch("A", Z)
            self.canonical_loss.canonical_forward(Z, A)
        self._bound = _Pass(A_in, Z, A)
        return A

    def _copy_for_the_loss(self, A_in: Array) -> Array:
        """Return Z = A_in in an array that the loss may write to."""
        if self.activation.couples_units:
            # sums over the units then run along the batch, several times faster
            Z = self.kept("Z", A_in, lambda: _transposed(A_in))
        else:
            Z = self.scratch("Z", A_in)
        np.copyto(Z, A_in)
        return Z

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Return dA_in = dZ = dA * activation'(Z)."""
        if not need_dA_in:
            return None
        now = self._last
        Z, A = now.Z, now.A
        if A.shape != dA.shape:  # replicas share the inputs of the network
            Z, A = np.broadcast_to(Z, dA.shape), np.broadcast_to(A, dA.shape)
        now.dZ = self.scratch("dZ", dA)
        self.activation.backward(dA, Z, A, out=now.dZ)  # dZ = dA * activation'(Z)
        return now.dZ

    def backward_linear(self, need_dA_in: bool = True) -> Array | None:
        """Return dA_in = dZ, which is in place."""
        return self.dZ if need_dA_in else None

    @property
    def _last(self) -> _Pass:
        try:
            return self._bound
        except AttributeError:
            raise AttributeError(f"{self!r} has no A_in, Z, A and dZ before a pass") from None

    @property
    def A_in(self) -> Array:
        """The input of the last pass."""
        return self._last.A_in

    @property
    def Z(self) -> Array:
        """What the activation was applied to, which is A_in."""
        return self._last.A_in

    @property
    def A(self) -> Array:
        """The output of the last pass."""
        return self._last.A

    @property
    def canonical_Z(self) -> Array:
        """What the loss that this is a pair with left in its copy of Z."""
        return self._last.Z

    @property
    def dZ(self) -> Array:
        """The derivative of the loss by Z in the last pass."""
        now = self._last
        if now.dZ is None:
            if self.canonical_loss is None:
                raise AttributeError(f"{self!r} has no dZ: no pass has gone back through it")
            now.dZ = self.scratch("dZ", now.A)
        return now.dZ

    def __copy__(self) -> Self:
        """Return a layer of no network."""
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__getstate__(), activation=copy.copy(self.activation))
        return new

    def __repr__(self) -> str:
        """Return the call that makes the layer."""
        return f"ActivationLayer({self._activation_name!r})"


class _Pass:
    """The arrays of the last pass: the input, what the activation saw, its output and dZ."""

    def __init__(self, A_in: Array, Z: Array, A: Array) -> None:
        self.A_in, self.Z, self.A = A_in, Z, A
        self.dZ: Array | None = None


def _transposed(like: Array) -> Array:
    """Return an array of this shape, in which the rows of a unit stand together in memory."""
    return np.empty_like(like.swapaxes(-1, -2), order="C").swapaxes(-1, -2)
