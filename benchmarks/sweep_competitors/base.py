"""What a sweep's competitor is."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from competitors.base import Competitor
from numpy.typing import NDArray
from sweep_cases import CHECKED_RUNS, SweepCase


class Sweep(Competitor):
    """Trains K networks that differ by their learning rate.

    Parameters
    ----------
    case : SweepCase
    trial : bool
        Whether to try several forms of the program and keep the fastest; for a process that
        sweeps only once that would take longer than it saves.
    """

    case_type = SweepCase

    def __init__(self, case: SweepCase, trial: bool = True) -> None:
        self.case = case
        self.trial = trial
        self.shuffle = True

    @abstractmethod
    def sweep(self) -> NDArray[np.float64]:
        """Return ``(K, epochs + 1)``, the full training loss before training and after epochs."""

    def start(self, shuffle: bool) -> None:
        self.shuffle = shuffle

    def train(self, epochs: int) -> list[float]:
        """Make so many whole sweeps; return some losses of the last, for comparison."""
        for _ in range(epochs):
            losses = self.sweep()
        return [*losses[:CHECKED_RUNS, -1].tolist(), *losses[0].tolist()]
