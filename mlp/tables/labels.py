"""Labels: class names and their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_instance, check_sequence
from mlp.tables.numbers import is_number
from mlp.tables.table import MANY, Table, check_indices, check_strings

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")


class Labels:
    """Class names; the number of a class is its position among them.

    Names are compared as text: "1", "01" and "1e0" are three classes. One exception: if all names
    are numbers, an integer N and N.0 are one class, because programs that store integers as
    floats write them so.

    Parameters
    ----------
    names : sequence of str
        Each class once.

    Raises
    ------
    TypeError, ValueError
        If names are empty, not strings, or not unique.

    Examples
    --------
    >>> labels = Labels.of(["yes", "no", "yes"])
    >>> labels.names, labels.encode(["yes", "no", "yes"])
    (('no', 'yes'), array([1, 0, 1]))
    >>> labels.decode([0, 1])
    ['no', 'yes']
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = check_strings("names", names)
        self.are_numbers = all(map(is_number, self.names))
        self._codes = {self._key(name): code for code, name in enumerate(self.names)}
        if not self.names or len(self._codes) < len(self.names):
            raise ValueError(f"names: received {self.names!r}, expected each class once")

    @classmethod
    def of(cls, words: Iterable[str]) -> Labels:
        """Return the labels that occur, sorted: numbers by value, words alphabetically."""
        values = list(dict.fromkeys(check_strings("words", words)))
        if not all(map(is_number, values)):
            return cls(sorted(values))
        by_key = {_without_zero(value): value for value in reversed(values)}  # the first spelling
        return cls([by_key[key] for key in sorted(by_key, key=_order)])

    def __len__(self) -> int:
        """Return the number of classes."""
        return len(self.names)

    def __repr__(self) -> str:
        """Return the call that creates the labels."""
        return f"Labels({list(self.names)!r})"

    def encode(self, words: Sequence[str]) -> NDArray[np.intp]:
        """Return the class number of each word; ValueError for an unknown word."""
        words = check_strings("words", words)
        codes = self._find(words)
        if (codes < 0).any():
            unknown = words[int((codes < 0).argmax())]
            raise ValueError(f"labels: received {unknown!r}, expected {self.expected}")
        return codes

    def _find(self, words: Sequence[str]) -> NDArray[np.intp]:
        """Return the class number of each word, -1 for an unknown one."""
        keys = (self._key(word) for word in words)
        return np.fromiter((self._codes.get(key, -1) for key in keys), np.intp, len(words))

    def codes(self, table: Table, name: str) -> NDArray[np.intp]:
        """Return the class number of each row of a column of words, -1 where a word is missing.

        Raises
        ------
        ValueError
            If there is no such column, or a word is unknown; the message gives row and column.
        """
        codes, words = self.known_codes(table, name), table.words(name)
        is_unknown = (codes < 0) & (words.codes >= 0)
        if is_unknown.any():
            row = int(is_unknown.argmax())
            word = words.values[words.codes[row]]
            raise ValueError(
                f"{table.place(row, name)}: received {word!r}, expected {self.expected}"
            )
        return codes

    def known_codes(self, table: Table, name: str) -> NDArray[np.intp]:
        """Return the class number of each row, -1 where a word is missing or unknown.

        Raises
        ------
        ValueError
            If there is no such column of words.
        """
        words = check_instance("table", table, Table).words(name)
        codes: NDArray[np.intp] = np.append(self._find(words.values), -1)[words.codes]
        return codes

    def decode(self, codes: Iterable[int] | NDArray[np.integer[Any]]) -> list[str]:
        """Return the class name of each number; ValueError if there is no such class."""
        if not isinstance(codes, np.ndarray):
            codes = check_sequence("codes", codes, "class numbers", MANY)
        indices = check_indices("codes", codes, len(self.names))
        return [self.names[code] for code in indices.tolist()]

    @property
    def expected(self) -> str:
        """The known names as an error message lists them."""
        shown = ", ".join(map(repr, self.names[:8]))
        return f"one of {shown}" + (", ..." if len(self.names) > 8 else "")

    def _key(self, word: str) -> str:
        return _without_zero(word) if self.are_numbers else word


def _without_zero(word: str) -> str:
    """Return N for an integer written as N.0, every other word as it is."""
    whole = word.removesuffix(".0")
    return whole if _INTEGER.fullmatch(whole) else word


def _order(number: str) -> tuple[float, int, str]:
    """Return a key that sorts by value; integers that are equal as floats by their exact value."""
    return float(number), int(number) if _INTEGER.fullmatch(number) else 0, number
