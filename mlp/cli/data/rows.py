"""The rows of a file or data set that a model is given."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from mlp.cli.data.options import (
    dialect_of,
    is_npz,
    is_table_file,
    sheet_of,
    split_names,
)
from mlp.datasets import ClassTarget, Table, load, read_npz
from mlp.studies.table_model import TableModel
from mlp.tables import open_table, with_task


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


def read_rows(
    options: argparse.Namespace, model: TableModel, keep: Sequence[str] | None = None
) -> Rows:
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


def _read_file(options: argparse.Namespace, model: TableModel, keep: Sequence[str] | None) -> Rows:
    dialect = dialect_of(options, model.dialect)
    with open_table(options.data, dialect, sheet=sheet_of(options)) as reader:
        kept: list[str | int] = [*split_names(keep, reader.names)]
        if "all" in kept and "all" not in reader.names:
            kept = [i + 1 for i in range(len(reader.names))]
        reader.keep(kept)
        table, others = model.read(reader)
        beside = {reader.names[i] or f"column {i + 1}": cells for i, cells in reader.kept.items()}
    return Rows(table, beside, [name for name in others if name not in beside])
