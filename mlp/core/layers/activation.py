"""An activation as a layer, for what stands between a dense layer and its relu."""

from __future__ import annotations

import numpy as np

from mlp._types import Array
from mlp.core.arrays import empty_units_first
from mlp.core.layers.base import ActivatedLayer


class ActivationLayer(ActivatedLayer):
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
        arrays: _Arrays = self.kept("arrays", A_in, lambda: _Arrays(self, A_in))
        Z, A = A_in, arrays.A
        if self.fused is None:
            self._activation.forward(Z, out=A)  # A = activation(Z)          (batch, n)
        else:
            Z = arrays.copy_of_Z  # which the loss may overwrite
            np.copyto(Z, A_in)
            self.fused.forward(Z, out=A)
        self._A_in, self._arrays, self._has_gradient = A_in, arrays, False
        return A

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Return dA_in = dZ = dA * activation'(Z)."""
        arrays = self._arrays
        if self.fused is not None:
            arrays.dZ = dA  # a fused pair has already passed its activation
        elif need_dA_in:
            Z, A = self._A_in, arrays.A
            if A.shape != dA.shape:  # replicas share the inputs of the network
                Z, A = np.broadcast_to(Z, dA.shape), np.broadcast_to(A, dA.shape)
            arrays.dZ = self.scratch("dZ", dA)
            self._activation.backward(dA, Z, A, out=arrays.dZ)  # dZ = dA * activation'(Z)
        else:
            return None
        self._has_gradient = True
        return arrays.dZ if need_dA_in else None

    @property
    def Z(self) -> Array:
        """What the activation was applied to, which is A_in."""
        return self.A_in

    def __repr__(self) -> str:
        """Return the call that makes the layer."""
        return f"ActivationLayer({self._activation_name!r})"


class _Arrays:
    """The arrays of an activation layer for one layout of its input."""

    dZ: Array

    def __init__(self, layer: ActivationLayer, A_in: Array) -> None:
        if layer.fused is not None:
            units_first = layer.activation.couples_units
            self.copy_of_Z = empty_units_first(A_in) if units_first else np.empty_like(A_in)
        self.A = np.empty_like(A_in if layer.fused is None else self.copy_of_Z)
