"""What is measured of a network after each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp.core.arrays import Array, LossValue
from mlp.core.network import MLP
from mlp.core.penalties import Penalty
from mlp.core.validation import check_inputs, check_targets, check_weights, one_hot
from mlp.training.class_weights import ClassWeight, class_weights
from mlp.training.metric import Metric


class Rows(NamedTuple):
    """Data that has been checked for a network.

    Attributes
    ----------
    X : ndarray (n, n_in)
    targets : ndarray (n, n_out), or integer labels (n,)
    weight : ndarray (n,) or None
    """

    X: Array
    targets: Array | NDArray[np.intp]
    weight: Array | None


def check_rows(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
) -> Rows:
    """Return the data as `net` takes it; the weights of rows and classes are multiplied."""
    inputs = check_inputs(X, net.n_in, net.dtype)
    targets = check_targets(Y, net.loss, len(inputs), net.n_out, net.dtype)
    weight = check_weights(sample_weight, len(inputs), net.dtype)
    if class_weight is not None:
        of_classes = class_weights(class_weight, targets, net.n_out)
        product = of_classes if weight is None else weight * of_classes
        weight = check_weights(product, len(inputs), net.dtype)
    return Rows(inputs, targets, weight)


def check_validation(net: MLP, validation: Any) -> Rows:
    """Return the validation data as `net` takes it."""
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise TypeError(
            f"validation: received {type(validation).__name__}, expected a tuple (X, Y)"
        )
    return check_rows(net, *validation)


class Evaluation:
    """Measures the validation loss and the metrics with the present weights, without dropout.

    Parameters
    ----------
    net : MLP
        The network.
    metrics : sequence of Metric
        Measured on the validation data, or where there is none on the training data.
    training : Rows
        What the network is trained on.
    validation : Rows or None
        What it is validated on.
    penalty : Penalty
        Part of the training loss.

    Attributes
    ----------
    modes : dict of str to str
        For each quantity whether "min" or "max" is better, "" if that is not known.
    """

    def __init__(
        self,
        net: MLP,
        metrics: Sequence[Metric],
        training: Rows,
        validation: Rows | None,
        penalty: Penalty,
    ) -> None:
        self.net, self.metrics, self.penalty = net, metrics, penalty
        self.training, self.validation = training, validation
        self.measured = training if validation is None else validation
        self.prefix = "" if validation is None else "val_"
        self.modes = {"loss": "min"} | ({} if validation is None else {"val_loss": "min"})
        words = {True: "max", False: "min", None: ""}
        for metric in metrics:
            metric.check(self.measured.targets, net.n_out)
            self.modes[self.prefix + metric.name] = words[metric.higher_is_better]

    @cached_property
    def _Y(self) -> Array:
        """The measured targets as rows."""
        return one_hot(self.measured.targets, self.net.n_out, self.net.dtype)

    @cached_property
    def _training_Y(self) -> Array:
        return one_hot(self.training.targets, self.net.n_out, self.net.dtype)

    def measure(self) -> dict[str, LossValue]:
        """Return the validation loss and the metrics, by the names they have in the history."""
        net, X = self.net, self.measured.X
        values: dict[str, LossValue] = {}
        outputs: Array | None = None
        if self.metrics:
            outputs = np.empty((*net.theta.shape[:-1], len(X), net.n_out), net.dtype)
        if self.validation is not None:
            values["val_loss"] = net._passes.mean_loss(X, self._Y, None, net._rng, outputs)
        elif outputs is not None:
            net._passes.outputs(X, outputs, net._rng)
        if outputs is not None:
            for metric in self.metrics:
                values[self.prefix + metric.name] = self._metric(metric, outputs)
        return values

    def _metric(self, metric: Metric, outputs: Array) -> LossValue:
        """Return the metric; NaN where an output is not finite, which no metric can judge."""
        targets = self.measured.targets.view()
        targets.flags.writeable = False
        is_finite = np.isfinite(outputs).all(axis=(-2, -1))
        values = np.full(is_finite.shape, np.nan)
        if is_finite.any():
            values[is_finite] = metric(targets, outputs[is_finite])
        return values if values.ndim else float(values)

    def training_loss(self) -> LossValue:
        """Return the loss on all training data, weights and penalties included."""
        X, _, weight = self.training
        return self.net._evaluate(X, self._training_Y, weight, self.penalty)
