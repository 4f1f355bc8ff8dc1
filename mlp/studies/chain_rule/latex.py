"""A trace as LaTeX: the formula, the formula in numbers, and the result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlp.studies.chain_rule.notation import Derivative, Symbol, Symbols, Token, symbol
from mlp.studies.chain_rule.records import Step
from mlp.studies.chain_rule.rows import Block, Row, sections_of, wrapped

_HEAD = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\allowdisplaybreaks
\begin{document}
"""
_FOOT = r"\end{document}"
_WIDTH = 70
_SPECIAL = re.compile(r"[\\{}$&#^_~%]")
_ESCAPES = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
_SIGNS = {"×": r"\times", "²": "^{2}", "³": "^{3}", "Φ": r"\Phi", "φ": r"\varphi"}
_FUNCTIONS = {name: rf"\{name}" for name in ("exp", "log", "tanh", "max", "min")}
_CONJUNCTIONS = {name: rf"\text{{ {name} }}" for name in ("if", "else")}
_TEX = {**_SIGNS, **_FUNCTIONS, **_CONJUNCTIONS}
_WORDS = re.compile(r"[^\W\d]\w*|[×²³]")
_EXPONENT = re.compile(r"e([+-])0*(\d+)")


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
    write = _Latex(Symbols(trace))
    lines = [rf"\section*{{{_escaped(title)}}}"]
    for section in sections:
        lines += ["", rf"\subsection*{{{section.title}}}"]
        lines += [write.words(section.words)] * bool(section.words)
        for block in section.blocks:
            lines += ["", *write.block(block)]
    return "\n".join(lines) + "\n"


def as_document(traces: Sequence[Step], digits: int) -> str:
    """Return traces as a complete document."""
    content = "\n".join(as_latex(trace, digits) for trace in traces)
    return f"{_HEAD}\n{content}\n{_FOOT}\n"


class _Latex:
    """Writes the rows of one trace."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols

    def block(self, block: Block) -> Iterator[str]:
        """Yield a title and its equations, aligned at the equals signs."""
        if block.title:
            yield rf"\paragraph{{{self.words(block.title)}}}"
        yield r"\begin{align*}"
        rows = ["\n".join(self._row(row)) for row in block.rows]
        yield " \\\\\n".join(rows)
        yield r"\end{align*}"

    def _row(self, row: Row) -> Iterator[str]:
        label, value = self.formula(row.label), self.formula(row.value)
        lines = [line for parts in (row.formula, row.numbers) for line in self._lines(parts)]
        if not lines:
            yield f"  {label} &= {value}"
        elif len(lines) == 1:
            yield f"  {label} {lines[0]} = {value}"
        else:
            yield f"  {label}"
            yield from (rf"    {line} \\" for line in lines[:-1])
            yield f"    {lines[-1]} = {value}"

    def _lines(self, parts: Sequence[str]) -> Iterator[str]:
        """Yield the lines of a formula; the first begins with an equals sign."""
        sign = "&= "
        for line in wrapped(parts, _WIDTH) if parts else ():
            yield sign + self.formula(line)
            sign = r"&\quad "

    def formula(self, text: str) -> str:
        """Write a formula of a row."""
        written = "".join(map(_written, self.symbols.tokens(text)))
        return re.sub(" +", " ", written).replace(" ^", "^").strip()

    def words(self, text: str) -> str:
        """Write a sentence, with its symbols in math mode."""
        return "".join(
            _escaped(token).replace("×", r"$\times$")
            if isinstance(token, str)
            else f"${_written(token)}$"
            for token in self.symbols.tokens(text)
        )


def _written(token: Token) -> str:
    if isinstance(token, Derivative):
        top, bottom = _symbol(token.top), _symbol(token.bottom)
        return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"
    if isinstance(token, Symbol):
        return _symbol(token)
    if isinstance(token, str):
        return _WORDS.sub(lambda found: _word(found[0]), token)
    return _number(token.text)


def _symbol(name: Symbol) -> str:
    base = name.base
    if not (base.isascii() and base.isalpha() and len(base) == 1):
        style = "mathrm" if base.isalnum() else "text"  # \mathrm knows no spaces and no signs
        base = rf"\{style}{{{_escaped(base)}}}"
    sub = name.sub
    if sub[:1].isalpha():  # the index of z_o1 is itself a name
        sub = _symbol(symbol(sub.replace(",", "_")))
    return base + f"_{{{sub}}}" * bool(sub) + f"^{{{name.sup}}}" * bool(name.sup)


def _number(text: str) -> str:
    if text in ("inf", "nan"):
        return {"inf": r"\infty", "nan": r"\text{nan}"}[text]
    return _EXPONENT.sub(lambda found: rf" \times 10^{{{found[1].strip('+')}{found[2]}}}", text)


def _word(word: str) -> str:
    return _TEX.get(word) or rf"\operatorname{{{_escaped(word)}}}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], f"\\{found[0]}"), text)
