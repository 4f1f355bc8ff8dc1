"""Compaction: a run that goes on with some of its replicas, so that the others cost no more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._replicas import kept_replicas
from mlp.training.callbacks.base import Callback, Monitor
from mlp.training.run import Run


def can_compact(callback: Callback) -> bool:
    """Return whether a callback can go on with some of the replicas."""
    return isinstance(callback, Monitor)


def compact(trainer: Any, rows: NDArray[np.intp]) -> None:
    """Go on with only these replicas; call it at the end of an epoch, from a callback.

    The network, the optimizer and every number of a replica shrink in place; replica ``rows[i]``
    becomes replica i, and stays bit-identical to its run alone.

    Parameters
    ----------
    trainer : Trainer
        In a run, with callbacks that `can_compact` accepts.
    rows : ndarray of int
        The replicas that stay, in ascending order.
    """
    run: Run = trainer._run
    run.net._keep_replicas(rows)
    run.update._keep_replicas(rows)
    run.history._keep_replicas(rows)
    trainer.penalty._keep_replicas(rows)
    trainer.clip_norm = kept_replicas(trainer.clip_norm, rows)
    run.state.batch_loss = kept_replicas(run.state.batch_loss, rows)
    for callback in run.others:
        if isinstance(callback, Monitor):
            callback._keep_replicas(rows)
    run.settings = None  # a checkpoint describes what goes on
