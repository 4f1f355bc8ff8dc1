"""Links names in docstrings to the page that documents the object, under any of its names.

`mlp.Trainer`, `mlp.training.Trainer` and, within ``mlp.training``, `Trainer` are one class, which
one page documents. Names that no page documents stay plain text.
"""

from functools import cache
from inspect import ismodule
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.ext.autosummary import ImportExceptionGroup, import_by_name

import mlp


def link(
    app: Sphinx, env: BuildEnvironment, reference: pending_xref, text: nodes.Element
) -> nodes.Element | None:
    """Return a link to the page that documents the object; plain text if no page does."""
    if reference.get("refdomain") != "py":
        return None
    fullname = _documented_name(env, reference)
    if fullname is None:
        return text if reference["reftype"] == "obj" else None
    entry = env.domains.python_domain.objects[fullname]
    place = app.builder.get_relative_uri(reference["refdoc"], entry.docname) + f"#{entry.node_id}"
    return nodes.reference("", "", text, internal=True, refuri=place, reftitle=fullname)


def _documented_name(env: BuildEnvironment, reference: pending_xref) -> str | None:
    prefixes = [reference.get("py:class"), reference.get("py:module"), "mlp"]
    wanted = _imported(reference["reftarget"], [None, *filter(None, prefixes)])
    if wanted is None:
        return None
    if not hasattr(env, "mlp_documented"):
        names = env.domains.python_domain.objects
        env.mlp_documented = {id(_imported(name, [None])): name for name in names}
    return env.mlp_documented.get(id(wanted))


def _imported(name: str, prefixes: list[str | None]) -> Any:
    """Return the object that this name refers to after one of the prefixes, or None."""
    try:
        return import_by_name(name, prefixes)[1]
    except ImportExceptionGroup:
        return None


def public_name(thing: object) -> str | None:
    """Return the shortest public name of an object."""
    return min((name for name, found in _public().items() if found is thing), key=len, default=None)


def public_bases(cls: type) -> list[type]:
    """Return the public bases of a class."""
    return [base for base in cls.__bases__ if public_name(base)]


def public_classes() -> dict[str, type]:
    """Return all public classes by full name."""
    return {name: thing for name, thing in _public().items() if isinstance(thing, type)}


@cache
def _public() -> dict[str, Any]:
    parts = [thing for name in mlp.__all__ if ismodule(thing := getattr(mlp, name))]
    return {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in (mlp, *parts)
        for name in module.__all__
    }


def _keep_public(app: Sphinx, name: str, cls: type, options: Any, bases: list[type]) -> None:
    bases[:] = public_bases(cls)


def _link_no_others(app: Sphinx, config: Config) -> None:
    # numpydoc adds Python's and NumPy's names, whose pages are online
    config.numpydoc_xref_aliases_complete = dict(config.numpydoc_xref_aliases)


def setup(app: Sphinx) -> dict[str, bool]:
    """Resolve references that Sphinx cannot, and show only public bases and types."""
    app.connect("missing-reference", link)
    app.connect("autodoc-process-bases", _keep_public)
    app.connect("config-inited", _link_no_others, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
