"""Copies the project's notebooks to where Sphinx reads them, with their outputs."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx


def copy_notebooks(app: Sphinx) -> None:
    """Mirror the project's ``notebooks`` folder in the documentation's sources."""
    source, target = Path(app.srcdir).parent / "notebooks", Path(app.srcdir) / "notebooks"
    target.mkdir(exist_ok=True)
    wanted = {path.name: path for path in source.glob("*.ipynb")}
    for path in target.glob("*.ipynb"):
        if path.name not in wanted:
            path.unlink()
    for name, path in wanted.items():
        copy = target / name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copyfile(path, copy)


def setup(app: Sphinx) -> dict[str, bool]:
    """Copy the notebooks before Sphinx lists the sources."""
    app.connect("config-inited", lambda app, config: copy_notebooks(app))
    return {"parallel_read_safe": True}
