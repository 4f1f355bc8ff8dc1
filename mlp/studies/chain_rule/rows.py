"""The rows of a trace, which all formats show, and the plain ones: text and Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlp._checks import check_count
from mlp._names import printable
from mlp.studies.chain_rule.records import Factor, Rule, Step, Term, Unit, Update, any_name

_MOST_DIGITS = 17  # enough to tell any two float64 apart


@dataclass(frozen=True)
class Row:
    """``label = formula = numbers = value``; formula and numbers are in parts, possibly none.

    All of it can be printed, whatever the names.
    """

    label: str
    formula: Sequence[str]
    numbers: Sequence[str]
    value: str

    def __post_init__(self) -> None:
        """Write control characters in names as escapes."""
        object.__setattr__(self, "label", printable(self.label))
        object.__setattr__(self, "formula", [*map(printable, self.formula)])


@dataclass(frozen=True)
class Block:
    """Rows under a title, possibly empty."""

    title: str
    rows: Sequence[Row]

    def __post_init__(self) -> None:
        """Write control characters in names as escapes."""
        object.__setattr__(self, "title", printable(self.title))


@dataclass(frozen=True)
class Section:
    """Blocks under a heading and a sentence."""

    title: str
    words: str
    blocks: Sequence[Block]


def sections_of(trace: Step, digits: int) -> tuple[str, list[Section]]:
    """Return the title, and the sections in the order of the computation."""
    check_count("digits", digits)
    if digits > _MOST_DIGITS:
        raise ValueError(f"digits: received {digits}, expected 1 to {_MOST_DIGITS}")
    write = _Writer(trace, digits)
    which = "One step" if trace.step is None else f"Step {trace.step}"
    title = f"{which} of gradient descent: loss {printable(trace.loss_name)}, lr {trace.lr:g}"
    is_plain = not any(update.rules for update in trace.updates)
    title += "" if is_plain else f", optimizer {printable(trace.optimizer)}"
    marked = "w+ is the weight w after the step, "
    marked += "w - lr × dE/dw." if is_plain else "w - step; so are the optimizer's numbers with +."
    targets = [(error.target_name, error.target) for error in trace.errors]
    before, after = write.number(trace.loss), write.number(trace.loss_after)
    if before == after:
        moved = f"E stays at {before}."
    else:
        moved = (
            f"E {'falls' if trace.loss_after < trace.loss else 'rises'} from {before} to {after}."
        )
    return title, [
        Section("Forward pass", write.listed("Inputs", trace.inputs), [*write.forward()]),
        Section("Error", write.listed("Targets", targets), [Block("", write.errors())]),
        Section(
            "Backward pass",
            marked,
            [*write.backward()],
        ),
        Section("After the step", moved, []),
    ]


class _Writer:
    """Turns the numbers of a trace into rows."""

    def __init__(self, trace: Step, digits: int) -> None:
        self.trace = trace
        self.digits = digits
        self.values = dict(trace.inputs)
        for unit in trace.units:
            self.values |= {unit.name: unit.a, unit.z_name: unit.z}
        self.values |= {error.target_name: error.target for error in trace.errors}
        names = "|".join(map(re.escape, sorted(self.values, key=len, reverse=True)))
        self._name = re.compile(rf"(?<!\w)(?:{names})(?![\w\[])")

    def number(self, value: float) -> str:
        """Write a number with the chosen significant digits."""
        return f"{value + 0.0:.{self.digits}g}"  # -0.0 + 0.0 is 0.0

    def bracketed(self, value: float) -> str:
        """Write a number, in brackets if it is negative."""
        number = self.number(value)
        return f"({number})" if number.startswith("-") else number

    def in_numbers(self, formula: str) -> str:
        """Replace names by numbers, a negative one in brackets unless it comes first."""

        def put(name: re.Match[str]) -> str:
            number, before = self.number(self.values[name[0]]), formula[: name.start()]
            is_first = not before or before.endswith(("(", ", "))
            return number if is_first or not number.startswith("-") else f"({number})"

        written = self._name.sub(put, formula)
        return re.sub(r"(^|[(])-0(?![\w.])", r"\g<1>0", written)  # minus a target of 0

    def row(self, label: str, formula: Sequence[str], value: float) -> Row:
        """Return a row with the formula in numbers, unless these only repeat the value."""
        formula = [part for whole in formula for part in _in_parts(whole)]
        numbers = [self.in_numbers(part) for part in formula]
        written = self.number(value)
        if numbers in (formula, [written]):
            numbers = []
        return Row(label, formula, numbers, written)

    def product(self, values: Sequence[float]) -> str:
        """Write a product, with a negative number in brackets unless it comes first."""
        first, *rest = map(self.number, values)
        return " × ".join([first, *(f"({n})" if n.startswith("-") else n for n in rest)])

    def sum(self, terms: Sequence[Term], bias: float | None = None) -> list[str]:
        """Write a sum of products in parts, each with its sign."""
        parts = [self.product(terms[0].values)]
        for first, second in [term.values for term in terms[1:]]:
            sign = "-" if first < 0 else "+"
            parts.append(f"{sign} {self.product((abs(first), second))}")
        if bias is not None:
            parts.append(f"{'-' if bias < 0 else '+'} {self.number(abs(bias))}")
        return parts

    def listed(self, words: str, named: Sequence[tuple[str, float]]) -> str:
        """Write ``words: name = value, ...``, or nothing for an empty list."""
        listed = ", ".join(f"{name} = {self.number(value)}" for name, value in named)
        return f"{words}: {listed}." if listed else ""

    def forward(self) -> Iterator[Block]:
        """Yield the z and the output of each unit; softmax needs every z of its layer first."""
        for layer in sorted({unit.layer for unit in self.trace.units}):
            units = [unit for unit in self.trace.units if unit.layer == layer]
            if units[0].activation == "softmax":
                yield from (Block("", [self._z(unit)]) for unit in units)
                total = [f"+ exp({unit.z_name})" for unit in units]
                total[0] = f"({total[0][2:]}"
                total[-1] += ")"
                yield Block(
                    "", [self.row(u.name, [f"exp({u.z_name}) /", *total], u.a) for u in units]
                )
            else:
                for unit in units:
                    yield Block("", [self._z(unit), self._output(unit)])

    def _z(self, unit: Unit) -> Row:
        bias = unit.bias if unit.bias_name else None
        names = _sum_of_names(unit.inputs) + [f"+ {unit.bias_name}"] * bool(unit.bias_name)
        return Row(unit.z_name, names, self.sum(unit.inputs, bias), self.number(unit.z))

    def _output(self, unit: Unit) -> Row:
        if unit.activation == "identity":
            return self.row(unit.name, [unit.formula], unit.a)
        numbers = [self.in_numbers(part) for part in _in_parts(unit.formula)]
        return Row(unit.name, [f"{unit.activation}({unit.z_name})"], numbers, self.number(unit.a))

    def errors(self) -> list[Row]:
        """Return the error of each output and the loss."""
        errors = self.trace.errors
        rows = [self.row(error.name, [error.formula], error.error) for error in errors]
        whole = [f"+ {error.name}" for error in errors] or [f"  {self.trace.loss_name}"]
        whole[0] = whole[0][2:]
        return [*rows, Row("E", whole, (), self.number(self.trace.loss))]

    def backward(self) -> Iterator[Block]:
        """Yield the derivative of each unit and those of its weights, from the last layer back."""
        for layer in sorted({unit.layer for unit in self.trace.units}, reverse=True):
            units = [unit for unit in self.trace.units if unit.layer == layer]
            updates = [update for update in self.trace.updates if update.layer == layer]
            coupled = [unit.dE_da for unit in units if unit.da_dz]
            if coupled:
                yield Block("Outputs", [*map(self.factor, coupled)])
            for unit in units:
                yield Block(f"Unit {unit.name}", list(self._delta(unit)))
                own = (update for update in updates if update.j == unit.index)
                yield from (self._update(update, unit) for update in own)
            yield from (self._shared(update) for update in updates if update.j is None)

    def factor(self, factor: Factor) -> Row:
        """Return how a factor is computed."""
        if not factor.terms:
            return self.row(factor.name, [factor.formula], factor.value)
        numbers, value = self.sum(factor.terms), self.number(factor.value)
        return Row(factor.name, _sum_of_names(factor.terms), numbers, value)

    def _delta(self, unit: Unit) -> Iterator[Row]:
        yield from map(self.factor, unit.da_dz)
        yield from map(self.factor, unit.chain)
        if len(unit.chain) > 1:
            value = math.prod(factor.value for factor in unit.chain)
            value = unit.dE_dz if unit.chain == unit.delta else value
            yield self._product(f"dE/d{unit.z_name}", unit.chain, value)
        if unit.chain != unit.delta:
            yield from map(self.factor, unit.delta)

    def _product(self, name: str, factors: Sequence[Factor], value: float) -> Row:
        names = " × ".join(factor.name for factor in factors)
        numbers = self.product([factor.value for factor in factors])
        return Row(name, [names], [numbers], self.number(value))

    def _update(self, update: Update, unit: Unit) -> Block:
        last = update.factors[-1]
        title = f"Bias {update.name} of {unit.name}"
        if update.i is not None:
            title = f"Weight {update.name}, from {last.formula} to {unit.name}"
        gradient = self._product(f"dE/d{update.name}", update.factors, update.gradient)
        return Block(title, [self.factor(last), gradient, *self._step(update)])

    def _shared(self, update: Update) -> Block:
        gradient = self.factor(update.factors[0])
        return Block(f"Bias {update.name} of all units", [gradient, *self._step(update)])

    def _step(self, update: Update) -> Iterator[Row]:
        """Yield what the optimizer does with the gradient, and the new value."""
        product = self.product((abs(self.trace.lr), update.gradient))
        if update.rules:
            yield from map(self._rule, update.rules)
            product = self.bracketed(update.step)
        value = self.number(update.value)
        kept = f"{update.keep:.9g} × {self.bracketed(update.value)}" if update.keep != 1 else value
        yield Row(f"{update.name}+", (), [f"{kept} - {product}"], self.number(update.new_value))

    def _rule(self, rule: Rule) -> Row:
        numbers = rule.formula
        if rule.parts:
            values = dict(rule.parts)
            numbers = any_name(values).sub(lambda name: self.bracketed(values[name[0]]), numbers)
        formula, written = ([text] if text else [] for text in (rule.formula, numbers))
        return Row(rule.name, formula, written, self.number(rule.value))


def wrapped(parts: Sequence[str], room: int) -> Iterator[str]:
    """Yield lines of at most `room` characters filled with the parts."""
    line = ""
    for part in parts:
        if line and len(line) + 1 + len(part) > room:
            yield line
            line = part
        else:
            line = f"{line} {part}" if line else part
    yield line


def _in_parts(formula: str) -> list[str]:
    """Split a formula where a line may be broken."""
    return re.split(r" (?=else |× \()", formula) if formula else []


def _sum_of_names(terms: Sequence[Term]) -> list[str]:
    """Write a sum of products in names, in parts."""
    first, *rest = (" × ".join(term.names) for term in terms)
    return [first, *(f"+ {product}" for product in rest)]


_WIDTH = 80
_TABLE_HEAD = ("| quantity | formula | in numbers | value |", "| :-- | :-- | :-- | --: |")


def as_text(trace: Step, digits: int) -> str:
    """Return the trace as aligned text.

    Examples
    --------
    >>> from mlp import MLP, Dense
    >>> from mlp.studies.chain_rule import trace
    >>> net = MLP([Dense(1, 1, weights=[[0.5]], bias=False)])
    >>> print(as_text(trace(net, [[2.0]], [[0.0]], names={"w": (0, 0, 0)}), 3))
    One step of gradient descent: loss squared_error, lr 0.5
    ...
    Backward pass
    -------------
    w+ is the weight w after the step, w - lr × dE/dw.
    <BLANKLINE>
      Unit o1
        dE/dz_o1 = o1 - t1
                 = 1 - 0                                                      = 1
    <BLANKLINE>
      Weight w, from x1 to o1
        dz_o1/dw = x1                                                         = 2
        dE/dw    = dE/dz_o1 × dz_o1/dw
                 = 1 × 2                                                      = 2
        w+       = 0.5 - 0.5 × 2                                              = -0.5
    ...
    """
    title, sections = sections_of(trace, digits)
    rows = [row for section in sections for block in section.blocks for row in block.rows]
    label = max(len(row.label) for row in rows)
    value = max(len(row.value) for row in rows)
    lines = [title]
    for section in sections:
        lines += ["", section.title, "-" * len(section.title)]
        lines += [section.words] * bool(section.words)
        for block in section.blocks:
            lines += ["", *[f"  {block.title}"] * bool(block.title)]
            for row in block.rows:
                lines += _row_lines(row, label, value)
    return "\n".join(lines)


def _row_lines(row: Row, label: int, value: int) -> Iterator[str]:
    """Yield ``label = formula``, ``= numbers`` and, on the last line, ``= value``."""
    room = _WIDTH - len(f"    {'':{label}} = ") - len(f" = {'':{value}}")
    lines: list[str] = []
    for parts in (row.formula, row.numbers):
        if parts:
            sign = "="
            for line in wrapped(parts, room):
                lines.append(f"{sign} {line}")
                sign = " "
    for number, line in enumerate(lines, 1):
        start = f"    {row.label if number == 1 else '':{label}} "
        yield f"{start}{line:{room + 2}} = {row.value}" if number == len(lines) else start + line


def as_markdown(trace: Step, digits: int) -> str:
    """Return the trace as Markdown, a table for each unit and each weight."""
    title, sections = sections_of(trace, digits)
    lines = [f"# {_heading(title)}"]
    for section in sections:
        lines += ["", f"## {section.title}"]
        lines += ["", section.words] * bool(section.words)
        for number, block in enumerate(section.blocks):
            lines += ["", f"### {_heading(block.title)}"] * bool(block.title)
            if block.title or number == 0:  # blocks without a title share a table
                lines += ["", *_TABLE_HEAD]
            for row in block.rows:
                cells = (row.label, " ".join(row.formula), " ".join(row.numbers), row.value)
                lines.append(f"| {' | '.join(map(_code, cells))} |")
    return "\n".join(lines) + "\n"


_MARKUP = re.compile(r"[\\`*<>&|~$#!]|\](?=[(])|(?<!\w)_|_(?!\w)")


def _heading(text: str) -> str:
    """Return text whose names are no markup."""
    return _MARKUP.sub(r"\\\g<0>", text)


def _code(text: str) -> str:
    r"""Return code for a cell of a table, fenced by more backticks than it holds in a row.

    Examples
    --------
    >>> print(_code("w5"), _code("a|b"), _code("`"))
    `w5` `a\|b` `` ` ``
    """
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`*", text))))
    space = " " * (text[0] == "`" or text[-1] == "`")
    return f"{fence}{space}{text}{space}{fence}".replace("|", r"\|")
