"""Work arrays that are allocated once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlp.core.arrays import Array

_KEPT = 32


class Scratch:
    """Gives objects work arrays by name, so that their steady state allocates nothing.

    An array is kept by name, shape, strides and dtype; past 32 of them the oldest is dropped.
    Work arrays are never copied or pickled with the object that uses them.
    """

    _arrays: dict[tuple[Any, ...], NDArray[Any]]

    def scratch(self, name: str, like: Array, dtype: DTypeLike | None = None) -> NDArray[Any]:
        """Return the work array `name` in the shape and layout of `like`, with old content."""
        arrays: dict[tuple[Any, ...], NDArray[Any]] = self.__dict__.setdefault("_arrays", {})
        key = (name, like.shape, like.strides, like.dtype)
        if key not in arrays:
            if len(arrays) >= _KEPT:
                del arrays[next(iter(arrays))]
            arrays[key] = np.empty_like(like, dtype=dtype)
        return arrays[key]

    def row_scratch(self, name: str, like: Array) -> Array:
        """Return the work array `name` with one number for each row of `like`: ``(..., 1)``."""
        return self.scratch(name, like[..., :1])

    def __getstate__(self) -> dict[str, Any]:
        """Leave the work arrays behind."""
        return {name: value for name, value in self.__dict__.items() if name != "_arrays"}
