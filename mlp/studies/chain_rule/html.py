"""A trace as self-contained HTML: for notebooks, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from mlp.studies.chain_rule.notation import Derivative, Symbol, Symbols, Token
from mlp.studies.chain_rule.records import Step
from mlp.studies.chain_rule.rows import Block, Row, sections_of

# !important: Jupyter right-aligns the cells of all tables by a very specific rule
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


def as_html(trace: Step, digits: int, most_blocks: int | None = None) -> str:
    """Return the trace as a ``<div>`` with its own style, in the colours of its surroundings.

    A section shows at most `most_blocks` blocks, one for a unit or a weight, and counts the rest.

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


def as_output(trace: Step) -> str:
    """Return the trace for a notebook, with six digits and at most 100 blocks a section."""
    return as_html(trace, 6, _MOST_BLOCKS)


def as_page(traces: Sequence[Step], digits: int) -> str:
    """Return traces as a page, light or dark according to the reader's settings."""
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
    """Yield the blocks of each table: a block without a title joins the one before."""
    together: list[Block] = []
    for block in blocks:
        if block.title and together:
            yield together
            together = []
        together.append(block)
    if together:
        yield together


class _Html:
    """Writes the rows of one trace."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def table(self, blocks: Sequence[Block]) -> Iterator[str]:
        """Yield the title of the first block and a table with the rows of all."""
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
