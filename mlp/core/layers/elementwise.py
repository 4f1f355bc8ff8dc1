"""Layers that change each number on its own: activations and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlp._replicas import check_fractions, check_replicas, kept_replicas
from mlp._types import Array, Rate
from mlp.core.arrays import empty_units_first
from mlp.core.layers.base import ActivatedLayer, Layer


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
        arrays: _Arrays = self.kept("arrays", A_in, lambda A: _Arrays(self, A))
        Z, A = A_in, arrays.A
        if self.fused is None:
            self._activation.forward(Z, out=A)  # A = activation(Z)          (batch, n)
        else:
            Z = arrays.copy_of_Z  # which the loss may overwrite
            np.copyto(Z, A_in)
            self.fused.forward(Z, out=A)
        self._A_in, self._arrays = A_in, arrays
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


class Dropout(Layer):
    """Sets outputs to zero at random in training and scales up the others (Srivastava, 2014).

    ``A = A_in * mask / (1 - rate)``: the mean of A is that of A_in. Outside training, A = A_in.
    All replicas draw the same numbers, so with one rate they see the same mask.

    Parameters
    ----------
    rate : float or array (K,)
        The probability of zero, at least 0 and less than 1. In a network of K replicas it may be
        set to an array with a rate > 0 for each.

    Examples
    --------
    >>> import mlp
    >>> nets = mlp.MLP.from_sizes([2, 8, 1], dropout=0.5, seed=0).replicate(2)
    >>> nets.layers[1].rate = [0.1, 0.4]
    >>> nets.replica(1).layers[1]
    Dropout(0.4)
    """

    _of_network = (*Layer._of_network, "_mask")
    _mask: Array | None

    def __init__(self, rate: Rate) -> None:
        self.rate = rate

    @property
    def rate(self) -> Rate:
        """The probability of zero, one for all replicas or one for each ``(K,)``."""
        return self._rate

    @rate.setter
    def rate(self, value: Rate) -> None:
        rate = check_fractions("rate", value)
        if isinstance(rate, np.ndarray) and not rate.all():
            raise ValueError(
                "rate: received 0.0 for some of the replicas, expected numbers > 0 in an array: "
                "without dropout a run draws no numbers"
            )
        if self.is_bound:
            check_replicas("rate", rate, self.replicas)
        self._rate = rate

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Receive the views that the network has made for this layer."""
        check_replicas("rate", self._rate, replicas)
        super().bind(params, grads, dtype, replicas)

    def _keep_replicas(self, rows: Any) -> None:
        self._rate = kept_replicas(self._rate, rows)

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """A = A_in * mask / (1 - rate)."""
        self._mask = None
        rate = self._rate
        if not training or (isinstance(rate, float) and rate == 0.0):
            return A_in
        one = A_in if A_in.ndim == 2 or self.replicas is None else A_in[0]
        drawn = mask = self.scratch("mask", one)
        rng.random(out=drawn, dtype=drawn.dtype.type)
        keep: Any = 1.0 - rate
        if isinstance(rate, np.ndarray):
            K = len(rate)
            mask = self.kept("masks", A_in, lambda A: self._masks(A, K))
            rate, keep = (x.astype(mask.dtype)[:, None, None] for x in (rate, keep))
        survives = np.greater_equal(drawn, rate, out=self.scratch("survives", mask, np.bool_))
        np.copyto(mask, survives)
        mask /= keep
        self._mask = mask
        A: Array = np.multiply(A_in, mask, out=self.scratch("A", mask if A_in.ndim == 2 else A_in))
        return A

    @staticmethod
    def _masks(A_in: Array, K: int) -> Array:
        """Return an array for a mask of each replica, in the layout of A_in if that has them."""
        return np.empty_like(A_in) if A_in.ndim == 3 else np.empty((K, *A_in.shape), A_in.dtype)

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """dA_in = dA * mask / (1 - rate)."""
        if self._mask is None:
            return dA
        dA_in: Array = np.multiply(dA, self._mask, out=self.scratch("dA_in", dA))
        return dA_in

    def __repr__(self) -> str:
        """Return the call that makes the layer."""
        rate = self._rate
        return f"Dropout({rate.tolist() if isinstance(rate, np.ndarray) else f'{rate:g}'})"
