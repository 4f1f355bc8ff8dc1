"""The fit of the preset: encoders, folds, the run and what it was like."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._names import counted
from mlp.optim import Adam
from mlp.studies.ensemble import Ensemble
from mlp.studies.tabular import settings as chosen
from mlp.studies.tabular.network import make_ensemble, make_optimizer
from mlp.studies.tabular.selection import FoldSelection, log_loss, squared_error
from mlp.studies.tabular.settings import Settings
from mlp.tables import (
    ClassTarget,
    InputEncoder,
    Labels,
    NumberTarget,
    Standardizer,
    Table,
    Words,
)
from mlp.tables.numbers import PARTS
from mlp.training import Callback, Trainer

LEAST_ROWS = 4
_TIMED_STEPS = 4


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The training rows of a table, encoded.

    Attributes
    ----------
    X, Y : ndarray
        The inputs ``(n, n_in)`` and the targets in the form of the loss.
    inputs, target : InputEncoder, ClassTarget or NumberTarget
        The encoders, fitted on these rows.
    dates : list of str
        The columns of dates among the inputs.
    n_folds : int
        The number of members.
    left_out : dict of str to str
        The columns that say nothing in these rows, and why.
    gaps : dict of str to int
        The missing cells of each column that has some.
    """

    X: NDArray[Any]
    Y: NDArray[Any]
    inputs: InputEncoder
    target: ClassTarget | NumberTarget
    dates: list[str]
    n_folds: int
    left_out: dict[str, str]
    gaps: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A trained ensemble.

    Attributes
    ----------
    data : Prepared
    ensemble : Ensemble
        In float64, with weights that were trained in float32.
    trainer : Trainer
        What has trained it.
    selection : FoldSelection
        What has chosen its epoch.
    folds : ndarray of int (n,)
        The fold of each row.
    """

    data: Prepared
    ensemble: Ensemble
    trainer: Trainer
    selection: FoldSelection
    folds: NDArray[np.intp]


def prepare(
    table: Table,
    rows: NDArray[np.intp] | None,
    dates: Sequence[str],
    settings: Settings,
    *,
    max_words: int | None = None,
) -> Prepared:
    """Fit the encoders on some rows of a table that knows its targets and task, and encode them.

    Raises
    ------
    ValueError
        If there are too few rows, classes or inputs, or too many words.
    """
    rows = np.arange(len(table)) if rows is None else rows
    n = len(rows)
    if n < LEAST_ROWS:
        raise ValueError(
            f"{table.source}: received {counted(n, 'training row')}, expected at least {LEAST_ROWS}"
        )
    target = _target(table, rows)
    left_out = _constant(table, rows, dates)
    columns = [name for name in table.names if name not in (*table.targets, *left_out)]
    dates = [name for name in dates if name not in left_out]
    if not columns:
        raise ValueError(
            f"{table.source}: received no column that differs between rows besides the target, "
            "expected at least one input"
        )
    inputs = InputEncoder.fit(
        table,
        columns,
        rows,
        standardize=True,
        scaling="robust",
        gaps=True,
        max_words=max_words,
    )
    parts = {f"{name}.{part}" for name in dates for part in PARTS}
    missing = {name: int(table.is_missing(name)[rows].sum()) for name in columns}
    Y = target.encode(table, rows, "float32")
    return Prepared(
        X=inputs.encode(table, rows, "float32"),
        Y=Y if isinstance(target, ClassTarget) else Y.astype(np.float32),
        inputs=inputs,
        target=target,
        dates=dates,
        n_folds=min(settings.members, n // 2),
        left_out={name: why for name, why in left_out.items() if name not in parts},
        gaps={name: count for name, count in missing.items() if count and name not in parts},
    )


def _target(table: Table, rows: NDArray[np.intp]) -> ClassTarget | NumberTarget:
    names = table.targets
    if table.task == "classify":
        words = table.words(names[0])
        codes = np.unique(words.codes[rows])
        labels = Labels.of([words.values[code] for code in codes if code >= 0])
        if len(labels) < 2:
            raise ValueError(
                f"{table.source}: received only the class {labels.names[0]!r} in {names[0]!r}, "
                "expected two or more"
            )
        return ClassTarget(names[0], labels)
    Y = NumberTarget(names).encode(table, rows, "float32")
    return NumberTarget(names, Standardizer.fit(Y), [Y.min(axis=0), Y.max(axis=0)])


def _constant(table: Table, rows: NDArray[np.intp], dates: Sequence[str]) -> dict[str, str]:
    """Return the columns without a difference in these rows, and why; dates with their parts."""
    parts = {f"{name}.{part}" for name in dates for part in PARTS}
    found = {}
    for name in table.names:
        if name in table.targets or name in parts:
            continue
        column = table[name]
        is_missing = table.is_missing(name)[rows]
        values = (column.codes if isinstance(column, Words) else column)[rows][~is_missing]
        if not len(values):
            found[name] = "no value"
        elif not is_missing.any() and (values == values[0]).all():
            found[name] = "constant"
        if name in found and name in dates:
            found |= {f"{name}.{part}": found[name] for part in PARTS}
    return found


def fit(
    data: Prepared,
    settings: Settings,
    seed: int,
    *,
    sample_weight: NDArray[Any] | None = None,
    callbacks: Sequence[Callback] = (),
    tell_seconds: Callable[[float], object] | None = None,
) -> Fit:
    """Train an ensemble, one member for each fold.

    Parameters
    ----------
    data : Prepared
        The training rows.
    settings : Settings
    seed : int
    sample_weight : ndarray (n,), optional
        Factors of the rows' losses.
    callbacks : sequence of Callback
        Called during training.
    tell_seconds : callable, optional
        Called before the run with the seconds that it will take, estimated from a few steps.

    Warns
    -----
    UserWarning
        If a member has diverged.
    """
    X, Y, target = data.X, data.Y, data.target
    n = len(X)
    batches = max(1, round(n / chosen.BATCH_SIZE))
    batch_size = -(-n // batches)  # batches of one size: no step is taken for a few rows
    epochs = settings.epochs_of(n)
    steps = epochs * -(-n // batch_size)
    net = (settings, X, len(data.inputs.numbers), target, data.n_folds, seed)
    ensemble = make_ensemble(*net)
    labels = Y if isinstance(target, ClassTarget) else None
    weights = ensemble.row_weights(n, labels)
    if sample_weight is not None:
        weights = weights * sample_weight
    folds = ensemble.row_folds(n, labels)
    one_hot = Y if labels is None else np.eye(ensemble.n_out, dtype=np.float32)[labels]
    selection = FoldSelection(
        X,
        one_hot,
        folds,
        sample_weight,
        measure=squared_error if labels is None else log_loss,
    )
    if tell_seconds is not None:
        tell_seconds(_seconds_of_step(ensemble, X, Y, weights, batch_size) * steps)
    trainer = Trainer(
        ensemble.net,
        make_optimizer(target, steps),
        batch_size=batch_size,
        seed=seed,
        callbacks=[selection, *callbacks],
    )
    trainer.fit(X, Y, epochs, sample_weight=weights)
    lost = [k for k, epoch in enumerate(trainer.history.diverged_at) if epoch]
    if lost:
        warnings.warn(
            f"members {lost} of {ensemble.size} have diverged and keep the weights from before",
            stacklevel=3,
        )
    # in float64 the prediction of a row does not depend, up to 1e-12, on the rows beside it
    exact = make_ensemble(*net, "float64")
    exact.net.theta = ensemble.net.theta
    return Fit(data=data, ensemble=exact, trainer=trainer, selection=selection, folds=folds)


def _seconds_of_step(
    ensemble: Ensemble,
    X: NDArray[Any],
    Y: NDArray[Any],
    weights: NDArray[Any],
    batch_size: int,
) -> float:
    """Return the time of a step, measured on a copy of the network."""
    rows = slice(batch_size)
    trainer = Trainer(ensemble.net.copy(), Adam(0.0), batch_size=batch_size)
    for _ in range(2):  # the first run finds out how to multiply
        start = time.perf_counter()
        trainer.fit(X[rows], Y[rows], _TIMED_STEPS, sample_weight=weights[:, rows])
    return (time.perf_counter() - start) / _TIMED_STEPS
