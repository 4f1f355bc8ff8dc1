"""What a record must offer to be drawn; any object of this shape will do."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class SweepRecord(Protocol):
    """The outcome of a learning-rate sweep."""

    @property
    def rates(self) -> NDArray[np.floating]:
        """The learning rates, shape ``(n_rates,)``."""

    @property
    def losses(self) -> NDArray[np.floating]:
        """Loss ``(n_rates, n_seeds, epochs + 1)``, NaN from the epoch where a run diverged."""

    @property
    def loss(self) -> NDArray[np.floating]:
        """The median of ``losses`` over the seeds, ``(n_rates, epochs + 1)``."""

    @property
    def diverged_at(self) -> NDArray[np.integer]:
        """The epoch in which each run diverged, ``(n_rates, n_seeds)``; 0: it did not."""

    @property
    def best(self) -> float:
        """The rate to recommend; NaN if there is none."""


class FinderRecord(Protocol):
    """The outcome of a learning-rate range test."""

    @property
    def rates(self) -> NDArray[np.floating]:
        """The rising learning rates, shape ``(n,)``."""

    @property
    def losses(self) -> NDArray[np.floating]:
        """The loss after the update with each rate, ``(n,)``."""

    @property
    def smoothed(self) -> NDArray[np.floating]:
        """The average of ``losses``, ``(n,)``."""

    @property
    def suggestion(self) -> float:
        """The rate to recommend, one of ``rates``."""

    @property
    def diverged_at(self) -> float | None:
        """The rate at which the run diverged, if it did."""


class Differentiable(Protocol):
    """A network that can be run forward and back; its dense layers have W, b, dW, db and A."""

    n_in: int
    n_out: int
    replicas: int | None

    @property
    def layers(self) -> Sequence[Any]:
        """From input to output."""

    def copy(self) -> "Differentiable":
        """Return another network with the same numbers."""

    def predict(self, X: Any, /) -> Any:
        """Run forward; afterwards ``layer.A`` holds the outputs of each layer."""

    def loss_and_grad(self, X: Any, Y: Any, /) -> Any:
        """Return the loss; afterwards ``layer.dW`` and ``layer.db`` hold its gradient."""


class TraceRecord(Protocol):
    """One traced step of gradient descent: `mlp.studies.Trace`."""

    @property
    def inputs(self) -> Sequence[tuple[str, float]]:
        """The names and values of the inputs."""

    @property
    def units(self) -> Sequence[Any]:
        """From the first layer to the last."""

    @property
    def errors(self) -> Sequence[Any]:
        """The parts of the loss."""

    @property
    def updates(self) -> Sequence[Any]:
        """The trained weights and biases."""

    @property
    def loss(self) -> float:
        """Before the step."""


class HistoryRecord(Protocol):
    """What a training run recorded, one entry an epoch."""

    def __getitem__(self, name: str, /) -> Sequence[Any]:
        """The values recorded under ``name``: floats, or ``(K,)`` arrays of K replicas."""
