"""The directive ``help``: the ``--help`` text of every command."""

import io
import os
from contextlib import redirect_stdout, suppress
from unittest.mock import patch

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mlp.cli import COMMANDS, main


class Help(SphinxDirective):
    """Show a section for each command, with its help."""

    def run(self) -> list[nodes.Node]:
        """Return the sections, in the order of ``mlp --help``."""
        names = [command.__name__.rpartition(".")[2].replace("_", "-") for command in COMMANDS]
        text = "\n\n".join(f"## mlp {name}\n\n```text\n{_help(name)}```" for name in names)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _help(name: str) -> str:
    printed, width = io.StringIO(), {"COLUMNS": "84", "NO_COLOR": "1"}
    # argparse exits after printing the help
    with redirect_stdout(printed), patch.dict(os.environ, width), suppress(SystemExit):
        main([name, "--help"])
    return printed.getvalue()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("help", Help)
    return {"parallel_read_safe": True}
