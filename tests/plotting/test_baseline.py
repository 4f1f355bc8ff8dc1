"""Pictures look as they did when they were last looked at.

What is drawn is tested by its parts; this finds what they cannot know, such as words that lie on
one another. Of each 4 x 4 pixels the mean is compared with the
range of the means around it, so that another release of matplotlib passes, which draws letters a
little otherwise and moves what stands beside them by a pixel. Once a picture was changed on
purpose and looked at: ``python -m tests.plotting.record_baseline``.
"""

from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from mlp.plotting import save_figure
from tests.plotting.pictures import PICTURES
from tests.plotting.pictures import draw as draw_anew
from tests.spread import spread

pytestmark = pytest.mark.slow

draw = cache(draw_anew)
BASELINE = Path(__file__).with_name("baseline.npz")
MEAN, WORST = 1.2, 45.0  # of 255: how far the mean, and nearly every place, may be off


def differences(picture, name, page):
    """How far the picture lies outside of what is known, at the mean and at the worst places."""
    with np.load(BASELINE) as file:
        known = file[f"{name} {page}"].astype(float)
    assert picture.shape == known.shape
    around = sliding_window_view(np.pad(known, 1, mode="edge"), (3, 3))
    low, high = around.min(axis=(2, 3)), around.max(axis=(2, 3))
    off = np.maximum(np.maximum(low - picture, picture - high), 0.0)
    return off.mean(), np.quantile(off, 0.999)


@pytest.mark.parametrize(
    ("name", "page"),
    [*product(PICTURES, ["light"]), *spread(product(PICTURES, ["dark"]), len(PICTURES))],
)
def test_a_picture_looks_as_it_did(name, page):
    mean, worst = differences(draw(name, page), name, page)
    assert mean < MEAN
    assert worst < WORST


def test_every_picture_of_the_baseline_is_still_drawn():
    with np.load(BASELINE) as file:
        assert set(file.files) == {f"{n} {page}" for n in PICTURES for page in ("light", "dark")}


@pytest.mark.parametrize("name", PICTURES)
def test_a_word_more_or_a_part_moved_would_be_found(name):
    picture = draw(name, "light")
    moved = np.roll(picture, 2, axis=0)
    with_word = picture.copy()
    with_word[30:33, 10:60] = 255 - with_word[30:33, 10:60]
    for other in (moved, with_word):
        mean, worst = differences(other, name, "light")
        assert mean > MEAN or worst > WORST


@pytest.mark.parametrize("name", spread(PICTURES, 4))
def test_a_picture_has_the_same_bytes_when_drawn_or_saved_again(name, tmp_path):
    ax = PICTURES[name]()
    first = save_figure(ax, tmp_path / "first.svg").read_bytes()
    assert save_figure(ax, tmp_path / "again.svg").read_bytes() == first
    ax.figure.draw_without_rendering()  # as a notebook that shows it
    assert save_figure(ax, tmp_path / "shown.svg").read_bytes() == first
    assert save_figure(PICTURES[name](), tmp_path / "anew.svg").read_bytes() == first
