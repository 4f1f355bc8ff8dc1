"""What was done, in lines of text: encodings, gaps, members, epochs and scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._names import counted
from mlp.studies._scores import fold_outputs, score, score_line
from mlp.studies.tabular import settings as chosen
from mlp.studies.tabular.fitting import Fit
from mlp.studies.tabular.settings import Settings
from mlp.tables import ClassTarget
from mlp.tables.numbers import PARTS

_SHOWN = 8
_OUT_OF_FOLD = (
    "(each row predicted by the one member that was not trained on it; these rows chose the epoch, "
    "so the score is slightly optimistic)"
)


def describe(fit: Fit, settings: Settings, left_out: Mapping[str, str]) -> list[str]:
    """Return the lines about the encoding and the run.

    Parameters
    ----------
    fit : Fit
    settings : Settings
    left_out : mapping of str to str
        The columns that were not read, and why.
    """
    return [*_columns(fit, left_out), *_run(fit, settings)]


def _columns(fit: Fit, left_out: Mapping[str, str]) -> Iterator[str]:
    data = fit.data
    inputs, target, n = data.inputs, data.target, len(data.X)
    what = "numbers"
    if isinstance(target, ClassTarget):
        what = f"{len(target.labels)} classes"
    yield f"target: {_listed([*target.names])}, {what}, {counted(n, 'row')} to train on"
    dated = {*data.dates, *(f"{name}.{part}" for name in data.dates for part in PARTS)}
    numbers = [name for name in inputs.numbers if name not in dated]
    kinds = []
    if numbers:
        how = "scaled by median and quartiles, outliers clipped smoothly"
        bins = fit.candidate.bins
        how += f"; also by the place between quantiles, {bins} bins" if bins else ""
        kinds.append(f"{counted(len(numbers), 'column')} of numbers ({how})")
    kinds += [f"dates in {_listed(data.dates)}"] if data.dates else []
    words = [f"{name!r} ({len(known)})" for name, known in inputs.categories.items()]
    kinds += [f"one-hot words in {_shortened(words)}"] if words else []
    yield f"inputs: {inputs.n_in} from {'; '.join(kinds)}"
    gaps = data.gaps
    numeric = [f"{name!r} ({count})" for name, count in gaps.items() if name in inputs.numbers]
    if numeric:
        yield f"gaps: filled with the median and marked by an input: {_shortened(numeric)}"
    wordy = [f"{name!r} ({count})" for name, count in gaps.items() if name in inputs.categories]
    if wordy:
        yield f"gaps: a word of their own: {_shortened(wordy)}"
    dropped = [f"{name!r} ({why})" for name, why in {**left_out, **data.left_out}.items()]
    if dropped:
        yield f"left out: {_shortened(dropped)}"


def _run(fit: Fit, settings: Settings) -> Iterator[str]:
    ensemble, target, trainer = fit.ensemble, fit.data.target, fit.trainer
    is_class = isinstance(target, ClassTarget)
    activation = chosen.ACTIVATION_CLASSES if is_class else chosen.ACTIVATION_NUMBERS
    yield (
        f"members: {ensemble.size} networks of {chosen.DEPTH} hidden layers of {settings.width} "
        f"({activation}), {ensemble.net.theta.shape[1]:,} parameters each; each leaves out one "
        f"fold of the rows, and their mean predicts"
    )
    if ensemble.size < settings.members:
        n = len(fit.data.X)
        yield f"note: {ensemble.size} folds, not {settings.members}, for {counted(n, 'row')}"
    if isinstance(target, ClassTarget):
        counts = np.bincount(fit.data.Y, minlength=len(target.labels))
        single = [
            name for name, count in zip(target.labels.names, counts, strict=True) if count < 2
        ]
        if single:
            yield (
                f"note: one row only of {_listed(single)}: the member that leaves it out does not "
                "know the class"
            )
    if fit.candidate.l2:
        yield (
            "penalty: these networks have an L2 penalty and no bins for numbers, since those with "
            "bins do not predict the left-out rows clearly better"
        )
    done, epochs = len(trainer.history.epochs), fit.selection.best_epochs
    kept = sorted(set(epochs))
    which = f"epoch {kept[0]}" if len(kept) == 1 else f"epochs {kept[0]} to {kept[-1]}"
    chosen_by = "log loss" if is_class else "squared error"
    yield (
        f"epochs: {done} in {sum(trainer.history['seconds']):.1f} s; kept the weights of {which}, "
        f"by the {chosen_by} of each member's fold"
    )


def out_of_fold(fit: Fit, truth: NDArray[Any]) -> list[str]:
    """Return the lines about the score on the training rows, each predicted out of its fold.

    Parameters
    ----------
    fit : Fit
    truth : ndarray
        The targets, as `ClassTarget.truth` and `NumberTarget.truth` give them.
    """
    data, target = fit.data, fit.data.target
    found = score(target, truth, fit.selection.outputs)
    baselines = fold_outputs(target, data.X, data.Y, fit.folds)
    compared = [
        f"{name}: {score_line(score(target, truth, values))}"
        for name, values in baselines.items()
        if np.isfinite(values).all()
    ]
    return [
        f"out of fold: {score_line(found)}",
        f"for comparison: {'; '.join(compared)}",
        _OUT_OF_FOLD,
    ]


def _listed(names: list[str]) -> str:
    return _shortened([repr(name) for name in names])


def _shortened(shown: list[str]) -> str:
    more = [f"{len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return ", ".join([*shown[:_SHOWN], *more])
