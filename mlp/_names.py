"""Look-up of names in any case, and how messages and tables show names and values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar


def find_name(kind: str, received: object, known: Iterable[str]) -> str:
    """Return the known name that equals `received`, ignoring case.

    Parameters
    ----------
    kind : str
        Name used in the error message: "activation", "optimizer", ...
    received : object
        The name to find.
    known : iterable of str
        The known names, in lower case.

    Raises
    ------
    TypeError
        If `received` is not a string.
    ValueError
        If the name is unknown; the message lists the known ones and the nearest.

    Examples
    --------
    >>> find_name("activation", "ReLU", ["relu", "tanh"])
    'relu'
    >>> find_name("activation", "rlu", ["relu", "tanh"])
    Traceback (most recent call last):
    ValueError: activation: received 'rlu', expected one of relu, tanh (did you mean 'relu'?)
    """
    names = list(known)
    if not isinstance(received, str):
        raise TypeError(
            f"{kind}: received {shortened(received)}, expected one of {', '.join(names)}"
        )
    if received.lower() in names:
        return received.lower()
    raise ValueError(
        f"{kind}: received {shortened(received)}, expected one of {', '.join(names)}"
        f"{did_you_mean(received, names)}"
    )


def did_you_mean(received: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'relu'?)`` with the nearest known name; "" if none is known.

    Examples
    --------
    >>> did_you_mean("W4", ["w5", "w45"])
    " (did you mean 'w45'?)"
    """
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(received.lower(), by_lower_case, n=1, cutoff=0.0)
    return f" (did you mean {by_lower_case[near[0]]!r}?)" if near else ""


T = TypeVar("T")


def resolve(
    kind: str, spec: str | T, known: Mapping[str, Callable[[], T]], methods: tuple[str, ...]
) -> T:
    """Return a new object for a name; an object with the required methods is returned unchanged.

    Parameters
    ----------
    kind : str
        Name used in the error message: "activation", "loss", ...
    spec : str or object
        A known name, in any case, or an object that has all of `methods`.
    known : mapping of str to callable
        The function that makes the object of each name.
    methods : tuple of str
        The methods that an object must have.

    Raises
    ------
    ValueError
        If the name is unknown; the message lists the known ones and the nearest.
    TypeError
        If an object lacks one of `methods`.
    """
    if isinstance(spec, str):
        return known[find_name(kind, spec, known)]()
    missing = [name for name in methods if not callable(getattr(spec, name, None))]
    if missing or isinstance(spec, type):
        raise TypeError(
            f"{kind}: received {shortened(spec)}, expected a name ({', '.join(known)}) "
            f"or an object with the methods {' and '.join(methods)}"
        )
    return spec


def name_of(thing: object) -> str:
    """Return the name of an activation or a loss; for a custom object without one, its repr.

    Examples
    --------
    >>> from mlp.core import make_loss
    >>> name_of(make_loss("mse"))
    'mse'
    """
    name = getattr(thing, "name", None)
    return name if isinstance(name, str) else repr(thing)


def shortened(value: object) -> str:
    """Return the repr of a value, cut to a hundred characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # of a whole number of thousands of digits; nested deeply
        text = f"{type(value).__name__} that is too long to print"
    return text if len(text) <= 100 else f"{text[:100]}..."


def printable(text: str) -> str:
    r"""Return text as one line that can be printed: what a terminal would obey, as escapes.

    These are control characters, line ends among them, and characters that change the direction
    of writing.

    Examples
    --------
    >>> print(printable("red\x1b[31m\nname \u202e"))
    red\x1b[31m\nname \u202e
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in _HARMLESS else c.encode("unicode_escape").decode()
        for c in text
    )


_HARMLESS = frozenset("\u00a0\u202f\u3000\u200c\u200d")
"""Spaces, and the joiners that several scripts need: not printable by the word of `str`."""


def counted(n: int, noun: str) -> str:
    """Return a number of things in words.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1200 rows')
    """
    return f"{n} {noun}{'' if n == 1 else 's'}"


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    return f" {joint} ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
