"""The directive ``errata``: the errors found by the worked examples, from `mlp.examples`."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mlp import examples


class Errata(SphinxDirective):
    """Show a table for each example with errata, in the order of `mlp.examples.EXAMPLES`."""

    def run(self) -> list[nodes.Node]:
        """Return the tables, each under the title of its example."""
        text = "\n\n".join(_section(name) for name in examples.EXAMPLES)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _section(name: str) -> str:
    example = examples.load_example(name)
    title = f"## {name}\n\n{example.title}."
    if not example.errata:
        return f"{title}\n\nNo errors."
    rows = "\n".join(
        f"| {_text(e.where)} | {_cell(e.printed)} | {_cell(e.correct)} | {_text(e.why)} |"
        for e in example.errata
    )
    return f"{title}\n\n| where | printed | correct | why |\n|---|---|---|---|\n{rows}"


def _cell(value: float | str) -> str:
    text = value if isinstance(value, str) else f"{value:.10g}"
    return f"`{text}`".replace("|", r"\|")


def _text(words: str) -> str:
    """Escape the characters that Markdown would interpret."""
    return re.sub(r"([\\`*_|$<])", r"\\\1", words)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("errata", Errata)
    return {"parallel_read_safe": True}
