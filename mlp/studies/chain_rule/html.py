"""A trace as self-contained HTML: for notebooks, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from mlp._names import printable
from mlp.studies.chain_rule.records import Step, Token, Tokens
from mlp.studies.chain_rule.rows import Row, Table, sections_of
from mlp.studies.chain_rule.symbols import symbol

# !important: Jupyter right-aligns the cells of all tables by a very specific rule
_STYLE = """\
.mlp-trace { line-height: 1.5; max-width: 60em; overflow-x: auto; overflow-wrap: anywhere; }
.mlp-trace h2, .mlp-trace h3, .mlp-trace h4 { font-weight: 600; margin: 1.2em 0 0.3em; }
.mlp-trace h2 { font-size: 1.3em; }
.mlp-trace h3 { font-size: 1.15em; border-bottom: 1px solid rgb(127 127 127 / 0.5); }
.mlp-trace h4 { font-size: 1em; }
.mlp-trace table { border-collapse: collapse; margin: 0.3em 0 0.8em; background: none; }
.mlp-trace th, .mlp-trace td { border: 0; padding: 0.15em 0.8em 0.15em 0; vertical-align: top;
  text-align: left !important; font-variant-numeric: tabular-nums; background: none; }
.mlp-trace th { font-weight: normal; min-width: 7em; max-width: 16em; }
.mlp-trace td + td { white-space: nowrap; font-weight: 600; }
.mlp-trace tr + tr > * { border-top: 1px solid rgb(127 127 127 / 0.2); }
.mlp-trace .numbers { opacity: 0.75; }
.mlp-trace var { font-style: italic; }
.mlp-trace sub, .mlp-trace sup { font-size: 0.75em; font-style: normal; line-height: 0; }
@media (max-width: 40em) {
  .mlp-trace tr, .mlp-trace th, .mlp-trace td { display: block; max-width: none; }
  .mlp-trace tr + tr > td { border-top: 0; }
  .mlp-trace td { padding-left: 1em; }
  .mlp-trace td:empty { display: none; }
}"""
_MOST_BLOCKS = 100
_GREEK = {"gamma": "γ", "beta": "β"}


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
    lines = ['<div class="mlp-trace">', f"<style>\n{_STYLE}\n</style>", f"<h2>{escape(title)}</h2>"]
    for section in sections:
        lines.append(f"<section>\n<h3>{section.title}</h3>")
        lines += [f"<p>{_formula(section.words)}</p>"] * bool(section.words)
        for tables in _joined(section.tables[:most_blocks]):
            lines += _table(tables)
        left_out = len(section.tables[most_blocks:]) if most_blocks is not None else 0
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


def _joined(tables: Sequence[Table]) -> Iterator[list[Table]]:
    """Yield the tables that are one in the page: one without a title joins the one before."""
    together: list[Table] = []
    for table in tables:
        if table.title and together:
            yield together
            together = []
        together.append(table)
    if together:
        yield together


def _table(tables: Sequence[Table]) -> Iterator[str]:
    """Yield the title of the first table and one table with the rows of all."""
    if tables[0].title:
        yield f"<h4>{_formula(tables[0].title)}</h4>"
    rows = [_row(row) for table in tables for row in table.rows]
    yield from ["<table>", *rows, "</table>"] if rows else ()


def _row(row: Row) -> str:
    numbers = _formula((row.numbers,)) if row.numbers else ""
    if row.formula and numbers:
        numbers = f'<br><span class="numbers">= {numbers}</span>'
    middle = _formula(row.formula) + numbers
    return (
        f'<tr><th scope="row">{_formula((row.label,))}</th>'
        f"<td>{f'= {middle}' if middle else ''}</td><td>= {row.value}</td></tr>"
    )


def _formula(tokens: Tokens) -> str:
    """Write a formula or a sentence."""
    return "".join(map(_written, tokens))


def _written(token: Token) -> str:
    if isinstance(token, str):
        return escape(printable(token.replace("\n", " ")))
    if token.over is not None:
        top, bottom = map(_symbol, token.over)
        return f"∂{top}/∂{bottom}"
    return _symbol(token.name)


def _symbol(name: str) -> str:
    found = symbol(name)
    written = f"<var>{escape(printable(_GREEK.get(found.base, found.base)))}</var>"
    for tag, index in (("sub", found.sub), ("sup", found.sup)):
        written += f"<{tag}>{index}</{tag}>" * bool(index)
    return written
