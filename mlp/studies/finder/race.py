"""The race of the learning rates: rounds of training, each with fewer rates and more updates."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import one_hot
from mlp._types import Array
from mlp.core import MLP, BatchNorm
from mlp.core.output import Output
from mlp.optim import Optimizer
from mlp.studies.finder.result import FinderResult, LearningRateNotFound
from mlp.training import Callback, Trainer
from mlp.training.data import Data

Floats = NDArray[np.float64]
_CLIFF, _NEARLY = 10.0, 4.0  # ratios of losses of neighbouring rates
_EXPLOSION = 1e4  # ratio of the highest loss to the first, or to that of a constant output
_MOST_ROWS = 1024
_LARGE, _SMALL, _FAR = 10.0, 0.1, 3.0  # root mean squares; means in standard deviations


class Sample:
    """All rows, or 1024 at random.

    Parameters
    ----------
    net : MLP
    data : Data
    rng : numpy.random.Generator

    Attributes
    ----------
    constant : float
        The loss where every output is the mean of the targets: the lowest that a constant reaches
        for squared errors and cross-entropies.
    advice : str
        Why the data should be standardised; empty if there is no reason to.
    """

    def __init__(self, net: MLP, data: Data, rng: np.random.Generator) -> None:
        rows, targets, weight = data
        chosen = np.arange(len(rows))
        if len(rows) > _MOST_ROWS:
            chosen = np.sort(rng.permutation(chosen)[:_MOST_ROWS])
        X = rows.gather(chosen, np.empty((len(chosen), net.n_in), net.dtype)).astype(np.float64)
        Y = one_hot(targets[chosen], net.n_out, net.dtype).astype(np.float64)
        row_weight = None if weight is None else weight[chosen].astype(np.float64)
        counts = row_weight if row_weight is not None and row_weight.any() else None
        with np.errstate(all="ignore"):
            mean = np.broadcast_to(np.average(Y, axis=0, weights=counts), Y.shape).copy()
            total = Output(copy.deepcopy(net.loss)).total(mean, Y, row_weight)
            self.constant = float(total) / len(Y)
        activation = getattr(net.layers[-1], "activation", None)
        is_regression = getattr(activation, "name", None) == "identity"
        parts = [] if isinstance(net.layers[0], BatchNorm) else _unscaled("inputs", X, 1.0)
        parts += _unscaled("targets", Y, 0.0) if is_regression else []
        self.advice = ""
        if parts:
            self.advice = (
                f"Standardise {' and '.join(parts)}: subtract the mean of each column and divide "
                "by its standard deviation. On raw data no rate trains well."
            )


def _unscaled(name: str, columns: Array, least: float) -> list[str]:
    """Return the name and the worst column if the columns are far from mean 0 and deviation 1."""
    mean, deviation = columns.mean(axis=0), columns.std(axis=0)
    size = np.hypot(mean, deviation)
    is_far = np.abs(mean) > _FAR * np.maximum(deviation, least)
    if not (is_far.any() or size.max() > _LARGE or size.max() < _SMALL):
        return []
    worst = int(np.where(is_far, np.inf, size).argmax())
    numbers = f"mean {mean[worst]:.3g}, standard deviation {deviation[worst]:.3g}"
    return [f"the {name} (column {worst}: {numbers})"]


class Race:
    """Trains a network with some of the rates, and keeps the loss that each has reached.

    Parameters
    ----------
    net : MLP
        All runs start from its weights.
    method : Optimizer
        Its rate and state are not used.
    rates : ndarray (n,)
    data, weights, options
        Arguments of `Trainer.fit` and of `Trainer`.
    constant : float
        The loss of a constant output.

    Attributes
    ----------
    losses : ndarray (n,)
        The loss of each rate in its last round; infinite if it diverged, NaN if it was not tried.
    scores : ndarray (n,)
        The same, higher where the loss exploded on the way.
    updates : ndarray of int (n,)
        The number of updates in that round.
    start : float
        The loss of the untrained network on the batches of the last round.
    """

    def __init__(
        self,
        net: MLP,
        method: Optimizer,
        rates: Floats,
        data: tuple[ArrayLike, ArrayLike],
        weights: Mapping[str, Any],
        options: Mapping[str, Any],
        constant: float,
    ) -> None:
        self.net, self.method, self.rates, self.constant = net, method, rates, constant
        self.data, self.weights, self.options = data, weights, options
        self.losses, self.scores = np.full((2, len(rates)), np.nan)
        self.updates = np.zeros(len(rates), np.int64)
        self.start = np.nan

    def run(self, chosen: NDArray[np.intp], updates: int, handicap: float) -> int:
        """Train with the rates of these indices and return the index of the best.

        The loss of a run that exploded counts `handicap` times: with the batches in another order
        it may not come back, and often only the output biases of the network have survived.
        """
        new = chosen[self.updates[chosen] < updates]
        if len(new):
            self._train(new, updates, handicap)
        return int(chosen[self.scores[chosen].argmin()])

    def _train(self, chosen: NDArray[np.intp], updates: int, handicap: float) -> None:
        method = copy.deepcopy(self.method)
        method.reset()
        method.lr = np.concatenate([[0.0], self.rates[chosen]])  # with 0, the loss at the start
        recorder = _LossRecorder(updates)
        options = copy.deepcopy(dict(self.options))  # a generator is advanced by training
        net = self.net.replicate(len(chosen) + 1)
        trainer = Trainer(net, method, **options, callbacks=[recorder])
        trainer._keeps_history = False
        with contextlib.suppress(_Finished):
            trainer.fit(*self.data, updates, **self.weights)
        if trainer.history.status == "interrupted":
            raise KeyboardInterrupt
        with np.errstate(all="ignore"):
            reached = np.mean(recorder.losses[len(recorder.losses) // 2 :], axis=0)
            reached = np.where(trainer.alive & np.isfinite(reached), reached, np.inf)
            scale = max(abs(reached[0]), abs(self.constant))
            has_exploded = np.max(recorder.losses, axis=0) > _EXPLOSION * scale
            scores = np.where(has_exploded, reached + (handicap - 1.0) * np.abs(reached), reached)
        self.start = float(reached[0])
        self.losses[chosen], self.scores[chosen] = reached[1:], scores[1:]
        self.updates[chosen] = updates

    def safest(self, best: int) -> int:
        """Return the rate below `best` if the one above is far worse: an edge of stability.

        With the batches in another order the edge lies elsewhere. While the loss is above that of a
        constant output, a lower rate would cost more than it saves.
        """
        last = np.flatnonzero(self.updates == self.updates[best])
        at = int(np.searchsorted(last, best))
        loss = self.scores[last]
        is_at_edge = at + 1 < len(last) and loss[at + 1] > _CLIFF * loss[at]
        is_free = at > 0 and loss[at - 1] < _NEARLY * loss[at] and loss[at] < self.constant
        return int(last[at - 1]) if is_at_edge and is_free else best

    def result(self, best: int, sample: Sample) -> FinderResult:
        """Return the outcome, in which rates that diverged have no loss.

        Raises LearningRateNotFound if no rate of the last round has lowered the loss.
        """
        is_finite, has_diverged = np.isfinite(self.losses), np.isinf(self.losses)
        rates, losses = self.rates[is_finite], self.losses[is_finite]
        diverged_at = float(self.rates[has_diverged].min()) if has_diverged.any() else None
        noise = 10.0 * float(np.finfo(self.net.dtype).eps) * abs(self.start)
        if not (np.isfinite(self.start) and self.start - self.losses[best] > noise):
            why = _why_none(self.start, self.losses[best], diverged_at)
            reason = " ".join([why, sample.advice]).strip()
            raise LearningRateNotFound(reason, rates, losses, diverged_at)
        return FinderResult(
            rates=rates,
            losses=losses,
            updates=self.updates[is_finite],
            suggestion=float(self.rates[best]),
            reason=" ".join([*self._why(best, sample.constant), sample.advice]).strip(),
            diverged_at=diverged_at,
            start=self.start,
            constant=sample.constant,
            loss_name=str(getattr(self.net.loss, "name", type(self.net.loss).__name__)),
        )

    def _why(self, best: int, constant: float) -> Iterator[str]:
        rate, loss, last = self.rates[best], self.losses[best], len(self.rates) - 1
        is_lowest = loss == self.losses[self.updates == self.updates[best]].min()
        how = "the lowest loss" if is_lowest else "nearly the lowest loss, clear of divergence,"
        yield (
            f"Of the rates tried, {rate:.3g} reaches {how} in {self.updates[best]} updates: "
            f"{loss:.4g}, from {self.start:.4g} without training."
        )
        if loss > 0.95 * constant:
            yield f"That is no better than a constant output, which reaches {constant:.4g}."
        if best in (0, last):
            end, change = (("lowest", "lower lr_min"), ("highest", "higher lr_max"))[best == last]
            yield f"It is the {end} rate of the range, and others may be better: try a {change}."


def _why_none(start: float, loss: float, diverged_at: float | None) -> str:
    if not np.isfinite(start):
        return "the loss is not finite before any update."
    if np.isinf(loss):
        return f"every run diverged, even at the rate {diverged_at:.3g}: try a lower lr_min."
    return f"the loss, {start:.4g} at the start, never fell: the network may be trained already."


class _Finished(Exception):
    """Ends the run in the middle of an epoch."""


class _LossRecorder(Callback):
    """Records the losses of a number of batches, and ends the run."""

    def __init__(self, updates: int) -> None:
        self.updates = updates
        self.losses: list[Floats] = []

    def on_batch_end(self, trainer: Trainer) -> None:
        self.losses.append(np.array(trainer.batch_loss))
        if len(self.losses) == self.updates:
            raise _Finished
