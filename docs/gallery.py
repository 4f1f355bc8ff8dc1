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
from typing import Any

from PIL import Image, ImageSequence
from PIL.PngImagePlugin import PngInfo

from mlp.plotting import offscreen, theme

PAGE = Path(__file__).with_suffix(".md")
FOLDER = PAGE.with_suffix("")
PLAIN = Image.Dither.NONE
ENDINGS = {"light": "", "dark": "-dark"}
LARGEST = {".png": 160 * 1024, ".gif": 300 * 1024}  # bytes; larger ones get fewer colours


def code() -> str:
    """Return all Python blocks of the page as one program."""
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.M)
    return "\n".join(blocks)


def fingerprint() -> str:
    """Return a hash that identifies the code of the page."""
    return hashlib.sha256(code().encode()).hexdigest()


def draw(page: str) -> Iterator[tuple[str, bytes]]:
    """Run the code and yield the names and files of the pictures for a light or a dark page."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        with theme(page), offscreen():
            exec(compile(code(), PAGE, "exec"), {})
        for path in sorted(Path(folder).iterdir()):
            with Image.open(path) as image:
                yield f"{path.stem}{ENDINGS[page]}{path.suffix}", packed(image, path.suffix)


def packed(image: Image.Image, kind: str) -> bytes:
    """Return a picture with the fingerprint of its code and as many colours as fit."""
    made_by = PngInfo()
    made_by.add_text("Code", fingerprint())
    how: dict[str, Any] = {"optimize": True, "pnginfo": made_by}
    if kind == ".gif":
        how = {"comment": fingerprint(), "duration": image.info["duration"], "loop": 0}
    frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(image)]
    for colors in (None, 256, 128, 64):
        first, *others = (one.quantize(colors, dither=PLAIN) if colors else one for one in frames)
        file = BytesIO()
        first.save(file, kind[1:], save_all=bool(others), append_images=others, **how)
        if file.tell() < LARGEST[kind]:
            return file.getvalue()
    raise ValueError(f"a picture of {image.size} does not fit into {LARGEST[kind]} bytes")


def write(folder: Path) -> None:
    """Write all pictures to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in ENDINGS:
        for name, content in draw(page):
            (folder / name).write_bytes(content)
            print(f"{folder / name}: {len(content) // 1024} KiB")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
