"""The results of `mlp train`: its files, pictures and printed summary."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from math import isfinite, isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._names import counted, find_name, printable
from mlp.cli.data import Data
from mlp.cli.output import csv_text
from mlp.cli.task import TableTask
from mlp.core import MLP
from mlp.datasets import ClassTarget
from mlp.studies._scores import SINGLE, baseline_scores, confusion_text, number, score, score_line
from mlp.studies.ensemble import Ensemble
from mlp.tables.table import shortened
from mlp.training import EarlyStopping, LayerRecord, LayerRecorder, Trainer, WeightRecorder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILES = ("model.npz", "history.json", "history.csv", "history.png", "held_out.csv")
PICTURES = {
    "confusion": ("confusion.png",),
    "boundary": ("boundary.png",),
    "weights": ("weights.png",),
    "layers": ("activations.png", "gradients.png"),
}
"""The files of each picture of ``--plot``."""
ANIMATIONS = {"boundary": "boundary.gif", "weights": "weights.gif"}
"""The files of those that ``--animate`` moves."""

_LARGE = 10.0  # beside numbers of this size, those of size 1 have little influence


def parse_pictures(text: str) -> list[str]:
    """Return the names in a comma-separated list."""
    try:
        return [find_name("--plot", word.strip(), PICTURES) for word in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--plot: ")) from None


def check_pictures(names: list[str], task: TableTask) -> None:
    """Raise ValueError if a picture cannot be drawn for this task."""
    n_in = task.sizes[0]
    if "confusion" in names and not isinstance(task.target, ClassTarget):
        raise ValueError("--plot confusion: received a target of numbers, expected classes")
    if "boundary" in names and n_in != 2:
        raise ValueError(f"--plot boundary: received {n_in} inputs, expected 2")
    if "weights" in names and isqrt(n_in) ** 2 != n_in:
        raise ValueError(
            f"--plot weights: received {n_in} inputs, expected a square number of pixels, like 64"
        )


class TrainReport:
    """The outcome of a training run, measured on the test rows.

    Without test rows it is measured on the validation rows, and without those on the training rows.

    Parameters
    ----------
    options : Namespace
        The options of ``mlp train``.
    data, task : Data, TableTask
        The training data.
    trainer : Trainer
        The trainer, after one epoch at least.
    model : MLP or Ensemble
        What it has trained.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        data: Data,
        task: TableTask,
        trainer: Trainer,
        model: MLP | Ensemble,
    ) -> None:
        self.options, self.data, self.task = options, data, task
        self.trainer, self.model = trainer, model
        self.rows = getattr(task.parts, task.scored_part)
        self.is_held_out = task.scored_part != "training"
        X, Y = task.scored
        self.truth = task.target.truth(data.table, self.rows)
        with np.errstate(all="ignore"):  # the weights of a diverged run may overflow
            self.outputs = self._predict(X)
            self.loss = float(model.evaluate(X, Y))
            is_finite = bool(np.isfinite(self.outputs).all())
            self.scores = score(task.target, self.truth, self.outputs) if is_finite else {}
            self.baselines = baseline_scores(
                task.target,
                (task.X, task.Y),
                X,
                self.truth,
                is_scaled=task.inputs.standardizer is not None,
            )

    def _predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the outputs of the model."""
        return self.model.predict(X)

    def write(self, metadata: dict[str, Any]) -> list[Path]:
        """Write the files and return their paths; history.csv was written during training."""
        # heavy: `mlp --help` does without matplotlib
        from mlp.plotting import offscreen, save_figure

        model, history_json, history_csv, picture, held_out = (
            self.options.out / name for name in FILES
        )
        history = self.trainer.history
        self.model.save(model, metadata=metadata)
        history.to_json(history_json)
        files = [model, history_json, history_csv]
        if np.isfinite(history["loss"]).any():
            has_penalty = max(self.trainer.penalty.l1, self.trainer.penalty.l2) > 0
            with offscreen():
                files.append(save_figure(history.plot(has_penalty=has_penalty), picture))
        if self.is_held_out and self.scores:
            write_file(held_out, self._held_out_rows().encode())
            files.append(held_out)
        else:
            held_out.unlink(missing_ok=True)  # left by an earlier run
        if self.scores:
            with offscreen():
                for name in dict.fromkeys(self.options.plot):
                    for file, axes in zip(PICTURES[name], self._draw(name), strict=True):
                        files.append(save_figure(axes, self.options.out / file))
                    if self.options.animate and name in ANIMATIONS:
                        files.append(self._animate(name))
        return files

    def _draw(self, name: str) -> Iterator[Axes]:
        """Draw one of PICTURES."""
        from mlp import plotting

        scores = self.scores
        if name == "confusion":
            rows = f"{self._scored} rows"
            yield plotting.plot_confusion_matrix(
                scores["confusion"], names=scores["labels"], rows=rows
            )
        elif name in ANIMATIONS:
            plot, data, how = self._of_network(name)
            yield plot(self.trainer.net, *data, **how)
        elif self.layers is not None:
            yield self.layers.plot()
            yield self.layers.plot(what="gradients")

    def _of_network(self, name: str) -> tuple[Callable[..., Axes], tuple[Any, ...], dict[str, Any]]:
        """Return what draws a network, its data and its options."""
        from mlp import plotting

        if name == "weights":
            return plotting.plot_weights, (), {}
        task = self.task
        names = [*task.inputs.names]
        if task.inputs.standardizer is not None:
            how = "standardised" if task.inputs.scaling == "standard" else "scaled"
            names = [f"{name} ({how})" for name in names]
        labels = task.target.labels.names if isinstance(task.target, ClassTarget) else None
        options = {"names": labels, "feature_names": names}
        return plotting.plot_decision_boundary, task.scored, options

    def _animate(self, name: str) -> Path:
        """Draw one of ANIMATIONS at each recorded epoch."""
        (recorder,) = (c for c in self.trainer.callbacks if isinstance(c, WeightRecorder))
        plot, data, how = self._of_network(name)
        return recorder.animate(self.options.out / ANIMATIONS[name], plot, *data, **how)

    def _held_out_rows(self) -> str:
        """Return the scored rows as CSV: row number, target, prediction."""
        table, target, truth = self.data.table, self.task.target, self.truth
        if isinstance(target, ClassTarget):
            columns = [target.labels.decode(truth), target.decode(self.outputs)]
        else:
            pairs = zip(truth.T, target.decode(self.outputs).T, strict=True)
            columns = [column.tolist() for pair in pairs for column in pair]
        heads = [head for name in target.names for head in (name, f"predicted {name}")]
        rows = zip(table.lines[self.rows].tolist(), *columns, strict=True)
        return csv_text([[table.row_word, *heads], *rows])

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report in the form that JSON can hold."""
        task, trainer, history = self.task, self.trainer, self.trainer.history
        return {
            "data": self.data.table.source,
            "task": self.data.task,
            "targets": list(task.target.names),
            "read_as": list(self.data.lines()),
            "standardized": task.inputs.standardizer is not None,
            "scaling": task.inputs.scaling,
            "training_rows": len(task.parts.training),
            "validation_rows": len(task.parts.validation),
            "test_rows": len(task.parts.test),
            "held_out_rows": len(self.rows) if self.is_held_out else 0,
            "dropped_rows": self.data.n_dropped,
            "dropped_for": self.data.dropped_for,
            "filled_cells": self.data.filled,
            "sizes": list(task.sizes),
            "normalization": self.options.normalize,
            "parameters": trainer.net.theta.size,
            "ensemble": self._ensemble,
            "l2": trainer.penalty.l2,
            "status": history.status,
            "epochs": len(history.epochs),
            "best_epoch": self._best_epoch,
            "seconds": sum(history["seconds"]),
            "training_loss": _finite(float(np.mean(history["loss"][-1]))),
            "training_loss_is_weighted": history.is_weighted,
            "chosen_on": self._chosen[1] if self._chosen[0] else None,
            "scored_on": task.scored_part,
            "loss": _finite(self.loss),
            **{name: _finite(value) for name, value in self.scores.items()},
            "baselines": {
                name: {key: _finite(value) for key, value in found.items() if key in SINGLE}
                for name, found in self.baselines.items()
            },
        }

    @property
    def layers(self) -> LayerRecord | None:
        """The record of the layers, if one was made."""
        recorders = [c for c in self.trainer.callbacks if isinstance(c, LayerRecorder)]
        return recorders[0].record if recorders else None

    @property
    def _best_epoch(self) -> int | list[int] | None:
        """The epoch whose weights early stopping kept, if any; of an ensemble, each member's."""
        stopping = [c for c in self.trainer.callbacks if isinstance(c, EarlyStopping)]
        return _one_or_all(stopping[0].best_epoch) if stopping else None

    @property
    def _ensemble(self) -> dict[str, Any] | None:
        """The members of an ensemble, if it is one."""
        if isinstance(self.model, MLP):
            return None
        names = ("size", "members", "rows", "seed")
        diverged = [k for k, epoch in enumerate(self.trainer.history.diverged_at) if epoch]
        return {name: getattr(self.model, name) for name in names} | {"diverged": diverged}

    @property
    def _chosen(self) -> tuple[str, str]:
        """What was chosen during training, if anything, and the part of the rows it depended on."""
        given = {"early_stopping": "the epoch", "reduce_lr": "the learning rates"}
        what = [text for name, text in given.items() if getattr(self.options, name) is not None]
        return " and ".join(what), "training" if self.task.validation is None else "validation"

    @property
    def _scored(self) -> str:
        """What the scored rows are, in a word."""
        part, (what, chosen_on) = self.task.scored_part, self._chosen
        is_pure = part == "validation" and not (what and chosen_on == part)
        return "held-out" if is_pure else part

    def text(self) -> str:
        """Return the printed summary."""
        return "\n".join([*self._head(), "", *self._result()])

    def _head(self) -> Iterator[str]:
        """Yield the lines about the data, the network and the run."""
        data, task, trainer = self.data, self.task, self.trainer
        training, validation, test = map(len, task.parts)
        held_out = f"{validation} for validation, {test} for the test"
        held_out = held_out if test else f"{validation} held out"
        dropped = f", {data.n_dropped} dropped for missing values" if data.n_dropped else ""
        rows = f"{counted(training, 'row')} to train on, {held_out}{dropped}"
        yield f"{printable(data.table.source)}: {rows}"
        what = shortened(task.target.names)
        if isinstance(task.target, ClassTarget):
            what += f" of {len(task.target.labels)} classes"
        hidden = (self.options.hidden or "relu").lower()
        if self.options.normalize is not None:
            hidden = f"{self.options.normalize} norm, {hidden}"
        yield (
            f"network {'-'.join(map(str, task.sizes))} ({hidden}, {task.output}, {task.loss}) "
            f"of {trainer.net.theta.size:,} parameters for {what}"
        )
        history = trainer.history
        best = self._best_epoch
        kept = f"; best weights from epoch {_span(best)}" if best else ""
        yield (
            f"{history.status} after epoch {len(history.epochs)} of {self.options.epochs} "
            f"in {sum(history['seconds']):.1f} s (l2 {trainer.penalty.l2:.2g}){kept}"
        )
        if isinstance(self.model, Ensemble):
            yield (
                f"ensemble of {self.model.size} {self.model.members} members, rows: "
                f"{self.model.rows}"
            )
        what, rows = self._chosen
        if what:
            yield f"the {rows} rows chose {what}" + (
                "" if rows != task.scored_part else ", so the score on them is too optimistic"
            )
        if history.is_weighted:
            yield "the training loss counts rows by the weights of their classes; others do not"
        largest = max(max(A.max(), -A.min()) for A in (task.X, task.Y) if A.dtype.kind == "f")
        if largest > _LARGE and task.inputs.standardizer is None:
            yield f"numbers as large as {largest:.3g} are hard to train on: try --standardize"

    def _result(self) -> Iterator[str]:
        """Yield the lines about loss and scores."""
        scores, rows = self.scores, counted(len(self.outputs), f"{self._scored} row")
        if not scores:
            yield f"{rows}: no output is finite"
            return
        yield f"{rows}: loss {number(_finite(self.loss))}, {score_line(scores)}"
        if self.baselines:
            found = (f"{name}: {score_line(known)}" for name, known in self.baselines.items())
            yield f"for comparison: {'; '.join(found)}"
        if "confusion" in scores:
            yield ""
            yield confusion_text(scores["labels"], scores["confusion"])
        if self.layers is not None:
            yield ""
            yield str(self.layers)


def _one_or_all(epochs: Any) -> int | list[int] | None:
    """Return the epoch of one network, or that of each member; None if there is none."""
    return epochs.tolist() if isinstance(epochs, np.ndarray) else int(epochs) or None


def _span(epochs: int | list[int]) -> str:
    """Return an epoch, or the first and the last of several."""
    if isinstance(epochs, int) or min(epochs) == max(epochs):
        return str(epochs if isinstance(epochs, int) else epochs[0])
    return f"{min(epochs)} to {max(epochs)}"


def _finite(value: Any) -> Any:
    """Return `value`, or None for a float that JSON cannot hold: NaN or infinity."""
    return None if isinstance(value, float) and not isfinite(value) else value
