"""Layers with one number a unit for each of their parameters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, numeric
from mlp._types import Array
from mlp.core.layers.base import Layer, Parameter


class PerUnit(Layer):
    """The base of layers whose parameters have one number a unit, for any width.

    Parameters
    ----------
    first : mapping of str to float or array_like (n,), or None
        First values of parameters by their names.
    """

    _defaults: ClassVar[Mapping[str, float]]
    """The first value of each parameter."""

    def __init__(self, first: Mapping[str, ArrayLike] | None) -> None:
        self.first = self._check_first(first)

    def _check_first(self, first: Mapping[str, ArrayLike] | None) -> dict[str, NDArray[np.float64]]:
        """Return copies of first values; how many there are is checked with the network."""
        if not isinstance(first, Mapping | None):
            raise TypeError(f"first: received {first!r}, expected a mapping of names to values")
        first, checked = first or {}, dict[str, NDArray[np.float64]]()
        for name in first:
            if name not in self._defaults:
                known = ", ".join(self._defaults)
                raise ValueError(f"first: received {name!r}, expected one of {known}")
        for p in self._parameters_of(1):
            if p.name not in first:
                continue
            place = f"first[{p.name!r}]"
            array = as_floats(place, numeric(place, first[p.name]), np.dtype(np.float64))
            if array.ndim > 1:
                raise ValueError(f"{place}: received shape {array.shape}, expected () or (n,)")
            p.check(place, array)
            checked[p.name] = array.astype(np.float64)  # a copy
        return checked

    def parameters(self) -> tuple[Parameter, ...]:
        """Return the parameters: of each, one number a unit."""
        if self.width is None:
            raise ValueError(f"{self!r}: received no width, expected to be part of a network")
        for name, value in self.first.items():
            if value.shape not in ((), (self.width,)):
                raise ValueError(
                    f"first[{name!r}]: received shape {value.shape}, expected () or "
                    f"({self.width},): {self.width} units come in"
                )
        return self._parameters_of(self.width)

    @abstractmethod
    def _parameters_of(self, width: int) -> tuple[Parameter, ...]:
        """Return the parameters for this width."""

    def _parameter(self, name: str, width: int, **kind: Any) -> Parameter:
        def first_values(rng: np.random.Generator) -> NDArray[np.float64]:
            return np.broadcast_to(self.first.get(name, self._defaults[name]), (width,))

        return Parameter(name, (width,), first_values, **kind)

    def _start_from(self, params: dict[str, Array]) -> None:
        self.first = {name: array.astype(np.float64) for name, array in params.items()}
