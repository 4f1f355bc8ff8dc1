"""A trace as HTML that needs nothing else: for notebooks, and as a page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from mlp.studies.chain_rule.record import Trace
from mlp.studies.chain_rule.rows import Block, Row, sections_of
from mlp.studies.chain_rule.symbols import Derivative, Symbol, Symbols, Token

# Jupyter aligns the cells of all tables to the right, by a rule that is hard to outweigh
_STYLE = """\
.mlp-trace { line-height: 1.5; max-width: 60em; overflow-x: auto; }
.mlp-trace h2, .mlp-trace h3, .mlp-trace h4 { font-weight: 600; margin: 1.2em 0 0.3em; }
.mlp-trace h2 { font-size: 1.3em; }
.mlp-trace h3 { font-size: 1.15em; border-bottom: 1px solid rgb(127 127 127 / 0.5); }
.mlp-trace h4 { font-size: 1em; }
.mlp-trace table { border-collapse: collapse; margin: 0.3em 0 0.8em; background: none; }
.mlp-trace th, .mlp-trace td { border: 0; padding: 0.15em 0.8em 0.15em 0; vertical-align: top;
  text-align: left !important; font-variant-numeric: tabular-nums; background: none; }
.mlp-trace th { font-weight: normal; white-space: nowrap; }
.mlp-trace td + td { white-space: nowrap; font-weight: 600; }
.mlp-trace tr + tr > * { border-top: 1px solid rgb(127 127 127 / 0.2); }
.mlp-trace .numbers { opacity: 0.75; }
.mlp-trace var { font-style: italic; }
.mlp-trace sub, .mlp-trace sup { font-size: 0.75em; font-style: normal; line-height: 0; }
@media (max-width: 40em) {
  .mlp-trace tr, .mlp-trace th, .mlp-trace td { display: block; }
  .mlp-trace tr + tr > td { border-top: 0; }
  .mlp-trace td { padding-left: 1em; }
  .mlp-trace td:empty { display: none; }
}"""
_MOST_BLOCKS = 100


def as_html(trace: Trace, digits: int, most_blocks: int | None = None) -> str:
    """Return the trace as an element ``<div>`` with its own style, which takes over the colours.

    Of more than `most_blocks` blocks in a section, each of a unit or a weight, it tells the number.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[0.5]], bias=False)])
    >>> print(as_html(mlp.trace(net, [[2.0]], [[0.0]], names={"w": (0, 0, 0)}), 3))
    <div class="mlp-trace">
    <style>
    ...
    <h4>Weight <var>w</var>, from <var>x</var><sub>1</sub> to <var>o</var><sub>1</sub></h4>
    ...
    </div>
    """
    title, sections = sections_of(trace, digits)
    write = _Html(Symbols(trace))
    lines = ['<div class="mlp-trace">', f"<style>\n{_STYLE}\n</style>", f"<h2>{escape(title)}</h2>"]
    for section in sections:
        lines.append(f"<section>\n<h3>{section.title}</h3>")
        lines += [f"<p>{write.formula(section.words)}</p>"] * bool(section.words)
        for blocks in _sharing_a_table(section.blocks[:most_blocks]):
            lines += write.table(blocks)
        left_out = len(section.blocks[most_blocks:]) if most_blocks is not None else 0
        if left_out:
            lines.append(f"<p>… and {left_out:,} more; <code>html()</code> writes all.</p>")
        lines.append("</section>")
    return "\n".join([*lines, "</div>\n"])


def as_output(trace: Trace) -> str:
    """Return what a notebook shows: six digits, and no more than a notebook can hold."""
    return as_html(trace, 6, _MOST_BLOCKS)


def as_page(traces: Sequence[Trace], digits: int) -> str:
    """Return traces as a whole document, light or dark as its reader has it."""
    content = "".join(as_html(trace, digits) for trace in traces)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<title>Gradient descent, step by step</title>\n"
        "<style>body { font-family: system-ui, sans-serif; margin: 1em auto; max-width: 60em; "
        "padding: 0 1em; }</style>\n"
        f"</head>\n<body>\n{content}</body>\n</html>\n"
    )


def _sharing_a_table(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Yield the blocks that stand in one table: those without a title with the one before."""
    together: list[Block] = []
    for block in blocks:
        if block.title and together:
            yield together
            together = []
        together.append(block)
    if together:
        yield together


class _Html:
    """Writes blocks of rows whose names are known."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def table(self, blocks: Sequence[Block]) -> Iterator[str]:
        """Yield the title of the first block and one table with the rows of all."""
        if blocks[0].title:
            yield f"<h4>{self.formula(blocks[0].title)}</h4>"
        yield "<table>"
        for block in blocks:
            yield from map(self._row, block.rows)
        yield "</table>"

    def _row(self, row: Row) -> str:
        numbers = self.formula(" ".join(row.numbers))
        if row.formula and numbers:
            numbers = f'<br><span class="numbers">= {numbers}</span>'
        middle = self.formula(" ".join(row.formula)) + numbers
        return (
            f'<tr><th scope="row">{self.formula(row.label)}</th>'
            f"<td>{f'= {middle}' if middle else ''}</td><td>= {row.value}</td></tr>"
        )

    def formula(self, text: str) -> str:
        """Write a formula or a sentence."""
        return "".join(map(_written, self.symbols.tokens(text)))


def _written(token: Token) -> str:
    if isinstance(token, Derivative):
        return f"∂{_symbol(token.top)}/∂{_symbol(token.bottom)}"
    if isinstance(token, Symbol):
        return _symbol(token)
    return escape(token if isinstance(token, str) else token.text)


def _symbol(name: Symbol) -> str:
    written = f"<var>{escape(name.base)}</var>"
    for tag, index in (("sub", name.sub), ("sup", name.sup)):
        written += f"<{tag}>{index}</{tag}>" * bool(index)
    return written
