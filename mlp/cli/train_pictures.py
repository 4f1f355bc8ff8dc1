"""The pictures that `mlp train` draws where they are asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING

from mlp._names import find_name
from mlp.cli.task import TableTask
from mlp.datasets import ClassTarget
from mlp.training import LayerRecorder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mlp.cli.train_report import TrainReport

PICTURES = {
    "confusion": ("confusion.png",),
    "boundary": ("boundary.png",),
    "weights": ("weights.png",),
    "layers": ("activations.png", "gradients.png"),
}
"""The files of each picture."""

_PROBE = 400
"""About so many of the training rows go through the network for the picture of its layers."""


def parse_pictures(text: str) -> list[str]:
    """Return the names in a list with commas."""
    try:
        return [find_name("--plot", word.strip(), PICTURES) for word in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--plot: ")) from None


def check_pictures(names: list[str], task: TableTask) -> None:
    """Raise ValueError where there can be no such picture of this task."""
    n_in = task.sizes[0]
    if "confusion" in names and not isinstance(task.target, ClassTarget):
        raise ValueError("--plot confusion: received a target of numbers, expected classes")
    if "boundary" in names and n_in != 2:
        raise ValueError(f"--plot boundary: received {n_in} inputs, expected 2")
    if "weights" in names and isqrt(n_in) ** 2 != n_in:
        raise ValueError(
            f"--plot weights: received {n_in} inputs, expected the pixels of a square, as 64"
        )


def recorder_of(task: TableTask) -> LayerRecorder:
    """Return what records the layers during the training."""
    return LayerRecorder(task.X[:: -(-len(task.X) // _PROBE)])


def draw(names: list[str], report: TrainReport, folder: Path) -> Iterator[Path]:
    """Write the pictures, and yield their files."""
    from mlp.plotting import save_figure  # heavy, and `mlp --help` does without

    for name in dict.fromkeys(names):
        for file, axes in zip(PICTURES[name], _DRAWN[name](report), strict=True):
            yield save_figure(axes, folder / file)


def _confusion(report: TrainReport) -> Iterator[Axes]:
    from mlp.plotting import plot_confusion_matrix

    scores = report.scores
    yield plot_confusion_matrix(scores["confusion"], names=scores["labels"])


def _boundary(report: TrainReport) -> Iterator[Axes]:
    from mlp.plotting import plot_decision_boundary

    task = report.task
    X, Y = task.validation or (task.X, task.Y)
    names = [*task.inputs.names]
    if report.options.standardize:
        names = [f"{name} (standardised)" for name in names]
    labels = task.target.labels.names if isinstance(task.target, ClassTarget) else None
    yield plot_decision_boundary(report.trainer.net, X, Y, names=labels, feature_names=names)


def _weights(report: TrainReport) -> Iterator[Axes]:
    from mlp.plotting import plot_weights

    yield plot_weights(report.trainer.net)


def _layers(report: TrainReport) -> Iterator[Axes]:
    if report.layers is not None:
        yield report.layers.plot()
        yield report.layers.plot(what="gradients")


_DRAWN: dict[str, Callable[[TrainReport], Iterator[Axes]]] = {
    "confusion": _confusion,
    "boundary": _boundary,
    "weights": _weights,
    "layers": _layers,
}
