"""Tables in HTML, as notebooks show them."""

from collections.abc import Iterable, Sequence
from html import escape

from mlp._names import printable


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    r"""Return a table whose first column names the rows; all text is escaped.

    Examples
    --------
    >>> print(html_table(["layer", "outputs"], [["<a>", "3"]], "net"))
    <table>
    <caption>net</caption>
    <tr><th>layer</th><th>outputs</th></tr>
    <tr><th>&lt;a&gt;</th><td>3</td></tr>
    </table>
    """
    lines = ["<table>"]
    lines += [f"<caption>{html_text(caption)}</caption>"] * bool(caption)
    lines.append(f"<tr>{''.join(f'<th>{html_text(cell)}</th>' for cell in header)}</tr>")
    for name, *cells in rows:
        numbers = "".join(f"<td>{html_text(cell)}</td>" for cell in cells)
        lines.append(f"<tr><th>{html_text(name)}</th>{numbers}</tr>")
    return "\n".join([*lines, "</table>"])


def html_text(text: str) -> str:
    r"""Return text for HTML: no markup, no control characters.

    Examples
    --------
    >>> print(html_text("a<b>\x1b"))
    a&lt;b&gt;\x1b
    """
    return escape(printable(text))
