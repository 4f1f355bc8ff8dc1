"""What a record must offer to be drawn; any object of this shape will do."""

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
        """The rate to recommend; NaN if there is none."""


class FinderRecord(Protocol):
    """The outcome of the learning-rate finder."""

    @property
    def rates(self) -> NDArray[np.floating]:
        """The rates that were tried and did not diverge, ascending, ``(n,)``."""

    @property
    def losses(self) -> NDArray[np.floating]:
        """The loss that each reached, ``(n,)``."""

    @property
    def updates(self) -> NDArray[np.integer]:
        """The updates of each, ``(n,)``."""

    @property
    def suggestion(self) -> float:
        """The suggested rate, one of `rates`."""

    @property
    def diverged_at(self) -> float | None:
        """The lowest rate that diverged, if any did."""


class Predictor(Protocol):
    """A network, of which only the outputs matter."""

    def predict(self, X: NDArray[np.float64], /) -> ArrayLike:
        """The outputs ``(n, n_out)`` for the inputs ``(n, n_in)``."""


class Network(Protocol):
    """A network, of which the layers matter: those that have weights have a ``W``."""

    @property
    def layers(self) -> Sequence[Any]:
        """From input to output."""


class Histograms(Protocol):
    """A histogram for each of n epochs."""

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, ``(n, bins + 1)``."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many numbers lie in each bin, ``(n, bins)``."""

    @property
    def medians(self) -> NDArray[np.float64]:
        """The median of these numbers, ``(n,)``; NaN where there are none."""


class LayerSeries(Protocol):
    """What was recorded of one layer, over n epochs."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def activations(self) -> Histograms:
        """Of its outputs."""

    @property
    def gradients(self) -> Histograms:
        """Of ``log10 |dW|``, where dW is not zero."""

    @property
    def zeros(self) -> NDArray[np.int64]:
        """How many elements of dW are zero, ``(n,)``."""

    @property
    def units(self) -> NDArray[np.uint8]:
        """Whether a unit works, ``(n, n_out)``: 0; 1 is saturated, 2 dead."""


class LayersRecord(Protocol):
    """What a run recorded of its layers."""

    @property
    def epochs(self) -> NDArray[np.int64]:
        """The epochs that were recorded, ``(n,)``."""

    @property
    def layers(self) -> Sequence[LayerSeries]:
        """What was recorded of each layer."""


class HistoryRecord(Protocol):
    """What a training run recorded, one entry an epoch."""

    def __getitem__(self, name: str, /) -> Sequence[Any]:
        """The values recorded under ``name``: floats, or ``(K,)`` arrays of K replicas."""


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
