"""A progress bar, on a terminal only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp.training.callbacks import Callback

if TYPE_CHECKING:
    from mlp.training.trainer import Trainer


class ProgressBar(Callback):
    """Shows epochs and the last loss on standard error, and nothing where that is no terminal.

    Parameters
    ----------
    epochs : int, optional
        How many epochs the run has, where that is known.
    """

    def __init__(self, epochs: int | None = None) -> None:
        self.epochs = epochs
        self._bar: Any = None

    def on_start(self, trainer: Trainer) -> None:
        """Open the bar."""
        if not sys.stderr.isatty():
            return
        from tqdm import tqdm

        self._bar = tqdm(total=self.epochs, unit="epoch", leave=False)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Move on."""
        if self._bar is not None:
            losses = np.atleast_1d(trainer.history["loss"][-1])
            if np.isfinite(losses).any():
                self._bar.set_postfix_str(f"loss {np.nanmin(losses):.4g}", refresh=False)
            self._bar.update()

    def on_stop(self, trainer: Trainer) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
