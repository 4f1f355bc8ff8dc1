"""The formulas of a trace taken apart: its names, its derivatives, numbers and signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlp.studies.chain_rule.record import Trace

_BY_PLACE = re.compile(r"([A-Za-z])\[(\d+)\](?:\[([\d,]+)\])?(\+?)")
_IN_TEXTBOOKS = re.compile(r"([A-Za-z])_?([A-Za-z]?\d+(?:_\d+)?)(\+?)")
_LAYERS = "abwz"  # what a single number in brackets after one of these counts


@dataclass(frozen=True)
class Symbol:
    """A name as mathematics writes it.

    Attributes
    ----------
    base : str
        The letter, or the whole name where it is no letter with an index.
    sub, sup : str
        What stands below and above, empty if nothing does.
    """

    base: str
    sub: str = ""
    sup: str = ""


@dataclass(frozen=True)
class Derivative:
    """``d top / d bottom``."""

    top: Symbol
    bottom: Symbol


@dataclass(frozen=True)
class Number:
    """A number as it is written: ``1.5``, ``2e-07``, ``inf``."""

    text: str


Token = Symbol | Derivative | Number | str
"""A string holds signs, spaces and words such as ``exp``."""


def symbol(name: str) -> Symbol:
    """Return the symbol of a name.

    Examples
    --------
    >>> symbol("w5"), symbol("z_o1")
    (Symbol(base='w', sub='5', sup=''), Symbol(base='z', sub='o1', sup=''))
    >>> symbol("w[0][1,2]"), symbol("w5+")
    (Symbol(base='w', sub='1,2', sup='(0)'), Symbol(base='w', sub='5', sup='+'))
    """
    if found := _BY_PLACE.fullmatch(name):
        base, first, second, plus = found.groups()
        if second is None and base not in _LAYERS:
            return Symbol(base, first, plus)
        return Symbol(base, second or "", f"({first}){plus}")
    if found := _IN_TEXTBOOKS.fullmatch(name):
        base, index, plus = found.groups()
        return Symbol(base, index.replace("_", ","), plus)
    return Symbol(name.removesuffix("+"), "", "+" * name.endswith("+"))


class Symbols:
    """Takes the formulas of one trace apart, whose names it knows.

    Parameters
    ----------
    trace : Trace

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[0.5]], bias=False)])
    >>> symbols = Symbols(mlp.trace(net, [[2.0]], [[0.0]], names={"w1": (0, 0, 0)}))
    >>> list(symbols.tokens("o1 × 1e-05"))
    [Symbol(base='o', sub='1', sup=''), ' × ', Number(text='1e-05')]
    >>> list(symbols.tokens("dE/dw1"))[0].bottom
    Symbol(base='w', sub='1', sup='')
    """

    def __init__(self, trace: Trace) -> None:
        names = {"E", "w", *(name for name, _ in trace.inputs)}
        for unit in trace.units:
            names |= {unit.name, unit.z_name, unit.bias_name}
            names |= {term.names[0] for term in unit.inputs}
        for error in trace.errors:
            names |= {error.name, error.target_name}
        known = "|".join(map(re.escape, sorted(names - {""}, key=len, reverse=True)))
        self._pattern = re.compile(
            rf"d(?P<top>{known})/d(?P<bottom>{known})(?!\w)"
            rf"|(?P<name>(?<!\w)(?:{known})(?![\w\[])\+?)"
            r"|(?P<number>(?:(?<=[(])-|(?<== )-)?"  # a sign that is not a minus
            r"(?:(?<![\w.])\d+(?:\.\d+)?(?:e[+-]\d+)?(?!\w)|\b(?:inf|nan)\b))"
        )

    def tokens(self, formula: str) -> Iterator[Token]:
        """Yield the parts of a formula; what is neither name nor number as strings."""
        end = 0
        for found in self._pattern.finditer(formula):
            if found.start() > end:
                yield formula[end : found.start()]
            end = found.end()
            if found["top"] is not None:
                yield Derivative(symbol(found["top"]), symbol(found["bottom"]))
            elif found["number"] is not None:
                yield Number(found["number"])
            else:
                yield symbol(found["name"])
        if end < len(formula):
            yield formula[end:]
