"""A trace as plain text, and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlp._names import printable
from mlp.studies.chain_rule.records import Step, Tokens, plain
from mlp.studies.chain_rule.rows import Row, sections_of, wrapped

_WIDTH = 80
_LONGEST_LABEL, _NARROW = 28, 12  # beside longer ones the column is narrow: they have own lines
_JOINT = "\0"  # a space at which no line is broken
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
    rows = [row for section in sections for table in section.tables for row in table.rows]
    label = max(len(printable(row.label.name)) for row in rows)
    label = label if label <= _LONGEST_LABEL else _NARROW
    value = max(len(row.value) for row in rows)
    lines = [*_filled((title,), "", _WIDTH)]
    for section in sections:
        lines += ["", section.title, "-" * len(section.title)]
        lines += _filled(section.words, "", _WIDTH)
        for table in section.tables:
            lines += ["", *_filled(table.title, "  ", _WIDTH)]
            for row in table.rows:
                lines += _row_lines(row, label, value)
    return re.sub("\n\n\n+", "\n\n", "\n".join(lines))


def _filled(words: Tokens, indent: str, width: int) -> Iterator[str]:
    """Yield the lines of a sentence or a title, none if it is empty."""
    if words:
        yield from (indent + line for line in _lines(words, width - len(indent)))


def _lines(tokens: Tokens, room: int) -> Iterator[str]:
    """Yield a formula in lines; a name is broken only if it is longer than a line."""
    text = ""
    for token in tokens:
        if isinstance(token, str):
            text += "\n".join(map(printable, token.split("\n")))
        else:
            name = printable(token.name)
            text += name if len(name) > room else name.replace(" ", _JOINT)
    for line in wrapped((text,), room):
        yield plain(line).replace(_JOINT, " ")


def _one_line(tokens: Tokens) -> str:
    return printable(plain(tokens))


def _row_lines(row: Row, label: int, value: int) -> Iterator[str]:
    """Yield ``label = formula``, ``= numbers`` and, on the last line, ``= value``."""
    room = _WIDTH - len(f"    {'':{label}} = ") - len(f" = {'':{value}}")
    lines: list[str] = []
    for tokens in (row.formula, (row.numbers,) if row.numbers else ()):
        if tokens:
            sign = "="
            for line in _lines(tokens, room):
                lines.append(f"{sign} {line}")
                sign = " "
    name = printable(row.label.name)
    if len(name) > label:
        yield f"    {name}"
        name = ""
    for number, line in enumerate(lines or [""], 1):
        start = f"    {name if number == 1 else '':{label}} "
        is_last = number >= len(lines)
        yield f"{start}{line:{room + 2}} = {row.value}" if is_last else start + line


def as_markdown(trace: Step, digits: int) -> str:
    """Return the trace as Markdown, a table for each unit and each weight."""
    title, sections = sections_of(trace, digits)
    lines = [f"# {_heading(title)}"]
    for section in sections:
        lines += ["", f"## {section.title}"]
        lines += ["", _heading(_one_line(section.words))] * bool(section.words)
        shares_table = False
        for table in section.tables:
            if table.title:
                lines += ["", f"### {_heading(_one_line(table.title))}"]
                shares_table = False
            if table.rows and not shares_table:  # tables without a title continue the one before
                lines += ["", *_TABLE_HEAD]
                shares_table = True
            for row in table.rows:
                numbers = row.numbers.replace("\n", " ")
                cells = (row.label.name, plain(row.formula), numbers, row.value)
                lines.append(f"| {' | '.join(_code(printable(cell)) for cell in cells)} |")
    return "\n".join(lines) + "\n"


_MARKUP = re.compile(r"[\\`*<>&|~$#!]|\](?=[(])|(?<!\w)_|_(?!\w)")


def _heading(text: str) -> str:
    """Return text whose names are no markup."""
    return _MARKUP.sub(r"\\\g<0>", printable(text))


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
