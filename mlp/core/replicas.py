"""Copies of networks: copy, pickle, K replicas as one network, and one replica of many.

Views lose their connection to an array when they are copied one by one. So only what defines a
network is copied; theta, grad and all views are made anew.

With K replicas, theta is ``(K, P)`` and every array of a layer gains the leading axis K: W is
``(K, n_in, n_out)``, A is ``(K, batch, n_out)``. The inputs X ``(batch, n_in)`` may be common to
all replicas; the first layer with parameters then broadcasts them. Dropout masks ``(batch, n)``
are common too. The loss becomes ``(K,)``.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlp._checks import check_count, check_dtype
from mlp._types import Array
from mlp.core.access import Access
from mlp.core.layers import Layer, MemberLayer
from mlp.core.losses import Loss
from mlp.core.output import check_pair
from mlp.core.parameters import Parameters
from mlp.core.structure import check_layers


class Copyable(ABC):
    """The part of a network that makes other, independent networks from it."""

    n_in: int
    n_out: int
    layers: Sequence[Layer]
    loss: Loss
    dtype: np.dtype[np.floating[Any]]
    replicas: int | None
    members: int | None
    _feature_names: list[str] | None
    _rng: np.random.Generator
    _access: Access
    _parameters: Parameters

    @abstractmethod
    def _build(self) -> None:
        """Allocate theta and grad, and bind the layers to them."""

    def copy(self) -> Self:
        """Return an independent copy."""
        return copy.deepcopy(self)

    def __copy__(self) -> Self:
        """Return an independent copy: a layer belongs to one network."""
        return self.copy()

    def replicate(self, K: int) -> Self:
        """Return K copies of this network as one, with a leading replica axis on every array."""
        K = check_count("K", K)
        if self.replicas is not None:
            raise ValueError(f"replicate: this network already has {self.replicas} replicas")
        if self.members is not None:
            raise ValueError(
                f"replicate: this network has {self.members} members, expected one without"
            )
        return self._with(replicas=K)

    def replica(self, k: int) -> Self:
        """Return an independent network with the parameters of replica k, or of member k."""
        copies = self.replicas or self.members
        if copies is None:
            raise ValueError("replica: this network has no replicas, expected one of replicate(K)")
        if not 0 <= check_count("k", k, 0) < copies:
            raise ValueError(f"k: received {k}, expected 0 to {copies - 1}")
        if self.members is not None:
            return self._member(k)
        theta, fixed = self._parameters.theta[k], self._parameters.fixed[k]
        layers = copy.deepcopy(self.layers)
        for layer in layers:
            layer._keep_replicas(k)
        return self._with(replicas=None, theta=theta, fixed=fixed, layers=layers)

    def _member(self, k: int) -> Self:
        """Return an independent network with the parameters of member k."""
        layers = [
            layer.member(k) if isinstance(layer, MemberLayer) else copy.copy(layer)
            for layer in self.layers
        ]
        new = self._blank(layers, copy.copy(self.loss), self.dtype, None)
        new._parameters.initialize(np.random.default_rng(0))  # all values have been given
        new._feature_names = self._feature_names
        return new

    def _keep_replicas(self, rows: NDArray[np.intp]) -> None:
        """Become the network of only these replicas, in place, within a call that writes."""
        theta, fixed, access = self._parameters.theta, self._parameters.fixed, self._access
        for layer in self.layers:
            layer._keep_replicas(rows)
            layer.unbind()
        self.replicas = len(rows)
        self._build()
        self._parameters.theta[...] = theta[rows]
        self._parameters.fixed[...] = fixed[rows]
        access.take_over(self._access)
        self._access = access

    def astype(self, dtype: DTypeLike) -> Self:
        """Return an independent copy that computes in another dtype."""
        with np.errstate(over="ignore", invalid="ignore"):
            new = self._with(dtype=check_dtype(dtype))
        for name, values in (("theta", new._parameters.theta), ("fixed", new._parameters.fixed)):
            new._parameters.check(name, values)
        return new

    @classmethod
    def _blank(
        cls,
        layers: Sequence[Layer],
        loss: Loss,
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> Self:
        """Return a network whose parameters are all zero: nothing is drawn."""
        layers, n_in, n_out = check_layers(layers)
        check_pair(layers[-1], loss)
        new = cls.__new__(cls)
        new.__setstate__(
            {
                "n_in": n_in,
                "n_out": n_out,
                "loss": loss,
                "dtype": dtype,
                "replicas": replicas,
                "layers": layers,
                "_feature_names": None,
                "_rng": np.random.default_rng(0),
                "theta": 0.0,
                "fixed": 0.0,
            }
        )
        return new

    def _with(self, **changes: Any) -> Self:
        """Return a copy whose state differs in `changes`."""
        new = type(self).__new__(type(self))
        new.__setstate__(copy.deepcopy(self.__getstate__() | changes))
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Return what defines the network."""
        self._access.check_not_written("copy")
        kept = ("n_in", "n_out", "loss", "dtype", "replicas", "layers", "_feature_names", "_rng")
        arrays: dict[str, Array] = {
            "theta": self._parameters.theta,
            "fixed": self._parameters.fixed,
        }
        return {name: self.__dict__[name] for name in kept} | arrays

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the network: theta, grad and every view of them."""
        theta, fixed = state["theta"], state["fixed"]
        self.__dict__.update({k: v for k, v in state.items() if k not in ("theta", "fixed")})
        self.dtype = np.dtype(self.dtype.name)  # NumPy's own object, which layers compare by `is`
        self._build()
        self._parameters.theta[...] = theta
        self._parameters.fixed[...] = fixed
