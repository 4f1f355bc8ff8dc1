"""Pictures held against stored ones, coarsely enough for every release of matplotlib."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from mlp.plotting.style import look
from mlp.plotting.themes import theme_of

STORED = Path(__file__).parent / "data"
DPI = 50
BLOCK = 5  # pixels that are averaged: edges of letters and lines differ between releases
MEAN, MOST = 0.009, 0.3  # of black to white: on the average, and in any one block
COLORS = 64


def picture(ax):
    """The PNG of the figure of `ax`, as it is stored."""
    file = BytesIO()
    with look(theme=theme_of(ax)):
        ax.figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    few, small = Image.open(file).convert("RGB").quantize(COLORS), BytesIO()
    few.save(small, format="png", optimize=True)
    return small.getvalue()


def coarse(png):
    pixels = np.asarray(Image.open(BytesIO(png)).convert("RGB")) / 255.0
    height, width = (side // BLOCK * BLOCK for side in pixels.shape[:2])
    cut = pixels[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, 3)
    return cut.mean(axis=(1, 3))


def differences(one, other):
    """The mean and the largest difference of two PNGs, of black to white."""
    one, other = coarse(one), coarse(other)
    if one.shape != other.shape:
        return 1.0, 1.0
    away = np.abs(one - other)
    return float(away.mean()), float(away.max())


def assert_looks_like(ax, name):
    """The picture is the stored one; `record_pictures.py` stores them anew."""
    mean, most = differences(picture(ax), (STORED / f"{name}.png").read_bytes())
    assert mean < MEAN, f"{name}: the mean difference is {mean:.4f}"
    assert most < MOST, f"{name}: the largest difference is {most:.3f}"
