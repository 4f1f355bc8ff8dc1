"""Sphinx configuration. Building and reading the documentation works offline."""

import sys
from importlib.util import find_spec
from pathlib import Path

import mlp

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
from documented_names import public_bases, public_classes  # noqa: E402  # the line above makes it importable

project = "mlp"
author = "The mlp authors"
copyright = author
version = release = mlp.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "command_help",
    "documented_names",
    "errata",
    "example_trace",
    "notebooks",
    "pictures",
    "playground",
    "registries",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
nitpicky = True

# Markdown and notebooks
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests run the notebooks; their outputs are stored
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Docstrings
default_role = "py:obj"  # names in backticks become links if they are documented
autosummary_generate = True
autosummary_context = {"derived": [n for n, c in public_classes().items() if public_bases(c)]}
autodoc_typehints = "none"  # the docstrings describe types in words
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "inherited-members": "Activation, Callback, Exception, Layer, Loss, Mapping, Metric, Optimizer,"
    " Schedule, Scratch, ValueError, dict",
    # scikit-learn's own, whose docstrings refer to its pages
    "exclude-members": "get_metadata_routing, score, set_fit_request, set_output, set_params,"
    " set_partial_fit_request, set_score_request, set_transform_request",
}
numpydoc_show_class_members = False  # autodoc shows them
numpydoc_xref_param_type = True  # public types of parameters become links
numpydoc_xref_aliases = {name.rpartition(".")[2]: name for name in reversed(public_classes())}
numpydoc_xref_ignore = "all"

# MathJax: one file with all fonts, from a package
_mathjax = find_spec("sphinx-mathjax-offline")
if _mathjax is None or _mathjax.origin is None:
    raise ModuleNotFoundError("sphinx-mathjax-offline; make docs installs it")
mathjax_path = "tex-svg-full.js"

html_theme = "furo"
html_title = "mlp"
html_static_path = ["_static", str(Path(_mathjax.origin).parent / "static/mathjax" / mathjax_path)]
html_css_files = ["mlp.css"]
html_copy_source = False
html_show_sourcelink = False
