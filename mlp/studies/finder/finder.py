"""The learning-rate finder: short runs with many rates, trained as one network of replicas."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_count, check_positive, make_rng
from mlp.core import MLP
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.finder.race import Race, Sample
from mlp.studies.finder.result import FinderResult
from mlp.training import Trainer
from mlp.training.class_weights import ClassWeight
from mlp.training.data import check_training

_SPACING = 10 ** (1 / 6)  # between neighbouring rates of the last round
_HANDICAP = 30.0  # of runs whose loss exploded


def find_learning_rate(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    optimizer: str | Optimizer = "sgd",
    batch_size: int | None = 32,
    lr_min: float = 1e-10,
    lr_max: float = 10.0,
    steps: int | None = None,
    seed: int | np.random.Generator | None = 0,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    shuffle: bool = True,
    l1: float = 0.0,
    l2: float = 0.0,
    clip_norm: float | None = None,
) -> FinderResult:
    """Suggest a learning rate by training copies of a network, one with each of many rates.

    All runs start from the weights of `net` and see the same batches. They are compared by the
    loss, the mean over the second half of the batches, each taken before its update. Of four rounds
    the first, very short, tries the whole range, three rates in two decades; the second those near
    and above its best; the third and the fourth, of `steps` updates, the best and its neighbours,
    three and six a decade. The best of the last round is suggested, or the next lower rate if the
    next higher one is far worse.

    A run whose loss explodes and falls again often leaves a network that outputs a constant. It is
    suggested only if no other loss comes near.

    Parameters
    ----------
    net : MLP
        The network. Copies are trained; no argument is changed.
    X : array_like (n, n_in)
        The inputs.
    Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
        The targets.
    optimizer : str or Optimizer, default "sgd"
        Its own learning rate and state are not used.
    batch_size : int or None, default 32
        Rows in a batch; None for all rows.
    lr_min, lr_max : float
        The lowest and the highest rate.
    steps : int, optional
        The number of updates in the last round, at least 4; by default 200, or one epoch if that
        is more. The longer, the better the suggestion for a long training.
    seed : int, numpy.random.Generator or None, default 0
        For the order of the batches and dropout; a generator is copied.
    sample_weight, class_weight
        As in `Trainer.fit`.
    shuffle, l1, l2, clip_norm
        As in `Trainer`.

    Returns
    -------
    FinderResult
        With a `suggestion` and its `reason`, which also says if the data should be standardised.

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
    The cost is about ``10 * steps`` gradients of a batch: those of ten epochs or, on fewer than
    6400 rows in batches of 32, some 2000. Where no rate comes below the loss of a constant output,
    more rates take part, and the cost is up to twice as high. As replicas of a small network the
    runs take about a third of the time. ``benchmarks/FINDER.md`` compares the suggestions with the
    best of 16 rates, in fits of 10 to 50 epochs.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.load_digits()
    >>> net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    >>> found = mlp.find_learning_rate(net, X, y)
    >>> 0.1 < found.suggestion < 2.0
    True
    """
    if not isinstance(net, MLP) or net._lead:
        raise TypeError(f"net: received {net!r}, expected an MLP without replicas")
    rates = _grid(lr_min, lr_max)
    if steps is not None:
        check_count("steps", steps, 4)
    method = copy.deepcopy(make_optimizer(optimizer))
    data = check_training(net, X, Y, sample_weight, class_weight)
    rng = copy.deepcopy(make_rng(seed))
    sample = Sample(net, data, copy.deepcopy(rng))
    options: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "seed": rng}
    options |= {"l1": l1, "l2": l2, "clip_norm": clip_norm}
    Trainer(net, method, **options)  # rejects options that do not fit
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    race = Race(net, method, rates, (X, Y), weights, options, sample.constant)

    n_rows = len(data.X)
    steps = steps or max(200, math.ceil(n_rows / (batch_size or n_rows)))
    coarse = np.arange(0, len(rates), 4)
    best = race.run(coarse, max(2, steps // 25), math.inf)
    near = coarse[(coarse >= best - 4) & np.isfinite(race.losses[coarse])][:10]
    if len(near):
        best = race.run(near, max(2, steps // 4), math.inf)
        third, updates = _around(best, 2, len(rates)), steps // 2
        if race.losses[best] > sample.constant:
            higher = near[(near > best) & np.isfinite(race.losses[near])]
            third, updates = np.union1d(_around(best, 2, len(rates), 4), higher), steps
        best = race.run(third, updates, _HANDICAP)
        best = race.safest(race.run(_around(best, 1, len(rates)), steps, _HANDICAP))
    return race.result(best, sample)


def _around(best: int, spacing: int, n: int, above: int = 2) -> NDArray[np.intp]:
    """Return the indices of a rate, of two below and of some above, as far as they exist."""
    indices = best + spacing * np.arange(-2, above + 1)
    return indices[(indices >= 0) & (indices < n)]


def _grid(lr_min: float, lr_max: float) -> NDArray[np.float64]:
    """Return rates evenly spaced on a log scale, a multiple of four and one."""
    low = check_positive("lr_min", lr_min)
    high = check_positive("lr_max", lr_max)
    if not low < high:
        raise ValueError(f"lr_max: received {lr_max!r}, expected more than lr_min, {lr_min!r}")
    n = math.ceil(0.25 * (math.log(high) - math.log(low)) / math.log(_SPACING))
    return np.geomspace(low, high, 4 * n + 1)
