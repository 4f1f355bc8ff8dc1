r"""The records of a trace: named numbers, equations between them, and blocks of equations.

A layer's rule writes its equations once; every format shows all equations in the same way, in
symbols and in numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Named:
    """A number with its name.

    Attributes
    ----------
    name : str
        Empty for a number that formulas show as it is.
    value : float
    over : tuple of str or None
        Of a derivative, the names above and below: ``("E", "w5")`` for ``"dE/dw5"``.
    """

    name: str
    value: float = math.nan
    over: tuple[str, str] | None = None


def derivative(top: str, bottom: str, value: float = math.nan) -> Named:
    """Return the derivative of one named number by another."""
    return Named(f"d{top}/d{bottom}", float(value), (top, bottom))


Token = Named | str
r"""Part of a formula: a number, or signs and words between. At ``\n`` a line may be broken."""
Tokens = tuple[Token, ...]


def plain(tokens: Iterable[Token]) -> str:
    r"""Return a formula as text, on one line.

    Examples
    --------
    >>> plain([Named("w5", 0.4), " × ", Named("h1", 0.6), "\n+ ", Named("b2", 0.6)])
    'w5 × h1 + b2'
    """
    text = "".join(token if isinstance(token, str) else token.name for token in tokens)
    return text.replace("\n", " ")


@dataclass(frozen=True)
class Term:
    """A product of numbers, part of a sum.

    Attributes
    ----------
    factors : tuple of Named
    """

    factors: tuple[Named, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, such as ``("dE/dz_o1", "w5")``."""
        return tuple(factor.name for factor in self.factors)

    @property
    def values(self) -> tuple[float, ...]:
        """The numbers."""
        return tuple(factor.value for factor in self.factors)

    @property
    def value(self) -> float:
        """The product."""
        return math.prod(self.values)


@dataclass(frozen=True)
class Equation:
    """A number that training used, and how it follows from others.

    Attributes
    ----------
    of : Named
        The number. Where training fuses loss and activation, the number that the two give
        separately.
    tokens : tuple of Named and str
        Its formula; empty if that takes more than a line.
    terms : tuple of Term
        The products that the formula adds up; empty if it is not a sum.
    call : tuple of Named and str
        What stands for a long formula in symbols, such as ``sigmoid(z_h1)``.
    """

    of: Named
    tokens: Tokens = ()
    terms: tuple[Term, ...] = ()
    call: Tokens = ()

    @property
    def name(self) -> str:
        """The name of the number."""
        return self.of.name

    @property
    def value(self) -> float:
        """The number."""
        return self.of.value

    @property
    def formula(self) -> str:
        """The formula as text; empty for a sum, which has terms."""
        return "" if self.terms else plain(self.tokens)

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """The numbers that the formula names, the longest name first."""
        named = {token.name: token.value for token in self.tokens if isinstance(token, Named)}
        return tuple(sorted(named.items(), key=lambda pair: len(pair[0]), reverse=True))


def product(factors: Sequence[Named]) -> Tokens:
    """Return the formula of a product."""
    first, *rest = factors
    tokens: list[Token] = [first]
    for factor in rest:
        tokens += [" × ", factor]
    return tuple(tokens)


def total(of: Named, terms: Sequence[Term], *more: Token) -> Equation:
    """Return a sum of products; `more` follows it in the formula."""
    tokens: list[Token] = []
    for term in terms:
        tokens += ["\n+ "] * bool(tokens) + [*product(term.factors)]
    return Equation(of, (*tokens, *more), tuple(terms))


@dataclass(frozen=True)
class Group:
    """Equations under a title, which may be empty."""

    title: Tokens
    equations: tuple[Equation, ...]


@dataclass(frozen=True)
class Block:
    """A layer.

    Attributes
    ----------
    layer : int
        It is ``net.layers[layer]``.
    name : str
        The call that makes it.
    outputs : tuple of tuple of Named
        Its outputs, row by row.
    forward, backward : tuple of Group
        What it computes in the two passes, the updates of its parameters included.
    """

    layer: int
    name: str
    outputs: tuple[tuple[Named, ...], ...]
    forward: tuple[Group, ...]
    backward: tuple[Group, ...]


@dataclass(frozen=True)
class Unit:
    """A unit of a layer with an activation, on one row: its forward pass and its derivative.

    Attributes
    ----------
    name, z_name : str
        The names of its output and of what the activation is applied to.
    layer, index, row : int
        It is unit `index` of ``net.layers[layer]`` on this row of the batch.
    inputs : tuple of Term
        The products ``w * a`` that add up to z; empty for a layer without weights.
    bias_name : str
        Empty without a bias.
    bias : float
        0 without a bias.
    activation, formula : str
        The activation's name, and its formula; empty if that takes more than a line.
    z, a : float
        The weighted sum, and ``activation(z)``.
    dE_da : Equation
        From the loss, or from the layer after.
    da_dz : tuple of Equation
        The derivative of each unit of the layer by z, if the activation couples at most 16 units;
        else empty.
    chain : tuple of Equation
        The factors whose product is dE/dz by the chain rule.
    delta : tuple of Equation
        The factors whose product training used as dE/dz: the chain, or the single factor that it
        reduces to where training fuses loss and activation.
    dE_dz : float
        The number that training used.
    """

    name: str
    z_name: str
    layer: int
    index: int
    row: int
    inputs: tuple[Term, ...]
    bias_name: str
    bias: float
    activation: str
    formula: str
    z: float
    a: float
    dE_da: Equation
    da_dz: tuple[Equation, ...]
    chain: tuple[Equation, ...]
    delta: tuple[Equation, ...]
    dE_dz: float


@dataclass(frozen=True)
class OutputError:
    """The contribution of one output to the loss of its row.

    Attributes
    ----------
    name, output_name, target_name : str
        Such as ``"E1"``, ``"o1"`` and ``"t1"``.
    formula : str
        How it follows from output and target.
    output, target, error : float
    row : int
    """

    name: str
    output_name: str
    target_name: str
    formula: str
    output: float
    target: float
    error: float
    row: int = 0


@dataclass(frozen=True)
class Update:
    """A trained number, its gradient in factors, and its step.

    Attributes
    ----------
    name : str
    layer : int
        It belongs to ``net.layers[layer]``.
    i, j : int or None
        A weight is ``W[i, j]``. For a bias ``b[j]`` i is None; for one that all units share
        j is None too.
    value : float
        Before the step.
    factors : tuple of Equation
        Their product, with the penalty, is the gradient. Of several rows it is one factor, whose
        terms are those of the rows.
    gradient : float
        The number that training used.
    step : float
        What is subtracted, in the network's dtype: ``lr * gradient`` for plain gradient descent.
    new_value : float
        After the step: ``keep * value - step``.
    rules : tuple of Equation
        How the optimizer makes the step; empty for plain gradient descent.
    keep : float
        1, or less with the weight decay of AdamW.
    penalty : tuple of Equation
        What the penalties add to the product of the factors.
    key : str
        It is part of ``net.layers[layer].params[key]``.
    at : tuple of int
        Its place in this array.
    """

    name: str
    layer: int
    i: int | None
    j: int | None
    value: float
    factors: tuple[Equation, ...]
    gradient: float
    step: float
    new_value: float
    rules: tuple[Equation, ...] = ()
    keep: float = 1.0
    penalty: tuple[Equation, ...] = ()
    key: str = "W"
    at: tuple[int, ...] = ()

    @property
    def product(self) -> float:
        """The product of the factors."""
        return math.prod(factor.value for factor in self.factors)


@dataclass(frozen=True)
class Step:
    """All numbers of one step of gradient descent; `Trace` describes the attributes."""

    step: int | None
    lr: float
    loss_name: str
    inputs: tuple[tuple[str, float], ...]
    units: tuple[Unit, ...]
    errors: tuple[OutputError, ...]
    loss: float
    loss_after: float
    updates: tuple[Update, ...]
    optimizer: str = "sgd"
    n_rows: int = 1
    blocks: tuple[Block, ...] = ()
    error: tuple[Equation, ...] = ()
    targets: tuple[tuple[str, float], ...] = ()
