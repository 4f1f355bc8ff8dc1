"""The symbols of names: a letter with its indices."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = "mean|var|running_mean|running_var|gamma|beta|mask|bn|ln|act|drop"
_BY_PLACE = re.compile(rf"([A-Za-z]|{_WORDS})\[(\d+(?:,\d+)?)\](?:\[([\d,]+)\])?(\+?)")
_IN_TEXTBOOKS = re.compile(
    r"(?:([A-Za-z])_?([A-Za-z]?\d+(?:_\d+)?)"
    rf"|((?:[A-Za-z]|{_WORDS})\d?)_([A-Za-z]\d*(?:_\d+)?))(\(\d+\))?(\+?)"
)
_LAYERS = "abwz"  # a single index after one of these is a layer, after others a unit


@dataclass(frozen=True)
class Symbol:
    """A name with its indices.

    Attributes
    ----------
    base : str
        The letter, or the whole name if it is not a letter with an index.
    sub, sup : str
        Subscript and superscript, which may be empty.
    """

    base: str
    sub: str = ""
    sup: str = ""


def symbol(name: str) -> Symbol:
    """Return the symbol of a name.

    Examples
    --------
    >>> symbol("w5"), symbol("z_o1")
    (Symbol(base='w', sub='5', sup=''), Symbol(base='z', sub='o1', sup=''))
    >>> symbol("w[0][1,2]"), symbol("w5+"), symbol("h1(2)")
    (Symbol(base='w', sub='1,2', sup='(0)'), Symbol(base='w', sub='5', sup='+'), Symbol(base='h', \
sub='1', sup='(2)'))
    """
    if found := _BY_PLACE.fullmatch(name):
        base, first, second, plus = found.groups()
        if second is None and base not in _LAYERS:
            return Symbol(base, first, plus)
        return Symbol(base, second or "", f"({first}){plus}")
    if found := _IN_TEXTBOOKS.fullmatch(name):
        letter, number, word, unit, row, plus = found.groups()
        index = (number or unit).replace("_", ",")
        return Symbol(letter or word, index, f"{row or ''}{plus}")
    return Symbol(name.removesuffix("+"), "", "+" * name.endswith("+"))
