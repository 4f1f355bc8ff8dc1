"""Targets: the columns to predict, encoded for training; outputs, decoded to predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from mlp._checks import check_dtype, check_instance, check_names, numeric, require_keys
from mlp.tables.labels import Labels
from mlp.tables.standardizer import RobustScaler, Standardizer, as_matrix, check_standardizer
from mlp.tables.table import Table, check_indices, check_strings


class ClassTarget:
    """A column of class names.

    Parameters
    ----------
    name : str
        The name of the column.
    labels : Labels
        Its classes.

    Examples
    --------
    >>> from mlp.tables import Words
    >>> table = Table({"sex": Words(np.array([1, 0]), ["m", "f"])}, "people.csv")
    >>> target = ClassTarget("sex", Labels.of(table["sex"].values))
    >>> target.encode(table), target.decode(np.array([[0.1, 0.9], [0.8, 0.2]]))
    (array([0, 1]), ['m', 'f'])
    """

    def __init__(self, name: str, labels: Labels) -> None:
        self.names: tuple[str] = (check_instance("name", name, str),)
        self.labels: Labels = check_instance("labels", labels, Labels)

    def is_known(self, table: Table) -> NDArray[np.bool_]:
        """Return which rows have a target: a class that the labels know."""
        return self.labels.known_codes(table, self.names[0]) >= 0

    def encode(
        self,
        table: Table,
        rows: NDArray[np.integer[Any]] | slice = slice(None),
        dtype: DTypeLike = "float64",
    ) -> NDArray[np.intp]:
        """Return the class number of each row; ValueError if one is missing or unknown.

        Class numbers are integers whatever the `dtype` of the network.
        """
        name = self.names[0]
        known = self.labels.known_codes(table, name)
        rows = _check_rows(rows, table)
        codes: NDArray[np.intp] = known[rows]
        if (codes < 0).any():
            row = int(np.arange(len(table))[rows][(codes < 0).argmax()])
            words = table.words(name)
            code = words.codes[row]
            received = "a missing value" if code < 0 else repr(words.values[code])
            raise ValueError(
                f"{table.place(row, name)}: received {received}, expected {self.labels.expected}"
            )
        return codes

    def truth(
        self, table: Table, rows: NDArray[np.integer[Any]] | slice = slice(None)
    ) -> NDArray[np.intp]:
        """Return what predictions are compared with: the class number of each row."""
        return self.encode(table, rows)

    def classes(self, outputs: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
        """Return the predicted class number of each row of outputs.

        It is the index of the largest output or, for a single output of two classes, 1 if it is
        above 1/2.

        Raises
        ------
        ValueError
            If outputs are not ``(n, n_classes)``, or ``(n, 1)`` for two classes.
        """
        outputs = self._check_outputs(outputs)
        codes: NDArray[np.intp]
        is_single = outputs.shape[1] < len(self.labels)
        codes = (outputs[:, 0] > 0.5).astype(np.intp) if is_single else outputs.argmax(axis=1)
        return codes

    def probabilities(self, outputs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return the probability of each class, ``(n, n_classes)``; errors as for `classes`."""
        outputs = self._check_outputs(outputs)
        is_single = outputs.shape[1] < len(self.labels)
        return np.hstack([1.0 - outputs, outputs]) if is_single else outputs

    def pool(self, outputs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return the mean over the members ``(K, n, n_out)``."""
        return _mean(_of_members(outputs))

    def decode(self, outputs: NDArray[np.floating[Any]]) -> list[str]:
        """Return the predicted class name of each row of outputs; errors as for `classes`."""
        return [self.labels.names[code] for code in self.classes(outputs).tolist()]

    def to_dict(self) -> dict[str, Any]:
        """Return a description for `target_from_dict`."""
        return {"names": list(self.names), "labels": list(self.labels.names)}

    def _check_outputs(self, outputs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return outputs as a matrix with a column for each class, or one for two classes."""
        n_classes, outputs = len(self.labels), as_matrix("outputs", outputs)
        if outputs.shape[1] != n_classes and (outputs.shape[1], n_classes) != (1, 2):
            raise ValueError(f"outputs: received shape {outputs.shape}, expected (n, {n_classes})")
        return outputs


class NumberTarget:
    """Columns of numbers, one per output.

    Parameters
    ----------
    names : sequence of str
        The names of the columns.
    standardizer : Standardizer, optional
        Applied to the targets, and undone on the outputs.
    bounds : array_like (2, n_out), optional
        The least and the largest prediction, in the columns' units, of each member of an ensemble.

    Examples
    --------
    >>> table = Table({"age": np.array([30.0, 50.0])}, "people.csv")
    >>> target = NumberTarget(["age"], Standardizer([40.0], [10.0]))
    >>> target.encode(table).ravel(), target.decode(np.array([[-1.0], [2.0]])).ravel()
    (array([-1.,  1.]), array([30., 60.]))
    """

    def __init__(
        self,
        names: Sequence[str],
        standardizer: Standardizer | None = None,
        bounds: ArrayLike | None = None,
    ) -> None:
        self.names = check_strings("names", names)
        self.bounds = None if bounds is None else _check_bounds(bounds, len(self.names))
        self.standardizer = check_standardizer(standardizer, len(self.names))
        if isinstance(standardizer, RobustScaler):
            raise TypeError("standardizer: received a RobustScaler, expected a Standardizer")

    def is_known(self, table: Table) -> NDArray[np.bool_]:
        """Return which rows have all targets, as finite numbers."""
        known = np.ones(len(check_instance("table", table, Table)), np.bool_)
        for name in self.names:
            known &= np.isfinite(table.numbers(name))
        return known

    def truth(
        self, table: Table, rows: NDArray[np.integer[Any]] | slice = slice(None)
    ) -> NDArray[np.float64]:
        """Return what predictions are compared with: the unscaled numbers ``(n, n_out)``."""
        rows = _check_rows(rows, check_instance("table", table, Table))
        columns = [table.numbers(name)[rows].astype(np.float64) for name in self.names]
        for name, column in zip(self.names, columns, strict=True):
            _require(np.isfinite(column), table, rows, name)
        return np.column_stack(columns)

    def encode(
        self,
        table: Table,
        rows: NDArray[np.integer[Any]] | slice = slice(None),
        dtype: DTypeLike = "float64",
    ) -> NDArray[np.float64]:
        """Return a network's targets ``(n, n_out)``; ValueError if one is not finite in `dtype`."""
        Y = self.truth(table, rows)
        largest = np.finfo(check_dtype(dtype)).max
        for name, column in zip(self.names, Y.T, strict=True):
            if (np.abs(column) > largest).any():
                row = int(np.arange(len(table))[rows][np.abs(column).argmax()])
                raise ValueError(
                    f"{table.place(row, name)}: received {np.abs(column).max()}, "
                    f"expected a number that fits in {np.dtype(dtype)}"
                )
        return Y if self.standardizer is None else self.standardizer.transform(Y)

    def decode(self, outputs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return outputs ``(n, n_out)`` in the columns' units; ValueError for another shape."""
        outputs = as_matrix("outputs", outputs, len(self.names))
        return outputs if self.standardizer is None else self.standardizer.inverse(outputs)

    def pool(self, outputs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Return the mean over the members ``(K, n, n_out)``, each within `bounds`."""
        outputs = _of_members(outputs, len(self.names))
        if self.bounds is not None:
            known = self.standardizer
            limits = self.bounds if known is None else known.transform(self.bounds)
            outputs = np.clip(outputs, *limits.astype(outputs.dtype)[:, None])
        return _mean(outputs)

    def to_dict(self) -> dict[str, Any]:
        """Return a description for `target_from_dict`."""
        known = self.standardizer
        described = {
            "names": list(self.names),
            "mean": None if known is None else known.mean,
            "scale": None if known is None else known.scale,
        }
        return described if self.bounds is None else described | {"bounds": self.bounds}


def target_from_dict(saved: Any) -> ClassTarget | NumberTarget:
    """Return the target described by `to_dict`.

    Raises
    ------
    TypeError, ValueError
        If the description is not valid.

    Examples
    --------
    >>> target_from_dict({"names": ["sex"], "labels": ["f", "m"]}).labels
    Labels(['f', 'm'])
    """
    if isinstance(saved, dict) and "labels" in saved:
        names, labels = require_keys("target", saved, "names", "labels")
        (name,) = check_names("target.names", names, 1)
        return ClassTarget(name, Labels(check_names("target.labels", labels)))
    keys = ["names", "mean", "scale"]
    keys += ["bounds"] * (isinstance(saved, dict) and "bounds" in saved)  # older files lack them
    names, mean, scale, *bounds = require_keys("target", saved, *keys)
    names = check_names("target.names", names)
    return NumberTarget(names, Standardizer.from_moments(mean, scale), *bounds)


def _check_bounds(bounds: ArrayLike, n_out: int) -> NDArray[np.float64]:
    low, high = as_matrix("bounds", bounds, n_out) if np.shape(bounds)[:1] == (2,) else (None, None)
    if low is None or not np.isfinite([low, high]).all() or (low > high).any():
        raise ValueError(f"bounds: received {bounds!r:.80}, expected (2, {n_out}) finite numbers")
    return np.array([low, high], np.float64)


def _of_members(outputs: Any, n_out: int | None = None) -> NDArray[np.floating[Any]]:
    """Return the outputs of members as an array ``(K, n, n_out)``."""
    found = numeric("outputs", outputs)
    if found.ndim != 3 or not len(found) or n_out not in (None, found.shape[2]):
        raise ValueError(
            f"outputs: received shape {found.shape}, expected (K, n, {n_out or 'n_out'})"
        )
    return found


def _mean(outputs: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    mean: NDArray[np.floating[Any]] = outputs.mean(axis=0)
    return mean


def _check_rows(rows: Any, table: Table) -> NDArray[np.intp] | slice:
    return rows if isinstance(rows, slice) else check_indices("rows", rows, len(table))


def _require(
    is_good: NDArray[np.bool_],
    table: Table,
    rows: NDArray[np.integer[Any]] | slice,
    name: str,
) -> None:
    """Raise for the first row whose target is missing or not finite."""
    if is_good.all():
        return
    row = int(np.arange(len(table))[rows][is_good.argmin()])
    raise ValueError(f"{table.place(row, name)}: received no finite value, expected a target")
