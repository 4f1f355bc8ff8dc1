"""The directive ``registry``: a table of what has a name, such as ``mlp.core.ACTIVATIONS``."""

from collections.abc import Callable
from inspect import getdoc
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.autosummary import import_by_name
from sphinx.util.docutils import SphinxDirective


class Registry(SphinxDirective):
    """The names of a mapping, and the first paragraph of what their objects say of themselves."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the mapping, as something to refer to, and its table."""
        fullname = self.arguments[0]
        _, registry, _, _ = import_by_name(fullname)
        rows = "\n".join(f'| `"{name}"` | {_summary(made)} |' for name, made in registry.items())
        return self.parse_text_to_nodes(
            f"```{{py:data}} {fullname}\n```\n\n| name | meaning |\n|---|---|\n{rows}"
        )


def _summary(made: Any) -> str:
    """Say what a name makes: a class, a function that makes an object, or a class with options."""
    if isinstance(made, tuple):
        kind, options = made
        settings = ", ".join(f"{key}={value!r}" for key, value in options.items())
        return _first_paragraph(kind) + (f" Here with `{settings}`." if settings else "")
    return _first_paragraph(made if getdoc(made) else type(made()))


def _first_paragraph(thing: type | Callable[..., object]) -> str:
    text = (getdoc(thing) or "").partition("\n\n")[0]
    return text.replace("\n", " ").replace("``", "`").replace("|", r"\|")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("registry", Registry)
    return {"parallel_read_safe": True}
