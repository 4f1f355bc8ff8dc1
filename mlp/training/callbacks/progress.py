"""A progress bar for terminals and notebooks."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from mlp.training.callbacks.base import Callback


class ProgressBar(Callback):
    """Shows the epochs and the last losses: a line on standard error, or a widget in a notebook.

    It shows nothing if standard error is neither a terminal nor a notebook's.

    Parameters
    ----------
    epochs : int, optional
        The number of epochs; by default that of `fit`.
    """

    def __init__(self, epochs: int | None = None) -> None:
        self.epochs = epochs
        self._bar: Any = None

    def on_start(self, trainer: Any) -> None:
        """Open the bar."""
        total = trainer.epochs if self.epochs is None else self.epochs
        done = len(trainer.history.epochs) if trainer.is_resumed else 0
        self._bar = open_bar(total, "epoch", done)

    def on_epoch_end(self, trainer: Any) -> None:
        """Advance the bar."""
        if self._bar is None:
            return
        words = []
        for name in ("loss", "val_loss"):
            losses = np.atleast_1d(trainer.history.get(name, [np.nan])[-1])
            if np.isfinite(losses).any():
                words.append(f"{name} {np.nanmin(losses):.4g}")
        self._bar.set_postfix_str(", ".join(words), refresh=False)
        self._bar.update()

    def on_stop(self, trainer: Any) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def open_bar(total: int, unit: str, done: int = 0) -> Any:
    """Return a bar on standard error, or None if that is neither a terminal nor a notebook's."""
    if sys.stderr is not None and (sys.stderr.isatty() or _is_notebook()):
        return _tqdm()(total=total, initial=done, unit=unit, leave=False)
    return None


def _is_notebook() -> bool:
    """Whether this program runs in a Jupyter kernel; found without importing anything."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


def _tqdm() -> Any:
    """Return tqdm's class: a widget in a notebook with ipywidgets, else text."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about ipywidgets, if not installed
        from tqdm.auto import tqdm

        return tqdm
