"""Names that stand for things: found in any case, and an unknown one answered with the nearest."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar


def find_name(kind: str, received: object, known: Iterable[str]) -> str:
    """Return the known name that was `received`, in upper or lower case.

    Parameters
    ----------
    kind : str
        What is asked for, as the error shall call it: "activation", "optimizer", ...
    received : object
        What came.
    known : iterable of str
        The names there are, in lower case.

    Raises
    ------
    TypeError
        If it is not a string.
    ValueError
        If there is no such name; the message lists those there are and gives the nearest.

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
        raise TypeError(f"{kind}: received {received!r}, expected one of {', '.join(names)}")
    if received.lower() in names:
        return received.lower()
    raise ValueError(
        f"{kind}: received {received!r}, expected one of {', '.join(names)}"
        f"{did_you_mean(received, names)}"
    )


def did_you_mean(received: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'relu'?)`` with the nearest known name; nothing if none is known.

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
    """Turn a name into a new object, and check an object for the methods it must have.

    Parameters
    ----------
    kind : str
        What is asked for, as the error shall call it: "activation", "loss", ...
    spec : str or object
        A known name, in any case, or an object that has all of `methods`.
    known : mapping of str to callable
        What each name makes.
    methods : tuple of str
        The methods by which an object is recognised.

    Raises
    ------
    ValueError
        If the name is unknown; the message gives the nearest known one.
    TypeError
        If an object lacks one of `methods`.
    """
    if isinstance(spec, str):
        return known[find_name(kind, spec, known)]()
    missing = [name for name in methods if not callable(getattr(spec, name, None))]
    if missing or isinstance(spec, type):
        raise TypeError(
            f"{kind}: received {spec!r}, expected a name ({', '.join(known)}) "
            f"or an object with the methods {' and '.join(methods)}"
        )
    return spec
