"""Attributes of a layer that are views of its network's vectors."""

from __future__ import annotations

from numpy.typing import ArrayLike

from mlp._checks import as_floats, numeric
from mlp._types import Array
from mlp.core.layers import Layer


class View:
    """A layer's parameter or gradient by its name; setting it copies into the view."""

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
