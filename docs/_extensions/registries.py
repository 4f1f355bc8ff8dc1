"""The directive ``registry``: a table of named objects, such as ``mlp.core.ACTIVATIONS``."""

from inspect import getdoc
from types import MappingProxyType
from typing import Any

from documented_names import public_name
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.ext.autosummary import import_by_name
from sphinx.util.docutils import SphinxDirective


class Registry(SphinxDirective):
    """Show the names of a mapping and the class behind each, or its description."""

    required_arguments = 1
    option_spec = MappingProxyType({"names-only": directives.flag})

    def run(self) -> list[nodes.Node]:
        """Return the mapping, as a link target, and its table."""
        fullname = self.arguments[0]
        _, registry, _, _ = import_by_name(fullname)
        names = [f'`"{name}"`' for name in registry]
        if "names-only" in self.options:
            text = ", ".join(names)
        else:
            rows = zip(names, map(_summary, registry.values()), strict=True)
            text = "\n".join(f"| {name} | {summary} |" for name, summary in rows)
            text = f"| name | |\n|---|---|\n{text}"
        return self.parse_text_to_nodes(f"```{{py:data}} {fullname}\n```\n\n{text}")


def _summary(made: Any) -> str:
    """Describe the entry of a name: a class, a class with options, or the result of a function."""
    if isinstance(made, tuple):
        kind, options = made
        settings = ", ".join(f"{key}={value!r}" for key, value in options.items())
        return _link(kind) + (f" with `{settings}`" if settings else "")
    if public_name(made):
        return _link(made)
    made = type(made())
    text = (getdoc(made) or "").partition("\n\n")[0]
    return text.replace("\n", " ").replace("``", "`").replace("|", r"\|")


def _link(thing: object) -> str:
    return f"{{py:obj}}`~{public_name(thing)}`"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("registry", Registry)
    return {"parallel_read_safe": True}
