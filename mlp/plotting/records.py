"""Protocols of the objects that can be drawn."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
        """The recommended rate; NaN if there is none."""


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
        """The smoothed ``losses``, ``(n,)``."""

    @property
    def suggestion(self) -> float:
        """The recommended rate, between the first and the last of ``rates``."""

    @property
    def diverged_at(self) -> float | None:
        """The rate at which the run diverged, or None."""


class Predictor(Protocol):
    """A network that predicts."""

    def predict(self, X: NDArray[np.float64], /) -> ArrayLike:
        """The outputs ``(n, n_out)`` for the inputs ``(n, n_in)``."""


class Network(Protocol):
    """A network with layers; those with weights have a ``W``."""

    @property
    def layers(self) -> Sequence[Any]:
        """From input to output."""


class Histograms(Protocol):
    """One histogram per epoch, for n epochs."""

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, ``(n, bins + 1)``."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of values in each bin, ``(n, bins)``."""

    @property
    def medians(self) -> NDArray[np.float64]:
        """The median of the values, ``(n,)``; NaN where there are none."""


class LayerSeries(Protocol):
    """The record of one layer over n epochs."""

    @property
    def name(self) -> str:
        """The name of the layer."""

    @property
    def activations(self) -> Histograms:
        """Histograms of the outputs."""

    @property
    def gradients(self) -> Histograms:
        """Histograms of ``log10 |dW|``, where dW is not zero."""

    @property
    def zeros(self) -> NDArray[np.int64]:
        """The number of elements of dW that are zero, ``(n,)``."""

    @property
    def units(self) -> NDArray[np.uint8]:
        """The state of each unit, ``(n, n_out)``: 0 active, 1 saturated, 2 dead."""


class LayersRecord(Protocol):
    """The record of all layers of a run."""

    @property
    def epochs(self) -> NDArray[np.int64]:
        """The recorded epochs, ``(n,)``."""

    @property
    def layers(self) -> Sequence[LayerSeries]:
        """The record of each layer."""


class HistoryRecord(Protocol):
    """The record of a training run, one entry per epoch."""

    def __getitem__(self, name: str, /) -> Sequence[Any]:
        """The values recorded under ``name``: floats, or arrays ``(K,)`` for K replicas."""


class Differentiable(Protocol):
    """A network with a forward and a backward pass; dense layers have W, b, dW, db and A."""

    n_in: int
    n_out: int
    replicas: int | None

    @property
    def layers(self) -> Sequence[Any]:
        """From input to output."""

    def copy(self) -> "Differentiable":
        """Return a copy of the network."""

    def predict(self, X: Any, /) -> Any:
        """Run forward; ``layer.A`` then holds the outputs of each layer."""

    def loss_and_grad(self, X: Any, Y: Any, /) -> Any:
        """Return the loss; ``layer.dW`` and ``layer.db`` then hold its gradient."""


class TraceRecord(Protocol):
    """One traced step of gradient descent: `mlp.studies.Trace`."""

    @property
    def inputs(self) -> Sequence[tuple[str, float]]:
        """The names and values of the inputs."""

    @property
    def units(self) -> Sequence[Any]:
        """The units, from the first layer to the last."""

    @property
    def errors(self) -> Sequence[Any]:
        """The terms of the loss."""

    @property
    def updates(self) -> Sequence[Any]:
        """The trained weights and biases."""

    @property
    def loss(self) -> float:
        """The loss before the step."""
