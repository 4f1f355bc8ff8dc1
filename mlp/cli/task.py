"""The training task: arrays made from the data, and the widths, output and loss that fit them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp._names import printable
from mlp.cli.data import Data, read_data
from mlp.core import Loss, make_activation, make_loss
from mlp.datasets import (
    ClassTarget,
    InputEncoder,
    NumberTarget,
    Standardizer,
    Table,
    split_rows,
)
from mlp.studies.table_model import table_metadata
from mlp.tables.errors import Remedy, TableError
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
        The rows that are looked at during training.
    validation_labels : ndarray of int or None
        Their classes.
    """

    X: NDArray[Any]
    Y: NDArray[Any]
    sizes: Sequence[int] = ()
    output: str = "identity"
    loss: str = "squared_error"
    validation: tuple[NDArray[Any], NDArray[Any]] | None = None
    validation_labels: NDArray[Any] | None = None


class Parts(NamedTuple):
    """The rows of a table to train on, to choose by, and to test on; the last two may be empty."""

    training: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class TableTask(Task):
    """A task made from a table, with the encoders of its columns.

    Attributes
    ----------
    inputs : InputEncoder
    target : ClassTarget or NumberTarget
    parts : Parts
        The numbers of the rows.
    test : tuple (X, Y) or None
        The rows that are looked at after training alone.
    """

    inputs: InputEncoder
    target: ClassTarget | NumberTarget
    parts: Parts
    test: tuple[NDArray[Any], NDArray[Any]] | None

    @property
    def scored_part(self) -> str:
        """The part that the result is measured on: the last one that has rows."""
        return [name for name, rows in self.parts._asdict().items() if len(rows)][-1]

    @property
    def scored(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Inputs and targets of that part."""
        return self.test or self.validation or (self.X, self.Y)


def load_task(options: argparse.Namespace) -> Task:
    """Return the task of a sweep, with a fifth of the rows held out if there are enough.

    How a file was read is printed.

    Raises
    ------
    ValueError
        If the data is unknown or the widths do not fit it.
    """
    data = read_data(options)
    task = make_task(options, data, 0.2 if len(data.table) >= _ROWS_TO_SPLIT else 0.0)
    if data.is_file and not options.json:
        print(*map(printable, data.lines()), sep="\n", end="\n\n")
    return task


def make_task(
    options: argparse.Namespace,
    data: Data,
    validation: float,
    hidden: Sequence[int] | None = None,
    test: float = 0.0,
) -> TableTask:
    """Return the task that the options and the data describe.

    Parameters
    ----------
    options : Namespace
        The options `loss`, `output`, `standardize`, `scaling`, `missing`, `dtype` and `seed`;
        without `hidden` also `layers`, all widths.
    data : Data
        The table and its task.
    validation, test : float
        The shares of the rows to hold out, of each class; 0 for none.
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
    target = make_target(data)
    targets = target.encode(table)
    parts = split_table(target, targets, (validation, test), options.seed, table)
    standardize = data.is_file if options.standardize is None else options.standardize
    if options.scaling is not None and not standardize:
        raise ValueError(f"--scaling: received {options.scaling!r}, expected --standardize with it")
    if standardize and output == "identity" and isinstance(target, NumberTarget):
        target.standardizer = Standardizer.fit(targets[parts.training])
        targets = target.encode(table)
    inputs = InputEncoder.fit(
        table,
        _input_columns(data),
        parts.training,
        standardize=standardize,
        scaling=options.scaling or "standard",
        fill_missing=options.missing == "mean",
        max_words=options.max_words,
    )
    sizes = _sizes(options, table.source, inputs, target, loss, hidden)
    Y = _as_rows(targets, sizes[-1], target, loss)
    dtype = options.dtype or "float64"
    X, *held_out = (inputs.encode(table, rows, dtype) for rows in parts)
    pairs = [
        (X, Y[rows]) if len(rows) else None for X, rows in zip(held_out, parts[1:], strict=True)
    ]
    return TableTask(
        X=X,
        Y=Y[parts.training],
        sizes=sizes,
        output=output,
        loss=loss.name,
        validation=pairs[0],
        validation_labels=targets[parts.validation] if data.task == "classify" else None,
        inputs=inputs,
        target=target,
        parts=parts,
        test=pairs[1],
    )


def metadata_of(data: Data, task: TableTask, split: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a network, before it is trained; `split` says how rows were drawn.

    Raises
    ------
    ValueError
        If a file cannot hold so many names.
    """
    rows = dict(zip(("training", "held_out", "test"), map(len, task.parts), strict=True))
    columns = data.ignored, data.dates, data.dialect
    return table_metadata(task.inputs, task.target, *columns, split | rows)


def make_target(data: Data) -> ClassTarget | NumberTarget:
    """Return the target of the data; ValueError if there is only one class."""
    if data.task == "regress":
        return NumberTarget(data.targets)
    (name,) = data.targets
    labels = data.labels
    if len(labels) < 2:
        raise ValueError(
            f"{data.table.source}: received only the class {labels.names[0]!r} in {name!r}, "
            "expected two or more"
        )
    return ClassTarget(name, labels)


def _input_columns(data: Data) -> list[str]:
    if not data.inputs:
        raise ValueError(
            f"{data.table.source}: received no column besides {shortened(data.targets)}, "
            "expected at least one input"
        )
    return data.inputs


def split_table(
    target: ClassTarget | NumberTarget,
    targets: NDArray[Any],
    shares: tuple[float, float],
    seed: int,
    table: Table,
) -> Parts:
    """Draw the test rows from all rows, then the validation rows from the others.

    Each part has its share of each class.
    """
    n, n_parts = len(targets), 1 + sum(map(bool, shares))
    labels = targets if isinstance(target, ClassTarget) else np.zeros(n, np.intp)
    counts = np.bincount(labels)
    if counts.min() < n_parts:
        scarce = int(counts.argmin())
        place, what = table.source, f"{n} row{'s' * (n > 1)}"
        if isinstance(target, ClassTarget):
            place = table.place(int((labels == scarce).argmax()), target.names[0])
            what = f"the class {target.labels.names[scarce]!r} in {counts[scarce]} of {n} rows"
        remedies = [Remedy("validation", 0, "holds no rows out", instead=all(shares))]
        if all(shares):
            remedies.insert(0, Remedy("test", 0, "holds out only the validation rows"))
        names = zip(("training", "validation", "test"), (True, *shares), strict=True)
        parts = " and ".join(name for name, share in names if share)
        raise TableError(
            f"{place}: received {what}, expected {n_parts} or more, one for each of {parts}",
            remedies,
        )
    validation, test = shares
    rest, drawn = np.arange(n), [np.arange(0), np.arange(0)]
    for i, share in enumerate((test, validation / (1 - test))):
        if share:
            kept, held_out = split_rows(len(rest), share, seed, labels[rest])
            rest, drawn[i] = rest[kept], rest[held_out]
    return Parts(rest, drawn[1], drawn[0])


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
