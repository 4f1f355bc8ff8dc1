"""The learning-rate range test: one short run whose rate increases until it is too high."""

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_count, check_fraction, check_positive, make_rng, one_hot
from mlp._types import Array
from mlp.core import MLP
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.finder.result import FinderResult
from mlp.studies.finder.rule import Measured, suggest
from mlp.training import Callback, Trainer, TrainingDiverged
from mlp.training.class_weights import ClassWeight
from mlp.training.data import Data, check_training

_MOST_ROWS = 1024  # for the loss after each update


def find_learning_rate(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    optimizer: str | Optimizer = "sgd",
    batch_size: int | None = 32,
    lr_min: float = 1e-6,
    lr_max: float = 10.0,
    steps: int = 1000,
    smoothing: float = 0.5,
    seed: int | np.random.Generator | None = 0,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    shuffle: bool = True,
    l1: float = 0.0,
    l2: float = 0.0,
    clip_norm: float | None = None,
) -> FinderResult:
    """Suggest a learning rate by training a copy with an exponentially increasing rate.

    After each update the loss is computed on the same rows (all of them, or 1024 drawn at random),
    without dropout; batch normalization uses the statistics of these rows, because running
    statistics lag behind. Other range tests use the batch losses, which vary more from batch to
    batch than an update at a low rate changes them. The loss on fixed rows is flat at low rates,
    falls at good ones and rises at those that are too high. The test ends when this loss exceeds
    its minimum by three times its first value, or when a loss, a gradient or an update is not
    finite.

    Parameters
    ----------
    net : MLP
        The network. A copy is trained; no argument is changed.
    X : array_like (n, n_in)
        The inputs.
    Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
        The targets.
    optimizer : str or Optimizer, default "sgd"
        Its own learning rate and state are not used.
    batch_size : int or None, default 32
        Rows in a batch; None for all rows.
    lr_min, lr_max : float
        The first and the last rate.
    steps : int, default 1000
        The number of updates, at least 3. Fewer updates give momentum less time to show that a
        rate is too high, and slow learning less time to lower the loss.
    smoothing : float, default 0.5
        The weight of the previous average in the next one, at least 0 and less than 1.
    seed : int, numpy.random.Generator or None, default 0
        For the choice of rows, the order of the batches and dropout; a generator is copied.
    sample_weight, class_weight
        As in `Trainer.fit`.
    shuffle, l1, l2, clip_norm
        As in `Trainer`.

    Returns
    -------
    FinderResult
        With a `suggestion` and its `reason`.

    Raises
    ------
    LearningRateNotFound
        If the loss never fell or was not finite at the start.
    ValueError, TypeError
        If an argument is invalid.
    KeyboardInterrupt
        After Ctrl-C, at the end of the current batch.

    Notes
    -----
    The range test is that of L. N. Smith, "Cyclical learning rates for training neural networks",
    2017, section 3.3. The rule `minimum` of fastai's `lr_find` divides the rate of the lowest loss
    by ten. Here the rate at 99 % of the fall is divided by two. Both numbers, and that of the
    updates, were chosen on 258 runs: fourteen problems of 150 to 1797 rows, with plain SGD,
    momentum and Adam. On 126 further runs of these problems, from other weights, the final loss
    was at the median 1.2 times that of the best of 16 rates, and in nine of ten runs less than 2.1
    times, with a hundredth of the first loss added to both. In one run it was 18 times: there the
    rate was more than four times too low. The rate of the steepest slope, another common rule, was
    often a hundred times too low on a few hundred rows.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.load_digits()
    >>> net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    >>> found = mlp.find_learning_rate(net, X, y)
    >>> 0.1 < found.suggestion < 1.0
    True
    """
    if not isinstance(net, MLP) or net.replicas is not None:
        raise TypeError(f"net: received {net!r}, expected an MLP without replicas")
    rates = _rising(lr_min, lr_max, steps)
    check_fraction("smoothing", smoothing)
    method = copy.deepcopy(make_optimizer(optimizer))
    method.reset()
    method.lr = lambda step: float(rates[min(step, steps - 1)])

    ours = net.copy()
    data = check_training(ours, X, Y, sample_weight, class_weight)
    recorder = _LossRecorder(_rows(data, ours.n_out, make_rng(copy.deepcopy(seed))), steps)
    trainer = Trainer(
        ours,
        method,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=copy.deepcopy(seed),
        l1=l1,
        l2=l2,
        clip_norm=clip_norm,
        callbacks=[recorder],
    )
    try:
        trainer.fit(X, Y, steps, sample_weight=sample_weight, class_weight=class_weight)
        has_diverged = False
    except _Finished:
        has_diverged = recorder.has_exploded
    except TrainingDiverged:
        has_diverged = True
    if trainer.history.status == "interrupted":
        raise KeyboardInterrupt
    losses = np.array(recorder.losses)
    last = min(len(losses) - recorder.has_exploded, steps - 1)  # the rate that was too high
    diverged_at = float(rates[last]) if has_diverged else None
    measured = Measured(rates[: len(losses)], losses, recorder.start, diverged_at)
    noise = 10.0 * float(np.finfo(net.dtype).eps)
    loss_name = str(getattr(net.loss, "name", type(net.loss).__name__))
    return suggest(measured, smoothing, noise, loss_name)


def _rising(lr_min: float, lr_max: float, steps: int) -> NDArray[np.float64]:
    """Return the rates, evenly spaced on a log scale."""
    check_count("steps", steps, 3)
    low = check_positive("lr_min", lr_min)
    high = check_positive("lr_max", lr_max)
    if not low < high:
        raise ValueError(f"lr_max: received {lr_max!r}, expected more than lr_min, {lr_min!r}")
    return np.geomspace(low, high, steps)


class _Finished(Exception):
    """Ends the run in the middle of an epoch."""


class _LossRecorder(Callback):
    """Records the loss on the same rows after each update, and ends the run."""

    def __init__(self, rows: tuple[Array, Array, Array | None], steps: int) -> None:
        self.rows, self.steps = rows, steps
        self.losses: list[float] = []
        self.has_exploded = False

    def _loss(self, trainer: Trainer) -> float:
        net, (X, Y, weight) = trainer.net, self.rows
        running = net._parameters.running
        if running is None:
            return float(net._evaluate(X, Y, weight, trainer.penalty))
        running.save()
        loss = net._batch_loss(X, Y, weight)
        running.restore()
        return float(loss + trainer.penalty.value(net.weights))

    def on_start(self, trainer: Trainer) -> None:
        self.start = self._loss(trainer)

    def on_batch_end(self, trainer: Trainer) -> None:
        loss = self._loss(trainer)
        if not math.isfinite(loss):
            raise TrainingDiverged(
                trainer.epoch, trainer.batch, math.nan, "the loss", trainer.history
            )
        self.losses.append(loss)
        self.has_exploded = loss > min(self.start, *self.losses) + 3.0 * abs(self.start)
        if self.has_exploded or len(self.losses) == self.steps:
            raise _Finished


def _rows(data: Data, n_out: int, rng: np.random.Generator) -> tuple[Array, Array, Array | None]:
    """Return inputs, targets and weights of all rows, or of 1024 at random."""
    X, targets, weight = data
    chosen = np.arange(len(X))
    if len(X) > _MOST_ROWS:
        chosen = np.sort(rng.permutation(chosen)[:_MOST_ROWS])
    X_chosen = X.gather(chosen, np.empty((len(chosen), X.source.shape[1]), X.dtype))
    Y = one_hot(targets[chosen], n_out, X.dtype)
    return X_chosen, Y, None if weight is None else weight[chosen]
