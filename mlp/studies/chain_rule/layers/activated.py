"""Layers that end in an activation: dense layers, and activations alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from mlp._names import name_of
from mlp._types import Array
from mlp.core.activations import Identity
from mlp.studies.chain_rule import formulas
from mlp.studies.chain_rule.layers.base import Rule, sum_of_rows
from mlp.studies.chain_rule.records import (
    Equation,
    Group,
    Named,
    Term,
    Token,
    Tokens,
    Unit,
    derivative,
    product,
    total,
)

_MOST_COUPLED = 16  # n coupled units have n * n derivatives, which are shown up to this n


class ActivationRule(Rule):
    """``A = activation(A_in)``, and going back ``dZ = dA * activation'(Z)``."""

    layer: Any
    tells_input_derivative = True

    @property
    def fused(self) -> bool:
        """Whether training computes dZ together with the loss."""
        return self.layer.fused is not None

    def z(self, row: int, j: int) -> Named:
        """Return what the activation is applied to."""
        return self.a_in(row, j)

    def dE_dz(self, row: int, j: int) -> Named:
        """Return dE/dz, as training computed it."""
        value = np.nan if self.kept.dA is None else self.layer.dZ[row, j]
        return derivative("E", self.z(row, j).name, value)

    @cached_property
    def jacobians(self) -> Array:
        """J[row, k, j] = da_k / dz_j: the activation's backward applied to unit vectors."""
        rows, n = self.kept.Z.shape
        found = np.empty((rows, n, n), self.kept.Z.dtype)
        for J, z, a in zip(found, self.kept.Z, self.kept.A, strict=True):
            Z, A = np.tile(z, (n, 1)), np.tile(a, (n, 1))
            self.layer.activation.backward(np.eye(n, dtype=Z.dtype), Z, A, out=J)
        return found

    @cached_property
    def is_coupled(self) -> bool:
        """Whether an output depends on the z of another unit."""
        J = self.jacobians
        return bool(np.count_nonzero(J) > np.count_nonzero(J.diagonal(0, 1, 2)))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The units, row by row."""
        if self.kept.dA is None:
            return ()
        return tuple(self._unit(row, j) for row in range(self.n_rows) for j in range(self.n_out))

    def unit(self, row: int, j: int) -> Unit:
        """Return unit j on a row."""
        unit: Unit = self.units[row * self.n_out + j]
        return unit

    def _unit(self, row: int, j: int) -> Unit:
        n_out, activation = self.n_out, self.layer.activation
        a, z = self.a(row, j), self.z(row, j)
        da_dz = self._da_dz(row, j)
        if self.fused:
            delta = chain = self.after.fused_derivative(row, j, z)  # type: ignore[attr-defined]
            if type(activation) is not Identity and n_out <= _MOST_COUPLED:
                chain = self._chain(row, j, da_dz)
                chain = chain if _agree(chain, delta) else delta
        else:
            delta = chain = self._chain(row, j, da_dz)
        show_da_dz = self.is_coupled and n_out <= _MOST_COUPLED and bool(chain[0].terms)
        inputs, bias = self.weighted(row, j)
        return Unit(
            name=a.name,
            z_name=z.name,
            layer=self.k,
            index=j,
            row=row,
            inputs=inputs,
            bias_name=bias.name if bias else "",
            bias=bias.value if bias else 0.0,
            activation=name_of(activation),
            formula=Equation(a, formulas.activation_formula(activation, z)).formula,
            z=z.value,
            a=a.value,
            dE_da=self.given(row, j),
            da_dz=da_dz if show_da_dz else (),
            chain=chain,
            delta=delta,
            dE_dz=self.dE_dz(row, j).value,
        )

    def weighted(self, row: int, j: int) -> tuple[tuple[Term, ...], Named | None]:
        """Return the products that add up to z, and the bias."""
        return (), None

    def _da_dz(self, row: int, j: int) -> tuple[Equation, ...]:
        """Return da/dz of unit j, or of all units by its z if they are coupled."""
        activation, J = self.layer.activation, self.jacobians[row]
        a, z = self.a(row, j), self.z(row, j)
        if not self.is_coupled:
            formula = formulas.activation_derivative(activation, a, z)
            return (Equation(derivative(a.name, z.name, J[j, j]), formula),)
        return tuple(
            Equation(
                derivative(of.name, z.name, J[k, j]),
                formulas.softmax_derivative(activation, a, of),
            )
            for k, of in enumerate(self.a(row, k) for k in range(self.n_out))
        )

    def _chain(self, row: int, j: int, da_dz: tuple[Equation, ...]) -> tuple[Equation, ...]:
        """Return dE/dz of unit j as dE/da * da/dz, a sum of these if units are coupled."""
        if len(da_dz) == 1:
            return self.given(row, j), da_dz[0]
        terms = tuple(Term((self.dE_da(row, k), da.of)) for k, da in enumerate(da_dz))
        of = self.dE_dz(row, j)
        if self.fused:
            of = derivative("E", self.z(row, j).name, sum(term.value for term in terms))
        return (total(of, terms),)

    # --- forward

    def head(self) -> Tokens:
        """Return nothing for a textbook's network of one row."""
        return () if self.context.is_simple else super().head()

    def z_equation(self, row: int, j: int) -> Sequence[Equation]:
        """Return how z follows from the inputs, if it is not one of them."""
        return ()

    def a_equation(self, row: int, j: int) -> Equation:
        """Return ``a = activation(z)``."""
        activation, a, z = self.layer.activation, self.a(row, j), self.z(row, j)
        if formulas.is_softmax(activation):
            tokens: list[Token] = ["exp(", z, ") /\n("]
            for k in range(self.n_out):
                tokens += ["\n+ "] * bool(k) + ["exp(", self.z(row, k), ")"]
            return Equation(a, (*tokens, ")"))
        formula = formulas.activation_formula(activation, z)
        if type(activation) is Identity:
            return Equation(a, formula)
        return Equation(a, formula, call=(f"{name_of(activation)}(", z, ")"))

    def forward(self) -> Iterator[Group]:
        """Yield the z and the output of each unit; softmax needs every z of its row first."""
        if head := self.head():
            yield Group(head, ())
        for row in range(self.n_rows):
            units = range(self.n_out)
            if formulas.is_softmax(self.layer.activation):
                yield from (Group((), tuple(self.z_equation(row, j))) for j in units)
                yield Group((), tuple(self.a_equation(row, j) for j in units))
            else:
                for j in units:
                    yield Group((), (*self.z_equation(row, j), self.a_equation(row, j)))

    # --- backward

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return dE/dz: z is the input."""
        unit, of = self.unit(row, i), self.dE_dz(row, i)
        (*_, last) = unit.delta
        return last if len(unit.delta) == 1 else Equation(of, product([f.of for f in unit.delta]))

    def backward(self) -> Iterator[Group]:
        """Yield the derivative of each unit and the updates of its parameters."""
        if self.kept.dA is None:
            return
        for row in range(self.n_rows):
            coupled = [unit.dE_da for unit in self.units if unit.da_dz and unit.row == row]
            if coupled:
                yield Group(("Outputs",), tuple(coupled))
        for j in range(self.n_out):
            rows = [equation for row in range(self.n_rows) for equation in self._delta(row, j)]
            yield Group(("Unit ", Named(self.names.output(self.k, j, None))), tuple(rows))
            yield from (g for (_, at), g in self.groups.items() if at[-1] == j)

    def _delta(self, row: int, j: int) -> Iterator[Equation]:
        unit = self.unit(row, j)
        yield from unit.da_dz
        is_told = self.after.tells_input_derivative and unit.chain[0] == unit.dE_da
        yield from unit.chain[is_told:]
        if len(unit.chain) > 1:
            of = self.dE_dz(row, j)
            if unit.chain != unit.delta:
                of = derivative(*(of.over or ("", "")), math.prod(f.value for f in unit.chain))
            yield Equation(of, product([factor.of for factor in unit.chain]))
        if unit.chain != unit.delta:
            yield from unit.delta


class DenseRule(ActivationRule):
    """``Z = A_in @ W + b``, ``A = activation(Z)``, and going back ``dW = A_in.T @ dZ``."""

    tells_input_derivative = False

    def z(self, row: int, j: int) -> Named:
        """Return the weighted sum."""
        return Named(self.names.z(self.k, j, row), float(self.kept.Z[row, j]))

    def weighted(self, row: int, j: int) -> tuple[tuple[Term, ...], Named | None]:
        """Return the products that add up to z, and the bias."""
        inputs = tuple(
            Term((self.parameter("W", i, j), self.a_in(row, i))) for i in range(self.n_in)
        )
        if self.layer.bias is None:
            return inputs, None
        return inputs, self.parameter("b", 0 if self.layer.share_bias else j)

    def z_equation(self, row: int, j: int) -> Sequence[Equation]:
        """Return z as the sum of its weighted inputs and the bias."""
        inputs, bias = self.weighted(row, j)
        return [total(self.z(row, j), inputs, *(("\n+ ", bias) if bias else ()))]

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return dE/da of input i, the sum over the units that it feeds."""
        terms = [Term((self.dE_dz(row, j), self.parameter("W", i, j))) for j in range(self.n_out)]
        return total(self.dE_da_in(row, i), terms)

    def gradient(self, key: str, at: tuple[int, ...], of: Named) -> Sequence[Equation]:
        """Return dE/dw in factors for one row, else as the sum over the rows."""
        j, rows = at[-1], range(self.n_rows)
        name, bottom = of.name.removeprefix("dE/d"), (of.over or ("", ""))[1]
        if key == "W":
            inputs = [self.a_in(row, at[0]) for row in rows]
            if self.n_rows > 1:
                pairs = [(self.dE_dz(row, j), a) for row, a in zip(rows, inputs, strict=True)]
                return [sum_of_rows(of, pairs)]
            last = Equation(derivative(self.z(0, j).name, bottom, inputs[0].value), (inputs[0],))
            return [*self.unit(0, j).delta, last]
        if self.layer.share_bias:
            units = range(self.n_out)
            one = [(derivative(self.z(0, k).name, name, 1.0),) for k in units if self.n_rows == 1]
            return [
                sum_of_rows(
                    of,
                    [(self.dE_dz(row, k), *(one[k] if one else ())) for row in rows for k in units],
                )
            ]
        if self.n_rows > 1:
            return [sum_of_rows(of, [(self.dE_dz(row, j),) for row in rows])]
        last = Equation(derivative(self.z(0, j).name, bottom, 1.0), ("1",))
        return [*self.unit(0, j).delta, last]

    def title(self, key: str, at: tuple[int, ...]) -> Tokens:
        """Return what a weight leads from and to, or whose bias it is."""
        name, unit = self.parameter(key, *at), Named(self.names.output(self.k, at[-1], None))
        if key == "W":
            source = Named(self.names.output(self.k - 1, at[0], None))
            return ("Weight ", name, ", from ", source, " to ", unit)
        if self.layer.share_bias:
            return ("Bias ", name, " of all units")
        return ("Bias ", name, " of ", unit)

    def backward(self) -> Iterator[Group]:
        """Yield the units with their updates; a shared bias comes last."""
        if not (self.layer.share_bias and "b" in self.layer.grads):
            yield from super().backward()
            return
        shared = self.groups.pop(("b", (0,)))
        yield from super().backward()
        yield shared


def _agree(chain: tuple[Equation, ...], delta: tuple[Equation, ...]) -> bool:
    """Return whether the chain gives delta; it does not if an output is rounded to 0."""
    value = math.prod(factor.value for factor in chain)
    largest = max((abs(term.value) for term in chain[0].terms), default=abs(value))
    return abs(value - delta[0].value) <= 1e-4 * largest
