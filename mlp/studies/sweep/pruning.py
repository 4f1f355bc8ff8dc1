"""Pruning: after some epochs only the best sets of parameters go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_bool, check_choice, check_count
from mlp._names import shortened


@dataclass(frozen=True)
class Halving:
    """Successive halving: at each rung, one of `factor` sets of parameters goes on.

    The rungs are the epochs ``epochs / factor``, ``epochs / factor**2`` and so on, down to
    `first`. Sets are compared by the median over their seeds; in a tie, the first is better.

    Parameters
    ----------
    factor : int, default 3
        At least 2.
    first : int, default 1
        The first epoch after which runs may end.
    by : str, optional
        The recorded quantity that decides; by default the loss, on validation data if any.
    asha : bool, default False
        Compare each set only with those before it, as if runs began one after the other: ASHA
        for a given order. More runs go on, and none depends on later ones.

    References
    ----------
    Jamieson and Talwalkar, Non-stochastic best arm identification and hyperparameter
    optimization, AISTATS 2016; Li et al., A system for massively parallel hyperparameter tuning,
    MLSys 2020.

    Examples
    --------
    >>> Halving(factor=3).rungs(20)
    [2, 6]
    """

    factor: int = 3
    first: int = 1
    by: str | None = None
    asha: bool = False

    def __post_init__(self) -> None:
        """Check the settings."""
        check_count("factor", self.factor, 2)
        check_count("first", self.first)
        check_bool("asha", self.asha)

    def rungs(self, epochs: int) -> list[int]:
        """Return the epochs of a run after which sets are compared."""
        found, epoch = [], check_count("epochs", epochs) // self.factor
        while epoch >= self.first:
            found.append(epoch)
            epoch //= self.factor
        return found[::-1]

    def survivors(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which sets go on, by their scores ``(n,)``; lower is better."""
        stay = np.zeros(len(scores), np.bool_)
        if not self.asha:
            n_kept = -(-len(scores) // self.factor)
            stay[np.argsort(scores, kind="stable")[:n_kept]] = True
        else:
            for i, score in enumerate(scores):
                n_better = int((scores[:i] <= score).sum())
                stay[i] = n_better < -(-(i + 1) // self.factor)
        return stay & np.isfinite(scores)


def median_of_seeds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over axis 1, with NaN as the largest number."""
    n = values.shape[1]
    ordered = np.sort(values, axis=1)  # sorts NaN to the end
    middle: NDArray[np.float64] = 0.5 * (ordered[:, (n - 1) // 2] + ordered[:, n // 2])
    return middle


def make_halving(prune: str | Halving | None, modes: Mapping[str, str]) -> Halving | None:
    """Return what a sweep's argument means; ValueError or TypeError if it is something else."""
    if prune is None:
        return None
    if isinstance(prune, str):
        check_choice("prune", prune, ("halving", "asha"))
        prune = Halving(asha=prune == "asha")
    if not isinstance(prune, Halving):
        raise TypeError(
            f"prune: received {shortened(prune)}, expected 'halving', 'asha', a Halving or None"
        )
    if prune.by is not None:
        check_choice("by", prune.by, tuple(modes))
    return prune
