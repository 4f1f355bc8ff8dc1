"""Run the code of gallery.md for light and for dark pages, and save its pictures.

python docs/gallery.py [FOLDER]
"""

import contextlib
import hashlib
import re
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mlp.plotting import offscreen, theme

PAGE = Path(__file__).with_suffix(".md")
FOLDER = PAGE.with_suffix("")
ENDINGS = {"light": "", "dark": "-dark"}
LARGEST = 160 * 1024  # bytes; larger pictures get fewer colours


def code() -> str:
    """Return all Python blocks of the page as one program."""
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.M)
    return "\n".join(blocks)


def fingerprint() -> str:
    """Return a hash that identifies the code of the page."""
    return hashlib.sha256(code().encode()).hexdigest()


def draw(page: str) -> Iterator[tuple[str, Image.Image]]:
    """Run the code and yield the names and pictures for a light or a dark page."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        with theme(page), offscreen():
            exec(compile(code(), PAGE, "exec"), {})
        for path in sorted(Path(folder).iterdir()):
            with Image.open(path) as image:
                yield f"{path.stem}{ENDINGS[page]}.png", image.convert("RGB")


def packed(image: Image.Image) -> bytes:
    """Return a picture as PNG, with the fingerprint of its code and as many colours as fit."""
    made_by = PngInfo()
    made_by.add_text("Code", fingerprint())
    for colors in (None, 256, 128, 64):
        few = image if colors is None else image.quantize(colors)
        file = BytesIO()
        few.save(file, "PNG", optimize=True, pnginfo=made_by)
        if file.tell() < LARGEST:
            return file.getvalue()
    raise ValueError(f"a picture of {image.size} does not fit into {LARGEST} bytes")


def write(folder: Path) -> None:
    """Write all pictures to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in ENDINGS:
        for name, image in draw(page):
            content = packed(image)
            (folder / name).write_bytes(content)
            print(f"{folder / name}: {len(content) // 1024} KiB")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
