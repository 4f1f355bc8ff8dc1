"""InputEncoder: turns the columns of a table into the inputs of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlp._checks import check_names, require_keys
from mlp.tables.labels import Labels
from mlp.tables.standardizer import Standardizer
from mlp.tables.table import Table, Words, shortened


class InputEncoder:
    """Encodes the columns of every table in the same way: numbers, then words one-hot.

    Columns are found by name. Each column of numbers is one input; each column of words is one
    input of 0 or 1 per known word.

    Parameters
    ----------
    numbers : sequence of str
        The columns of numbers.
    categories : mapping of str to Labels
        The columns of words, each with its known words.
    fill : array_like (n_in,), optional
        The input that replaces a missing value; without it, missing values are rejected.
    standardizer : Standardizer, optional
        Applied last.

    Examples
    --------
    >>> from mlp.tables import Table, Words
    >>> city = Words(np.array([0, 1, 0]), ["Oslo", "Rome"])
    >>> table = Table({"city": city, "age": np.array([30.0, 50.0, 40.0])}, "people.csv")
    >>> encoder = InputEncoder.fit(table, ["city", "age"])
    >>> encoder.names
    ('age', 'city=Oslo', 'city=Rome')
    >>> encoder.encode(table)
    array([[30.,  1.,  0.],
           [50.,  0.,  1.],
           [40.,  1.,  0.]])
    """

    def __init__(
        self,
        numbers: Sequence[str],
        categories: Mapping[str, Labels] | None = None,
        fill: NDArray[Any] | None = None,
        standardizer: Standardizer | None = None,
    ) -> None:
        self.numbers, self.categories = tuple(numbers), dict(categories or {})
        self.columns = (*self.numbers, *self.categories)
        words = [(name, word) for name, known in self.categories.items() for word in known.names]
        self.names = (*self.numbers, *(f"{name}={word}" for name, word in words))
        self._column_of = (*self.numbers, *(name for name, _ in words))
        self.fill, self.standardizer = fill, standardizer
        mean = None if standardizer is None else standardizer.mean
        for name, array in (("fill", fill), ("mean", mean)):
            if array is not None and (array.shape != (self.n_in,) or not np.isfinite(array).all()):
                raise ValueError(
                    f"{name}: received an array of shape {array.shape}, "
                    f"expected {self.n_in} finite numbers"
                )

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return len(self.names)

    @classmethod
    def fit(
        cls,
        table: Table,
        columns: Iterable[str],
        rows: NDArray[np.integer[Any]] | None = None,
        *,
        standardize: bool = False,
        fill_missing: bool = False,
    ) -> InputEncoder:
        """Return an encoder for some columns of a table.

        Parameters
        ----------
        table : Table
            The table.
        columns : iterable of str
            The names of the columns to encode.
        rows : ndarray of int, optional
            The rows from which means and scales are computed, by default all. Words are learned
            from the whole table.
        standardize : bool
            Whether to scale inputs to mean 0 and standard deviation 1 over these rows.
        fill_missing : bool
            Whether to replace missing values by the mean of their input over these rows.

        Raises
        ------
        ValueError
            If a column has no value in these rows.
        """
        chosen = list(columns)
        words = {name: column for name in chosen if isinstance(column := table[name], Words)}
        encoder = cls(
            [name for name in chosen if name not in words],
            {name: Labels.of(column.values) for name, column in words.items()},
        )
        if not (standardize or fill_missing):
            return encoder
        X = encoder._raw(table, rows)
        for name, is_empty in zip(encoder.names, np.isnan(X).all(axis=0), strict=True):
            if is_empty:
                raise ValueError(
                    f"{table.source}: received no value for {name!r} in the training rows, "
                    "expected at least one"
                )
        moments = Standardizer.fit(X)
        encoder.fill = moments.mean if fill_missing else None
        encoder.standardizer = moments if standardize else None
        return encoder

    def encode(
        self,
        table: Table,
        rows: NDArray[np.integer[Any]] | None = None,
        dtype: DTypeLike = "float64",
    ) -> NDArray[np.floating[Any]]:
        """Return the inputs ``(n, n_in)`` of a table's rows, by default of all of them.

        Raises
        ------
        ValueError
            If a value is missing and `fill` is None, a number is not finite, or a word is
            unknown (the message gives row and column), or if a column is missing.
        """
        self.match(table.names, also=table.names, source=table.source)
        X = self._raw(table, rows)
        is_bad = ~np.isfinite(X)
        if self.fill is not None:
            filled = np.isnan(X)
            X[filled] = np.broadcast_to(self.fill, X.shape)[filled]
            is_bad &= ~filled
        if is_bad.any():
            row, i = np.argwhere(is_bad)[0]
            line = row if rows is None else rows[row]
            raise ValueError(
                f"{table.place(line, self._column_of[i])}: received "
                f"{'a missing value' if np.isnan(X[row, i]) else X[row, i]}, expected a number"
            )
        if self.standardizer is not None:
            X -= self.standardizer.mean
            X /= self.standardizer.scale
        return X.astype(dtype, copy=False)

    def match(self, names: Sequence[str], also: Sequence[str], source: str) -> None:
        """Raise unless a table has the encoder's columns, and no unexpected ones.

        Parameters
        ----------
        names : sequence of str
            The columns of the table, in any order.
        also : sequence of str
            Further columns that are allowed.
        source : str
            Name of the table used in the error message.

        Raises
        ------
        ValueError
            If columns are missing or unexpected; the message lists them.
        """
        found, allowed = set(names), {*self.columns, *also}
        missing = [name for name in self.columns if name not in found]
        unexpected = [name for name in names if name not in allowed]
        if missing or unexpected:
            differences = [f"missing {shortened(missing)}"] if missing else []
            differences += [f"unexpected {shortened(unexpected)}"] if unexpected else []
            raise ValueError(
                f"{source}: received other columns than in training: {'; '.join(differences)}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return a description for `from_dict`: strings, lists, dicts and arrays."""
        known = self.standardizer
        return {
            "numbers": list(self.numbers),
            "categories": [
                {"column": name, "words": list(labels.names)}
                for name, labels in self.categories.items()
            ],
            "fill": self.fill,
            "mean": None if known is None else known.mean,
            "scale": None if known is None else known.scale,
        }

    @classmethod
    def from_dict(cls, saved: Any) -> InputEncoder:
        """Return the encoder described by `to_dict`; TypeError or ValueError for a bad one."""
        numbers, nodes, fill, mean, scale = require_keys(
            "inputs", saved, "numbers", "categories", "fill", "mean", "scale"
        )
        if not isinstance(nodes, list):
            raise TypeError(f"inputs.categories: received {nodes!r:.200}, expected a list")
        if not isinstance(fill, np.ndarray | None):
            raise TypeError(f"inputs.fill: received {fill!r:.200}, expected an array or None")
        pairs = [require_keys("inputs.categories", node, "column", "words") for node in nodes]
        names = check_names("inputs.numbers", numbers)
        check_names("inputs", [*names, *(name for name, _ in pairs)])
        categories = {name: Labels(check_names("words", words)) for name, words in pairs}
        return cls(names, categories, fill, Standardizer.from_moments(mean, scale))

    def _raw(
        self, table: Table, rows: NDArray[np.integer[Any]] | None
    ) -> NDArray[np.floating[Any]]:
        """Return the inputs neither filled nor scaled, NaN where a value is missing."""
        chosen = slice(None) if rows is None else rows
        X = np.empty((len(table) if rows is None else len(rows), len(self.names)))
        for i, name in enumerate(self.numbers):
            X[:, i] = table.numbers(name)[chosen]
        start = len(self.numbers)
        for name, known in self.categories.items():
            codes = known.codes(table, name)[chosen]
            X[:, start : start + len(known)] = codes[:, None] == np.arange(len(known))
            X[codes < 0, start : start + len(known)] = np.nan
            start += len(known)
        return X
