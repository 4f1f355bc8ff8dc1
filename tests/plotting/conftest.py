"""Stand-ins for the records that are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

EPOCHS = 20


@dataclass
class Sweep:
    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    loss: NDArray[np.float64]
    diverged_at: NDArray[np.int64]
    best: float
    status: list[str] = field(default_factory=list)


@dataclass
class NamedSweep(Sweep):
    loss_name: str = "cross_entropy"


def sweep(
    rates: Sequence[float], diverged_at: Sequence[Sequence[int]] | None = None, seeds: int = 1
) -> Sweep:
    """Exponential decays, faster for higher rates; runs that diverge grow tenfold an epoch."""
    epochs = np.arange(EPOCHS + 1)
    left = np.array(diverged_at or [[0] * seeds] * len(rates))
    losses = np.array(
        [
            [0.5 * np.exp(-rate * epochs / (10 + seed)) + 0.01 for seed in range(left.shape[1])]
            for rate in rates
        ]
    )
    for run, epoch in np.ndenumerate(left):
        if epoch:
            losses[run] = 0.51 * 10.0**epochs
            losses[run][epoch:] = np.nan
    loss = np.full((len(rates), EPOCHS + 1), np.nan)
    for i, e in np.ndindex(loss.shape):
        known = losses[i, :, e][np.isfinite(losses[i, :, e])]
        loss[i, e] = np.median(known) if known.size else np.nan
    ends = loss[:, -1]
    best = float(rates[int(np.nanargmin(ends))]) if np.isfinite(ends).any() else float("nan")
    return Sweep(np.array(rates, dtype=float), losses, loss, left, best)


@pytest.fixture
def make_sweep() -> Callable[..., Sweep]:
    return sweep


@pytest.fixture
def named_sweep() -> NamedSweep:
    return NamedSweep(**vars(sweep([0.1, 0.5])))
