"""Running statistics: what the forward passes of training change themselves."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mlp._types import Array


class Running:
    """The running statistics of a network, and those from before the step that is being made.

    ``with running:`` opens a step. If an exception ends it, the statistics are again those from
    before; `restore` takes it back later, when the step turns out to have diverged.

    Parameters
    ----------
    values : ndarray (R,) or (K, R)
        A view of the part of the network's `fixed` that holds them.
    """

    def __init__(self, values: Array) -> None:
        self.values = values
        self._rows = np.atleast_2d(values)
        self._before = self._rows.copy(order="K")
        self._is_finite = np.zeros_like(self._rows, dtype=np.bool_)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.values.size > 0

    def __enter__(self) -> Self:
        """Keep what there is."""
        if self:
            np.copyto(self._before, self._rows)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take back what an exception has left half done."""
        if kind is not None:
            self.restore()

    def restore(self, lost: NDArray[np.bool_] | None = None) -> None:
        """Return to what there was before the step, in those replicas ``(K,)`` that are lost."""
        if self:
            rows = slice(None) if lost is None else lost
            self._rows[rows] = self._before[rows]

    def is_finite(self) -> NDArray[np.bool_]:
        """Return for each replica ``(K,)`` whether all is finite; one element without replicas."""
        np.isfinite(self._rows, out=self._is_finite)
        fine: NDArray[np.bool_] = np.logical_and.reduce(self._is_finite, axis=-1)
        return fine
