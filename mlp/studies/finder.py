"""The learning-rate range test: one short run whose rate rises until it is too high."""

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp.core import MLP
from mlp.core.arrays import Array
from mlp.core.validation import check_count, make_rng, one_hot
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.finder_result import FinderResult
from mlp.training import Callback, Trainer, TrainingDiverged
from mlp.training.checks import check_number
from mlp.training.class_weights import ClassWeight
from mlp.training.evaluation import Data, check_training

_ROWS_TO_JUDGE = 1024


class LearningRateNotFound(ValueError):
    """The loss never fell while the rate rose, so no rate can be suggested.

    Attributes
    ----------
    rates, losses : ndarray (n,)
        What was measured.
    diverged_at : float or None
        The rate at which the run diverged.
    """

    def __init__(
        self,
        reason: str,
        rates: NDArray[np.float64],
        losses: NDArray[np.float64],
        diverged_at: float | None,
    ) -> None:
        self.rates, self.losses, self.diverged_at = rates, losses, diverged_at
        super().__init__(f"no learning rate can be suggested: {reason}")


def find_learning_rate(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    optimizer: str | Optimizer = "sgd",
    batch_size: int | None = 32,
    lr_min: float = 1e-6,
    lr_max: float = 10.0,
    steps: int = 100,
    smoothing: float = 0.5,
    seed: int | np.random.Generator | None = 0,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    shuffle: bool = True,
    l1: float = 0.0,
    l2: float = 0.0,
    clip_norm: float | None = None,
) -> FinderResult:
    """Suggest a learning rate, by training a copy with a rate that rises exponentially.

    After each update the loss is taken on the same rows (all of them, or 1024 drawn at random),
    without dropout, and with the statistics of these rows where running ones would lag behind.
    The loss of the batches, which other range tests use, differs from batch to batch by more than
    an update at a low rate changes it; this loss is flat there, falls where the rate is right, and
    rises where it is too high. The test ends when it has risen by three times its first value over
    its minimum, or when a loss, a gradient or an update is not finite.

    Parameters
    ----------
    net : MLP
        The network to be trained. A copy is; nothing of the caller's is changed.
    X : array_like (n, n_in)
        The inputs.
    Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
        The targets.
    optimizer : str or Optimizer, default "sgd"
        The method; its own learning rate and state are not used.
    batch_size : int or None, default 32
        Rows in a batch, None for all of them.
    lr_min, lr_max : float
        The first rate and the last.
    steps : int, default 100
        The number of updates, at least 3.
    smoothing : float, default 0.5
        The share of the average before in the next one, at least 0 and less than 1.
    seed : int, numpy.random.Generator or None, default 0
        For the rows that judge, the order of the batches and dropout; a generator is copied.
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
        If the loss never fell, so that there is nothing to suggest.
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    The range test is that of L. N. Smith, "Cyclical learning rates for training neural networks",
    2017, section 3.3; the steepest point is the choice of S. Gugger and J. Howard (fastai, 2018).

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
    check_count("steps", steps, 3)
    low = check_number("lr_min", lr_min, "a finite number > 0", positive=True)
    high = check_number("lr_max", lr_max, "a finite number > 0", positive=True)
    if not low < high:
        raise ValueError(f"lr_max: received {lr_max!r}, expected more than lr_min, {lr_min!r}")
    if not check_number("smoothing", smoothing, "a number >= 0 and < 1") < 1.0:
        raise ValueError(f"smoothing: received {smoothing!r}, expected a number >= 0 and < 1")
    rates = np.geomspace(low, high, steps)
    method = copy.deepcopy(make_optimizer(optimizer))
    method.reset()
    method.lr = lambda step: float(rates[min(step, steps - 1)])

    ours = net.copy()
    data = check_training(ours, X, Y, sample_weight, class_weight)
    judge = _Judge(_some(data, ours.n_out, make_rng(copy.deepcopy(seed))), steps)
    trainer = Trainer(
        ours,
        method,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=copy.deepcopy(seed),
        l1=l1,
        l2=l2,
        clip_norm=clip_norm,
        callbacks=[judge],
    )
    has_diverged = False
    try:
        trainer.fit(X, Y, steps, sample_weight=sample_weight, class_weight=class_weight)
    except _Finished:
        has_diverged = judge.has_exploded
    except TrainingDiverged:
        has_diverged = True
    if trainer.history.status == "interrupted":
        raise KeyboardInterrupt
    losses = np.array(judge.losses)
    last = min(len(losses) - judge.has_exploded, steps - 1)  # the rate that was too high
    diverged_at = float(rates[last]) if has_diverged else None
    return _result(net, rates[: len(losses)], losses, judge.start, smoothing, diverged_at)


class _Finished(Exception):
    """Ends a run in the middle of an epoch."""


class _Judge(Callback):
    """Takes the loss on the same rows after each update, and ends the run."""

    def __init__(self, rows: tuple[Array, Array, Array | None], steps: int) -> None:
        self.rows, self.steps = rows, steps
        self.losses: list[float] = []
        self.has_exploded = False

    def _loss(self, trainer: Trainer) -> float:
        net, (X, Y, weight) = trainer.net, self.rows
        running = net._parameters.running
        if not running:
            return float(net._evaluate(X, Y, weight, trainer.penalty))
        with running:
            loss = net._passes.batch_loss(X, Y, weight, net._rng)
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


def _some(data: Data, n_out: int, rng: np.random.Generator) -> tuple[Array, Array, Array | None]:
    """Return at most so many rows as it takes to judge."""
    X, targets, weight = data
    chosen = np.arange(len(X))
    if len(X) > _ROWS_TO_JUDGE:
        chosen = np.sort(rng.permutation(chosen)[:_ROWS_TO_JUDGE])
    some = X.gather(chosen, np.empty((len(chosen), X.source.shape[1]), X.dtype))
    Y = one_hot(targets[chosen], n_out, X.dtype)
    return some, Y, None if weight is None else weight[chosen]


def smooth(losses: NDArray[np.float64], smoothing: float) -> NDArray[np.float64]:
    """Return the exponential average, bias-corrected: the weights of all losses so far sum to 1.

    Examples
    --------
    >>> smooth(np.array([3.0, 0.0, 0.0]), 0.5).round(3).tolist()
    [3.0, 1.0, 0.429]
    """
    average, total = 0.0, 0.0
    smoothed = np.empty_like(losses)
    for i, loss in enumerate(losses):
        average = smoothing * average + (1.0 - smoothing) * loss
        total = smoothing * total + (1.0 - smoothing)
        smoothed[i] = average / total
    return smoothed


def _end_of_first_fall(smoothed: NDArray[np.float64], start: float) -> int:
    """Return the place of the lowest loss before it rises by a twentieth of the whole fall.

    What falls after that only comes back from a step that was too long. A rise before a tenth of
    the fall is done does not count: nothing has been learned yet.
    """
    lowest = np.minimum.accumulate(smoothed)
    whole = start - lowest[-1]
    rises = (smoothed > lowest + 0.05 * whole) & (lowest <= start - 0.1 * whole)
    end = int(rises.argmax()) if rises.any() else len(smoothed)
    return int(smoothed[:end].argmin())


def _result(
    net: MLP,
    rates: NDArray[np.float64],
    losses: NDArray[np.float64],
    start: float,
    smoothing: float,
    diverged_at: float | None,
) -> FinderResult:
    """Find the steepest point of the fall, or say that there is none."""
    if not math.isfinite(start):
        raise LearningRateNotFound(
            "the loss is not finite before any update", rates, losses, diverged_at
        )
    smoothed = smooth(losses, smoothing)
    enough = 10.0 * float(np.finfo(net.dtype).eps) * abs(start)
    if not (start - smoothed > enough).any():
        reason = f"the loss, {start:.4g} at the start, never fell"
        if diverged_at is not None:
            reason += f", and the run diverged at the rate {diverged_at:.3g}: try a lower lr_min"
        else:
            reason += f" up to the rate {rates[-1]:.3g}: the network may have been trained already"
        raise LearningRateNotFound(reason, rates, losses, diverged_at)
    slope = np.gradient(smoothed, np.log(rates)) if len(rates) > 1 else np.zeros(1)
    lowest = _end_of_first_fall(smoothed, start)
    steepest = int(slope[: lowest + 1].argmin())
    reason = (
        f"At {rates[steepest]:.3g} the smoothed loss falls most steeply, by "
        f"{-slope[steepest]:.3g} for each factor e of the rate. It falls from {start:.4g} at the "
        f"start to {smoothed[lowest]:.4g} at {rates[lowest]:.3g}"
        + (", and then rises." if lowest < len(rates) - 1 else ".")
    )
    if lowest == 0:
        reason = f"At {rates[0]:.3g}, the first rate, the loss is lowest: try a lower lr_min."
    elif steepest == len(rates) - 1 and diverged_at is None:
        reason += " That is the end of the range: try a higher lr_max."
    return FinderResult(
        rates=rates,
        losses=losses,
        smoothed=smoothed,
        slope=slope,
        suggestion=float(rates[steepest]),
        reason=reason,
        diverged_at=diverged_at,
        start=start,
        loss_name=str(getattr(net.loss, "name", type(net.loss).__name__)),
    )
