"""Puts the notebooks of the project where Sphinx reads them; their outputs are kept."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx


def copy_notebooks(app: Sphinx) -> None:
    """Make ``notebooks`` under the sources hold what the project's folder of that name holds."""
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
    """Copy before the sources are listed."""
    app.connect("config-inited", lambda app, config: copy_notebooks(app))
    return {"parallel_read_safe": True}
