"""Text of the user's in pictures: drawn as it stands, in a font that has its characters."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from matplotlib.axes import Axes
from matplotlib.font_manager import FontEntry, findfont, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from mlp._names import printable

_BOXES = ("Last Resort", ".")  # names of fonts whose glyphs are boxes, or that are private
_NORMAL, _BOLD = 400, 700


def as_it_stands(*texts: Text) -> None:
    r"""Draw texts without mathematics, and characters that their font lacks in another one.

    Control characters are written as escapes, except line ends.

    Examples
    --------
    >>> text = Text(text="$x_1$\x1b")
    >>> as_it_stands(text)
    >>> text.get_parse_math(), text.get_text()
    (False, '$x_1$\\x1b')
    """
    for text in texts:
        written = "\n".join(map(printable, text.get_text().split("\n")))
        if written != text.get_text():
            text.set_text(written)
        text.set_parse_math(False)
        use_fonts(text)


def use_fonts(text: Text) -> None:
    """Add installed fonts for the characters that the font of a text lacks."""
    lacking = _lacking(text)
    if not lacking:
        return
    installed = tuple(fontManager.ttflist)
    families = _fonts_with(lacking, installed)
    text.set_fontfamily([*text.get_fontfamily(), *families])
    with_bold = {font.name for font in installed if font.weight == _BOLD}
    if not with_bold.issuperset(families):  # else matplotlib complains at each drawing
        text.set_fontweight("normal")


@contextmanager
def told_once(ax: Axes) -> Iterator[None]:
    """Give one warning, not one for each character and drawing, if no font has all characters."""
    with without_warnings():
        yield
    if any(_lacking(text) for text in ax.findobj(Text) if text.get_visible()):
        warnings.warn(
            "no installed font has all characters of the names in a picture: those that are "
            "missing are drawn as boxes (the Noto fonts have most scripts)",
            stacklevel=6,  # the caller of the function that draws
        )


@contextmanager
def without_warnings() -> Iterator[None]:
    """Suppress the warnings of matplotlib about missing glyphs."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from")
        yield


def _lacking(text: Text) -> frozenset[str]:
    """Return the characters that none of the fonts of a text has."""
    unusual = frozenset(character for character in text.get_text() if ord(character) > 0x2FF)
    if not unusual:
        return unusual
    properties = text.get_fontproperties().copy()
    for family in text.get_fontfamily():
        properties.set_family([family])
        unusual -= _among(findfont(properties), unusual)
    return unusual


@lru_cache
def _fonts_with(characters: frozenset[str], installed: tuple[FontEntry, ...]) -> tuple[str, ...]:
    """Return few families that have the characters, as far as any has; upright ones first."""
    fonts = [font for font in installed if not font.name.startswith(_BOXES)]
    fonts.sort(key=lambda font: (font.style != "normal", font.weight != _NORMAL, font.name))
    found = []
    for font in fonts:
        having = _among(font.fname, characters)
        if having:
            found.append(font.name)
            characters -= having
        if not characters:
            break
    return tuple(found)


@lru_cache(1024)
def _among(path: str, characters: frozenset[str]) -> frozenset[str]:
    """Return which characters a font has; none if it cannot be drawn at any size."""
    try:
        font = FT2Font(path)
        if not font.scalable:
            return frozenset()
        return frozenset(one for one in characters if font.get_char_index(ord(one)))
    except (OSError, RuntimeError):  # a damaged file, or one that was removed
        return frozenset()
