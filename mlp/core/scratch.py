"""Work arrays that are allocated once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlp._types import Array

_KEPT = 32


class Scratch:
    """Gives objects work arrays by name, so that their steady state allocates nothing.

    An array is kept by name, shape, strides and dtype; past 32 of them the oldest is dropped.
    Work arrays are never copied or pickled with the object that uses them.
    """

    _arrays: dict[tuple[Any, ...], NDArray[Any]]
    _latest: dict[str, tuple[Array, NDArray[Any]]]
    """What was asked for last by each name: in the steady state the same array asks again."""

    def scratch(self, name: str, like: Array, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return the work array `name` in the shape and layout of `like`, with old content."""
        return self.kept(name, like, lambda: np.empty_like(like, dtype=dtype))

    def row_scratch(self, name: str, like: Array) -> Array:
        """Return the work array `name` with one number for each row of `like`: ``(..., 1)``."""
        return self.kept(name, like, lambda: np.empty_like(like[..., :1]))

    def per_row(self, name: str, like: Array) -> Array:
        """Return the contiguous work array `name` with one number a row of `like`: ``(...,)``."""
        return self.kept(name, like, lambda: np.empty(like.shape[:-1], like.dtype))

    def kept(self, name: str, like: Array, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return the work array `name` for `like`, made once for each layout of `like`."""
        try:
            asked, array = self._latest[name]
            if asked is like:
                return array
        except (KeyError, AttributeError):
            pass
        arrays: dict[tuple[Any, ...], NDArray[Any]] = self.__dict__.setdefault("_arrays", {})
        key = (name, like.shape, like.strides, like.dtype)
        if key not in arrays:
            if len(arrays) >= _KEPT:
                del arrays[next(iter(arrays))]
            arrays[key] = make()
        array = arrays[key]
        self.__dict__.setdefault("_latest", {})[name] = (like, array)
        return array

    def __getstate__(self) -> dict[str, Any]:
        """Leave the work arrays behind."""
        return {k: v for k, v in self.__dict__.items() if k not in ("_arrays", "_latest")}
