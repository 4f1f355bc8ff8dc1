"""Layers of k members: networks that share their weights, and pass through as one.

Between these layers every array has a leading axis of the members: A is ``(k, batch, n)``. The
first of them takes ``(batch, n_in)`` and gives each member the same rows. The parameters stay one
vector ``(P,)``, which all members train together: their loss is the mean of the members' losses.

The form is TabM's (Gorishniy, Kotelnikov and Babenko, 2024, arXiv 2410.24210), which is that of
BatchEnsemble (Wen, Tran and Ba, 2020) with separate biases and a separate last layer.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, check_bool, check_count, numeric
from mlp._types import Array
from mlp.core.activations import Activation
from mlp.core.initializers import Initializer
from mlp.core.layers.base import ActivatedLayer, Layer, Parameter, View
from mlp.core.layers.dense import Dense

Values = Mapping[str, NDArray[np.float64]]
_NO_VALUES: Values = MappingProxyType({})


class MemberLayer(ActivatedLayer):
    """The base of layers with weights for k members.

    Parameters
    ----------
    members : int
        How many members there are.
    n_in, n_out, activation, weights, bias
        As of `Dense`: they describe the layer of each member.
    first : mapping of str to array_like, optional
        First values of parameters, by name, in place of those that are drawn.
    """

    members: int
    n_in: int
    n_out: int
    _arrays: _Arrays
    W = View("params", "W", "The weights.")
    b = View("params", "b", "The biases of each member, ``(k, n_out)``.")
    dW = View("grads", "W", "The gradient of the weights.")
    db = View("grads", "b", "The gradient of the biases.")

    def __init__(
        self,
        members: int,
        n_in: int,
        n_out: int,
        activation: str | Activation = "identity",
        *,
        weights: ArrayLike | str | Initializer | None = None,
        bias: bool | ArrayLike = True,
        first: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        self.members = check_count("members", members)
        one = Dense(n_in, n_out, activation, weights=weights, bias=bias)
        self.n_in, self.n_out = one.n_in, one.n_out
        super().__init__(activation)
        self.weights, self.bias = one.weights, one.bias
        self.first = {} if first is None else self._check_first(first)

    def _check_first(self, first: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
        if not isinstance(first, Mapping):
            raise TypeError(f"first: received {first!r:.80}, expected a dict")
        shapes = {p.name: p.shape for p in self._parameters(_NO_VALUES)}
        found = {}
        for name, value in first.items():
            if name not in shapes:
                raise ValueError(f"first: received {name!r}, expected {', '.join(shapes)}")
            place = f"first[{name!r}]"
            array = as_floats(place, numeric(place, value), np.dtype(np.float64))
            if array.shape != shapes[name]:
                raise ValueError(f"{place}: received shape {array.shape}, expected {shapes[name]}")
            found[name] = array.astype(np.float64)
        return found

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the weights, the factors if there are any, and the biases if there are any."""
        return self._parameters(self.first)

    @abstractmethod
    def _parameters(self, first: Values) -> tuple[Parameter, ...]:
        """Return the parameters; `first` replaces the values that are drawn."""

    @abstractmethod
    def member(self, k: int) -> Dense:
        """Return the layer of one member, with its present weights."""

    def _check_member(self, k: int) -> int:
        if not 0 <= check_count("k", k, 0) < self.members:
            raise ValueError(f"k: received {k}, expected 0 to {self.members - 1}")
        if not self.is_bound:
            raise ValueError(f"member: received {self!r}, expected a layer of a network")
        return k

    def _draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return first weights ``(n_in, n_out)``."""
        if isinstance(self.weights, np.ndarray):
            return self.weights
        return self.weights.draw(rng, self.n_in, self.n_out)

    def _bias_of_each(self, first: Values) -> tuple[Parameter, ...]:
        if self.bias is None:
            return ()
        shape = (self.members, self.n_out)
        values = first.get("b", np.broadcast_to(self.bias, shape))
        return (Parameter("b", shape, lambda rng: values),)

    def _begin(self, A_in: Array) -> tuple[Array, _Arrays]:
        """Return A_in in the dtype of the network, and the arrays of its pass."""
        W = self.params["W"]
        if A_in.dtype is not W.dtype:  # a custom layer may have changed it
            A_in = A_in.astype(W.dtype)
        arrays: _Arrays = self.kept("arrays", A_in, lambda A: _Arrays(self, A))
        self._A_in, self._arrays = A_in, arrays
        return A_in, arrays

    def _activate(self, arrays: _Arrays) -> Array:
        activation = self.fused or self._activation
        activation.forward(arrays.Z, out=arrays.A)
        return arrays.A

    def _through_activation(self, dA: Array) -> Array:
        """Return dZ, and write db, its sum over the rows."""
        arrays = self._arrays
        if self.fused is None:
            dZ = arrays.dZ
            self._activation.backward(dA, arrays.Z, arrays.A, out=dZ)
        else:
            dZ = arrays.dZ = dA  # a fused pair has already passed its activation
        if "b" in self.grads:
            np.matmul(arrays.ones, dZ, out=self.grads["b"][:, None, :])
        return dZ

    def _start_from(self, params: dict[str, Array]) -> None:
        self.first = {name: array.astype(np.float64) for name, array in params.items()}

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        sizes = f"{self.members}, {self.n_in}, {self.n_out}"
        return f"{type(self).__name__}({sizes}, {self._activation_name!r})"


class SharedDense(MemberLayer):
    """A dense layer whose weights k members share; each has factors and biases of its own.

    ``A = activation(((A_in * r) @ W) * s + b)``, with ``W (n_in, n_out)``, and for each member
    ``r (n_in,)``, ``s (n_out,)`` and ``b (n_out,)``. With few rows all members pass
    W in one product; with many, each has its own ``r[:, None] * W * s``, which is then faster.

    Parameters
    ----------
    members : int
        How many members there are, k.
    n_in, n_out, activation, weights, bias
        As of `Dense`. All members start with the same biases.
    signs : bool, default False
        Whether the factors r start as -1 or 1 at random, as in the first layer of TabM, instead
        of 1. The factors s start at 1.
    first : mapping of str to array_like, optional
        First values of "W", "r", "s" and "b", in place of those.

    Attributes
    ----------
    W, r, s, b, dW, dr, ds, db : ndarray
        ``(n_in, n_out)``, ``(k, n_in)``, ``(k, n_out)`` and ``(k, n_out)``: views of the
        network's vectors. Penalties count W alone.

    Raises
    ------
    ValueError, TypeError
        If a size, a shape or a name does not fit, or a value is not finite.

    Examples
    --------
    >>> import mlp
    >>> from mlp.core import MemberDense, SharedDense
    >>> layers = [SharedDense(4, 2, 8, "tanh", signs=True), MemberDense(4, 8, 1)]
    >>> net = mlp.MLP(layers, loss="mse", seed=0)
    >>> net.predict([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]).shape
    (4, 3, 1)
    >>> error, where = mlp.check_gradients(net, [[0.1, 0.2]], [[0.5]])
    >>> error < 1e-6
    True
    """

    r = View("params", "r", "The factors of the inputs of each member, ``(k, n_in)``.")
    s = View("params", "s", "The factors of the products of each member, ``(k, n_out)``.")
    dr = View("grads", "r", "The gradient of the factors r.")
    ds = View("grads", "s", "The gradient of the factors s.")

    def __init__(
        self,
        members: int,
        n_in: int,
        n_out: int,
        activation: str | Activation = "identity",
        *,
        weights: ArrayLike | str | Initializer | None = None,
        bias: bool | ArrayLike = True,
        signs: bool = False,
        first: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        self.signs = check_bool("signs", signs)
        super().__init__(members, n_in, n_out, activation, weights=weights, bias=bias, first=first)

    def _parameters(self, first: Values) -> tuple[Parameter, ...]:
        k, n_in, n_out = self.members, self.n_in, self.n_out

        def first_r(rng: np.random.Generator) -> NDArray[np.float64]:
            if "r" in first:
                return first["r"]
            return rng.choice([-1.0, 1.0], (k, n_in)) if self.signs else np.ones((k, n_in))

        def first_W(rng: np.random.Generator) -> NDArray[np.float64]:
            return first["W"] if "W" in first else self._draw(rng)

        return (
            Parameter("W", (n_in, n_out), first_W, penalised=True),
            Parameter("r", (k, n_in), first_r),
            Parameter("s", (k, n_out), lambda rng: first.get("s", np.ones((k, n_out)))),
            *self._bias_of_each(first),
        )

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = activation(((A_in * r) @ W) * s + b)."""
        A_in, arrays = self._begin(A_in)
        W, r, s = (self.params[name] for name in ("W", "r", "s"))
        b = self.params.get("b")
        r, s, Z = r[:, :, None], s[:, None, :], arrays.Z  # (k, n_in, 1), (k, 1, n_out)
        if arrays.has_many_rows:  # fewer numbers are multiplied: Z = A_in @ (r * W * s)
            np.multiply(W, s, out=arrays.V)  # V = W * s                     (k, n_in, n_out)
            np.multiply(r, arrays.V, out=arrays.W)
            np.matmul(A_in, arrays.W, out=Z)
        else:
            np.multiply(A_in, r.swapaxes(1, 2), out=arrays.B)  # B = A_in * r
            np.matmul(_rows(arrays.B), W, out=_rows(arrays.U))  # U = B @ W, all members at once
            np.multiply(arrays.U, s, out=Z)
        if b is not None:
            Z += b[:, None, :]
        return self._activate(arrays)

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write the gradients for dA = d loss / dA; return dA_in = d loss / dA_in."""
        dZ, arrays, A_in = self._through_activation(dA), self._arrays, self._A_in
        W, r, s = (self.params[name] for name in ("W", "r", "s"))
        dW, dr, ds = (self.grads[name] for name in ("W", "r", "s"))
        r, s, dA_in = r[:, :, None], s[:, None, :], arrays.dA_in
        if arrays.has_many_rows:
            dV = np.matmul(A_in.swapaxes(-1, -2), dZ, out=arrays.dV)  # of r * W * s
            np.vecdot(dV, arrays.V, out=dr)  # dr = sum over n_out of dV * W * s
            dV *= r
            np.add.reduce(np.multiply(dV, W, out=arrays.V), axis=1, out=ds)
            dV *= s
            np.add.reduce(dV, axis=0, out=dW)  # dW = sum over the members of dV * r * s
            if need_dA_in:
                np.matmul(dZ, arrays.W.swapaxes(-1, -2), out=dA_in)
        else:
            dU = np.multiply(dZ, arrays.U, out=arrays.dU)
            np.matmul(arrays.ones, dU, out=ds[:, None, :])  # ds = sum of the rows of dZ * U
            np.multiply(dZ, s, out=dU)  # dU = dZ * s
            np.matmul(_rows(arrays.B).T, _rows(dU), out=dW)  # dW = B.T @ dU
            np.matmul(_rows(dU), W.T, out=_rows(dA_in))  # dB = dU @ W.T
            np.multiply(dA_in, A_in, out=arrays.B)  # which is no longer needed
            np.matmul(arrays.ones, arrays.B, out=dr[:, None, :])  # dr = sum of rows, dB * A_in
            if need_dA_in:
                dA_in *= r.swapaxes(1, 2)  # dA_in = dB * r
        return _of_shared_rows(dA_in, A_in) if need_dA_in else None

    def member(self, k: int) -> Dense:
        """Return the layer of one member: its weights are ``r[:, None] * W * s``."""
        k = self._check_member(k)
        W = self.r[k][:, None] * self.W * self.s[k]
        return Dense(self.n_in, self.n_out, self.activation, weights=W, bias=_bias_of(self, k))


class MemberDense(MemberLayer):
    """A dense layer in which each of k members has weights of its own.

    ``A = activation(A_in @ W + b)`` with ``W (k, n_in, n_out)`` and ``b (k, n_out)``, such as the
    last layer of members that share the others.

    Parameters
    ----------
    members : int
        How many members there are, k.
    n_in, n_out, activation, weights, bias
        As of `Dense`; each member draws its own weights.
    first : mapping of str to array_like, optional
        First values of "W" and "b", in place of those.

    Attributes
    ----------
    W, b, dW, db : ndarray
        ``(k, n_in, n_out)`` and ``(k, n_out)``, views of the network's vectors.

    Raises
    ------
    ValueError, TypeError
        If a size, a shape or a name does not fit, or a value is not finite.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.core.MemberDense(3, 2, 1)], loss="mse", seed=0)
    >>> net.layers[0].W.shape, net.predict([[0.0, 1.0]]).shape
    ((3, 2, 1), (3, 1, 1))
    """

    def _parameters(self, first: Values) -> tuple[Parameter, ...]:
        shape = (self.members, self.n_in, self.n_out)

        def first_W(rng: np.random.Generator) -> NDArray[np.float64]:
            return (
                first["W"] if "W" in first else np.stack([self._draw(rng) for _ in range(shape[0])])
            )

        return (Parameter("W", shape, first_W, penalised=True), *self._bias_of_each(first))

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = activation(A_in @ W + b)."""
        A_in, arrays = self._begin(A_in)
        b = self.params.get("b")
        np.matmul(A_in, self.params["W"], out=arrays.Z)  # Z = A_in @ W + b    (k, batch, n_out)
        if b is not None:
            arrays.Z += b[:, None, :]
        return self._activate(arrays)

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write dW and db for dA = d loss / dA; return dA_in = d loss / dA_in."""
        dZ, arrays, A_in = self._through_activation(dA), self._arrays, self._A_in
        np.matmul(A_in.swapaxes(-1, -2), dZ, out=self.grads["W"])  # dW = A_in.T @ dZ
        if not need_dA_in:
            return None
        dA_in = np.matmul(dZ, self.params["W"].swapaxes(-1, -2), out=arrays.dA_in)  # dZ @ W.T
        return _of_shared_rows(dA_in, A_in)

    def member(self, k: int) -> Dense:
        """Return the layer of one member."""
        k = self._check_member(k)
        return Dense(
            self.n_in, self.n_out, self.activation, weights=self.W[k], bias=_bias_of(self, k)
        )


class _Arrays:
    """The arrays of a layer of members for one batch size; most are made when first needed."""

    def __init__(self, layer: MemberLayer, A_in: Array) -> None:
        self._sizes = (layer.members, A_in.shape[-2], layer.n_in, layer.n_out)
        self._dtype = A_in.dtype
        fused = layer.fused
        needs_z = getattr(layer.activation, "needs_z", True) if fused is None else fused.needs_z
        k, batch, _, n_out = self._sizes
        self.Z = np.empty((k, batch, n_out), self._dtype)
        self.A = np.empty_like(self.Z) if needs_z else self.Z

    @cached_property
    def dZ(self) -> Array:
        """The derivative of the loss by Z, ``(k, batch, n_out)``."""
        return np.empty_like(self.Z)

    @cached_property
    def dA_in(self) -> Array:
        """The derivative of the loss by A_in, ``(k, batch, n_in)``."""
        k, batch, n_in, _ = self._sizes
        return np.empty((k, batch, n_in), self._dtype)

    @cached_property
    def ones(self) -> Array:
        """A row of ones, ``(1, batch)``: a product with it is the fastest sum of rows."""
        return np.ones((1, self.Z.shape[1]), self._dtype)

    @cached_property
    def has_many_rows(self) -> bool:
        """Whether the factors of shared weights multiply the weights, and not the rows."""
        _, batch, n_in, n_out = self._sizes
        return bool(n_in * n_out < batch * (n_in + n_out) // 2)

    @cached_property
    def B(self) -> Array:
        """The inputs of shared weights, ``(k, batch, n_in)``."""
        return np.empty_like(self.dA_in)

    @cached_property
    def U(self) -> Array:
        """Their products, ``(k, batch, n_out)``."""
        return np.empty_like(self.Z)

    @cached_property
    def dU(self) -> Array:
        """The derivative of the loss by U."""
        return np.empty_like(self.Z)

    @cached_property
    def W(self) -> Array:
        """The weights of each member, ``(k, n_in, n_out)``."""
        k, _, n_in, n_out = self._sizes
        return np.empty((k, n_in, n_out), self._dtype)

    @cached_property
    def V(self) -> Array:
        """The same without the factors r."""
        return np.empty_like(self.W)

    @cached_property
    def dV(self) -> Array:
        """The derivative of the loss by the weights of each member."""
        return np.empty_like(self.W)


def _rows(array: Array) -> Array:
    """Return the rows of all members, ``(k * batch, n)``: a view."""
    return array.reshape(-1, array.shape[-1])


def _of_shared_rows(dA_in: Array, A_in: Array) -> Array:
    """Return the derivative by A_in: where members share its rows, the sum over them."""
    return dA_in if A_in.ndim == 3 else np.add.reduce(dA_in, axis=0)


def _bias_of(layer: MemberLayer, k: int) -> Any:
    return False if layer.bias is None else layer.b[k]


def shared_layers(layers: Sequence[Layer], members: int) -> list[Layer]:
    """Return layers of members that share the weights of all dense layers but the last.

    Parameters
    ----------
    layers : sequence of Layer
        Those of the network of each member; their numbers are not kept.
    members : int
        How many members there are.

    Raises
    ------
    ValueError
        If a layer between the dense ones has parameters, such as `BatchNorm`.
    """
    dense = [i for i, layer in enumerate(layers) if isinstance(layer, Dense)]
    made: list[Layer] = []
    for i, layer in enumerate(layers):
        if not isinstance(layer, Dense):
            made.append(layer.__copy__())
            continue
        if not layer.train_bias or layer.share_bias:
            raise ValueError(
                f"layers: received {layer!r} with a fixed or shared bias, expected one that is "
                "trained for each unit"
            )
        settings: dict[str, Any] = {
            "activation": layer.activation,
            "weights": layer.weights,
            "bias": False if layer.bias is None else layer.bias,
        }
        sizes = (members, layer.n_in, layer.n_out)
        if i == dense[-1]:
            made.append(MemberDense(*sizes, **settings))
        else:
            made.append(SharedDense(*sizes, **settings, signs=i == dense[0]))
    return made
