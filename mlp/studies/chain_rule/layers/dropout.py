"""Dropout: each output is its input times a number of the mask."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from mlp._types import Array
from mlp.studies.chain_rule.layers.base import Rule
from mlp.studies.chain_rule.records import Equation, Named, Tokens


class DropoutRule(Rule):
    """``A = A_in * mask / (1 - rate)``, where the mask is 1 for each number drawn >= rate."""

    layer: Any

    @cached_property
    def drawn(self) -> Array:
        """The random numbers, drawn again from the generator as it was."""
        A_in = self.kept.A_in
        return self.kept.rng.random(A_in.shape, A_in.dtype.type)

    def _mask(self, row: int, j: int) -> Named:
        name = self.names.of_unit("mask", self.k, j, row)
        return Named(name, float(self.layer._mask[row, j] != 0.0))

    def _times_mask(self, factor: Named, row: int, j: int) -> Tokens:
        if self.layer._mask is None:
            return (factor,)
        return (factor, " × ", self._mask(row, j), f" / (1 - {self.layer.rate:g})")

    def head(self) -> Tokens:
        """Return where the mask comes from."""
        if self.layer._mask is None:
            return super().head()
        return (*super().head(), f": u is drawn from 0 to 1 by {self.recorded.source}")

    def output(self, row: int, j: int) -> Sequence[Equation]:
        """Return the mask and the output."""
        found = [Equation(self.a(row, j), self._times_mask(self.a_in(row, j), row, j))]
        if self.layer._mask is not None:
            name = self.names.of_unit("u", self.k, j, row)
            u = Named(name, float(self.drawn[row, j]))
            rule = ("1 if ", u, f" ≥ {self.layer.rate:g}\nelse 0")
            found.insert(0, Equation(self._mask(row, j), rule))
        return found

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return ``dA_in = dA * mask / (1 - rate)``."""
        return Equation(self.dE_da_in(row, i), self._times_mask(self.dE_da(row, i), row, i))
