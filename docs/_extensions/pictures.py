"""Shows pictures that exist in two versions, for light and for dark pages.

In Markdown they are a ``<picture>`` with two files, from which a browser chooses by the system's
theme. On this site, readers choose the theme themselves, so each file becomes a separate image with
a class that says on which pages it is visible.
"""

import re

from sphinx.application import Sphinx

PICTURE = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="(?P<dark>[^"]+)">\s*'
    r'<img src="(?P<light>[^"]+)" width="(?P<width>\d+)" alt="(?P<alt>[^"]*)">\s*</picture>'
)


def as_images(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the pictures in the source of a page."""
    source[0] = PICTURE.sub(
        lambda picture: f"{_image(picture, 'light')}\n\n{_image(picture, 'dark')}", source[0]
    )


def _image(picture: re.Match[str], ground: str) -> str:
    options = {"alt": picture["alt"], "width": f"{picture['width']}px", "class": f"only-{ground}"}
    lines = "\n".join(f":{name}: {value}" for name, value in options.items())
    return f"```{{image}} {picture[ground]}\n{lines}\n```"


def setup(app: Sphinx) -> dict[str, bool]:
    """Process every page as it is read."""
    app.connect("source-read", as_images)
    return {"parallel_read_safe": True}
