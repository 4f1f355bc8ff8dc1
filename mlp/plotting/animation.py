"""Animations whose frames are still pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._checks import check_count, check_path, check_sequence
from mlp.plotting.save import rendered
from mlp.plotting.style import offscreen

DPI = 100.0
ENDINGS = (".gif", ".html")
LARGEST = 200.0  # megabytes of an HTML page; matplotlib's 20 would drop frames


def save_animation(
    frames: Sequence[Callable[[], Axes]], path: str | PathLike[str], *, fps: int = 5
) -> Path:
    """Write pictures as an animation: a GIF, or an HTML page with buttons and a slider.

    Each frame has the pixels of the still picture at 100 an inch; a GIF reduces their colours to
    256. A terminal shows a progress bar.

    Parameters
    ----------
    frames
        Functions that draw a picture each, all of one size, and return its axes.
    path
        The file, with the suffix ``.gif`` or ``.html``.
    fps
        Frames per second.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    ValueError, TypeError
        If the suffix is none of these, there are fewer than two frames, ``fps`` is no whole number
        above 0, or the pictures differ in size.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from mlp.plotting import plot_history, save_animation
    >>> losses = [0.9, 0.5, 0.3]
    >>> frames = [lambda n=n: plot_history({"loss": losses[:n]}) for n in (1, 2, 3)]
    >>> with TemporaryDirectory() as folder:
    ...     save_animation(frames, f"{folder}/history.gif").name
    'history.gif'
    """
    path = check_animation(path)
    frames = check_sequence("frames", frames, "functions that draw")
    if not all(map(callable, frames)):
        raise TypeError("frames: received no functions, expected functions that draw")
    if len(frames) < 2:
        raise ValueError(f"frames: received {len(frames)}, expected 2 at least")
    fps = check_count("fps", fps)
    pictures = _drawn(frames)
    content = _gif(pictures, fps) if path.suffix.lower() == ".gif" else _page(pictures, fps)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content)
    return path


def check_animation(path: str | PathLike[str], name: str = "path") -> Path:
    """Return the path of an animation; ValueError if its suffix is neither .gif nor .html."""
    path = Path(check_path(name, path))
    if path.suffix.lower() not in ENDINGS:
        known = " or ".join(ENDINGS)
        raise ValueError(f"{name}: received {str(path)!r}, expected a name ending in {known}")
    return path


def _drawn(frames: Sequence[Callable[[], Axes]]) -> list[NDArray[np.uint8]]:
    """Return the pictures as pixels ``(height, width, 4)``."""
    from tqdm import tqdm

    pictures: list[NDArray[np.uint8]] = []
    with offscreen():
        # disable=None: the bar is shown on a terminal only
        for draw in tqdm(frames, unit="frame", leave=False, disable=None):
            png = rendered(draw().figure.canvas.figure, "png", DPI)
            pictures.append(np.round(imread(BytesIO(png)) * 255.0).astype(np.uint8))
            if pictures[-1].shape != pictures[0].shape:
                raise ValueError(
                    f"frames: received pictures of {_size(pictures[0])} and {_size(pictures[-1])} "
                    "pixels, expected one size"
                )
    return pictures


def _size(picture: NDArray[np.uint8]) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"


def _animation(pictures: Sequence[NDArray[np.uint8]], fps: int) -> FuncAnimation:
    """Return an animation that shows the pictures pixel by pixel."""
    height, width = pictures[0].shape[:2]
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    image = figure.figimage(pictures[0], resize=False)

    def show(i: int) -> list[Any]:
        image.set_data(pictures[i])
        return [image]

    return FuncAnimation(figure, show, len(pictures), interval=1000.0 / fps, cache_frame_data=False)


def _gif(pictures: Sequence[NDArray[np.uint8]], fps: int) -> bytes:
    with TemporaryDirectory() as folder, rc_context({"savefig.dpi": "figure"}):
        file = Path(folder, "animation.gif")
        _animation(pictures, fps).save(file, PillowWriter(fps))
        return file.read_bytes()


def _page(pictures: Sequence[NDArray[np.uint8]], fps: int) -> bytes:
    with rc_context({"savefig.dpi": "figure", "animation.embed_limit": LARGEST}):
        content: str = _animation(pictures, fps).to_jshtml(fps, default_mode="loop")
    head = '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Animation</title>\n'
    return f"{head}{content}</html>\n".encode()
