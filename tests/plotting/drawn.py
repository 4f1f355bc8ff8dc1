"""What can be read from the picture of a sweep."""

from itertools import pairwise

import numpy as np
from matplotlib.legend import Legend
from matplotlib.text import Text

SIX = [0.1, 0.2, 0.5, 0.8, 1.0, 2.0]
MANY = np.geomspace(1e-3, 10, 25).tolist()


def lines(ax, kind="rate"):
    """The lines of one kind, by rate."""
    named = [line for line in ax.lines if (line.get_gid() or "").startswith(f"{kind} ")]
    return {float(line.get_gid().split()[1]): line for line in named}


def texts(ax):
    return [text.get_text().replace("\n", " ") for text in ax.texts]


def key(ax):
    return [
        text.get_text().replace("\n", " ")
        for artist in ax.artists
        if isinstance(artist, Legend)
        for text in artist.get_texts()
    ]


def overlaps(ax):
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]  # an annotation adds its leader
    boxes.sort(key=lambda box: box.y0)
    return [(below, above) for below, above in pairwise(boxes) if above.y0 < below.y1 - 1.5]
