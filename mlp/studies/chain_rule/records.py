"""The records of a trace: every number of one training step, and the factors behind it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A product of two numbers, part of a sum.

    Attributes
    ----------
    names : tuple of str
        Such as ``("dE/dz_o1", "w5")``.
    values : tuple of float
    """

    names: tuple[str, str]
    values: tuple[float, float]

    @property
    def value(self) -> float:
        """The product."""
        return self.values[0] * self.values[1]


@dataclass(frozen=True)
class Factor:
    """One factor of the chain rule.

    Attributes
    ----------
    name : str
        Such as ``"do1/dz_o1"``.
    value : float
        The number that training used. Where training fuses loss and activation, the number that
        the two give separately.
    formula : str
        How it follows from other numbers of the trace; empty if that takes more than a line.
    terms : tuple of Term
        The products that add up to it; empty if it is not a sum.
    """

    name: str
    value: float
    formula: str = ""
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Unit:
    """A unit of a layer: its forward pass and its derivative.

    Attributes
    ----------
    name, z_name : str
        The names of its output and of its weighted sum.
    layer, index : int
        It is unit `index` of ``net.layers[layer]``.
    inputs : tuple of Term
        The products ``w * a`` that add up to z.
    bias_name : str
        Empty without a bias.
    bias : float
        0 without a bias.
    activation, formula : str
        The activation's name, and its formula; empty if that takes more than a line.
    z, a : float
        The weighted sum, and ``activation(z)``.
    dE_da : Factor
        From the loss, or the sum over the units that it feeds.
    da_dz : tuple of Factor
        The derivative of each unit of the layer by z, if the activation couples at most 16 units;
        else empty.
    chain : tuple of Factor
        The factors whose product is dE/dz by the chain rule.
    delta : tuple of Factor
        The factors whose product training used as dE/dz: the chain, or the single factor that it
        reduces to where training fuses loss and activation.
    dE_dz : float
        The number that training used.
    """

    name: str
    z_name: str
    layer: int
    index: int
    inputs: tuple[Term, ...]
    bias_name: str
    bias: float
    activation: str
    formula: str
    z: float
    a: float
    dE_da: Factor
    da_dz: tuple[Factor, ...]
    chain: tuple[Factor, ...]
    delta: tuple[Factor, ...]
    dE_dz: float


@dataclass(frozen=True)
class OutputError:
    """The contribution of one output to the loss.

    Attributes
    ----------
    name, output_name, target_name : str
        Such as ``"E1"``, ``"o1"`` and ``"t1"``.
    formula : str
        How it follows from output and target.
    output, target, error : float
    """

    name: str
    output_name: str
    target_name: str
    formula: str
    output: float
    target: float
    error: float


@dataclass(frozen=True)
class Rule:
    """A number of an optimizer's state, or its step, and how it follows from others.

    Attributes
    ----------
    name : str
        Such as ``"m+"``, after the step, or ``"step"``.
    formula : str
        Empty for a custom optimizer.
    parts : tuple of (str, float)
        The numbers that the formula names.
    value : float
        The number that training used.
    """

    name: str
    formula: str
    parts: tuple[tuple[str, float], ...]
    value: float


def any_name(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of these names as whole words of a formula; give the longest first."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?![\w+\[])")


@dataclass(frozen=True)
class Update:
    """A trained weight or bias, its gradient in factors, and its step.

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
    factors : tuple of Factor
        Their product is the gradient.
    gradient : float
        The number that training used.
    step : float
        What is subtracted, in the network's dtype: ``lr * gradient`` for plain gradient descent.
    new_value : float
        After the step: ``keep * value - step``.
    rules : tuple of Rule
        How the optimizer makes the step; empty for plain gradient descent.
    keep : float
        1, or less with the weight decay of AdamW.
    """

    name: str
    layer: int
    i: int | None
    j: int | None
    value: float
    factors: tuple[Factor, ...]
    gradient: float
    step: float
    new_value: float
    rules: tuple[Rule, ...] = ()
    keep: float = 1.0

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
