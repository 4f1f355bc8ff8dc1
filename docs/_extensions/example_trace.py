"""The directive ``trace``: every factor of the first step of a worked example."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import mlp


class ExampleTrace(SphinxDirective):
    """Show the trace of the named example as a notebook does."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the trace as HTML."""
        example = mlp.examples.load_example(self.arguments[0])
        trace = mlp.trace(
            example.network, example.x, example.t, example.lr, names=example.weight_names
        )
        return [nodes.raw("", trace._repr_html_(), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("trace", ExampleTrace)
    return {"parallel_read_safe": True}
