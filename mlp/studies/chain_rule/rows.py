"""The rows of a trace, which all formats show: each equation in symbols and in numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlp._checks import check_count
from mlp._names import printable
from mlp.studies.chain_rule.records import (
    Equation,
    Group,
    Named,
    Step,
    Token,
    Tokens,
    derivative,
    plain,
)

_MOST_DIGITS = 17  # enough to tell any two float64 apart


@dataclass(frozen=True)
class Row:
    r"""``label = formula = numbers = value``; the formula and the numbers may be empty.

    A line may be broken at ``\n``, in the numbers too.
    """

    label: Named
    formula: Tokens
    numbers: str
    value: str


@dataclass(frozen=True)
class Table:
    """Rows under a title, possibly empty."""

    title: Tokens
    rows: Sequence[Row]


@dataclass(frozen=True)
class Section:
    """Tables under a heading and a sentence."""

    title: str
    words: Tokens
    tables: Sequence[Table]


def sections_of(trace: Step, digits: int) -> tuple[str, list[Section]]:
    """Return the title, and the sections in the order of the computation."""
    check_count("digits", digits)
    if digits > _MOST_DIGITS:
        raise ValueError(f"digits: received {digits}, expected 1 to {_MOST_DIGITS}")
    write = _Writer(digits)
    forward = [group for block in trace.blocks for group in block.forward]
    backward = [group for block in reversed(trace.blocks) for group in block.backward]
    errors = [Group((), trace.error)]
    return _title(trace), [
        Section("Forward pass", write.listed("Inputs", trace.inputs), write.tables(forward)),
        Section("Error", write.listed("Targets", trace.targets), write.tables(errors)),
        Section("Backward pass", _explanation(trace), write.tables(backward)),
        Section("After the step", write.change(trace), []),
    ]


def _title(trace: Step) -> str:
    which = "One step" if trace.step is None else f"Step {trace.step}"
    title = f"{which} of gradient descent: loss {printable(trace.loss_name)}, lr {trace.lr:g}"
    title += "" if _is_plain(trace) else f", optimizer {printable(trace.optimizer)}"
    return title + f", {trace.n_rows} rows" * (trace.n_rows > 1)


def _is_plain(trace: Step) -> bool:
    return not any(update.rules for update in trace.updates)


def _explanation(trace: Step) -> Tokens:
    w, new = Named("w"), Named("w+")
    first = (new, " is the weight ", w, " after the step, ", w)
    if _is_plain(trace):
        return (*first, " - lr × ", derivative("E", "w"), ".")
    return (*first, " - step; so are the optimizer's numbers with +.")


class _Writer:
    """Writes numbers with so many digits."""

    def __init__(self, digits: int) -> None:
        self.digits = digits

    def number(self, value: float) -> str:
        """Write a number with the chosen significant digits."""
        return f"{value + 0.0:.{self.digits}g}"  # -0.0 + 0.0 is 0.0

    def in_numbers(self, tokens: Tokens) -> str:
        """Write a formula with numbers for names, as one writes signs by hand."""
        text = ""
        for token in tokens:
            if isinstance(token, str):
                text += token
                continue
            number = self.number(token.value)
            if number.startswith("-") and text.endswith("+ "):
                text, number = text[:-2] + "- ", number[1:]
            elif number.startswith("-") and text and not text.endswith(("(", ", ", "if ")):
                number = f"({number})"
            elif number == "0" and re.search(r"(^|[(])-$", text):
                text = text[:-1]  # minus a target of 0
            text += number
        return text

    def tables(self, groups: Sequence[Group]) -> list[Table]:
        """Write groups of equations."""
        return [Table(group.title, [*map(self.row, group.equations)]) for group in groups]

    def row(self, equation: Equation) -> Row:
        """Write an equation in numbers, too, unless these only repeat the value."""
        tokens, value = equation.tokens, self.number(equation.value)
        numbers = self.in_numbers(tokens)
        if numbers in (value, plain(tokens)):
            numbers = ""
        is_named = all(token.name for token in tokens if isinstance(token, Named))
        return Row(equation.of, equation.call or (tokens if is_named else ()), numbers, value)

    def listed(self, words: str, named: Sequence[tuple[str, float]]) -> Tokens:
        """Write ``words: name = value, ...``, or nothing for an empty list."""
        tokens: list[Token] = []
        for name, value in named:
            tokens += [",\n" if tokens else f"{words}: ", Named(name)]
            tokens.append(f" = {self.number(value)}")
        return (*tokens, ".") if tokens else ()

    def change(self, trace: Step) -> Tokens:
        """Write what the step has changed."""
        before, after = self.number(trace.loss), self.number(trace.loss_after)
        if before == after:
            return (Named("E"), f" stays at {before}.")
        verb = "falls" if trace.loss_after < trace.loss else "rises"
        return (Named("E"), f" {verb} from {before} to {after}.")


_SPACE = r"(?<![×+/-]) "  # a line does not end with an operator


def split(tokens: Tokens, at: str) -> Iterator[Tokens]:
    """Yield the parts of a formula between separators, given as a pattern."""
    part: list[Token] = []
    for token in tokens:
        if isinstance(token, Named):
            part.append(token)
            continue
        first, *others = re.split(at, token)
        part.append(first)
        for other in others:
            yield tuple(part)
            part = [other]
    yield tuple(part)


def wrapped(tokens: Tokens, room: int) -> Iterator[Tokens]:
    """Yield lines of at most `room` characters, broken inside of a part only if it is longer."""
    line: list[Token] = []
    for part in split(tokens, "\n"):
        for piece in [part] if len(plain(part)) <= room else split(part, _SPACE):
            if line and len(plain(line)) + 1 + len(plain(piece)) > room:
                yield tuple(line)
                line = [*piece]
            else:
                line += [" "] * bool(line) + [*piece]
    yield tuple(line)
