"""Puts the playground beside the documentation: the files that ``mlp playground`` serves."""

from pathlib import Path

from sphinx.application import Sphinx

from mlp.playground.server import page_files


def write_playground(app: Sphinx, error: Exception | None) -> None:
    """Write the page and the package into ``playground/`` of a finished build."""
    if error is None and app.builder.format == "html":
        folder = Path(app.outdir, "playground")
        folder.mkdir(exist_ok=True)
        for name, content in page_files().items():
            (folder / name).write_bytes(content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the page when everything else is written."""
    app.connect("build-finished", write_playground)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
