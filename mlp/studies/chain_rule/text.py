"""A trace as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from mlp.studies.chain_rule.records import Step
from mlp.studies.chain_rule.rows import Row, sections_of, wrapped

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
    lines = [f"# {title}"]
    for section in sections:
        lines += ["", f"## {section.title}"]
        lines += ["", section.words] * bool(section.words)
        for number, block in enumerate(section.blocks):
            lines += ["", f"### {block.title}"] * bool(block.title)
            if block.title or number == 0:  # blocks without a title share a table
                lines += ["", *_TABLE_HEAD]
            for row in block.rows:
                cells = (row.label, " ".join(row.formula), " ".join(row.numbers), row.value)
                lines.append(f"| {' | '.join(f'`{cell}`' if cell else '' for cell in cells)} |")
    return "\n".join(lines) + "\n"
