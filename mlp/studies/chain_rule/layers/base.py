"""The base of the rules, which tells any layer by what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

import numpy as np

from mlp.core import Layer
from mlp.studies.chain_rule.formulas import fill
from mlp.studies.chain_rule.names import Names
from mlp.studies.chain_rule.recording import Pass, Recorded
from mlp.studies.chain_rule.records import (
    Block,
    Equation,
    Group,
    Named,
    Term,
    Token,
    Tokens,
    Unit,
    Update,
    derivative,
    product,
    total,
)

_MOST_ARGUMENTS = 8  # of a function of all units of a row, in its formula


@dataclass(frozen=True)
class Context:
    """What the rules read: the arrays of a step, and the names of its numbers."""

    recorded: Recorded
    names: Names

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers of the network."""
        return self.recorded.net.layers

    @property
    def n_rows(self) -> int:
        """The number of rows of the batch."""
        return len(self.recorded.X)

    @property
    def is_simple(self) -> bool:
        """Whether there is one row and each layer is a textbook's, so that none needs a title."""
        return self.n_rows == 1 and all(hasattr(layer, "share_bias") for layer in self.layers)


class After(Protocol):
    """What follows a layer: another, or the loss."""

    @property
    def tells_input_derivative(self) -> bool:
        """Whether the equations of its own units end with dE/da of its inputs."""

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return dE/da of its input i on a row."""


class Rule:
    """Tells a layer by its inputs and outputs and, going back, by what it returns.

    A rule for a layer of a known kind redefines `output`, `input_derivative` and, if the layer has
    parameters, `gradient`.

    Parameters
    ----------
    context : Context
    k : int
        The rule is for ``context.layers[k]``.
    after : After
        What follows.
    """

    def __init__(self, context: Context, k: int, after: After) -> None:
        self.context, self.k, self.after = context, k, after
        self.names, self.recorded = context.names, context.recorded
        self.layer = context.layers[k]
        self.kept: Pass = self.recorded.passes[k]
        self.n_rows, self.n_in = self.kept.A_in.shape
        self.n_out = self.kept.A.shape[1]
        self.parameter, self.a_in = cache(self._parameter), cache(self._a_in)
        self.given = cache(after.input_derivative)  # dE/da of an output on a row

    def a(self, row: int, j: int) -> Named:
        """Return output j on a row."""
        return Named(self.names.output(self.k, j, row), float(self.kept.A[row, j]))

    def _a_in(self, row: int, i: int) -> Named:
        """Return input i on a row."""
        return Named(self.names.output(self.k - 1, i, row), float(self.kept.A_in[row, i]))

    def dE_da(self, row: int, j: int) -> Named:
        """Return the derivative of the loss by output j on a row."""
        return self.given(row, j).of

    def _parameter(self, key: str, *at: int) -> Named:
        """Return one number of a parameter, from before the step."""
        value = float(self.layer.params[key][at])
        return Named(self.names.parameter(self.k, key, at), value)

    def dE_da_in(self, row: int, i: int) -> Named:
        """Return the derivative of the loss by input i on a row, as the layer returned it."""
        dA_in = self.recorded.passes[self.k - 1].dA if self.k else None
        value = np.nan if dA_in is None else dA_in[row, i]
        return derivative("E", self.a_in(row, i).name, value)

    # --- what a rule says

    tells_input_derivative = False

    def output(self, row: int, j: int) -> Sequence[Equation]:
        """Return how output j follows from the inputs, in one or more equations."""
        inputs = [self.a_in(row, i) for i in range(self.n_in)]
        return [Equation(self.a(row, j), call=self._call("forward", inputs))]

    def input_derivative(self, row: int, i: int) -> Equation:
        """Return dE/da of input i on a row."""
        given = [self.dE_da(row, j) for j in range(self.n_out)]
        return Equation(self.dE_da_in(row, i), call=self._call("backward", given))

    def _call(self, method: str, numbers: Sequence[Named]) -> Tokens:
        call: list[Token] = [f"{type(self.layer).__name__}.{method}("]
        for number in numbers[:_MOST_ARGUMENTS]:
            call += [",\n"] * (len(call) > 1) + [number]
        return (*call, ", ...)" if len(numbers) > _MOST_ARGUMENTS else ")")

    def gradient(self, key: str, at: tuple[int, ...], of: Named) -> Sequence[Equation]:
        """Return the factors of a gradient without the penalty; `of` is its name and value."""
        return [Equation(of)]

    def title(self, key: str, at: tuple[int, ...]) -> Tokens:
        """Return the title of an update."""
        return ("Parameter ", self.parameter(key, *at), f" of {self.layer!r}")

    def head(self) -> Tokens:
        """Return what is said of the layer as a whole."""
        return (f"layers[{self.k}], {self.layer!r}",)

    def statistics(self) -> Iterator[Equation]:
        """Yield what a layer computes of several rows or units before its outputs."""
        yield from ()

    # --- and what is made of it

    def forward(self) -> Iterator[Group]:
        """Yield the equations of the forward pass."""
        yield Group(self.head(), tuple(self.statistics()))
        for row in range(self.n_rows):
            for j in range(self.n_out):
                yield Group((), tuple(self.output(row, j)))

    def backward(self) -> Iterator[Group]:
        """Yield what each unit is given, and the updates of the parameters."""
        if self.kept.dA is None:
            return
        for j in range(0 if self.after.tells_input_derivative else self.n_out):
            rows = range(self.n_rows)
            title = ("Unit ", Named(self.names.output(self.k, j, None)))
            yield Group(title, tuple(self.given(row, j) for row in rows))
        yield from self.groups.values()

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units of a layer with an activation."""
        return ()

    @cached_property
    def updates(self) -> dict[tuple[str, tuple[int, ...]], Update]:
        """The update of each trained number."""
        return {
            (key, at): self._update(key, at)
            for key, array in self.layer.grads.items()
            for at in np.ndindex(array.shape)
        }

    @cached_property
    def penalised(self) -> set[str]:
        """The names of the parameters that penalties apply to."""
        return {one.name for one in self.layer.parameters() if one.penalised}

    @cached_property
    def groups(self) -> dict[tuple[str, tuple[int, ...]], Group]:
        """The equations of each update."""
        return {place: self._group(update) for place, update in self.updates.items()}

    def block(self) -> Block:
        """Return all that is said of the layer."""
        outputs = tuple(
            tuple(self.a(row, j) for j in range(self.n_out)) for row in range(self.n_rows)
        )
        forward, backward = tuple(self.forward()), tuple(self.backward())
        return Block(self.k, repr(self.layer), outputs, forward, backward)

    def _update(self, key: str, at: tuple[int, ...]) -> Update:
        recorded, moved = self.recorded, self.recorded.moved
        old = self.parameter(key, *at)
        place = recorded.place(self.k, key, at)
        gradient = derivative("E", old.name, recorded.net.grad[place])
        data = derivative("E", old.name, recorded.data_gradient[place])
        step, rules = moved.rules(gradient, place)
        i, j = at if key == "W" and len(at) == 2 else (None, at[0] if at else None)
        if key == "b" and getattr(self.layer, "share_bias", False):
            j = None
        return Update(
            name=old.name,
            layer=self.k,
            i=i,
            j=j,
            value=old.value,
            factors=tuple(self.gradient(key, at, data)),
            gradient=gradient.value,
            step=step,
            new_value=float(recorded.after.layers[self.k].params[key][at]),
            rules=rules,
            keep=moved.keep(place),
            penalty=tuple(self._penalties(key, old)),
            key=key,
            at=at,
        )

    def _penalties(self, key: str, w: Named) -> Iterator[Equation]:
        """Yield what the penalties add to the gradient of a weight."""
        if not self.recorded.penalty or key not in self.penalised:
            return
        value = self.layer.params[key].dtype.type(w.value)
        for name, sign, of in (("l1", "sign({w})", np.sign(value)), ("l2", "{w}", value)):
            rate = float(getattr(self.recorded.penalty, name))
            if rate:
                what = Named(name, rate)
                formula = fill(f"{{{name}}} × {sign}", w=w, **{name: what})
                yield Equation(Named(f"{name} term", float(of * rate)), formula)

    def _group(self, update: Update) -> Group:
        """Return the equations of an update, under its title."""
        *others, last = update.factors
        of = derivative("E", update.name, update.gradient)
        added = [token for one in update.penalty for token in ("\n+ ", *one.tokens)]
        if others:
            gradient = [last, Equation(of, (*product([f.of for f in update.factors]), *added))]
        else:
            tokens = last.tokens or ((Named("", last.value),) if added else ())
            gradient = [Equation(of, (*tokens, *added), last.terms)]
        return Group(
            self.title(update.key, update.at), (*gradient, *update.rules, self._step(update))
        )

    def _step(self, update: Update) -> Equation:
        """Return the new value; its formula is shown in numbers alone."""
        value, lr = Named("", update.value), self.recorded.moved.method.lr
        kept: Tokens = (value,)
        if update.keep != 1.0:
            kept = (f"{update.keep:.9g} × ", value)
        step: Tokens = (Named("", abs(lr)), " × ", Named("", update.gradient))
        if update.rules:
            step = (Named("", update.step),)
        return Equation(Named(f"{update.name}+", update.new_value), (*kept, " - ", *step))


def sum_of_rows(of: Named, pairs: Sequence[tuple[Named, ...]]) -> Equation:
    """Return a gradient as the sum over the rows."""
    return total(of, [Term(pair) for pair in pairs])


def mean(of: Named, terms: Sequence[Tokens], n: int) -> Equation:
    """Return the mean of n terms."""
    tokens: list[Token] = ["("] * (n > 1)
    for number, term in enumerate(terms):
        tokens += ["\n+ "] * bool(number) + [*term]
    return Equation(of, (*tokens, f") / {n}") if n > 1 else tuple(tokens))


def scaled(formula: Tokens, n: int) -> Tokens:
    """Return a formula divided by the number of rows."""
    return ("(", *formula, f") / {n}") if n > 1 and formula else formula
