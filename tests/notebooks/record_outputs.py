"""Execute notebooks and keep their new outputs in them: of all, or of those that are named.

python -m tests.notebooks.record_outputs [notebooks/NAME.ipynb ...]
"""

import base64
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode
from PIL import Image

from tests.notebooks.running import NOTEBOOKS, run

COLORS = 96  # of a picture; more are not seen in a chart


def record(path: Path) -> None:
    """Execute a notebook and write it with its new outputs."""
    with TemporaryDirectory() as folder:
        notebook, seconds = run(path, Path(folder))
    shrink_pictures(notebook)
    nbformat.write(notebook, path)
    print(f"{path}: {seconds:.1f} s, {path.stat().st_size / 1000:.0f} kB")


def shrink_pictures(notebook: NotebookNode) -> None:
    """Reduce the colours of all PNGs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = _shrunk(data["image/png"])


def _shrunk(encoded: str) -> str:
    picture = Image.open(BytesIO(base64.b64decode(encoded))).convert("RGB")
    small = BytesIO()
    picture.quantize(COLORS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else NOTEBOOKS:
        record(path)
