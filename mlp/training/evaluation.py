"""The evaluation of a network after each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from mlp._types import Array, LossValue
from mlp.core.losses import Penalty
from mlp.core.network import MLP
from mlp.training.data import Batches, Data
from mlp.training.metrics import Metric


class Evaluation:
    """Measures the validation loss and the metrics with the current weights, without dropout.

    Parameters
    ----------
    net : MLP
        The network.
    metrics : sequence of Metric
        Measured on the validation data if there is any, else on the training data.
    training : Data
        The training data.
    validation : Data or None
        The validation data.
    penalty : Penalty
        The penalty in the training loss.
    batches : Batches
        The training data as the updates see them.

    Attributes
    ----------
    modes : dict of str to str
        For each quantity, whether "min" or "max" is better; "" if unknown.
    """

    def __init__(
        self,
        net: MLP,
        metrics: Sequence[Metric],
        training: Data,
        validation: Data | None,
        penalty: Penalty,
        batches: Batches,
    ) -> None:
        self.net, self.metrics, self.penalty = net, metrics, penalty
        self.batches = batches
        self.training, self.validation = training, validation
        self.measured = training if validation is None else validation
        self.prefix = "" if validation is None else "val_"
        self.modes = {"loss": "min"} | ({} if validation is None else {"val_loss": "min"})
        words = {True: "max", False: "min", None: ""}
        for metric in metrics:
            metric.check(self.measured.targets, net.n_out)
            self.modes[self.prefix + metric.name] = words[metric.higher_is_better]

    def measure(self) -> dict[str, LossValue]:
        """Return the validation loss and the metrics by their names in the history."""
        net, values = self.net, dict[str, LossValue]()
        if self.validation is None and not self.metrics:
            return values
        outputs: Array | None = None
        if self.metrics:
            shape = (*net._lead, len(self.measured.X), net.n_out)
            outputs = np.empty(shape, net.dtype)
        loss = self._mean_loss(self._measured, outputs)
        if self.validation is not None:
            values["val_loss"] = loss
        if outputs is not None:
            for metric in self.metrics:
                values[self.prefix + metric.name] = self._metric(metric, outputs)
        return values

    def training_loss(self) -> LossValue:
        """Return the loss on all training data, including row weights and penalties.

        A full batch passes in one piece, as in an update: the sum over its rows is the same, bit
        for bit. Running statistics are not those of the batch, so with them it does not.
        """
        if len(self.batches) == 1 and self.net._parameters.running is None:
            loss = self.net._batch_loss(*next(self.batches.rest(0)))
        else:
            loss = self._mean_loss(self._training)
        return loss + self.penalty.value(self.net.weights) if self.penalty else loss

    @cached_property
    def _measured(self) -> Batches:
        return self._blocks(self.measured._replace(weight=None))

    @cached_property
    def _training(self) -> Batches:
        return self._blocks(self.training)

    def _blocks(self, data: Data) -> Batches:
        return Batches(*data, n_out=self.net.n_out, batch_size=self.net._block, shuffle=False)

    def _mean_loss(self, data: Batches, outputs: Array | None = None) -> LossValue:
        """Return the result of `MLP.evaluate`, also for data that is read a block at a time."""
        net, start = self.net, 0
        total: LossValue = 0.0
        for X, Y, weight in data.epoch(net._rng):
            out = None if outputs is None else outputs[..., start : start + len(X), :]
            total = total + net._total_loss(X, Y, weight, out)
            start += len(X)
        mean: LossValue = total / data.n_rows
        return mean

    def _metric(self, metric: Metric, outputs: Array) -> LossValue:
        """Return the metric; NaN for a replica with an output that is not finite."""
        targets = self.measured.targets.view()
        targets.flags.writeable = False
        if self.net.members is not None:
            outputs = outputs.mean(axis=0)
        is_finite = np.isfinite(outputs).all(axis=(-2, -1))
        values = np.full(is_finite.shape, np.nan)
        if is_finite.any():
            values[is_finite] = metric(targets, outputs[is_finite])
        return values if values.ndim else float(values)
