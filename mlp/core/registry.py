"""Names that stand for objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from mlp._names import find_name

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
