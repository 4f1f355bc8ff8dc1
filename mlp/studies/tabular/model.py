"""The preset: a table to a model of it, without settings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import (
    check_bool,
    check_choice,
    check_count,
    check_instance,
    check_sequence,
    check_weights,
    require_keys,
)
from mlp._names import printable
from mlp.files import format_errors
from mlp.studies._scores import score
from mlp.studies.ensemble import Ensemble
from mlp.studies.table_model import TableModel, table_metadata
from mlp.studies.tabular.fitting import fit, prepare
from mlp.studies.tabular.reading import categories_of, open_data, open_pair
from mlp.studies.tabular.settings import settings_of
from mlp.studies.tabular.summary import describe, out_of_fold
from mlp.tables import ClassTarget, Dialect, Table, read_mixed, with_task
from mlp.tables.csv import RowReader
from mlp.training import ProgressBar


class TabularModel:
    """A model of a table, made by `tabular`: it reads rows as people have them.

    Parameters
    ----------
    model : TableModel
        The ensemble, and the columns of its inputs and targets.
    effort : {"quick", "normal", "best"}
    seed : int
        Those of the training.
    lines : sequence of str
        The summary.
    split : mapping
        How many rows were trained on, and how they were drawn.

    Raises
    ------
    ValueError, TypeError
        If one of them is anything else.

    Attributes
    ----------
    model : TableModel
        The ensemble, and the columns of its inputs and targets.
    effort, seed
        Those of the training.
    """

    def __init__(
        self,
        model: TableModel,
        effort: str,
        seed: int,
        lines: Sequence[str],
        split: Mapping[str, Any],
    ) -> None:
        self.model: TableModel = check_instance("model", model, TableModel)
        check_instance("model.net", model.net, Ensemble)
        settings_of(effort)
        self.effort, self.seed = effort, check_count("seed", seed, 0)
        self._lines = [
            check_instance("lines", line, str) for line in check_sequence("lines", lines, "strings")
        ]
        self._split = dict(check_instance("split", split, Mapping))

    @property
    def ensemble(self) -> Ensemble:
        """The networks, whose inputs are the encoded columns."""
        ensemble: Ensemble = self.model.net  # type: ignore[assignment]
        return ensemble

    @property
    def task(self) -> str:
        """What is predicted: "classify" or "regress"."""
        return self.model.task

    @property
    def classes(self) -> list[str] | None:
        """The names of the classes; None for numbers."""
        target = self.model.target
        return list(target.labels.names) if isinstance(target, ClassTarget) else None

    def _table(self, data: Any) -> Table:
        reader = open_data(data, self.model.dialect)
        with reader:
            table, _ = self.model.read(reader)
        return table

    def _outputs(self, table: Table, has_members: bool = False) -> Any:
        outputs = self.model.outputs(table, has_members)
        if outputs.bad:
            raise ValueError(outputs.bad[0].message)
        for name, count in self.model.inputs.count_unknown(table).items():
            warnings.warn(
                f"{table.source}: column {name!r}: received words not seen in training in {count} "
                "rows, which count as none",
                stacklevel=3,
            )
        return outputs.members if has_members else outputs.values

    def predict(self, data: Any) -> NDArray[Any]:
        """Return the name of the class ``(n,)`` or the numbers ``(n,)`` or ``(n, n_out)``.

        Parameters
        ----------
        data : path, DataFrame, mapping of str to array_like (n,), or array_like (n, n_columns)
            The rows, columns in any order; others than the model's are ignored. A missing value is
            filled as in training.

        Warns
        -----
        UserWarning
            If a column holds words that the training rows do not.

        Raises
        ------
        ValueError, TypeError, OSError
            If columns are missing, a cell does not fit its column, or data cannot be read.
        """
        target, outputs = self.model.target, self._outputs(self._table(data))
        if isinstance(target, ClassTarget):
            return np.array(target.decode(outputs))
        numbers = target.decode(outputs)
        return numbers[:, 0] if numbers.shape[1] == 1 else numbers

    def predict_proba(self, data: Any) -> NDArray[np.floating[Any]]:
        """Return the probability of each of `classes`, ``(n, n_classes)``.

        The parameters and errors are those of `predict`; ValueError for a model of numbers.
        """
        target = self.model.target
        if not isinstance(target, ClassTarget):
            raise ValueError("predict_proba: received a model of numbers, expected one of classes")
        return target.probabilities(self._outputs(self._table(data)))

    def predict_spread(self, data: Any) -> NDArray[np.floating[Any]]:
        """Return the standard deviation over the members.

        It is that of each probability, ``(n, n_classes)``, or of the predicted numbers, ``(n,)``
        or ``(n, n_out)``. The parameters and errors are those of `predict`.
        """
        spread = self.model.spread(self._outputs(self._table(data), has_members=True))
        return spread[:, 0] if spread.shape[1] == 1 else spread

    def evaluate(self, data: Any) -> dict[str, Any]:
        """Return the scores on rows with their targets.

        Parameters
        ----------
        data : as in `predict`, or a pair (X, y)
            Its columns include the targets.

        Returns
        -------
        dict
            For classes "accuracy", "labels" and "confusion"; for numbers "r2" and "mae".

        Raises
        ------
        ValueError, TypeError, OSError
            As `predict`, and if a target is missing.
        """
        target = self.model.target
        if isinstance(data, tuple) and len(data) == 2:
            reader, names = open_pair(*data)
            with reader:
                reader.names = [  # the pair's targets are those of the model, whatever their name
                    dict(zip(names, target.names, strict=False)).get(name, name)
                    for name in reader.names
                ]
                table, _ = self.model.read(reader)
        else:
            table = self._table(data)
        if not {*target.names} <= {*table.names}:
            raise ValueError(f"{table.source}: received no {target.names}, expected the targets")
        table = with_task(table, target.names, self.task)
        truth = target.truth(table)
        return score(target, truth, self._outputs(table))

    def score(self, data: Any) -> float:
        """Return the accuracy, or R2; parameters and errors as in `evaluate`."""
        found = self.evaluate(data)
        return float(found["accuracy" if self.task == "classify" else "r2"])

    def summary(self) -> str:
        """Return what was done: encodings, gaps, members, epochs, and the score."""
        return "\n".join(map(printable, self._lines))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, which `mlp.load` and ``mlp predict`` read.

        Parameters
        ----------
        path : path
            Taken as it is; end it in ``.npz``.

        Raises
        ------
        TypeError, ValueError, OSError
            If it cannot be written.
        """
        self.ensemble.save(path, self._metadata())

    def _metadata(self) -> dict[str, Any]:
        columns = self.model._asdict()
        del columns["net"]
        node = {"effort": self.effort, "seed": self.seed, "lines": self._lines}
        return table_metadata(**columns, split=self._split, tabular=node)

    @classmethod
    def _of_file(
        cls, net: Any, metadata: Mapping[str, Any], path: str | os.PathLike[str]
    ) -> TabularModel:
        """Return the model of a network and its metadata; FileFormatError if they are bad."""
        with format_errors(path):
            model = TableModel.from_metadata(net, metadata)
            node = require_keys("metadata.tabular", metadata["tabular"], "effort", "seed", "lines")
            effort, seed, lines = node
            return cls(model, effort, seed, lines, metadata["split"])

    def __repr__(self) -> str:
        """Return what is predicted from how many columns."""
        model = self.model
        names, n = ", ".join(map(repr, model.target.names)), len(model.inputs.columns)
        return f"<TabularModel of {names} from {n} columns: {self.ensemble.size} networks>"


def tabular(
    data: Any,
    target: str | int | Sequence[str | int] | None = None,
    *,
    task: str | None = None,
    effort: str = "normal",
    seed: int = 0,
    text: Sequence[str | int] = (),
    dates: Sequence[str | int] = (),
    ignore: Sequence[str | int] = (),
    missing_target: str = "refuse",
    max_words: int | None = None,
    dialect: Dialect | None = None,
    sample_weight: ArrayLike | None = None,
    progress: bool = False,
) -> TabularModel:
    """Train the best small networks for a table that need no tuning.

    It is an ensemble of small networks in the manner of RealMLP (Holzmüller et al., Better by
    default, NeurIPS 2024): each member leaves out one fold of the rows, and the epoch is kept whose
    weights predict the left-out rows best. Columns of numbers, words and dates, and missing values,
    are encoded; everything is learned from these rows.

    Parameters
    ----------
    data : path, DataFrame, mapping of str to array_like (n,), or a pair (X, y)
        A table with its targets: a CSV, Parquet, Feather or Excel file, a frame of pandas or
        polars, arrays by name; or inputs (a frame, a mapping or a matrix) and targets.
    target : str, int or sequence of them
        The columns to predict, by name or position from 1; not with a pair.
    task : {"classify", "regress"}, optional
        What the target holds; needed if it could be either.
    effort : {"quick", "normal", "best"}
        How much time is spent: the number and size of the members and of the epochs.
    seed : int, default 0
        The seed of all random draws.
    text, dates, ignore : sequence of str or int
        Columns of words, of dates, and to leave out, whatever they look like.
    missing_target : {"refuse", "drop"}
        Whether rows without a target are an error, or are left out.
    max_words : int, optional
        The maximum of different words in a column, by default half the number of rows.
    dialect : Dialect, optional
        How a text file spells its cells.
    sample_weight : array_like (n,), optional
        Factors of the rows' losses.
    progress : bool
        Whether to show a progress bar, on a terminal or in a notebook.

    Returns
    -------
    TabularModel

    Warns
    -----
    UserWarning
        If a member has diverged.

    Raises
    ------
    ValueError, TypeError, OSError
        If the data cannot be read, a cell does not fit its column, the task is doubtful, or there
        are too few rows, classes or inputs; the message names the argument that helps.

    Examples
    --------
    >>> import mlp
    >>> rng = np.random.default_rng(0)
    >>> age, city = rng.integers(20, 60, 90) * 1.0, rng.choice(["Oslo", "Rome"], 90)
    >>> buys = np.where((age > 40) ^ (city == "Rome"), "yes", "no")
    >>> people = {"age": age, "city": city, "buys": buys}
    >>> model = mlp.tabular(people, "buys", effort="quick")
    >>> model.predict({"age": [25.0, 55.0], "city": ["Oslo", "Oslo"]}).tolist()
    ['no', 'yes']
    """
    settings = settings_of(effort)
    check_count("seed", seed, 0)
    check_bool("progress", progress)
    check_choice("missing_target", missing_target, ("refuse", "drop"))
    if isinstance(data, tuple) and len(data) == 2:
        if target is not None:
            raise ValueError(f"target: received {target!r:.80} with a pair (X, y), expected None")
        reader, targets = open_pair(*data)
        aims: Sequence[str | int] = targets
    else:
        reader = open_data(data, dialect)
        aims = [target] if isinstance(target, str | int) else target or []
    with reader:
        if not aims:
            raise ValueError(f"target: received none, expected a column of {reader.names!r:.200}")
        read = read_mixed(
            reader,
            aims,
            task=task,
            text=[*text, *_categories(reader, aims)],
            dates=dates,
            ignore=ignore,
            missing_target="keep" if missing_target == "drop" else "refuse",
        )
        dialect = reader.dialect
    table = read.table
    weight = check_weights(sample_weight, len(table), np.dtype(np.float64))
    if missing_target == "drop":
        has_target = ~np.logical_or.reduce([table.is_missing(name) for name in table.targets])
        weight = None if weight is None else weight[has_target]
        table = table.without_missing(table.targets)
    prepared = prepare(table, None, read.dates, settings, max_words=max_words)
    done = fit(
        prepared,
        settings,
        seed,
        sample_weight=weight,
        callbacks=[ProgressBar()] if progress else [],
    )
    lines = describe(done, settings, read.left_out)
    lines += out_of_fold(done, prepared.target.truth(table))
    columns = prepared.inputs, prepared.target, [*read.ignored, *prepared.left_out]
    model = TableModel(done.ensemble, *columns, prepared.dates, dialect)
    split = {"fraction": 0.0, "test_fraction": 0.0, "seed": seed}
    split |= {"training": len(table), "held_out": 0, "test": 0}
    return TabularModel(model, effort, seed, lines, split)


def _categories(reader: RowReader, targets: Sequence[str | int]) -> list[int]:
    """Return the inputs that a frame declares as categories, by position from 1."""
    others = reader.find(targets)
    found = categories_of(getattr(reader, "_frame", None))
    return [i for i in found if i - 1 not in others]
