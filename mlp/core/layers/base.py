"""The base of all layers, and the arrays that a layer asks its network for.

Between `forward` and `backward`, a layer keeps what its equations need. Its parameters are views
of the flat vectors of its network. It writes gradients, never weights.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, check_not_negative, numeric
from mlp._names import name_of
from mlp._types import Array
from mlp.core.activations import Activation, make_activation
from mlp.core.arrays import Workspace
from mlp.core.first_call import check_first_calls, checked_once


@dataclass(frozen=True)
class Parameter:
    """An array that a layer asks its network for.

    Parameters
    ----------
    name : str
        Its values are ``layer.params[name]``, its gradient ``layer.grads[name]``.
    shape : tuple of int
        Without the replica axis.
    initial : callable
        ``initial(rng)`` returns its first values.
    penalised : bool, default False
        Whether l1 and l2 penalties count it: they count weights and no biases.
    trainable : bool, default True
        Whether it has a gradient. If not, it is part of `MLP.fixed` instead of `MLP.theta`.
    running : bool, default False
        Whether the forward passes of training change it; it is then not trainable. A step that
        fails or diverges leaves it as it was.
    least : float, default -inf
        The least value that it can have.
    lr_factor : float, default 1.0
        What the step of any optimizer is multiplied by; at least 0.

    Raises
    ------
    ValueError, TypeError
        If it is both trainable and running, or `lr_factor` is no such number.
    """

    name: str
    shape: tuple[int, ...]
    initial: Callable[[np.random.Generator], NDArray[np.float64]]
    penalised: bool = False
    trainable: bool = True
    running: bool = False
    least: float = -math.inf
    lr_factor: float = 1.0

    def __post_init__(self) -> None:
        """Check what contradicts itself, and the factor."""
        check_not_negative("lr_factor", self.lr_factor)
        if self.trainable and self.running:
            raise ValueError(f"trainable: received True for {self.name}, which is running")

    @property
    def size(self) -> int:
        """The number of its elements."""
        return int(np.prod(self.shape))

    def check(self, place: str, values: Array) -> None:
        """Raise ValueError, naming the place, unless the values are finite and not too low."""
        if not np.isfinite(values).all():
            raise ValueError(f"{place}: received numbers that are not finite")
        lowest = values.min(initial=math.inf)
        if lowest < self.least:
            raise ValueError(f"{place}: received {lowest:g}, expected numbers >= {self.least:g}")


class Layer(Workspace, ABC):
    """The base of all layers, custom layers included.

    A custom layer defines `forward` and `backward`, and `parameters` if it has any; their values
    are then ``self.params[name]`` and their gradients, which `backward` overwrites,
    ``self.grads[name]``. For statistics that `forward` itself updates in training, it asks with
    ``Parameter(..., trainable=False, running=True)``.

    The first calls of `forward` and `backward` are checked: TypeError or ValueError if they
    return the wrong shape, leave a gradient unwritten or change what they are given.

    With K replicas, arrays have a leading axis: equations written with ``@``,
    ``swapaxes(-1, -2)`` and ``axis=-2`` hold for both.

    Attributes
    ----------
    n_in, n_out : int or None
        The widths; None for the width of the layer before.
    width : int or None
        How many units come in: n_in, or the width of the layer before. The network sets it before
        it calls `parameters`, whose shapes may depend on it.
    least_rows : int
        The least number of rows in a batch of training; shorter batches are rejected.
    params, grads : dict of str to ndarray
        Views of the network's theta (or fixed) and grad; not there outside a network.
    replicas : int or None
        K, in a network of replicas.
    members : int or None
        How many members of an ensemble the layer serves, if it has parameters for each.

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
    members: int | None = None
    _initial_values: Mapping[str, Array] = MappingProxyType({})
    """For a copied custom layer: values that replace the `initial` ones of its parameters."""
    _of_network: tuple[str, ...] = (
        *("params", "grads", "width", "replicas", "_kept", "_latest"),
        *("forward", "backward"),  # of a custom layer, until they have been called
    )
    """Attributes that a copy leaves behind: the network of the copy makes new ones."""

    @property
    def is_bound(self) -> bool:
        """Whether the layer is part of a network."""
        return "params" in self.__dict__

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters that the layer needs, in the order in which they are drawn."""
        return ()

    @abstractmethod
    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A ``(..., batch, n_out)`` for A_in ``(..., batch, n_in)``.

        Parameters
        ----------
        A_in : ndarray
            The output of the layer before; stays valid and unchanged until `backward`.
        training : bool
            Whether `backward` follows. Dropout is at work only then.
        rng : numpy.random.Generator
            The source of random numbers.
        """

    @abstractmethod
    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write the gradients of the parameters; return dA_in, or None if it is not needed."""

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Receive the views that the network has made for this layer."""
        self.params = params
        self.grads = grads
        self.replicas = replicas
        check_first_calls(self)

    def unbind(self) -> None:
        """Leave the network."""
        for name in self._of_network:
            self.__dict__.pop(name, None)

    def _keep_replicas(self, rows: Any) -> None:
        """Keep the settings of these replicas; a layer without settings for each has none."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave views and work arrays behind."""
        state = self.__dict__.copy()  # in one piece: another thread may be in its first pass
        return {k: v for k, v in state.items() if k not in self._of_network}

    def __copy__(self) -> Self:
        """Return a layer of no network that starts from the present values of this one."""
        if self.replicas is not None and self.params:
            raise ValueError(
                f"copy: received {self!r} of {self.replicas} replicas, expected a layer of one "
                "network; net.replica(k) makes one"
            )
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__getstate__())
        if self.is_bound:
            new._start_from(self.params)
        return new

    def _start_from(self, params: dict[str, Array]) -> None:
        """Take these values as the initial ones."""
        self._initial_values = {name: array.astype(np.float64) for name, array in params.items()}

    def __repr__(self) -> str:
        """Return the class name."""
        return f"{type(self).__name__}()"


class View:
    """An attribute of a layer: its parameter or gradient of that name. Setting copies into it."""

    def __init__(self, kind: str, key: str, doc: str) -> None:
        self.kind, self.key, self.__doc__ = kind, key, doc

    def __get__(self, layer: Layer | None, owner: type[Layer]) -> Array:
        if layer is None:
            return self  # type: ignore[return-value]
        views: dict[str, Array] = getattr(layer, self.kind, {})
        if self.key not in views:
            why = "has none" if layer.is_bound else "is not part of a network yet"
            raise AttributeError(f"{self.kind} {self.key!r}: {layer!r} {why}")
        return views[self.key]

    def __set__(self, layer: Layer, value: ArrayLike) -> None:
        view = self.__get__(layer, type(layer))
        new = as_floats(self.key, numeric(self.key, value), view.dtype)
        if new.shape not in (view.shape, view.shape[1:] if layer.replicas else view.shape):
            raise ValueError(f"{self.key}: received shape {new.shape}, expected {view.shape}")
        for p in layer.parameters():
            if p.name == self.key:
                p.check(self.key, new)
        view[...] = new


class Fused(Protocol):
    """An activation together with the loss that follows it: see mlp/core/output.py."""

    needs_z: bool

    def forward(self, Z: Array, out: Array) -> None:
        """Write A = activation(Z) into `out`; Z may be overwritten."""

    def rows(self, A: Array, Y: Array, out: Array) -> None:
        """Write the loss of each row of the last `forward` into `out`."""


class ActivatedLayer(Layer):
    """The base of layers that end in an activation, ``A = activation(Z)``.

    Parameters
    ----------
    activation : str or Activation
        What is applied to Z.

    Attributes
    ----------
    fused : Fused or None
        In the last layer of a network, the activation together with the loss if the two are a
        pair (see ``mlp/core/output.py``). `backward` then receives dZ instead of dA.
    """

    activation: Activation
    fused: Fused | None = None
    _A_in: Array
    _arrays: Any
    """The arrays of the last pass: A and, after `backward`, dZ."""
    _of_network = (*Layer._of_network, "fused", "_activation", "_A_in", "_arrays")

    def __init__(self, activation: str | Activation) -> None:
        self.activation = copy.copy(make_activation(activation))  # its work arrays are its own

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Receive the views that the network has made for this layer."""
        super().bind(params, grads, dtype, replicas)
        methods = ("forward", "backward")
        self._activation: Activation = checked_once("activation", self.activation, methods)

    @property
    def _activation_name(self) -> str:
        return name_of(self.activation)

    def _require_pass(self) -> None:
        if "_arrays" not in self.__dict__:
            raise AttributeError(f"{self!r} has no A_in, Z, A and dZ before a pass")

    @property
    def A_in(self) -> Array:
        """The input of the last pass."""
        self._require_pass()
        return self._A_in

    @property
    def A(self) -> Array:
        """The output of the last pass."""
        self._require_pass()
        A: Array = self._arrays.A
        return A

    @property
    def dZ(self) -> Array:
        """The derivative of the loss by Z in the last backward pass."""
        self._require_pass()
        dZ: Array | None = vars(self._arrays).get("dZ")
        if dZ is None:
            raise AttributeError(f"{self!r} has no dZ: no pass has gone back through it")
        return dZ

    def __copy__(self) -> Self:
        """Return a layer of no network that starts from the present values of this one."""
        new = super().__copy__()
        new.activation = copy.copy(self.activation)
        return new
