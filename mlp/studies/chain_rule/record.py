"""What a trace holds: every number of one training step, and the factors that it is made of."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlp._names import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Term:
    """A product of two numbers, part of a sum.

    Attributes
    ----------
    names : tuple of str
        What the two are, as ``("dE/dz_o1", "w5")``.
    values : tuple of float
        The two numbers.
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
        As ``"do1/dz_o1"``.
    value : float
        The number that training used; where training goes a shorter way than the chain, the number
        that its loss and its activation give.
    formula : str
        How it follows from numbers that the trace shows; empty if there is no short way to say.
    terms : tuple of Term
        The products whose sum it is; empty if it is none.
    """

    name: str
    value: float
    formula: str = ""
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Unit:
    """A unit of a layer, its way forward and its derivative.

    Attributes
    ----------
    name, z_name : str
        What its output and its weighted sum are called.
    layer, index : int
        ``net.layers[layer]``, and the place of the unit in it.
    inputs : tuple of Term
        The products ``w * a`` that z sums up.
    bias_name : str
        Empty if it has none.
    bias : float
        0 if it has none.
    activation, formula : str
        Its name, and how the output follows from z; empty if there is no short way to say.
    z, a : float
        The weighted sum, and ``activation(z)``.
    dE_da : Factor
        By the loss, or the sum over the units that it feeds.
    da_dz : tuple of Factor
        How z moves each unit of the layer, where it moves more than its own and there are 16 at
        the most; else empty.
    chain : tuple of Factor
        The factors whose product is dE/dz by the chain rule.
    delta : tuple of Factor
        The factors whose product training used as dE/dz: the chain, or, where training
        differentiates the loss and the activation in one, what the chain comes to.
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
    """The part of one output in the loss.

    Attributes
    ----------
    name, output_name, target_name : str
        As ``"E1"``, ``"o1"`` and ``"t1"``.
    formula : str
        How it follows from the two.
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
class Update:
    """A trained weight or bias, its gradient in factors, and its step.

    Attributes
    ----------
    name : str
    layer : int
        It belongs to ``net.layers[layer]``.
    i, j : int or None
        The weight is ``W[i, j]``. For a bias ``b[j]`` i is None, and for one that all units share
        j is None too.
    value : float
        Before the step.
    factors : tuple of Factor
        Their product is the gradient.
    gradient : float
        The number that training used.
    step : float
        ``lr * gradient`` in the network's dtype, what is taken away.
    new_value : float
        After the step.
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

    @property
    def product(self) -> float:
        """The product of the factors."""
        return math.prod(factor.value for factor in self.factors)


@dataclass(frozen=True)
class Trace:
    """One step of gradient descent on one sample, in all its numbers.

    ``print(trace)`` tells it as text; ``trace["w5"]`` is one `Update`.

    Attributes
    ----------
    step : int or None
        Which of several steps it is, from 1; None for a step on its own.
    lr : float
    loss_name : str
    inputs : tuple of (str, float)
        The names and values of the inputs.
    units : tuple of Unit
        From the first layer to the last.
    errors : tuple of OutputError
        The parts of the loss; empty if it is not a sum or mean of one part for each output.
    loss, loss_after : float
        Before and after the step.
    updates : tuple of Update
        Layer by layer, as they stand in ``W`` row by row, biases last.
    """

    step: int | None
    lr: float
    loss_name: str
    inputs: tuple[tuple[str, float], ...]
    units: tuple[Unit, ...]
    errors: tuple[OutputError, ...]
    loss: float
    loss_after: float
    updates: tuple[Update, ...]

    def __getitem__(self, name: str) -> Update:
        """Return the update of the weight or bias of that name."""
        known = {update.name: update for update in self.updates}
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise KeyError(f"{name!r} is no trained weight or bias of this trace{hint}")
        return known[name]

    def text(self, digits: int = 9) -> str:
        """Return the trace as aligned text, 80 columns wide where its numbers allow.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        from mlp.studies.chain_rule.text import as_text

        return as_text(self, digits)

    def markdown(self, digits: int = 9) -> str:
        """Return the trace as Markdown tables.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        from mlp.studies.chain_rule.text import as_markdown

        return as_markdown(self, digits)

    def latex(self, digits: int = 9) -> str:
        """Return the trace as a document of LaTeX, with the packages amsmath and geometry.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        from mlp.studies.chain_rule.latex import as_document

        return as_document([self], digits)

    def html(self, digits: int = 9) -> str:
        """Return the trace as a page of HTML that needs no other file.

        Parameters
        ----------
        digits : int, default 9
            Significant digits, 1 to 17.
        """
        from mlp.studies.chain_rule.html import as_page

        return as_page([self], digits)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the HTML with six digits, of large networks a part."""
        from mlp.studies.chain_rule.html import as_output

        return as_output(self)

    def plot(self, path: str | Path | None = None, **options: Any) -> Axes:
        """Draw the network before the step and, with a path, save the picture.

        The options are those of `mlp.plotting.plot_trace`.
        """
        from mlp.plotting import plot_trace, save_figure

        ax = plot_trace(self, **options)
        if path is not None:
            save_figure(ax, path)
        return ax

    def to_dict(self) -> dict[str, Any]:
        """Return all that is in it as JSON can hold it; what is not finite is None."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    def __str__(self) -> str:
        """Return the text with nine digits."""
        return self.text()


def _plain(value: Any) -> Any:
    """Return nested tuples as lists, and None for a number that is not finite."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
