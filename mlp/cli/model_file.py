"""The model file of `mlp train`: a network, its columns, and the rows that it reads."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

from mlp._archive import description
from mlp._checks import check_names
from mlp.cli.data import Data, dialect_of, is_npz, is_table_file, sheet_of, split_names
from mlp.cli.task import TableTask
from mlp.core import MLP
from mlp.datasets import (
    ClassTarget,
    InputEncoder,
    NumberTarget,
    Table,
    load,
    read_npz,
    target_from_dict,
)
from mlp.files import FileFormatError, format_errors, read_model
from mlp.studies.ensemble import Ensemble
from mlp.tables import Dialect, open_table, with_task
from mlp.tables.numbers import PARTS

_KEYS = {"task", "inputs", "target", "ignored", "split"}
_LATER_KEYS = {"dates": [], "dialect": Dialect().to_dict()}  # older files lack them


class Model(NamedTuple):
    """A network or an ensemble, the columns it reads and predicts, and how files spell them."""

    net: MLP | Ensemble
    inputs: InputEncoder
    target: ClassTarget | NumberTarget
    ignored: list[str | int]
    dates: list[str]
    dialect: Dialect


class Rows(NamedTuple):
    """The rows that a model is given.

    Attributes
    ----------
    table : Table
        The columns of the model, and its targets if the data has them.
    kept : dict of str to list of str
        The columns to write beside predictions.
    others : sequence of str
        The columns that are not used.
    """

    table: Table
    kept: dict[str, list[str]]
    others: Sequence[str]


def metadata_of(data: Data, task: TableTask, split: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a network, before it is trained; `split` says how rows were drawn.

    Raises
    ------
    ValueError
        If a file cannot hold so many names.
    """
    metadata = {
        "task": data.task,
        "inputs": task.inputs.to_dict(),
        "target": task.target.to_dict(),
        "ignored": list(data.ignored),
        "dates": list(data.dates),
        "dialect": data.dialect.to_dict(),
        "split": split
        | {
            "training": len(task.parts.training),
            "held_out": len(task.parts.validation),
            "test": len(task.parts.test),
        },
    }
    description.to_text({"metadata": metadata})
    return metadata


def read(path: str) -> Model:
    """Return the model in a file of `mlp train`.

    Raises
    ------
    FileFormatError
        If the file holds no network, or not the columns of its data.
    OSError
        If it cannot be read.
    """
    net, metadata = read_model(path)
    metadata = _LATER_KEYS | metadata
    if set(metadata) != _KEYS | set(_LATER_KEYS):
        raise FileFormatError(
            path, "holds a network without the columns of its data, expected a model of mlp train"
        )
    with format_errors(path):
        model = Model(
            net,
            InputEncoder.from_dict(metadata["inputs"]),
            target_from_dict(metadata["target"]),
            metadata["ignored"],
            check_names("metadata.dates", metadata["dates"]) if metadata["dates"] else [],
            Dialect.from_dict(metadata["dialect"]),
        )
        _check(model)
    return model


def _check(model: Model) -> None:
    """Raise TypeError or ValueError if the parts of a model do not fit together."""
    net, target, ignored = model.net, model.target, model.ignored
    n_out = len(target.labels if isinstance(target, ClassTarget) else target.names)
    fits = net.n_out == n_out or (isinstance(target, ClassTarget) and (net.n_out, n_out) == (1, 2))
    is_one = isinstance(net, Ensemble) or not net._lead
    if not is_one or net.n_in != model.inputs.n_in or not fits:
        raise ValueError(
            f"metadata: has {model.inputs.n_in} inputs and {n_out} outputs, "
            f"expected {net.n_in} and {net.n_out} of one network"
        )
    if not isinstance(ignored, list) or not all(type(name) in (str, int) for name in ignored):
        raise TypeError(
            f"metadata.ignored: received {ignored!r:.80}, expected a list of names and positions"
        )
    parts = {f"{name}.{part}" for name in model.dates for part in PARTS}
    if not {*model.dates, *parts} <= {*model.inputs.numbers}:
        raise ValueError(
            f"metadata.dates: received {model.dates!r:.80}, expected inputs with their parts"
        )


def read_rows(options: argparse.Namespace, model: Model, keep: Sequence[str] | None = None) -> Rows:
    """Return the columns of the model, and its targets if the data has them."""
    source, target = options.data, model.target
    if is_table_file(source):
        return _read_file(options, model, keep)
    if keep is not None:
        raise ValueError("--keep applies only to CSV, Excel, Parquet and Feather files")
    if is_npz(source):
        several = len(target.names) > 1
        name = target.names[0].removesuffix("0") if several else target.names[0]
        table = read_npz(source, options.inputs, name, need_target=False)
    else:
        found = load(source)
        table = Table.from_arrays(found.X, found.y, found.name, found.feature_names)
    others = model.inputs.match(table.names, target.names, source, allow_others=True)
    if set(target.names) <= set(table.names):
        task = "classify" if isinstance(target, ClassTarget) else "regress"
        table = with_task(table, target.names, task)
    return Rows(table, {}, others)


def _read_file(options: argparse.Namespace, model: Model, keep: Sequence[str] | None) -> Rows:
    inputs, target = model.inputs, model.target
    dialect = dialect_of(options, model.dialect)
    with open_table(options.data, dialect, sheet=sheet_of(options)) as reader:
        parts = [f"{name}.{part}" for name in model.dates for part in PARTS]
        in_file = [name for name in model.dates if name in reader.names]
        expanded = [f"{name}.{part}" for name in in_file for part in PARTS]
        inputs.match([*reader.names, *expanded], target.names, reader.source, allow_others=True)
        has_target = set(target.names) <= set(reader.names)
        wanted = [name for name in inputs.columns if name not in parts]
        wanted += target.names if has_target else ()
        places, others = reader.select(wanted, model.ignored)
        kept: list[str | int] = [*split_names(keep, reader.names)]
        if "all" in kept and "all" not in reader.names:
            kept = [i + 1 for i in range(len(reader.names))]
        reader.keep(kept)
        words = {*inputs.categories, *(target.names if isinstance(target, ClassTarget) else ())}
        table = reader.read(
            text=[i + 1 for i in places if reader.names[i] in words],
            dates=[i + 1 for i in places if reader.names[i] in model.dates],
            ignore=[i + 1 for i in range(len(reader.names)) if i not in places],
            missing="keep",  # the model rejects missing inputs or fills them in
            bad_cells="keep",
        )
        beside = {reader.names[i] or f"column {i + 1}": cells for i, cells in reader.kept.items()}
        others = [name or f"column {reader.names.index('') + 1}" for name in others]
    return Rows(table, beside, [name for name in others if name not in beside])
