"""Normalisation: over the rows for each unit, or over the units of each row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from mlp.studies.chain_rule.formulas import fill
from mlp.studies.chain_rule.layers.base import Rule, mean, sum_of_rows
from mlp.studies.chain_rule.records import Equation, Group, Named, Tokens, derivative


class NormalizationRule(Rule):
    """``A = gamma * N + beta`` with ``N = (A_in - mean) * s`` and ``s = 1 / sqrt(var + eps)``.

    Going back, ``dA_in = s * (dN - c - N * d)``: c and d are the means of dN and of dN * N.
    """

    layer: Any

    @cached_property
    def arrays(self) -> Any:
        """The statistics of the pass, which the layer itself overwrites."""
        arrays = type(self.layer._arrays)(self.layer, self.kept.A_in)
        self.layer._normalize(self.kept.A_in, arrays)
        return arrays

    @abstractmethod
    def of_group(self, word: str, row: int, j: int) -> Named:
        """Return a number that the units or the rows of a mean have in common."""

    @abstractmethod
    def members(self, row: int, j: int) -> list[tuple[int, int]]:
        """Return the places (row, unit) over which the mean at this place is taken."""

    def n(self, row: int, j: int) -> Named:
        """Return a normalised input."""
        return Named(self.names.of_unit("n", self.k, j, row), float(self.arrays.N[row, j]))

    def dE_dn(self, row: int, j: int) -> Named:
        """Return the derivative of the loss by a normalised input."""
        dA, gamma = self.kept.dA, self.layer.gamma
        value = np.nan if dA is None else dA[row, j] * gamma[j]
        return derivative("E", self.n(row, j).name, value)

    def statistics_of(self, row: int, j: int) -> tuple[Equation, ...]:
        """Return mean, variance and scale over the members of this place."""
        at, places = self.of_group("mean", row, j), self.members(row, j)
        var, s = self.of_group("var", row, j), self.of_group("s", row, j)
        inputs = [self.a_in(*place) for place in places]
        squares: list[Tokens] = [("(", a, " - ", at, ")²") for a in inputs]
        return (
            mean(at, [(a,) for a in inputs], len(places)),
            mean(var, squares, len(places)),
            Equation(s, ("1 / sqrt(", var, f" + {self.layer.eps:g})")),
        )

    def output(self, row: int, j: int) -> Sequence[Equation]:
        """Return the normalised input, and the output."""
        n = fill(
            "({a} - {mean}) × {s}",
            a=self.a_in(row, j),
            mean=self.of_group("mean", row, j),
            s=self.of_group("s", row, j),
        )
        gamma, beta = self.parameter("gamma", j), self.parameter("beta", j)
        a = (gamma, " × ", self.n(row, j), " + ", beta)
        return [Equation(self.n(row, j), n), Equation(self.a(row, j), a)]

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return dE/da of an input, which also moves mean and variance."""
        formula = fill(
            "{s} × ({dn} - {c} - {n} × {d})",
            s=self.of_group("s", row, i),
            dn=self.dE_dn(row, i),
            n=self.n(row, i),
            c=self.of_group("c", row, i),
            d=self.of_group("d", row, i),
        )
        return Equation(self.dE_da_in(row, i), formula)

    def gradient(self, key: str, at: tuple[int, ...], of: Named) -> Sequence[Equation]:
        """Return the gradient of gamma or beta, a sum over the rows."""
        (j,) = at
        pairs = [
            (self.dE_da(row, j), *([self.n(row, j)] if key == "gamma" else []))
            for row in range(self.n_rows)
        ]
        return [sum_of_rows(of, pairs)]

    def title(self, key: str, at: tuple[int, ...]) -> Tokens:
        """Return whose scale or shift it is."""
        word = {"gamma": "Scale", "beta": "Shift"}[key]
        unit = Named(self.names.output(self.k, at[0], None))
        return (f"{word} ", self.parameter(key, *at), " of ", unit)

    def _dn(self, row: int, j: int) -> Equation:
        formula = (self.dE_da(row, j), " × ", self.parameter("gamma", j))
        return Equation(self.dE_dn(row, j), formula)

    @property
    def goes_back(self) -> bool:
        """Whether training computed the derivative by the inputs."""
        return self.k > 0 and self.recorded.passes[self.k - 1].dA is not None


class BatchNormRule(NormalizationRule):
    """Mean and variance of each unit over the rows."""

    def of_group(self, word: str, row: int, j: int) -> Named:
        """Return a number of unit j."""
        source = self.layer._arrays if word in "cd" else self.arrays
        return Named(self.names.of_unit(word, self.k, j), float(getattr(source, word)[0, j]))

    def members(self, row: int, j: int) -> list[tuple[int, int]]:
        """Return the rows of unit j."""
        return [(r, j) for r in range(self.n_rows)]

    def forward(self) -> Iterator[Group]:
        """Yield the statistics of each unit, its outputs, and the running statistics."""
        yield Group(self.head(), ())
        for j in range(self.n_out):
            yield Group((), self.statistics_of(0, j))
            for row in range(self.n_rows):
                yield Group((), tuple(self.output(row, j)))
            yield Group((), tuple(self._running(j)))

    def _running(self, j: int) -> Iterator[Equation]:
        """Yield the running statistics after the pass."""
        m, batch = self.layer.momentum, self.n_rows
        for word, factor in (("mean", f"{m:g}"), ("var", f"{m:g} × {batch} / {batch - 1}")):
            key = f"running_{word}"
            name = self.names.parameter(self.k, key, (j,))
            before = Named(name, float(self.kept.fixed[key][j]))
            after = Named(f"{name}+", float(self.layer.params[key][j]))
            of_batch = self.of_group(word, 0, j)
            yield Equation(after, (f"{1 - m:.9g} × ", before, f"\n+ {factor} × ", of_batch))

    def backward(self) -> Iterator[Group]:
        """Yield what each unit is given, its updates, and the means that the inputs need."""
        yield from super().backward()
        for j in range(self.n_out if self.goes_back else 0):
            unit, rows = Named(self.names.output(self.k, j, None)), range(self.n_rows)
            gamma = self.parameter("gamma", j)
            means = [
                Equation(
                    self.of_group(word, 0, j),
                    (gamma, " × ", derivative("E", self.names.parameter(self.k, key, (j,)),
                                              self.layer.grads[key][j]), f" / {self.n_rows}"),
                )
                for word, key in (("c", "beta"), ("d", "gamma"))
            ]  # fmt: skip
            yield Group(
                ("Through mean and variance of ", unit),
                (*(self._dn(row, j) for row in rows), *means),
            )


class LayerNormRule(NormalizationRule):
    """Mean and variance of each row over its units."""

    def of_group(self, word: str, row: int, j: int) -> Named:
        """Return a number of a row."""
        source = self.layer._arrays if word in "cd" else self.arrays
        return Named(self.names.of_row(word, self.k, row), float(getattr(source, word)[row, 0]))

    def members(self, row: int, j: int) -> list[tuple[int, int]]:
        """Return the units of a row."""
        return [(row, i) for i in range(self.n_out)]

    def forward(self) -> Iterator[Group]:
        """Yield the statistics of each row and its outputs."""
        yield Group(self.head(), ())
        for row in range(self.n_rows):
            yield Group((), self.statistics_of(row, 0))
            for j in range(self.n_out):
                yield Group((), tuple(self.output(row, j)))

    def backward(self) -> Iterator[Group]:
        """Yield what each unit is given, its updates, and the means that the inputs need."""
        yield from super().backward()
        for row in range(self.n_rows if self.goes_back else 0):
            places = self.members(row, 0)
            dn: list[Tokens] = [(self.dE_dn(*place),) for place in places]
            times_n: list[Tokens] = [
                (self.dE_dn(*place), " × ", self.n(*place)) for place in places
            ]
            title = "Through mean and variance" + f" of row {row + 1}" * (self.n_rows > 1)
            yield Group(
                (title,),
                (
                    *(self._dn(*place) for place in places),
                    mean(self.of_group("c", row, 0), dn, len(places)),
                    mean(self.of_group("d", row, 0), times_n, len(places)),
                ),
            )
