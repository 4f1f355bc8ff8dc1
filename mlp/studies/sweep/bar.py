"""The progress bar of a sweep: how many runs have ended, and the best so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from mlp.studies.sweep.recorder import Record
from mlp.studies.sweep.stack import Stack
from mlp.training.callbacks.progress import open_bar


class SweepBar:
    """A bar on a terminal or in a notebook; elsewhere it shows nothing.

    Parameters
    ----------
    n_runs : int
        The number of runs.
    modes : mapping
        For each quantity whether "min" or "max" is better; the last one is shown.
    is_shown : bool
        False for no bar anywhere.
    """

    def __init__(self, n_runs: int, modes: Mapping[str, str], is_shown: bool) -> None:
        self.name, mode = list(modes.items())[-1]
        self.pick = np.nanmin if mode == "min" else np.nanmax
        self.best: float | None = None
        self._bar: Any = open_bar(n_runs, "run") if is_shown else None

    def __enter__(self) -> Self:
        """Return the bar, which is open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()

    def advance(self, stack: Stack, outcome: Record | BaseException) -> None:
        """Count the runs of a stack, and look for the best among them."""
        if self._bar is None:
            return
        column = outcome.columns.get(self.name) if isinstance(outcome, Record) else None
        if column is not None and np.isfinite(column).any():
            values = column[np.isfinite(column)]
            found = [float(self.pick(values)), *([] if self.best is None else [self.best])]
            self.best = float(self.pick(found))
            self._bar.set_postfix_str(f"best {self.name} {self.best:.4g}", refresh=False)
        self._bar.update(len(stack.runs))
