"""The model of a table: a network or an ensemble, and the columns of its inputs and outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp._archive import description
from mlp._checks import check_names
from mlp.core import MLP
from mlp.files import FileFormatError, format_errors, read_model
from mlp.studies.ensemble import Ensemble
from mlp.tables import (
    BadCell,
    ClassTarget,
    Dialect,
    InputEncoder,
    NumberTarget,
    Table,
    target_from_dict,
)
from mlp.tables.csv import RowReader
from mlp.tables.numbers import PARTS

_KEYS = {"task", "inputs", "target", "ignored", "split"}
_LATER_KEYS: dict[str, Any] = {
    "dates": [],
    "dialect": Dialect().to_dict(),
    "tabular": None,
}
"""What older files lack."""


class Outputs(NamedTuple):
    """The outputs of a model for the rows of a table.

    Attributes
    ----------
    values : ndarray (n_good, n_out)
        For the rows that can be predicted.
    rows : ndarray of int (n_good,)
        Those rows.
    bad : list of BadCell
        What is wrong with the others.
    members : ndarray (K, n_good, n_out) or None
        The outputs of each member of an ensemble.
    """

    values: NDArray[Any]
    rows: NDArray[np.integer[Any]]
    bad: list[BadCell]
    members: NDArray[Any] | None = None


class TableModel(NamedTuple):
    """A network or an ensemble, the columns it reads and predicts, and how files spell them.

    Attributes
    ----------
    net : MLP or Ensemble
    inputs : InputEncoder
    target : ClassTarget or NumberTarget
    ignored : list of str or int
        The columns that were left out, by name or by position from 1.
    dates : list of str
        The columns of dates.
    dialect : Dialect
        How files spell the cells.
    """

    net: MLP | Ensemble
    inputs: InputEncoder
    target: ClassTarget | NumberTarget
    ignored: list[str | int]
    dates: list[str]
    dialect: Dialect

    @property
    def task(self) -> str:
        """Whether the targets are classes or numbers: "classify" or "regress"."""
        return "classify" if isinstance(self.target, ClassTarget) else "regress"

    def read(self, reader: RowReader) -> tuple[Table, list[str]]:
        """Return the columns of the model in a file or frame, and the names of the others.

        The targets are among the columns if all are there. Missing values and cells that do not
        fit are kept.

        Raises
        ------
        ValueError
            If columns are missing or occur twice, or there are no rows.
        """
        names, target = reader.names, self.target
        parts = [f"{name}.{part}" for name in self.dates for part in PARTS]
        in_file = [name for name in self.dates if name in names]
        expanded = [f"{name}.{part}" for name in in_file for part in PARTS]
        self.inputs.match([*names, *expanded], target.names, reader.source, allow_others=True)
        has_target = set(target.names) <= set(names)
        wanted = [name for name in self.inputs.columns if name not in parts]
        wanted += target.names if has_target else ()
        places, others = reader.select(wanted, self.ignored)
        words = {*self.inputs.categories}
        words |= {*target.names} if isinstance(target, ClassTarget) else set()
        table = reader.read(
            text=[i + 1 for i in places if names[i] in words],
            dates=[i + 1 for i in places if names[i] in self.dates],
            ignore=[i + 1 for i in range(len(names)) if i not in places],
            missing="keep",  # the model rejects missing inputs or fills them in
            bad_cells="keep",
        )
        return table, [name or f"column {names.index('') + 1}" for name in others]

    def outputs(self, table: Table, has_members: bool = False) -> Outputs:
        """Return the outputs for all rows that can be predicted."""
        X, rows, bad = self.inputs.encode_valid(table, dtype=self.net.dtype)
        values: NDArray[Any] = np.empty((0, self.net.n_out))
        members: NDArray[Any] | None = None
        if isinstance(self.net, Ensemble) and has_members:
            members = np.empty((self.net.size, 0, self.net.n_out))
        if len(rows):
            with np.errstate(all="ignore"):
                if isinstance(self.net, Ensemble):
                    of_each = self.net.predict_members(X)
                    values = self.target.pool(of_each)
                    members = of_each if has_members else None
                else:
                    values = self.net.predict(X)
        is_finite = np.isfinite(values).all(axis=1)
        bad += [
            BadCell(
                row,
                None,
                f"{table.source}: {table.row_word} {table.lines[row]}: received numbers so large "
                "that the output is not finite",
            )
            for row in rows[~is_finite].tolist()
        ]
        bad.sort(key=lambda cell: cell.row)
        members = None if members is None else members[:, is_finite]
        return Outputs(values[is_finite], rows[is_finite], bad, members)

    def spread(self, members: NDArray[Any]) -> NDArray[np.floating[Any]]:
        """Return the standard deviation over the members of each probability or number."""
        target = self.target
        decode = target.probabilities if isinstance(target, ClassTarget) else target.decode
        spread: NDArray[np.floating[Any]] = np.std([decode(found) for found in members], axis=0)
        return spread

    @classmethod
    def from_metadata(cls, net: MLP | Ensemble, metadata: Mapping[str, Any]) -> TableModel:
        """Return the model of a network and its metadata; TypeError or ValueError if none."""
        metadata = _LATER_KEYS | dict(metadata)
        model = cls(
            net,
            InputEncoder.from_dict(metadata["inputs"]),
            target_from_dict(metadata["target"]),
            metadata["ignored"],
            check_names("metadata.dates", metadata["dates"]) if metadata["dates"] else [],
            Dialect.from_dict(metadata["dialect"]),
        )
        model._check()
        return model

    def _check(self) -> None:
        """Raise TypeError or ValueError if the parts do not fit together."""
        net, target, ignored = self.net, self.target, self.ignored
        n_out = len(target.labels if isinstance(target, ClassTarget) else target.names)
        is_binary = isinstance(target, ClassTarget) and (net.n_out, n_out) == (1, 2)
        is_one = isinstance(net, Ensemble) or not net._lead
        if not is_one or net.n_in != self.inputs.n_in or not (net.n_out == n_out or is_binary):
            raise ValueError(
                f"metadata: has {self.inputs.n_in} inputs and {n_out} outputs, "
                f"expected {net.n_in} and {net.n_out} of one network"
            )
        if not isinstance(ignored, list) or not all(type(name) in (str, int) for name in ignored):
            raise TypeError(
                f"metadata.ignored: received {ignored!r:.80}, expected a list of names and "
                "positions"
            )
        parts = {f"{name}.{part}" for name in self.dates for part in PARTS}
        if not {*self.dates, *parts} <= {*self.inputs.numbers}:
            raise ValueError(
                f"metadata.dates: received {self.dates!r:.80}, expected inputs with their parts"
            )


def table_metadata(
    inputs: InputEncoder,
    target: ClassTarget | NumberTarget,
    ignored: list[str | int],
    dates: list[str],
    dialect: Dialect,
    split: Mapping[str, Any],
    tabular: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the metadata of the network of a `TableModel`, before or after it is trained.

    Parameters
    ----------
    inputs, target, ignored, dates, dialect
        As in `TableModel`.
    split : mapping
        How the rows were drawn.
    tabular : mapping, optional
        What `mlp.tabular` did.

    Raises
    ------
    ValueError
        If a file cannot hold so many names.
    """
    metadata = {
        "task": "classify" if isinstance(target, ClassTarget) else "regress",
        "inputs": inputs.to_dict(),
        "target": target.to_dict(),
        "ignored": list(ignored),
        "dates": list(dates),
        "dialect": dialect.to_dict(),
        "split": dict(split),
    }
    if tabular is not None:
        metadata["tabular"] = dict(tabular)
    description.to_text({"metadata": metadata})
    return metadata


def is_table_model(metadata: Mapping[str, Any]) -> bool:
    """Whether the metadata of a network are those of `TableModel.to_metadata`."""
    return set(_LATER_KEYS | dict(metadata)) == _KEYS | set(_LATER_KEYS)


def read_table_model(path: str | os.PathLike[str]) -> TableModel:
    """Return the model in a file of ``mlp train`` or `mlp.tabular`.

    Raises
    ------
    FileFormatError
        If the file holds no network, or not the columns of its data.
    OSError
        If it cannot be read.
    """
    net, metadata = read_model(path)
    if not is_table_model(metadata):
        raise FileFormatError(
            path, "holds a network without the columns of its data, expected a model of mlp train"
        )
    with format_errors(path):
        return TableModel.from_metadata(net, metadata)
