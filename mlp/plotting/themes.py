"""The light and the dark theme, and contrast between colours."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb, to_rgba

from mlp._names import shortened

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Theme:
    """The colours of a page and of the marks on it.

    Attributes
    ----------
    name : str
        "light" or "dark".
    page : str
        The background.
    ink, faint, grid : str
        Text; secondary text and lines; grid lines.
    first, second, pale : tuple of float
        The two colours of most pictures, far apart in hue and lightness, and a pale first.
    rates : Colormap
        From the lowest to the highest contrast with the page.
    """

    name: str
    page: str
    ink: str
    faint: str
    grid: str
    first: Color
    second: Color
    pale: Color
    rates: Colormap


def _viridis(name: str, start: float, end: float) -> Colormap:
    return LinearSegmentedColormap.from_list(
        name, matplotlib.colormaps["viridis"](np.linspace(start, end, 64))
    )


# For numbers of both signs: hue shows the sign, and lightness rises evenly.
SIGNS = LinearSegmentedColormap.from_list(
    "mlp_signs", ["#04234f", "#0f4b8f", "#4a7bb0", "#989898", "#dea257", "#f7ca6e", "#fff2c2"]
)

LIGHT = Theme(
    name="light",
    page="#ffffff",
    ink="#333333",
    faint="#666666",
    grid="#e4e4e4",
    first=(0.13, 0.25, 0.50),
    second=(0.85, 0.43, 0.07),
    pale=(0.62, 0.68, 0.80),
    rates=_viridis("mlp_rates", 0.76, 0.0),  # the yellow end is too pale on white
)
DARK = Theme(
    name="dark",
    page="#14181f",
    ink="#e3e6ea",
    faint="#a3abb5",
    grid="#333b46",
    first=(0.70, 0.85, 1.00),
    second=(0.91, 0.50, 0.13),
    pale=(0.33, 0.42, 0.56),
    rates=_viridis("mlp_rates_dark", 0.38, 1.0),  # the violet end is too dark on black
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
BACKGROUNDS = ("axes.facecolor", "figure.facecolor")  # settings of matplotlib
_chosen: ContextVar[Theme | None] = ContextVar("mlp_theme", default=None)


@contextmanager
def theme(name: Literal["light", "dark"]) -> Iterator[None]:
    """Draw the pictures of a ``with`` block on a light or a dark page.

    Pictures on existing axes follow the background of these instead; elsewhere new pictures follow
    that of matplotlib's settings, such as ``plt.style.use("dark_background")``.

    Parameters
    ----------
    name
        ``"light"`` or ``"dark"``.

    Raises
    ------
    ValueError
        If the name is neither.

    Examples
    --------
    >>> from mlp.plotting import plot_history
    >>> with theme("dark"):
    ...     ax = plot_history({"loss": [0.9, 0.5, 0.3]})
    >>> sum(ax.figure.get_facecolor()[:3]) < 0.5
    True
    """
    if name not in THEMES:
        raise ValueError(f"theme: received {name!r}, expected one of {', '.join(THEMES)}")
    token = _chosen.set(THEMES[name])
    try:
        yield
    finally:
        _chosen.reset(token)


def shades(theme: Theme, color: Color | None = None) -> Colormap:
    """Return the colours from the page to ``color``, by default the theme's first."""
    ends = [to_rgb(theme.page), color or theme.first]
    return LinearSegmentedColormap.from_list(f"mlp_shades_{theme.name}", ends)


def is_chosen() -> bool:
    """Return whether `theme` is in force."""
    return _chosen.get() is not None


def current_theme() -> Theme:
    """Return the theme of new figures: the chosen one, or that of matplotlib's background."""
    chosen = _chosen.get()
    return chosen or _on_page(matplotlib.rcParams["figure.facecolor"]) or LIGHT


def _on_page(color: Any) -> Theme | None:
    """Return the theme for a background, None for a transparent one."""
    red, green, blue, alpha = to_rgba(color)
    if alpha <= 0.5:
        return None
    page = to_hex((red, green, blue))
    return replace(LIGHT if luminance(page) > 0.18 else DARK, page=page)


def theme_of(ax: Axes | None) -> Theme:
    """Return the theme that suits the page of ``ax``; the current one for None or no background.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> theme_of(Figure(facecolor="black").add_subplot()).name
    'dark'
    """
    if ax is None:
        return current_theme()
    if not isinstance(ax, Axes):
        raise TypeError(f"ax: received {shortened(ax)}, expected the axes of a figure, or None")
    figure = ax.figure.canvas.figure  # the root, also of a subfigure
    for patch in (figure.patch, ax.patch):
        found = _on_page(patch.get_facecolor()) if patch.get_visible() else None
        if found is not None:
            return found
    return current_theme()


def settings(theme: Theme) -> dict[str, Any]:
    """Return the matplotlib settings for the colours of a theme."""
    return {
        "axes.edgecolor": theme.grid,
        "axes.facecolor": theme.page,
        "axes.labelcolor": theme.ink,
        "axes.titlecolor": theme.ink,
        "figure.facecolor": theme.page,
        "text.color": theme.ink,
        "xtick.color": theme.faint,
        "xtick.labelcolor": theme.ink,
        "ytick.color": theme.faint,
        "ytick.labelcolor": theme.ink,
    }


def luminance(color: Any) -> float:
    """Return the relative luminance (WCAG 2) of an sRGB colour, 0 to 1."""
    rgb = np.asarray(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: Any, other: Any) -> float:
    """Return the contrast (WCAG 2) of two colours, 1 to 21.

    Examples
    --------
    >>> contrast("black", "white")
    21.0
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def legible(color: Any, page: Any, least: float = 4.5) -> Color:
    """Return ``color``, moved away from ``page`` until the contrast is ``least``.

    The default is what WCAG 2 requires of text.

    Examples
    --------
    >>> contrast(legible("yellow", "white"), "white") >= 4.5
    True
    >>> legible("yellow", "black")
    (1.0, 1.0, 0.0)
    """
    rgb = np.asarray(to_rgb(color))
    end = 0.0 if luminance(page) > 0.18 else 1.0
    while contrast(rgb, page) < least and not np.allclose(rgb, end, atol=1e-3):
        rgb = 0.95 * rgb + 0.05 * end
    return float(rgb[0]), float(rgb[1]), float(rgb[2])


def lightness(color: Any) -> float:
    """Return the CIE lightness L* of an sRGB colour, 0 (black) to 100 (white)."""
    y = luminance(color)
    return float(116 * np.cbrt(y) - 16 if y > (6 / 29) ** 3 else (29 / 3) ** 3 * y)
