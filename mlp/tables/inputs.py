"""InputEncoder: turns the columns of a table into the inputs of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mlp._checks import (
    check_choice,
    check_count,
    check_dtype,
    check_instance,
    check_names,
    require_keys,
)
from mlp._names import listed
from mlp.tables.errors import Remedy, TableError
from mlp.tables.labels import Labels
from mlp.tables.standardizer import (
    SCALERS,
    RobustScaler,
    Standardizer,
    check_standardizer,
    finite_row,
)
from mlp.tables.survey import most_words
from mlp.tables.table import (
    BadCell,
    Table,
    Words,
    check_indices,
    check_strings,
    known_columns,
    shortened,
)

_BLOCK = 4096  # rows that are checked and scaled together


class EncodedRows(NamedTuple):
    """The inputs of the rows that can be encoded.

    Attributes
    ----------
    X : ndarray (n_good, n_in)
        The inputs.
    rows : ndarray of int (n_good)
        The rows of the table that they come from.
    bad : list of BadCell
        The first thing that is wrong with each of the other rows, in their order.
    """

    X: NDArray[np.floating[Any]]
    rows: NDArray[np.integer[Any]]
    bad: list[BadCell]


class InputEncoder:
    """Encodes the columns of every table in the same way: numbers, then words one-hot.

    Columns are found by name. Each column of numbers is one input; each column of words is one
    input of 0 or 1 per known word.

    With `gaps`, missing values are inputs, too: a column of numbers that has any is followed, after
    all numbers, by an input of 0 or 1; a missing word is one more word. Two such words are one
    input of -1 or 1, and a word that is not known is 0 in all inputs of its column.

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
    gaps : sequence of str, optional
        The columns whose missing values are inputs; none by default, where the words of all
        columns must be known.

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
        gaps: Sequence[str] | None = None,
    ) -> None:
        self.numbers = check_strings("numbers", numbers)
        self.categories = {} if categories is None else dict(categories)
        check_strings("categories", self.categories)
        for known in self.categories.values():
            check_instance("categories", known, Labels)
        self.columns = (*self.numbers, *self.categories)
        self.gaps = None if gaps is None else check_strings("gaps", gaps)
        unknown = {*(self.gaps or ())} - {*self.columns}
        if unknown:
            raise ValueError(f"gaps: received {sorted(unknown)}, expected columns of the encoder")
        self._number_gaps = [name for name in self.numbers if name in (self.gaps or ())]
        words = [(name, word) for name in self.categories for word in self._words(name)]
        self.names = (
            *self.numbers,
            *(f"{name} missing" for name in self._number_gaps),
            *(f"{name}={word}" for name, word in words),
        )
        self._column_of = (*self.numbers, *self._number_gaps, *(name for name, _ in words))
        self.fill = None if fill is None else finite_row("fill", fill, self.n_in)
        self.standardizer = check_standardizer(standardizer, self.n_in)

    def _words(self, name: str) -> list[str]:
        """Return the words of a column that have an input."""
        words = list(self.categories[name].names)
        if self.gaps is None:
            return words
        words += ["(missing)"] * (name in self.gaps)
        return words[1:] if len(words) == 2 else words

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
        scaling: str = "standard",
        fill_missing: bool = False,
        max_words: int | None = None,
        gaps: bool = False,
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
            Whether to scale inputs over these rows.
        scaling : {"standard", "robust"}
            How: to mean 0 and standard deviation 1, or as `RobustScaler` does.
        fill_missing : bool
            Whether to replace missing values by the mean of their input over these rows.
        max_words : int, optional
            The maximum of different words in a column; by default half the number of rows, or ten
            in a small table.
        gaps : bool
            Whether missing values are inputs, in the columns where these rows have any. Words are
            learned from these rows, and missing numbers are replaced by the median.

        Raises
        ------
        ValueError
            If there is no such column or row.
        TableError
            If a column has too many words, or no value in these rows.
        ValueError
            If a number is infinite.
        """
        check_choice("scaling", scaling, list(SCALERS))
        chosen = known_columns("columns", columns, table)
        rows = None if rows is None else check_indices("rows", rows, len(table))
        words = {name: found for name in chosen if isinstance(found := table[name], Words)}
        if gaps and rows is not None:
            words = {name: _words_of(column, rows) for name, column in words.items()}
        _check_words(table, words, max_words)
        encoder = cls(
            [name for name in chosen if name not in words],
            {name: Labels.of(column.values) for name, column in words.items()},
            gaps=_with_gaps(table, chosen, rows) if gaps else None,
        )
        if not (standardize or fill_missing or gaps):
            return encoder
        X = encoder._raw(table, rows)
        is_infinite = np.isinf(X)
        if is_infinite.any():
            i, j = divmod(int(is_infinite.argmax()), X.shape[1])
            row = i if rows is None else int(rows[i])
            raise ValueError(encoder._explain(table, row, encoder._column_of[j], X.dtype))
        is_empty = np.isnan(X).all(axis=0)
        for column, name, nothing in zip(encoder._column_of, encoder.names, is_empty, strict=True):
            if nothing:
                raise TableError(
                    f"{table.source}: received no value for {name!r} in the training rows, "
                    "expected at least one",
                    [Remedy("ignore", [column], "leaves the column out")],
                )
        if fill_missing or gaps:
            center = RobustScaler if gaps else Standardizer
            encoder.fill = center.fit(X).mean
            X = np.where(np.isnan(X), encoder.fill, X) if gaps else X
        encoder.standardizer = SCALERS[scaling].fit(X) if standardize else None
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
            If a value is missing and `fill` is None, a number is not finite in `dtype`, or a word
            is unknown (the message gives row and column), or if a column is missing.
        """
        encoded = self.encode_valid(table, rows, dtype)
        if encoded.bad:
            raise ValueError(encoded.bad[0].message)
        return encoded.X

    def encode_valid(
        self,
        table: Table,
        rows: NDArray[np.integer[Any]] | None = None,
        dtype: DTypeLike = "float64",
    ) -> EncodedRows:
        """Return the inputs of the rows that can be encoded, and what is wrong with the others.

        Parameters
        ----------
        table : Table
            The table; columns that the encoder does not know are ignored.
        rows : ndarray of int, optional
            The rows to encode, by default all.
        dtype : {"float64", "float32"}
            The type of the inputs.

        Raises
        ------
        ValueError
            If a column is missing, or holds words where numbers are expected or the reverse.

        Examples
        --------
        >>> from mlp.tables import Table, Words
        >>> city = Words(np.array([0, 1, -1]), ["Oslo", "Rome"])
        >>> encoder = InputEncoder([], {"city": Labels(["Bern", "Oslo"])})
        >>> encoded = encoder.encode_valid(Table({"city": city}, "people.csv"))
        >>> encoded.X, encoded.rows
        (array([[0., 1.]]), array([0]))
        >>> for cell in encoded.bad:
        ...     print(cell.message)
        people.csv: row 1, column 'city': received 'Rome', expected one of 'Bern', 'Oslo'
        people.csv: row 2, column 'city': received a missing value, expected a number
        """
        check_instance("table", table, Table)
        self.match(table.names, also=table.names, source=table.source)
        rows = None if rows is None else check_indices("rows", rows, len(table))
        chosen = np.arange(len(table)) if rows is None else rows
        raw, dtype = self._raw(table, rows), check_dtype(dtype)
        X = raw if dtype == raw.dtype else np.empty(raw.shape, dtype)
        bad: dict[int, BadCell] = {}
        for start in range(0, len(X), _BLOCK):
            part = slice(start, start + _BLOCK)
            fits = self._finish(raw[part], X[part])
            for i in np.flatnonzero(~fits.all(axis=1)).tolist():
                row, name = int(chosen[start + i]), self._column_of[fits[i].argmin()]
                bad[row] = BadCell(row, name, self._explain(table, row, name, dtype))
        for cell in table.bad_cells:
            if cell.column is None or cell.column in self.columns:
                bad[cell.row] = cell  # as missing it might have been filled
        if not bad:
            return EncodedRows(X, chosen, [])
        is_good = ~np.isin(chosen, list(bad))
        return EncodedRows(
            X[is_good], chosen[is_good], [bad[i] for i in chosen.tolist() if i in bad]
        )

    def _finish(
        self, raw: NDArray[np.floating[Any]], X: NDArray[np.floating[Any]]
    ) -> NDArray[np.bool_]:
        """Fill and scale inputs in place, copy them to X, and return which are finite there."""
        largest = np.finfo(X.dtype).max
        fits: NDArray[np.bool_] = np.less_equal(raw, largest)
        fits &= np.greater_equal(raw, -largest)
        if self.fill is not None:
            filled = np.isnan(raw)
            raw[filled] = np.broadcast_to(self.fill, raw.shape)[filled]
            fits |= filled
        with np.errstate(over="ignore", invalid="ignore"):
            if self.standardizer is not None:
                self.standardizer._scale_in_place(raw)
            if X.dtype != raw.dtype:  # else they are the same
                X[...] = raw
        fits &= np.isfinite(X)
        return fits

    def _explain(self, table: Table, row: int, name: str, dtype: np.dtype[np.floating[Any]]) -> str:
        """Return what is wrong with a cell."""
        column, place = table[name], table.place(row, name)
        if bool(table.is_missing(name)[row]):
            return f"{place}: received a missing value, expected a number"
        if isinstance(column, Words):
            word = column.values[column.codes[row]]
            return f"{place}: received {word!r}, expected {self.categories[name].expected}"
        expected = "a number" if np.isinf(column[row]) else f"a number that fits in {dtype}"
        return f"{place}: received {column[row]}, expected {expected}"

    def match(
        self, names: Sequence[str], also: Sequence[str], source: str, *, allow_others: bool = False
    ) -> list[str]:
        """Return the columns of a table that are not expected; raise if columns are missing.

        Parameters
        ----------
        names : sequence of str
            The columns of the table, in any order.
        also : sequence of str
            Further columns that are expected.
        source : str
            Name of the table used in the error message.
        allow_others : bool
            Whether other columns are ignored, not an error.

        Raises
        ------
        ValueError
            If columns are missing or unexpected; the message lists them.
        """
        names = check_strings("names", names)
        found, expected = set(names), {*self.columns, *check_strings("also", also)}
        missing = [name for name in self.columns if name not in found]
        others = [name for name in names if name not in expected]
        if missing or (others and not allow_others):
            differences = [f"missing {shortened(missing)}"] if missing else []
            differences += [f"unexpected {shortened(others)}"] if others else []
            raise ValueError(
                f"{source}: received different columns than in training: {'; '.join(differences)}"
            )
        return others

    @property
    def scaling(self) -> str | None:
        """The name of the scaling, or None."""
        names = {kind: name for name, kind in SCALERS.items()}
        return None if self.standardizer is None else names[type(self.standardizer)]

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
        } | self._later()

    def _later(self) -> dict[str, Any]:
        """Return the part of the description that older files lack."""
        found: dict[str, Any] = {"scaling": self.scaling} if self.scaling == "robust" else {}
        return found if self.gaps is None else found | {"gaps": list(self.gaps)}

    @classmethod
    def from_dict(cls, saved: Any) -> InputEncoder:
        """Return the encoder described by `to_dict`; TypeError or ValueError for a bad one."""
        keys = ["numbers", "categories", "fill", "mean", "scale"]
        kind = Standardizer
        if isinstance(saved, dict) and "scaling" in saved:  # else it is "standard"
            check_choice("inputs.scaling", saved["scaling"], list(SCALERS))
            kind = SCALERS[saved["scaling"]]
            keys.append("scaling")
        gaps: Any = None
        if isinstance(saved, dict) and "gaps" in saved:
            gaps = saved["gaps"] and check_names("inputs.gaps", saved["gaps"])
            keys.append("gaps")
        numbers, nodes, fill, mean, scale, *_ = require_keys("inputs", saved, *keys)
        if not isinstance(nodes, list):
            raise TypeError(f"inputs.categories: received {nodes!r:.200}, expected a list")
        if not isinstance(fill, np.ndarray | None):
            raise TypeError(f"inputs.fill: received {fill!r:.200}, expected an array or None")
        pairs = [require_keys("inputs.categories", node, "column", "words") for node in nodes]
        names = check_names("inputs.numbers", numbers)
        check_names("inputs", [*names, *(name for name, _ in pairs)])
        categories = {name: Labels(check_names("words", words)) for name, words in pairs}
        return cls(names, categories, fill, kind.from_moments(mean, scale), gaps)

    def count_unknown(self, table: Table) -> dict[str, int]:
        """Return how many rows hold an unknown word, in each column that has such rows."""
        counts = {
            name: int(((known.known_codes(table, name) < 0) & ~table.is_missing(name)).sum())
            for name, known in self.categories.items()
        }
        return {name: n for name, n in counts.items() if n}

    def _raw(
        self, table: Table, rows: NDArray[np.integer[Any]] | None
    ) -> NDArray[np.floating[Any]]:
        """Return the inputs neither filled nor scaled; NaN for missing, infinity for unknown."""
        chosen = slice(None) if rows is None else rows
        X = np.empty((len(table) if rows is None else len(rows), len(self.names)))
        for i, name in enumerate(self.numbers):
            X[:, i] = table.numbers(name)[chosen]
        start = len(self.numbers)
        for name in self._number_gaps:
            X[:, start] = table.is_missing(name)[chosen]
            start += 1
        for name, known in self.categories.items():
            codes = known.known_codes(table, name)[chosen]
            if self.gaps is not None:
                width = len(self._words(name))
                codes[table.is_missing(name)[chosen] & (name in self.gaps)] = len(known)
                X[:, start : start + width] = _one_hot(codes, len(known) + (name in self.gaps))
                start += width
                continue
            X[:, start : start + len(known)] = codes[:, None] == np.arange(len(known))
            is_unknown = (codes < 0) & ~table.is_missing(name)[chosen]
            X[codes < 0, start : start + len(known)] = np.nan
            X[is_unknown, start : start + len(known)] = np.inf  # is not filled
            start += len(known)
        return X


def _with_gaps(
    table: Table, columns: Sequence[str], rows: NDArray[np.integer[Any]] | None
) -> list[str]:
    """Return the columns with missing values in these rows."""
    chosen = slice(None) if rows is None else rows
    return [name for name in columns if table.is_missing(name)[chosen].any()]


def _words_of(column: Words, rows: NDArray[np.integer[Any]]) -> Words:
    """Return the column with the words of these rows alone."""
    known = [code for code in np.unique(column.codes[rows]) if code >= 0]
    return Words(column.codes, [column.values[code] for code in known])


def _one_hot(codes: NDArray[np.intp], n_words: int) -> NDArray[np.float64]:
    """Return 0 and 1 for each word, or one column of -1 and 1 for two; zeros for code -1."""
    is_word = codes[:, None] == np.arange(n_words)
    hot: NDArray[np.float64] = is_word.astype(np.float64)
    return hot[:, 1:] - hot[:, :1] if n_words == 2 else hot


def _check_words(table: Table, columns: Mapping[str, Words], max_words: int | None) -> None:
    """Raise if columns have too many different words to be useful."""
    most = most_words(len(table)) if max_words is None else check_count("max_words", max_words)
    many = {name: n for name, words in columns.items() if (n := len(set(words.values))) > most}
    if many:
        counts = listed([f"{n} different words in {name!r}" for name, n in many.items()])
        effect = "leaves out the column" if len(many) == 1 else "leaves out these columns"
        remedies = [Remedy("ignore", list(many), effect)]
        if max_words is None:
            n = max(many.values())
            effect = f"makes {n:,} inputs, {8 * n * len(table) / 2**20:,.0f} MiB"
            remedies.append(Remedy("max_words", n, effect, instead=True))
        raise TableError(
            f"{table.source}: received {counts} for {len(table)} rows, expected at most {most}",
            remedies,
        )
