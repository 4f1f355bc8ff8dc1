"""Pictures to files."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from os import PathLike
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mlp._atomic import write_file
from mlp.plotting.style import look

MOST_PASSES = 5  # of a layout engine; two are enough for nearly all pictures

# What would differ from one run or one release of matplotlib to the next is left out.
METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_figure(ax_or_fig: Axes | Figure | SubFigure, path: str | PathLike[str]) -> Path:
    """Write a picture as PNG, SVG or PDF, as the ending of ``path`` says.

    The same picture gives the same bytes. A missing parent directory is created, and the
    picture is drawn in full before the file is touched.

    Parameters
    ----------
    ax_or_fig
        The figure, or an axes of it; the whole figure is written.
    path
        Where to; ``.png``, ``.svg`` or ``.pdf``.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ValueError
        If the ending is none of these.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from mlp.plotting import new_axes, save_figure
    >>> with TemporaryDirectory() as folder:
    ...     save_figure(new_axes(), f"{folder}/pictures/empty.svg").name
    'empty.svg'
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in METADATA:
        known = ", ".join(f".{name}" for name in METADATA)
        raise ValueError(f"path: received {str(path)!r}, expected a name ending in one of {known}")
    owner = ax_or_fig.figure if isinstance(ax_or_fig, Axes) else ax_or_fig
    figure = owner.canvas.figure  # the root, also of a subfigure
    # Labels stand beside the axes: where no layout makes room for them, the page grows.
    box = "tight" if figure.get_layout_engine() is None else None
    picture = BytesIO()
    with look({"savefig.bbox": box}), _fixed_layout(figure):
        figure.savefig(picture, format=kind, metadata=METADATA[kind])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, picture.getvalue())
    return path


@contextmanager
def _fixed_layout(figure: Figure) -> Iterator[None]:
    """Lay ``figure`` out, and hold it so.

    Each pass of a layout engine moves the axes by a last bit: enough for other bytes.
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

    Where an axes keeps its shape, the way to its rest is long: each pass of the engine goes half
    of what is left. Where it ends would depend on where it began, and so on earlier drawings.
    """
    for ax in figure.axes:
        spec = ax.get_subplotspec()
        if spec is not None and ax.get_in_layout():
            _place(ax, spec.get_position(figure).bounds)


def _place(ax: Axes, place: tuple[float, float, float, float]) -> None:
    in_layout = ax.get_in_layout()
    ax.set_position(place)
    ax.set_in_layout(in_layout)  # which set_position takes away


def _settled(figure: Figure) -> list[tuple[float, float, float, float]]:
    """Return where the axes come to rest: ticks depend on their sizes, and these on the ticks."""
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
