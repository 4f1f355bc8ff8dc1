"""Errors of tables, with the arguments that fix them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from mlp._checks import check_instance, check_sequence
from mlp._names import listed

_OPTIONS = {"text": "one-hot"}  # where the command line's name differs from the argument's


class Remedy(NamedTuple):
    """An argument that fixes an error.

    Attributes
    ----------
    argument : str
        The name of the argument.
    value : str, bool, int or list of str and int
        Its value; columns are given by name or position.
    effect : str
        What it does, to follow ``ARGUMENT=VALUE`` in a sentence.
    option : str, optional
        The same advice for the command line; by default it follows from the other attributes.
    instead : bool
        Whether it replaces the remedy before it; else both are needed.

    Examples
    --------
    >>> remedy = Remedy("text", ["city", "job title"], "makes an input of each word")
    >>> print(remedy.as_argument())
    text=['city', 'job title'] makes an input of each word
    >>> print(remedy.as_option())
    --one-hot 'city,job title' makes an input of each word
    """

    argument: str
    value: str | bool | int | Sequence[str | int]
    effect: str
    option: str = ""
    instead: bool = False

    def as_argument(self) -> str:
        """Return the advice for a caller from Python."""
        return f"{self.argument}={self.value!r} {self.effect}".rstrip()

    def as_option(self) -> str:
        """Return the advice for a user of the command line."""
        if self.option:
            return self.option
        option = _OPTIONS.get(self.argument, self.argument).replace("_", "-")
        if isinstance(self.value, bool):
            return f"--{'' if self.value else 'no-'}{option} {self.effect}".rstrip()
        values = [self.value] if isinstance(self.value, str | int) else self.value
        given = "tab" if self.value == "\t" else shlex.quote(",".join(map(str, values)))
        mark = "=" if given.startswith("-") else " "  # else argparse takes it for an option
        return f"--{option}{mark}{given} {self.effect}".rstrip()


class TableError(ValueError):
    """A table cannot be read as asked.

    Attributes
    ----------
    what : str
        What is wrong, without advice.
    remedies : tuple of Remedy
        What can be done about it.

    Examples
    --------
    >>> error = TableError("t.csv: no header", [Remedy("header", False, "names the columns x1")])
    >>> str(error)
    't.csv: no header; header=False names the columns x1'
    >>> error.as_options()
    't.csv: no header; --no-header names the columns x1'
    """

    def __init__(self, what: str, remedies: Sequence[Remedy] = ()) -> None:
        super().__init__(what, _checked(remedies))

    @property
    def what(self) -> str:
        """What is wrong, without advice."""
        return str(self.args[0])

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What can be done about it."""
        return tuple(self.args[1])

    def __str__(self) -> str:
        """Return what is wrong, and the arguments that fix it."""
        return self._with_advice([remedy.as_argument() for remedy in self.remedies])

    def as_options(self) -> str:
        """Return what is wrong, and the command-line options that fix it."""
        return self._with_advice([remedy.as_option() for remedy in self.remedies])

    def _with_advice(self, advice: Sequence[str]) -> str:
        """Return the message; a remedy without an effect belongs to the next one."""
        groups: list[list[str]] = []
        before = ""
        for remedy, text in zip(self.remedies, advice, strict=True):
            if not remedy.effect:
                before += f"{text} "
                continue
            if remedy.instead and groups:
                groups[-1].append(before + text)
            else:
                groups.append([before + text])
            before = ""
        needed = [f"either {listed(ways, 'or')}" if ways[1:] else ways[0] for ways in groups]
        text = "".join(needed)
        if needed[1:]:
            text = f"needed: {'; '.join(needed[:-1])}; and {needed[-1]}"
        return f"{self.what}; {text}" if text else self.what


class CellError(TableError):
    """A cell does not fit its column.

    Attributes
    ----------
    column : str
        The name of the column.
    is_missing : bool
        Whether the cell stands for a missing value.
    """

    def __init__(
        self, what: str, column: str, is_missing: bool, remedies: Sequence[Remedy] = ()
    ) -> None:
        super().__init__(what, remedies)
        self.args = (what, column, is_missing, self.args[1])  # so that it can be pickled

    @property
    def column(self) -> str:
        """The name of the column."""
        return str(self.args[1])

    @property
    def is_missing(self) -> bool:
        """Whether the cell stands for a missing value."""
        return bool(self.args[2])

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What can be done about it."""
        return tuple(self.args[3])

    def with_remedies(self, remedies: Sequence[Remedy]) -> CellError:
        """Return the same error with other advice; TypeError unless they are `Remedy` objects."""
        return CellError(self.what, self.column, self.is_missing, remedies)


def _checked(remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    found = check_sequence("remedies", remedies, "Remedy objects")
    return tuple(check_instance("remedies", remedy, Remedy) for remedy in found)


def refer_to(names: Sequence[str], i: int) -> str | int:
    """Return how to ask for a column: by its name, or by its position if the name is ambiguous.

    Examples
    --------
    >>> [refer_to(["age", "", "a,b", "x", "x"], i) for i in range(5)]
    ['age', 2, 3, 4, 5]
    >>> refer_to(["", "0", "1"], 0)  # 1 is the name of another column
    -3
    """
    name = names[i]
    is_plain = name.isprintable() and name.strip() == name and not name.startswith("-")
    if name and is_plain and "," not in name and names.count(name) == 1:
        return name
    return i - len(names) if str(i + 1) in names else i + 1
