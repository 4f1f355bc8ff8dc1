"""The preset of `mlp train`: columns as they are, to the networks of `mlp.tabular`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from mlp._names import printable
from mlp.cli.data import Data, option, read_data
from mlp.cli.report import TrainReport
from mlp.cli.task import Parts, TableTask, make_target, metadata_of, split_table
from mlp.datasets import ClassTarget
from mlp.studies.tabular.fitting import Fit, Prepared, fit, prepare
from mlp.studies.tabular.settings import DEPTH, EFFORTS, Settings, settings_of
from mlp.studies.tabular.summary import describe, out_of_fold
from mlp.training import CSVLogger, ProgressBar

PRESETS = ("tabular",)

_NOT_WITH = (
    *("layers", "hidden", "output", "loss", "batch_size", "dtype", "dropout", "normalize"),
    *("epochs", "optimizer", "lr", "schedule", "momentum", "weight_decay", "l2", "l1", "clip_norm"),
    *("class_weight", "test", "early_stopping", "reduce_lr", "ensemble", "members", "member_rows"),
    *("label_smoothing", "quantile"),
    *("missing", "standardize", "scaling", "checkpoint", "resume"),
)
"""What the preset decides itself, or does not offer."""


def add_preset_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the preset; called after all others are declared."""
    group = parser.add_argument_group("preset")
    group.add_argument(
        "--preset", choices=PRESETS,
        help="tabular: an ensemble of small networks that needs no other option; columns of "
        "numbers, words and dates, and missing values, are read as they are",
    )  # fmt: skip
    group.add_argument(
        "--effort", choices=list(EFFORTS), help="time that the preset spends (normal)"
    )
    parser.set_defaults(usual={name: parser.get_default(name) for name in _NOT_WITH})


def check_preset(options: argparse.Namespace) -> None:
    """Raise ValueError for options that mean nothing with the preset, or without it."""
    if options.preset is None:
        if options.effort is not None:
            raise ValueError(
                f"--effort {options.effort}: received without --preset, expected --preset tabular"
            )
        return
    for name in _NOT_WITH:
        if getattr(options, name) != options.usual[name]:
            raise ValueError(
                f"{option(name)}: received with --preset {options.preset}, which decides it, "
                "expected one of them"
            )
    for name in ("boundary", "weights", "layers"):
        if name in options.plot:
            raise ValueError(f"--plot {name}: received --preset, expected one network")


class PresetReport(TrainReport):
    """The outcome of a run of the preset.

    Parameters
    ----------
    options, data, task
        As of `TrainReport`.
    done : Fit
        The run.
    lines : list of str
        What was done.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        data: Data,
        task: TableTask,
        done: Fit,
        lines: list[str],
    ) -> None:
        self.done, self.lines = done, lines
        super().__init__(options, data, task, done.trainer, done.ensemble)

    def _predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return self.task.target.pool(self.done.ensemble.predict_members(X))

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report in the form that JSON can hold."""
        effort = self.options.effort or "normal"
        return super().to_dict() | {
            "preset": self.options.preset,
            "effort": effort,
            "summary": self.lines,
        }

    @property
    def _best_epoch(self) -> list[int]:
        return self.done.selection.best_epochs

    @property
    def _chosen(self) -> tuple[str, str]:
        return "the epoch", "training"

    def _head(self) -> Iterator[str]:
        yield from self.lines


def run_preset(options: argparse.Namespace) -> tuple[PresetReport, dict[str, Any]]:
    """Read the data, train, and return the report and the metadata of the model file."""
    effort = options.effort or "normal"
    settings = settings_of(effort)
    data = read_data(options)
    table = data.table
    whole = make_target(data)
    targets = whole.encode(table)
    parts = split_table(whole, targets, (options.validation, 0.0), options.seed, table)
    prepared = prepare(table, parts.training, data.dates, settings, max_words=options.max_words)
    task = _task(prepared, settings, data, parts)
    _begin(options, data)
    logger = CSVLogger(options.out / "history.csv")
    done = fit(
        prepared,
        settings,
        options.seed,
        callbacks=[logger, ProgressBar()],
        tell_seconds=None if options.json else _tell_seconds,
    )
    logger.on_start(done.trainer)  # the last run need not be the one that is kept
    lines = describe(done, settings, data.left_out)
    if not len(parts.validation) and done.trainer.history.epochs:
        lines += out_of_fold(done, prepared.target.truth(table, parts.training))
    report = PresetReport(options, data, task, done, lines)
    split = {"fraction": options.validation, "test_fraction": 0.0, "seed": options.seed}
    metadata = metadata_of(data, task, split)
    metadata["ignored"] += list(prepared.left_out)
    metadata["dates"] = prepared.dates
    kept = [*lines, *list(report._result())[:2]]
    metadata["tabular"] = {"effort": effort, "seed": options.seed, "lines": kept}
    return report, metadata


def _begin(options: argparse.Namespace, data: Data) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.json:
        print(*map(printable, data.lines()), sep="\n")


def _tell_seconds(seconds: float) -> None:
    print(f"training takes about {seconds:.0f} s" if seconds >= 1 else "training takes a second")


def _task(prepared: Prepared, settings: Settings, data: Data, parts: Parts) -> TableTask:
    """Return the task as the report reads it."""
    inputs, target = prepared.inputs, prepared.target
    is_class = isinstance(target, ClassTarget)
    n_out = len(target.labels if isinstance(target, ClassTarget) else target.names)
    held_out = None
    if len(parts.validation):
        X = inputs.encode(data.table, parts.validation)
        held_out = X, target.encode(data.table, parts.validation)
    return TableTask(
        X=prepared.X,
        Y=prepared.Y,
        sizes=[inputs.n_in, *[settings.width] * DEPTH, n_out],
        output="softmax" if is_class else "identity",
        loss="cross_entropy" if is_class else "mse",
        validation=held_out,
        inputs=inputs,
        target=target,
        parts=parts,
        test=None,
    )
