"""The training task: arrays made from the data, and the widths, output and loss that fit them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.cli.data import Data, read_data
from mlp.core import Loss, make_activation, make_loss
from mlp.datasets import (
    ClassTarget,
    InputEncoder,
    Labels,
    NumberTarget,
    Standardizer,
    Table,
    split_rows,
)
from mlp.tables.table import shortened

_ROWS_TO_SPLIT = 20  # a sweep of fewer trains on all of them


@dataclass(frozen=True)
class Task:
    """Training data, and the shape of a network for it.

    Attributes
    ----------
    X, Y : ndarray
        Inputs ``(n, n_in)`` and targets in the form that the loss expects.
    sizes : sequence of int
        The widths of the network, from input to output.
    output, loss : str
        The last activation and the loss.
    validation : tuple (X, Y) or None
        The held-out rows.
    held_out_labels : ndarray of int (n_held_out,) or None
        Their classes.
    """

    X: NDArray[Any]
    Y: NDArray[Any]
    sizes: Sequence[int] = ()
    output: str = "identity"
    loss: str = "squared_error"
    validation: tuple[NDArray[Any], NDArray[Any]] | None = None
    held_out_labels: NDArray[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class TableTask(Task):
    """A task made from a table, with the encoders of its columns.

    Attributes
    ----------
    inputs : InputEncoder
    target : ClassTarget or NumberTarget
    training, held_out : ndarray of int
        The row numbers; `held_out` may be empty.
    """

    inputs: InputEncoder
    target: ClassTarget | NumberTarget
    training: NDArray[np.intp]
    held_out: NDArray[np.intp]


def load_task(options: argparse.Namespace) -> Task:
    """Return the task of a sweep, with a fifth of the rows held out if there are enough.

    Raises
    ------
    ValueError
        If the data is unknown or the widths do not fit it.
    """
    data = read_data(options)
    return make_task(options, data, 0.2 if len(data.table) >= _ROWS_TO_SPLIT else 0.0)


def make_task(
    options: argparse.Namespace, data: Data, fraction: float, hidden: Sequence[int] | None = None
) -> TableTask:
    """Return the task that the options and the data describe.

    Parameters
    ----------
    options : Namespace
        The options `loss`, `output`, `standardize`, `missing`, `dtype` and `seed`; without
        `hidden` also `layers`, all widths.
    data : Data
        The table and its task.
    fraction : float
        The share of rows to hold out, of each class; 0 for none.
    hidden : sequence of int, optional
        The widths of the hidden layers.

    Raises
    ------
    ValueError
        If the data cannot be split so, or the widths do not fit it.
    """
    table = data.table
    loss = make_loss(
        options.loss or ("cross_entropy" if data.task == "classify" else "squared_error")
    )
    output = make_activation(options.output or loss.canonical or "identity").name
    target = _make_target(data)
    targets = target.encode(table)
    training, held_out = _split(target, targets, fraction, options.seed, table.source)
    if options.standardize and output == "identity" and isinstance(target, NumberTarget):
        target.standardizer = Standardizer.fit(targets[training])
        targets = target.encode(table)
    inputs = InputEncoder.fit(
        table,
        _input_columns(table, target.names),
        training,
        standardize=options.standardize,
        fill_missing=options.missing == "mean",
    )
    sizes = _sizes(options, table.source, inputs, target, loss, hidden)
    Y = _as_rows(targets, sizes[-1], target, loss)
    dtype = options.dtype or "float64"
    held_out_pair = inputs.encode(table, held_out, dtype), Y[held_out]
    return TableTask(
        X=inputs.encode(table, training, dtype),
        Y=Y[training],
        sizes=sizes,
        output=output,
        loss=loss.name,
        validation=held_out_pair if len(held_out) else None,
        held_out_labels=targets[held_out] if data.task == "classify" else None,
        inputs=inputs,
        target=target,
        training=training,
        held_out=held_out,
    )


def _make_target(data: Data) -> ClassTarget | NumberTarget:
    if data.task == "regress":
        return NumberTarget(data.targets)
    (name,) = data.targets
    labels = Labels.of(data.table.words(name).values)
    if len(labels) < 2:
        raise ValueError(
            f"{data.table.source}: received the one class {labels.names[0]!r} in {name!r}, "
            "expected two or more"
        )
    return ClassTarget(name, labels)


def _input_columns(table: Table, targets: Sequence[str]) -> list[str]:
    names = [name for name in table.names if name not in targets]
    if not names:
        raise ValueError(
            f"{table.source}: received no column besides {shortened(targets)}, "
            "expected at least one input"
        )
    return names


def _split(
    target: ClassTarget | NumberTarget,
    targets: NDArray[Any],
    fraction: float,
    seed: int,
    source: str,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the held-out rows, of each class its share."""
    n = len(targets)
    if not fraction:
        return np.arange(n), np.arange(0)
    if n == 1:
        raise ValueError(f"{source}: received one row, expected two or more to hold one out")
    if isinstance(target, NumberTarget):
        return split_rows(n, fraction, seed)
    counts = np.bincount(targets, minlength=len(target.labels))
    if counts.min() == 1:
        raise ValueError(
            f"{source}: received one row of the class {target.labels.names[counts.argmin()]!r}, "
            "expected two or more to hold one out"
        )
    return split_rows(n, fraction, seed, targets)


def _sizes(
    options: argparse.Namespace,
    source: str,
    inputs: InputEncoder,
    target: ClassTarget | NumberTarget,
    loss: Loss,
    hidden: Sequence[int] | None,
) -> Sequence[int]:
    """Return the given widths, or widths that fit the data."""
    n_out = len(target.names)
    if isinstance(target, ClassTarget):
        n_classes = len(target.labels)
        n_out = 1 if n_classes == 2 and loss.name == "binary_cross_entropy" else n_classes
    if hidden is not None or options.layers is None:
        return [inputs.n_in, *((32,) if hidden is None else hidden), n_out]
    sizes: Sequence[int] = options.layers
    if sizes[0] != inputs.n_in:
        raise ValueError(
            f"--layers: received {sizes[0]} inputs, expected {inputs.n_in} for {source}"
        )
    return sizes


def _as_rows(
    targets: NDArray[Any], n_out: int, target: ClassTarget | NumberTarget, loss: Loss
) -> NDArray[Any]:
    """Return targets in the form that the loss expects: labels, or rows of numbers."""
    if isinstance(target, NumberTarget) or loss.takes_labels:
        return targets
    return targets[:, None] if n_out == 1 else np.eye(len(target.labels))[targets]
