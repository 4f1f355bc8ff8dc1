"""The dense layer: the matrix form of backpropagation."""

from __future__ import annotations

from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, check_bool, check_count, check_not_negative, numeric
from mlp._types import Array
from mlp.core.activations import Activation
from mlp.core.arrays import Products, empty, empty_units_first, is_replicas_last, sum_of
from mlp.core.initializers import Initializer, make_initializer
from mlp.core.layers.base import ActivatedLayer, Parameter, View


class Dense(ActivatedLayer):
    """A fully connected layer, ``A = activation(A_in @ W + b)``.

    Parameters
    ----------
    n_in, n_out : int
        How many units come in and go out.
    activation : str or Activation, default "identity"
        What is applied to ``Z = A_in @ W + b``.
    weights : array_like (n_in, n_out), str, Initializer or None
        The initial weights, or how they are drawn. By default Glorot's uniform rule, He's before
        ReLU-like activations, and LeCun's normal rule before selu.
    bias : bool, float or array_like (n_out,), default True
        True for a bias that starts at zero, False for none, or its first values.
    train_bias : bool, default True
        False keeps the bias at its first values.
    share_bias : bool, default False
        One number for all units of the layer, with one common gradient.
    lr_factor, bias_lr_factor : float, default 1.0
        What the step of any optimizer is multiplied by, for the weights and for the bias.

    Attributes
    ----------
    W, b, dW, db : ndarray
        ``(n_in, n_out)`` and ``(n_out,)``, views of the network's vectors, with a leading K for
        replicas. Setting one copies into it.
    A_in, Z, A, dZ : ndarray
        The numbers of the last pass; Z is computed anew with the present weights.

    Notes
    -----
    A layer belongs to one network. ``copy.copy(layer)`` makes one for another network, with the
    present W and b as its given weights and bias; pickled without its network, a layer keeps the
    first values only.

    Raises
    ------
    ValueError, TypeError
        If a size, a shape or a name does not fit, or a value is not finite.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([Dense(2, 1, "sigmoid", weights=[[0.5], [-0.5]], bias=0.1)], loss="mse")
    >>> net.predict([[1.0, 1.0]])
    array([[0.52497919]])
    """

    n_in: int
    n_out: int
    _arrays: _Arrays
    _of_network = (
        *ActivatedLayer._of_network,
        *("_W", "_W_T", "_dW", "_b", "_db", "_products", "_arrays_of"),
    )
    W = View("params", "W", "The weights ``(n_in, n_out)``.")
    b = View("params", "b", "The biases ``(n_out,)``.")
    dW = View("grads", "W", "The gradient of the weights.")
    db = View("grads", "b", "The gradient of the biases.")

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | Activation = "identity",
        *,
        weights: ArrayLike | str | Initializer | None = None,
        bias: bool | ArrayLike = True,
        train_bias: bool = True,
        share_bias: bool = False,
        lr_factor: float = 1.0,
        bias_lr_factor: float = 1.0,
    ) -> None:
        self.n_in = check_count("n_in", n_in)
        self.n_out = check_count("n_out", n_out)
        super().__init__(activation)
        self.train_bias = check_bool("train_bias", train_bias)
        self.share_bias = check_bool("share_bias", share_bias)
        self.lr_factor = check_not_negative("lr_factor", lr_factor)
        self.bias_lr_factor = check_not_negative("bias_lr_factor", bias_lr_factor)
        self.weights = self._check_weights(weights)
        self.bias = self._check_bias(bias)

    def _check_weights(
        self, weights: ArrayLike | str | Initializer | None
    ) -> NDArray[np.float64] | Initializer:
        if weights is None:
            weights = default_initializer(self.activation)
        if isinstance(weights, str) or hasattr(weights, "draw"):
            return make_initializer(weights)  # type: ignore[arg-type]
        array = as_floats("weights", numeric("weights", weights), np.dtype(np.float64))
        if array.shape != (self.n_in, self.n_out):
            raise ValueError(
                f"weights: received shape {array.shape}, expected ({self.n_in}, {self.n_out})"
            )
        return array.astype(np.float64)  # a copy

    def _check_bias(self, bias: bool | ArrayLike) -> NDArray[np.float64] | None:
        size = 1 if self.share_bias else self.n_out
        if bias is None:
            return None
        if isinstance(bias, bool | np.bool_):
            return np.zeros(size) if bias else None
        array = as_floats("bias", numeric("bias", bias), np.dtype(np.float64))
        if array.ndim and array.shape != (size,):
            raise ValueError(
                f"bias: received shape {array.shape}, expected True, False, a number or ({size},)"
            )
        return np.broadcast_to(array, (size,)).astype(np.float64)

    @property
    def has_given_weights(self) -> bool:
        """Whether the first weights were given as numbers and are not drawn."""
        return isinstance(self.weights, np.ndarray)

    def parameters(self) -> tuple[Parameter, ...]:
        """Return W and, if there is one, b."""

        def first_weights(rng: np.random.Generator) -> NDArray[np.float64]:
            if isinstance(self.weights, np.ndarray):
                return self.weights
            return self.weights.draw(rng, self.n_in, self.n_out)

        shape, factor = (self.n_in, self.n_out), self.lr_factor
        W = Parameter("W", shape, first_weights, penalised=True, lr_factor=factor)
        if self.bias is None:
            return (W,)
        b, factor = self.bias, self.bias_lr_factor
        train = self.train_bias
        return W, Parameter("b", b.shape, lambda rng: b, trainable=train, lr_factor=factor)

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Receive the views that the network has made for this layer."""
        super().bind(params, grads, dtype, replicas)
        self._W, self._dW = params["W"], grads["W"]
        self._W_T = self._W.swapaxes(-1, -2)
        b, db = params.get("b"), grads.get("b")
        self._b = None if b is None else b[..., None, :]  # a row, (1, n_out)
        self._db = None if db is None else db[..., None, :]
        self._products = Products()
        self._arrays_of = lru_cache(8)(partial(_Arrays, self))  # for so many sizes of a batch

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = activation(A_in @ W + b)."""
        W, b = self._W, self._b
        if A_in.dtype is not W.dtype:  # a custom layer may have changed it
            A_in = A_in.astype(W.dtype)
        arrays = self._arrays_of(A_in.shape[-2])
        Z, A = arrays.Z, arrays.A

        arrays.matmul_Z(A_in, W, out=Z)  # Z = A_in @ W + b                       (batch, n_out)
        if b is not None:
            Z += b
        activation = self.fused or self._activation
        activation.forward(Z, out=A)  # A = activation(Z)                       (batch, n_out)

        self._A_in, self._arrays = A_in, arrays
        return A

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write dW and db for dA = d loss / dA; return dA_in = d loss / dA_in."""
        A_in, W_T, dW, db, arrays = self._A_in, self._W_T, self._dW, self._db, self._arrays
        activation = self._activation
        Z, A = arrays.Z, arrays.A

        if self.fused is None:
            dZ = arrays.dZ
            activation.backward(dA, Z, A, out=dZ)  # dZ = dA * activation'(Z)       (batch, n_out)
        else:
            dZ = arrays.dZ = dA  # a fused pair has already passed its activation
        arrays.matmul_dW(A_in.mT, dZ, out=dW)  # dW = A_in.T @ dZ                 (n_in, n_out)
        if db is not None:
            ones = arrays.ones  # a product with a row of ones is the fastest way to sum rows
            if self.share_bias:
                row = arrays.matmul_db(ones, dZ, out=arrays.row)
                db[..., 0, 0] = sum_of(row[..., 0, :])
            else:
                arrays.matmul_db(ones, dZ, out=db)  # db = sum of the rows of dZ      (1, n_out)
        if not need_dA_in:
            return None
        dA_in = arrays.dA_in
        return arrays.matmul_dA_in(dZ, W_T, out=dA_in)  # dA_in = dZ @ W.T        (batch, n_in)

    @property
    def Z(self) -> Array:
        """``A_in @ W + b`` of the last pass, computed anew: its own memory may hold A by now."""
        self._require_pass()
        arrays = self._arrays
        Z: Array = np.empty_like(arrays.Z)
        arrays.matmul_Z(self._A_in, self._W, out=Z)
        if self._b is not None:
            Z += self._b
        return Z

    def _start_from(self, params: dict[str, Array]) -> None:
        for name, key in (("weights", "W"), ("bias", "b")):
            if key in params:
                setattr(self, name, params[key].astype(np.float64))

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        named = {"lr_factor": self.lr_factor, "bias_lr_factor": self.bias_lr_factor}
        factors = "".join(f", {key}={value:g}" for key, value in named.items() if value != 1.0)
        return f"Dense({self.n_in}, {self.n_out}, {self._activation_name!r}{factors})"


class _Arrays:
    """The arrays of a dense layer for one batch size; those of `backward` when first needed."""

    def __init__(self, layer: Dense, batch: int) -> None:
        self.layer, self.batch = layer, batch
        fused, activation = layer.fused, layer.activation
        self.Z = self._empty(batch, layer.n_out)
        if fused is not None and activation.couples_units:
            self.Z = empty_units_first(self.Z)
        needs_z = getattr(activation, "needs_z", True) if fused is None else fused.needs_z
        self.A = np.empty_like(self.Z) if needs_z else self.Z
        into = layer._products.into
        self.matmul_Z, self.matmul_dW = into(self.Z, layer.n_in), into(layer._dW, batch)
        self.matmul_db = into(layer._dW[..., :1, :], batch)

    @cached_property
    def dZ(self) -> Array:
        """The derivative of the loss by Z, ``(..., batch, n_out)``."""
        return np.empty_like(self.Z)

    @cached_property
    def dA_in(self) -> Array:
        """The derivative of the loss by A_in, ``(..., batch, n_in)``."""
        dA_in = self._empty(self.batch, self.layer.n_in)
        self.matmul_dA_in = self.layer._products.into(dA_in, self.layer.n_out)
        return dA_in

    @cached_property
    def ones(self) -> Array:
        """A row of ones, ``(1, batch)``."""
        return np.ones((1, self.batch), self.Z.dtype)

    @cached_property
    def row(self) -> Array:
        """One number for each unit, ``(..., 1, n_out)``."""
        return self._empty(1, self.layer.n_out)

    def _empty(self, *shape: int) -> Array:
        W, replicas = self.layer.W, self.layer.replicas
        if replicas is None:
            return np.empty(shape, W.dtype)
        return empty((replicas, *shape), W.dtype, is_replicas_last(W))


def default_initializer(activation: Activation) -> str:
    """Return the name of the initializer for the weights before this activation."""
    return getattr(activation, "initializer", Activation.initializer)
