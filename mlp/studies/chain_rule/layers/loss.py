"""The loss: the error of each output, and the derivative that goes back."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlp._names import name_of
from mlp._types import Array
from mlp.core.activations import Identity
from mlp.core.output import LogitsOutput, SoftmaxCrossEntropy
from mlp.studies.chain_rule import formulas
from mlp.studies.chain_rule.formulas import fill
from mlp.studies.chain_rule.layers.base import mean, scaled
from mlp.studies.chain_rule.records import (
    Equation,
    Named,
    OutputError,
    Token,
    Tokens,
    derivative,
)

if TYPE_CHECKING:
    from mlp.studies.chain_rule.layers.base import Context

_MOST_WEIGHTS = 16  # whose penalty is written out


class LossRule:
    """Tells the loss of a batch, the mean over its rows, and the penalty."""

    tells_input_derivative = False

    def __init__(self, context: Context) -> None:
        self.context, self.names, self.recorded = context, context.names, context.recorded
        net, last = self.recorded.net, self.recorded.passes[-1]
        self.loss, self.A, self.T = net.loss, last.A, self.recorded.T
        self.n_rows, self.n_out = self.A.shape
        self.last, self.activation = last, getattr(net.layers[-1], "activation", None)
        self.is_fused = getattr(net.layers[-1], "fused", None) is not None

    def _o(self, row: int, j: int) -> Named:
        name = self.names.output(len(self.context.layers) - 1, j, row)
        return Named(name, float(self.A[row, j]))

    def _t(self, row: int, j: int) -> Named:
        return Named(self.names.target(j, row), float(self.T[row, j]))

    @cached_property
    def _output_gradient(self) -> Array:
        """The derivative of the loss by the outputs, also where training skips it."""
        if not self.is_fused and self.last.dA is not None:
            return self.last.dA
        dA = np.empty_like(self.A)
        self.loss.gradient(self.A, self.T, out=dA)
        return dA * (1.0 / self.n_rows) if self.n_rows > 1 else dA

    def _is_plain(self, row: int, j: int) -> bool:
        """Return whether the formulas of the loss hold for output j."""
        return formulas.has_plain_logarithm(self.loss, float(self.A[row, j]), self.A.dtype)

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return dE/da of output i on a row."""
        a, t = self._o(row, i), self._t(row, i)
        formula = formulas.loss_derivative(self.loss, a, t, self.n_out)
        of = derivative("E", a.name, self._output_gradient[row, i])
        return Equation(of, scaled(formula, self.n_rows) if self._is_plain(row, i) else ())

    def fused_derivative(self, row: int, j: int, z: Named) -> tuple[Equation, ...]:
        """Return dE/dz of output j where training fuses loss and activation: a - t, scaled."""
        a, t = self._o(row, j), self._t(row, j)
        formula: Tokens = (a, " - ", t)
        if type(self.activation) is Identity:
            formula = formulas.loss_derivative(self.loss, a, t, self.n_out) or formula
        value = np.nan if self.last.dA is None else self.last.dA[row, j]
        return (Equation(derivative("E", z.name, value), scaled(formula, self.n_rows)),)

    @cached_property
    def row_losses(self) -> Array:
        """The loss of each row."""
        rows = np.empty(self.n_rows, self.A.dtype)
        self.recorded.net._output.rows(self.A, self.T, out=rows)
        return rows

    @cached_property
    def errors(self) -> tuple[OutputError, ...]:
        """The contribution of each output to the loss of its row, a sum or a mean of them."""
        if not formulas.is_known_loss(self.loss):
            return ()  # a custom loss need not be made of one part for each output
        parts = self._parts()
        sums, losses = parts.sum(axis=1), self.row_losses
        shares = (1.0, 1.0 / self.n_out)
        share = min(shares, key=lambda share: float(np.abs(share * sums - losses).sum()))
        return tuple(
            OutputError(
                name=self.names.error(j, row),
                output_name=self._o(row, j).name,
                target_name=self._t(row, j).name,
                formula=Equation(self._o(row, j), self._formula(row, j)).formula,
                output=float(self.A[row, j]),
                target=float(self.T[row, j]),
                error=float(share * parts[row, j]),
                row=row,
            )
            for row in range(self.n_rows)
            for j in range(self.n_out)
        )

    def _formula(self, row: int, j: int) -> Tokens:
        if not self._is_plain(row, j):
            return ()
        return formulas.loss_formula(self.loss, self._o(row, j), self._t(row, j), self.n_out)

    def _parts(self) -> Array:
        """Return the loss of each output, computed as if it were a row of its own."""
        A, T = self.A.reshape(-1, 1), self.T.reshape(-1, 1)
        output, parts = copy.copy(self.recorded.net._output), np.empty(A.size, A.dtype)
        if isinstance(output, SoftmaxCrossEntropy):  # of one output, -t log a = t (0 - log a)
            output.logits = output.logits - np.log(output.sums)
            output.sums = np.ones((A.size, 1), A.dtype)
        if isinstance(output, LogitsOutput):
            output.logits = np.array(output.logits).reshape(-1, 1)
        output.rows(A, T, out=parts)
        return parts.reshape(self.n_rows, self.n_out)

    def equations(self) -> tuple[Equation, ...]:
        """Return the error of each output, the loss of each row, and the loss."""
        found, of_rows = list[Equation](), list[Tokens]()
        for row in range(self.n_rows):
            tokens: list[Token] = []
            for j, error in enumerate(e for e in self.errors if e.row == row):
                one = Named(error.name, error.error)
                found.append(Equation(one, self._formula(row, j)))
                tokens += ["\n+ "] * bool(j) + [one]
            whole = (*tokens,) or (name_of(self.loss),)
            if self.n_rows > 1:
                of = Named(self.names.row_error(row), float(self.row_losses[row]))
                found.append(Equation(of, whole))
                whole = (of,)
            of_rows.append(whole)
        loss = mean(Named("E", self.recorded.loss), of_rows, self.n_rows)
        if self.recorded.penalty:
            penalty = self._penalty()
            found.append(penalty)
            loss = Equation(loss.of, (*loss.tokens, "\n+ ", penalty.of))
        elif self.n_rows == 1:
            loss = Equation(loss.of, call=loss.tokens)  # its numbers stand right above
        return (*found, loss)

    def _penalty(self) -> Equation:
        """Return the penalty on the weights, written out for a small network."""
        recorded, net = self.recorded, self.recorded.net
        of = Named("penalty", float(recorded.penalty.value(net.weights)))
        weights = [
            Named(self.names.parameter(k, p.name, at), float(layer.params[p.name][at]))
            for k, layer in enumerate(net.layers)
            for p in layer.parameters()
            if p.penalised
            for at in np.ndindex(p.shape)
        ]
        tokens: list[Token] = []
        for name, head, template in (("l1", "", "abs({w})"), ("l2", " / 2", "{w} × {w}")):
            rate = float(getattr(recorded.penalty, name))
            if rate and len(weights) <= _MOST_WEIGHTS:
                tokens += ["\n+ "] * bool(tokens) + [Named(name, rate), f"{head}\n× ("]
                for number, w in enumerate(weights):
                    tokens += ["\n+ "] * bool(number) + [*fill(template, w=w)]
                tokens.append(")")
        return Equation(of, tuple(tokens))
