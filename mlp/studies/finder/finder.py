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

_SPACING = 10 ** (1 / 3)  # between neighbouring rates of the last round


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

    Three rounds compare rates by the loss that they reach, the mean over the second half of the
    batches, each taken before its update. All start from the weights of `net` and see the same
    batches. The first, very short round tries two rates a decade or fewer, the second those near
    and above its best, and the last, of `steps` updates, the best and its neighbours, three a
    decade. The best of the last round is suggested. Rates that are too high stay in the race until
    the second round, and until the last if no rate has come below the loss of a constant output:
    where targets or inputs are large, the loss of a good rate may first rise far.

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
        The number of updates in the last round, at least 4; by default 160, or one epoch if that
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
    The cost is about ``9 * steps`` gradients of a batch: by default those of nine epochs or, on
    fewer than 5000 rows in batches of 32, some 1400. As replicas of a small network they take a
    third of the time. `benchmarks/finder.py` compares the suggestion with the best of 16 rates.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.load_digits()
    >>> net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    >>> found = mlp.find_learning_rate(net, X, y)
    >>> 0.1 < found.suggestion < 2.0
    True
    """
    if not isinstance(net, MLP) or net.replicas is not None:
        raise TypeError(f"net: received {net!r}, expected an MLP without replicas")
    rates = _grid(lr_min, lr_max)
    if steps is not None:
        check_count("steps", steps, 4)
    method = copy.deepcopy(make_optimizer(optimizer))
    data = check_training(net, X, Y, sample_weight, class_weight)
    make_rng(seed)  # rejects a seed that does not fit
    sample = Sample(net, data, make_rng(copy.deepcopy(seed)))
    options: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    options |= {"l1": l1, "l2": l2, "clip_norm": clip_norm}
    Trainer(net, method, **options)  # rejects options that do not fit
    weights = {"sample_weight": sample_weight, "class_weight": class_weight}
    race = Race(net, method, rates, (X, Y), weights, options)

    n_rows = len(data.X)
    steps = steps or max(160, math.ceil(n_rows / (batch_size or n_rows)))
    coarse = np.arange(0, len(rates), 2)
    best = race.run(coarse, max(2, steps // 20))
    near = coarse[(coarse >= best - 2) & np.isfinite(race.losses[coarse])][:10]
    if len(near):
        best = race.run(near, max(2, 3 * steps // 10))
        last = set(range(max(0, best - 2), min(best + 3, len(rates))))
        if race.losses[best] > sample.constant:
            last |= {i for i in near.tolist() if i > best and np.isfinite(race.losses[i])}
        best = race.safest(race.run(np.array(sorted(last)), steps))
    return race.result(best, sample)


def _grid(lr_min: float, lr_max: float) -> NDArray[np.float64]:
    """Return an odd number of rates, evenly spaced on a log scale."""
    low = check_positive("lr_min", lr_min)
    high = check_positive("lr_max", lr_max)
    if not low < high:
        raise ValueError(f"lr_max: received {lr_max!r}, expected more than lr_min, {lr_min!r}")
    n = math.ceil(0.5 * (math.log(high) - math.log(low)) / math.log(_SPACING))
    return np.geomspace(low, high, 2 * n + 1)
