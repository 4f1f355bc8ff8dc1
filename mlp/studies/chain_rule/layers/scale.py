"""Scaling: each output is its input times a trained factor."""

from __future__ import annotations

from collections.abc import Sequence

from mlp.studies.chain_rule.layers.base import Rule, sum_of_rows
from mlp.studies.chain_rule.records import Equation, Named, Tokens


class ScaleRule(Rule):
    """``A = A_in * scale``, and going back ``dscale`` is the sum of the rows of ``dA * A_in``."""

    def output(self, row: int, j: int) -> Sequence[Equation]:
        """Return the output."""
        return [Equation(self.a(row, j), (self.a_in(row, j), " × ", self.parameter("scale", j)))]

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return ``dA_in = dA * scale``."""
        formula = (self.dE_da(row, i), " × ", self.parameter("scale", i))
        return Equation(self.dE_da_in(row, i), formula)

    def gradient(self, key: str, at: tuple[int, ...], of: Named) -> Sequence[Equation]:
        """Return the gradient of a factor, a sum over the rows."""
        (j,) = at
        pairs = [(self.dE_da(row, j), self.a_in(row, j)) for row in range(self.n_rows)]
        return [sum_of_rows(of, pairs)]

    def title(self, key: str, at: tuple[int, ...]) -> Tokens:
        """Return whose factor it is."""
        unit = Named(self.names.output(self.k, at[0], None))
        return ("Scale ", self.parameter(key, *at), " of ", unit)
