"""Writing pictures to files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mlp._atomic import write_file
from mlp._checks import check_path
from mlp._names import shortened
from mlp.plotting.style import look, offscreen
from mlp.plotting.text import without_warnings

MOST_PASSES = 5  # of a layout engine; two suffice for nearly all pictures

# Omit all metadata that differs between runs or releases of matplotlib.
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_figure(ax_or_fig: Axes | Figure | SubFigure, path: str | PathLike[str]) -> Path:
    """Write a picture as PNG, SVG or PDF, depending on the suffix of ``path``.

    Equal pictures give identical files. Missing parent directories are created, and the picture
    is complete before the file is touched.

    Parameters
    ----------
    ax_or_fig
        The figure, or any of its axes; the whole figure is written.
    path
        The file, with the suffix ``.png``, ``.svg`` or ``.pdf``.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    TypeError, ValueError
        If the suffix is none of these, or this is no figure.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from mlp.plotting import new_axes, save_figure
    >>> with TemporaryDirectory() as folder:
    ...     save_figure(new_axes(), f"{folder}/pictures/empty.svg").name
    'empty.svg'
    """
    path = Path(check_path("path", path))
    kind = path.suffix.lower().removeprefix(".")
    if kind not in METADATA:
        known = ", ".join(f".{name}" for name in METADATA)
        raise ValueError(f"path: received {str(path)!r}, expected a name ending in one of {known}")
    owner = ax_or_fig.figure if isinstance(ax_or_fig, Axes) else ax_or_fig
    if not isinstance(owner, Figure | SubFigure):
        raise TypeError(f"ax_or_fig: received {shortened(owner)}, expected axes or a figure")
    picture = rendered(owner.canvas.figure, kind)  # the root, also of a subfigure
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, picture)
    return path


def rendered(figure: Figure, kind: str, dpi: float | None = None) -> bytes:
    """Return a figure as a file of this kind, by default with the dots per inch of the settings."""
    # Labels lie outside the axes: without a layout engine the page must grow to hold them.
    settings: dict[str, Any] = {
        "savefig.bbox": "tight" if figure.get_layout_engine() is None else None
    }
    if dpi is not None:
        settings["savefig.dpi"] = dpi
    picture = BytesIO()
    with look(settings), without_warnings(), _fixed_layout(figure):
        figure.savefig(picture, format=kind, metadata=METADATA[kind])
    return picture.getvalue()


def draw(plot: Callable[[], Axes], path: str | PathLike[str] | None) -> Axes:
    """Return the axes of ``plot()``; with a path, save them and show nothing."""
    if path is None:
        return plot()
    with offscreen():
        ax = plot()
    save_figure(ax, path)
    return ax


@contextmanager
def _fixed_layout(figure: Figure) -> Iterator[None]:
    """Lay out ``figure`` and freeze it.

    Each pass of a layout engine moves the axes by a last bit, which changes the file.
    """
    engine = figure.get_layout_engine()
    if engine is None:
        yield
        return
    _start_anew(figure)
    for ax, place in zip(figure.axes, _settled(figure), strict=True):
        _place(ax, place)
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def _start_anew(figure: Figure) -> None:
    """Put the axes where a new figure has them.

    Axes with a fixed aspect converge slowly: each pass of the engine halves the remaining
    distance, so the result would depend on earlier drawings.
    """
    for ax in figure.axes:
        spec = ax.get_subplotspec()
        if spec is not None and ax.get_in_layout():
            _place(ax, spec.get_position(figure).bounds)


def _place(ax: Axes, place: tuple[float, float, float, float]) -> None:
    in_layout = ax.get_in_layout()
    ax.set_position(place)
    ax.set_in_layout(in_layout)  # set_position resets it


def _settled(figure: Figure) -> list[tuple[float, float, float, float]]:
    """Return where the axes come to rest; ticks and sizes depend on each other."""
    places: list[tuple[float, float, float, float]] = []
    for _ in range(MOST_PASSES):
        before = places
        figure.draw_without_rendering()
        places = []
        for ax in figure.axes:
            left, bottom, width, height = (round(side, 6) for side in ax.get_position().bounds)
            places.append((left, bottom, width, height))
        if places == before:
            break
    return places
