"""A trace as LaTeX: the formula, the formula in numbers, and the result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlp._names import printable
from mlp.studies.chain_rule.records import Step, Token, Tokens
from mlp.studies.chain_rule.rows import Row, Table, sections_of, wrapped
from mlp.studies.chain_rule.symbols import Symbol, symbol

_HEAD = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\allowdisplaybreaks
\begin{document}
"""
_FOOT = r"\end{document}"
_WIDTH = 70
_LONG = 40  # a name that is longer is set smaller
_SPECIAL = re.compile(r"[\\{}$&#^_~%]")
_ESCAPES = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
_SIGNS = {"×": r"\times", "²": "^{2}", "³": "^{3}", "Φ": r"\Phi", "φ": r"\varphi", "≥": r"\geq"}
_FUNCTIONS = {name: rf"\{name}" for name in ("exp", "log", "tanh", "max", "min")}
_CONJUNCTIONS = {name: rf"\text{{ {name} }}" for name in ("if", "else")}
_NUMBERS = {"inf": r"\infty", "nan": r"\text{nan}"}
_TEX = {**_SIGNS, **_FUNCTIONS, **_CONJUNCTIONS, **_NUMBERS}
_GREEK = ("gamma", "beta")
_PARTS = re.compile(
    r"(?<![\w.])(?P<digits>\d+(?:\.\d+)?)e(?P<power>[+-]\d+)|(?P<word>[^\W\d]\w*|[×²³≥])"
)


def as_latex(trace: Step, digits: int) -> str:
    r"""Return the trace as the body of a LaTeX document that uses the package amsmath.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(1, 1, weights=[[0.5]], bias=False)])
    >>> print(as_latex(mlp.trace(net, [[2.0]], [[0.0]], names={"w": (0, 0, 0)}), 3))
    \section*{One step of gradient descent: loss squared\_error, lr 0.5}
    ...
    \paragraph{Weight $w$, from $x_{1}$ to $o_{1}$}
    \begin{align*}
      \frac{\partial z_{o_{1}}}{\partial w} &= x_{1} = 2 \\
      \frac{\partial E}{\partial w}
        &= \frac{\partial E}{\partial z_{o_{1}}} \times \frac{\partial z_{o_{1}}}{\partial w} \\
        &= 1 \times 2 = 2 \\
      w^{+} &= 0.5 - 0.5 \times 2 = -0.5
    \end{align*}
    ...
    """
    title, sections = sections_of(trace, digits)
    lines = [rf"\section*{{{_escaped(title)}}}"]
    for section in sections:
        lines += ["", rf"\subsection*{{{section.title}}}"]
        lines += [_words(section.words)] * bool(section.words)
        for table in section.tables:
            lines += ["", *_table(table)]
    return "\n".join(lines) + "\n"


def as_document(traces: Sequence[Step], digits: int) -> str:
    """Return traces as a complete document."""
    content = "\n".join(as_latex(trace, digits) for trace in traces)
    return f"{_HEAD}\n{content}\n{_FOOT}\n"


def _table(table: Table) -> Iterator[str]:
    """Yield a title and its equations, aligned at the equals signs."""
    if table.title:
        yield rf"\paragraph{{{_words(table.title)}}}"
    if table.rows:
        yield r"\begin{align*}"
        yield " \\\\\n".join("\n".join(_row(row)) for row in table.rows)
        yield r"\end{align*}"


def _row(row: Row) -> Iterator[str]:
    label, value = _formula((row.label,)), _formula((row.value,))
    numbers: Tokens = (row.numbers,) if row.numbers else ()
    lines = [line for tokens in (row.formula, numbers) for line in _lines(tokens)]
    if not lines:
        yield f"  {label} &= {value}"
    elif len(lines) == 1:
        yield f"  {label} {lines[0]} = {value}"
    else:
        yield f"  {label}"
        yield from (rf"    {line} \\" for line in lines[:-1])
        yield f"    {lines[-1]} = {value}"


def _lines(tokens: Tokens) -> Iterator[str]:
    """Yield the lines of a formula; the first begins with an equals sign."""
    sign = "&= "
    for line in wrapped(tokens, _WIDTH) if tokens else ():
        yield sign + _formula(line)
        sign = r"&\quad "


def _formula(tokens: Tokens) -> str:
    """Write a formula of a row."""
    written = "".join(map(_written, tokens))
    return re.sub(" +", " ", written).replace(" ^", "^").strip()


def _words(tokens: Tokens) -> str:
    """Write a sentence, with its symbols in math mode."""
    return "".join(
        _escaped(token.replace("\n", " ")).replace("×", r"$\times$")
        if isinstance(token, str)
        else f"${_written(token)}$"
        for token in tokens
    )


def _written(token: Token) -> str:
    if isinstance(token, str):
        return _PARTS.sub(_part, token.replace("\n", " "))
    if token.over is None:
        return _symbol(symbol(token.name))
    top, bottom = (_symbol(symbol(name)) for name in token.over)
    return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"


def _symbol(name: Symbol) -> str:
    base = printable(name.base)
    if base in _GREEK:
        base = rf"\{base}"
    elif not (base.isascii() and base.isalpha() and len(base) == 1):
        style = "mathrm" if base.isalnum() else "text"  # \mathrm knows no spaces and no signs
        size = r"\scriptsize " * (len(base) > _LONG)
        base = rf"\{'text' if size else style}{{{size}{_escaped(base)}}}"
    sub = name.sub
    if sub[:1].isalpha():  # the index of z_o1 is itself a name
        sub = _symbol(symbol(sub.replace(",", "_")))
    return base + f"_{{{sub}}}" * bool(sub) + f"^{{{name.sup}}}" * bool(name.sup)


def _part(found: re.Match[str]) -> str:
    """Write a power of ten, a word or a sign."""
    if (word := found["word"]) is None:
        return rf"{found['digits']} \times 10^{{{int(found['power'])}}}"
    return _TEX.get(word) or rf"\operatorname{{{_escaped(word)}}}"


def _escaped(text: str) -> str:
    text = printable(text)
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], f"\\{found[0]}"), text)
