"""The fit of the preset: encoders, folds, the run and what it was like."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._names import counted
from mlp.optim import Adam
from mlp.studies.ensemble import Ensemble
from mlp.studies.tabular import settings as chosen
from mlp.studies.tabular.network import make_ensemble, make_optimizer
from mlp.studies.tabular.selection import FoldSelection, log_loss, squared_error
from mlp.studies.tabular.settings import Candidate, Settings
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
    candidate : Candidate
        How it was trained.
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
    candidate: Candidate
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
    """Train an ensemble, one member for each fold; of several candidates, keep the best.

    Parameters
    ----------
    data : Prepared
        The training rows.
    settings : Settings
    seed : int
    sample_weight : ndarray (n,), optional
        Factors of the rows' losses.
    callbacks : sequence of Callback
        Called during the training of each candidate.
    tell_seconds : callable, optional
        Called before training with the seconds that it will take, estimated from a few steps.

    Warns
    -----
    UserWarning
        If a member has diverged.
    """
    n, is_class = len(data.X), isinstance(data.target, ClassTarget)
    candidates = chosen.candidates_of(n, is_class)
    runs = [_Run(data, settings, candidate, seed, sample_weight) for candidate in candidates]
    if tell_seconds is not None:
        tell_seconds(sum(run.seconds() for run in runs))
    fits = []
    for run in runs:
        fits.append(run.fit(callbacks))
        if fits[-1].trainer.history.status == "interrupted":
            break
    best = fits[0] if len(fits) == 1 else _better(*fits)
    lost = [k for k, epoch in enumerate(best.trainer.history.diverged_at) if epoch]
    if lost:
        warnings.warn(
            f"members {lost} of {best.ensemble.size} have diverged and keep the weights from "
            "before",
            stacklevel=3,
        )
    return best


def _better(encoded: Fit, plain: Fit) -> Fit:
    """Return the plain networks, unless the others predict left-out rows clearly better.

    Clearly means by more than the standard error of the difference: the rule of Breiman, Friedman,
    Olshen and Stone, Classification and Regression Trees, 1984.
    """
    gain = plain.selection.losses - encoded.selection.losses
    return encoded if gain.mean() > gain.std() / len(gain) ** 0.5 else plain


class _Run:
    """The training of one candidate.

    Parameters
    ----------
    data, settings, seed, sample_weight
        As of `fit`.
    candidate : Candidate
    """

    def __init__(
        self,
        data: Prepared,
        settings: Settings,
        candidate: Candidate,
        seed: int,
        sample_weight: NDArray[Any] | None,
    ) -> None:
        X, Y, target = data.X, data.Y, data.target
        n = len(X)
        batches = max(1, round(n / chosen.BATCH_SIZE))
        self.batch_size = -(-n // batches)  # batches of one size: no step is taken for a few rows
        self.epochs = settings.epochs_of(n)
        self.steps = self.epochs * -(-n // self.batch_size)
        self.data, self.candidate, self.seed = data, candidate, seed
        sizes = len(data.inputs.numbers), target, data.n_folds, candidate.bins
        self._make = partial(make_ensemble, settings, X, *sizes, seed)
        self.ensemble = self._make()
        labels = Y if isinstance(target, ClassTarget) else None
        self.weights = self.ensemble.row_weights(n, labels)
        if sample_weight is not None:
            self.weights = self.weights * sample_weight
        self.folds = self.ensemble.row_folds(n, labels)
        one_hot = Y if labels is None else np.eye(self.ensemble.n_out, dtype=np.float32)[labels]
        measure = squared_error if labels is None else log_loss
        self.selection = FoldSelection(X, one_hot, self.folds, sample_weight, measure=measure)

    def fit(self, callbacks: Sequence[Callback]) -> Fit:
        """Train, and return the members with the weights of their best epochs."""
        trainer = Trainer(
            self.ensemble.net,
            make_optimizer(self.data.target, self.steps),
            batch_size=self.batch_size,
            seed=self.seed,
            l2=self.candidate.l2,
            callbacks=[self.selection, *callbacks],
        )
        trainer.fit(self.data.X, self.data.Y, self.epochs, sample_weight=self.weights)
        # in float64 the prediction of a row does not depend, up to 1e-12, on the rows beside it
        exact = self._make("float64")
        exact.net.theta = self.ensemble.net.theta
        return Fit(
            data=self.data,
            candidate=self.candidate,
            ensemble=exact,
            trainer=trainer,
            selection=self.selection,
            folds=self.folds,
        )

    def seconds(self) -> float:
        """Return the time of all steps, estimated from a few on a copy of the network."""
        rows = slice(self.batch_size)
        X, Y = self.data.X[rows], self.data.Y[rows]
        trainer = Trainer(self.ensemble.net.copy(), Adam(0.0), batch_size=self.batch_size)
        for _ in range(2):  # the first run finds out how to multiply
            start = time.perf_counter()
            trainer.fit(X, Y, _TIMED_STEPS, sample_weight=self.weights[:, rows])
        return (time.perf_counter() - start) / _TIMED_STEPS * self.steps
