"""The dense layer: the matrix form of backpropagation."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, check_bool, check_count, numeric
from mlp._types import Array
from mlp.core.activated import Activated
from mlp.core.activations import Activation
from mlp.core.buffers import Bound, Pass
from mlp.core.initializers import Initializer, make_initializer
from mlp.core.parameters import Parameter
from mlp.core.products import sum_of
from mlp.core.views import View

_BATCH_SIZES_KEPT = 8
_FAN_IN_ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "softplus")


class Dense(Activated):
    """A fully connected layer, ``A = activation(A_in @ W + b)``.

    Parameters
    ----------
    n_in, n_out : int
        How many units come in and go out.
    activation : str or Activation, default "identity"
        What is applied to ``Z = A_in @ W + b``.
    weights : array_like (n_in, n_out), str, Initializer or None
        The first weights, or how they are drawn. By default Glorot's uniform rule, and He's for
        relu and its kin.
    bias : bool, float or array_like (n_out,), default True
        True for a bias that starts at zero, False for none, or its first values.
    train_bias : bool, default True
        False keeps the bias at its first values.
    share_bias : bool, default False
        One number for all units of the layer, with one common gradient.

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
    ) -> None:
        self.n_in = check_count("n_in", n_in)
        self.n_out = check_count("n_out", n_out)
        super().__init__(activation)
        self.train_bias = check_bool("train_bias", train_bias)
        self.share_bias = check_bool("share_bias", share_bias)
        self.weights = self._check_weights(weights)
        self.bias = self._check_bias(bias)

    def _check_weights(
        self, weights: ArrayLike | str | Initializer | None
    ) -> NDArray[np.float64] | Initializer:
        if weights is None:
            weights = default_weights(self.activation)
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

    @property
    def keeps_z(self) -> bool:
        """Whether Z and A need memory of their own."""
        return self.canonical_loss is not None or getattr(self.activation, "needs_z", True)

    def parameters(self) -> tuple[Parameter, ...]:
        """Return W and, if there is one, b."""

        def first_weights(rng: np.random.Generator) -> NDArray[np.float64]:
            if isinstance(self.weights, np.ndarray):
                return self.weights
            return self.weights.draw(rng, self.n_in, self.n_out)

        found = [Parameter("W", (self.n_in, self.n_out), first_weights, penalised=True)]
        if self.bias is not None:
            bias = self.bias
            found.append(Parameter("b", bias.shape, lambda rng: bias, trainable=self.train_bias))
        return tuple(found)

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Take over the views that the network has made for this layer."""
        super().bind(params, grads, dtype, replicas)
        self._bound = Bound(self)

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = activation(A_in @ W + b)."""
        now = self._pass_of(A_in.shape[-2])
        if A_in.dtype is not now.Z.dtype:  # a layer of one's own may have changed it
            A_in = A_in.astype(now.Z.dtype)
        now.A_in = A_in
        self.linear(now)
        if self.canonical_loss is None:
            self.activation.forward(now.Z, out=now.A)  # A = activation(Z)   (batch, n_out)
        else:
            self.canonical_loss.canonical_forward(now.Z, now.A)
        return now.A

    def linear(self, now: Pass) -> None:
        """Z = A_in @ W + b."""
        bound = self._bound
        now.matmul(now.A_in, bound.W, out=now.Z)  # Z = A_in @ W + b      (batch, n_out)
        if bound.b is not None:
            now.Z += bound.b

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write dW and db for dA = d loss / dA; return dA_in = d loss / dA_in."""
        now = self._bound.now
        self.activation.backward(dA, now.Z, now.A, out=now.dZ)  # dZ = dA * activation'(Z)
        return self.backward_linear(need_dA_in)

    def backward_linear(self, need_dA_in: bool = True) -> Array | None:
        """Write dW and db for the dZ that is in place; return dA_in."""
        bound, now = self._bound, self._bound.now
        now.matmul(now.A_in.swapaxes(-1, -2), now.dZ, out=bound.dW)  # dW = A_in.T @ dZ
        if bound.db is not None:
            db = now.row if self.share_bias else bound.db
            now.matmul(now.ones, now.dZ, out=db)  # db = sum of the rows of dZ
            if self.share_bias:
                bound.db[..., 0, 0] = sum_of(db[..., 0, :])
        if not need_dA_in:
            return None
        return now.matmul(now.dZ, bound.W_T, out=now.dA_in)  # dA_in = dZ @ W.T

    def _pass_of(self, batch: int) -> Pass:
        """Return the arrays for this batch size, kept for the eight sizes that came last."""
        bound = self._bound
        now = bound.passes.get(batch)
        if now is None:
            if len(bound.passes) >= _BATCH_SIZES_KEPT:
                del bound.passes[next(iter(bound.passes))]
            now = bound.passes[batch] = Pass(self, batch)
        bound.now = now
        return now

    @property
    def _last(self) -> Pass:
        try:
            return self._bound.now
        except AttributeError:
            raise AttributeError(f"{self!r} has no A_in, Z, A and dZ before a pass") from None

    @property
    def A_in(self) -> Array:
        """The input of the last pass."""
        return self._last.A_in

    @property
    def Z(self) -> Array:
        """``A_in @ W + b`` of the last pass, computed anew: its own memory may hold A by now."""
        Z: Array = self.A_in @ self.W
        return Z if self._bound.b is None else Z + self._bound.b

    @property
    def A(self) -> Array:
        """The output of the last pass."""
        return self._last.A

    @property
    def canonical_Z(self) -> Array:
        """What the loss that the activation is a pair with left in Z in the last pass."""
        return self._last.Z

    @property
    def dZ(self) -> Array:
        """The derivative of the loss by Z in the last pass."""
        return self._last.dZ

    def __copy__(self) -> Dense:
        """Return a layer of no network, whose first values are the present ones of this layer."""
        if self.replicas is not None:
            raise ValueError(
                f"copy: received {self!r} of {self.replicas} replicas, expected a layer of one "
                "network; net.replica(k) makes one"
            )
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__getstate__(), activation=copy.copy(self.activation))
        for name, key in (("weights", "W"), ("bias", "b")):
            if self.is_bound and key in self.params:
                setattr(new, name, self.params[key].astype(np.float64))
        return new

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        return f"Dense({self.n_in}, {self.n_out}, {self._activation_name!r})"


def default_weights(activation: Activation) -> str:
    """Return the rule by which weights are drawn that an activation follows."""
    by_fan_in = getattr(activation, "name", "") in _FAN_IN_ACTIVATIONS
    return "he_uniform" if by_fan_in else "glorot_uniform"
