"""Light and dark pages, and which of them a picture is drawn for."""

from itertools import combinations, pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mlp.plotting import new_axes, plot_history, plot_learning_rates, theme
from mlp.plotting.themes import THEMES, contrast, legible, lightness, theme_of

NAMES = list(THEMES)
HISTORY = {"loss": [0.9, 0.5, 0.3], "val_loss": [1.0, 0.7, 0.8]}


@pytest.mark.parametrize("name", NAMES)
def test_words_can_be_read_on_the_page(name):
    page = THEMES[name].page
    assert contrast(THEMES[name].ink, page) > 7
    assert contrast(THEMES[name].faint, page) > 4.5


@pytest.mark.parametrize("name", NAMES)
def test_the_main_colours_stand_out_and_differ_in_grey(name):
    theme = THEMES[name]
    assert min(contrast(color, theme.page) for color in (theme.first, theme.second)) > 2.5
    shades = [lightness(color) for color in (theme.page, theme.second, theme.first)]
    assert all(abs(one - other) > 15 for one, other in combinations(shades, 2))


@pytest.mark.parametrize("name", NAMES)
def test_rates_go_from_what_stands_out_least_to_what_stands_out_most(name):
    theme = THEMES[name]
    steps = [contrast(theme.rates(place), theme.page) for place in np.linspace(0, 1, 9)]
    assert all(later > earlier for earlier, later in pairwise(steps))
    assert steps[0] > 1.9


def test_a_theme_holds_within_its_block_only():
    with theme("dark"):
        dark = new_axes()
        with theme("light"):
            inner = new_axes()
    assert [theme_of(ax).name for ax in (dark, inner, new_axes())] == ["dark", "light", "light"]


def test_an_error_ends_the_theme_too():
    with pytest.raises(KeyError), theme("dark"):
        raise KeyError
    assert theme_of(None).name == "light"


def test_an_unknown_theme_is_rejected():
    with (
        pytest.raises(ValueError, match="theme: received 'grey', expected one of light, dark"),
        theme("grey"),
    ):
        pass


@pytest.mark.parametrize(
    ("page", "expected"), [("black", "dark"), ("#222222", "dark"), ("white", "light")]
)
def test_existing_axes_are_drawn_on_by_their_background(page, expected):
    figure = Figure(facecolor=page)
    ax = plot_history(HISTORY, figure.add_subplot(facecolor=page))
    assert theme_of(ax).name == expected
    training = next(line for line in ax.lines if line.get_gid() == "training")
    assert contrast(training.get_color(), page) > 4.5
    ticks = [label for axis in (ax.xaxis, ax.yaxis) for label in axis.get_ticklabels()]
    words = [*ax.texts, *ticks, ax.xaxis.label, ax.yaxis.label]
    words += [text for key in ax.artists for text in key.get_texts()]
    assert len(words) > 8
    assert min(contrast(word.get_color(), page) for word in words) >= 4.5


def test_a_page_that_can_be_seen_through_does_not_decide():
    clear = Figure(facecolor="none").add_subplot(facecolor="none")
    dark = Figure(facecolor="none").add_subplot(facecolor="black")
    assert (theme_of(clear).name, theme_of(dark).name) == ("light", "dark")
    with theme("dark"):
        assert theme_of(clear).name == "dark"


def test_on_a_dark_page_the_higher_the_rate_the_lighter_its_line(make_sweep):
    with theme("dark"):
        ax = plot_learning_rates(make_sweep([0.1, 0.5, 2.0]))
    named = [line for line in ax.lines if (line.get_gid() or "").startswith("rate ")]
    shades = [lightness(to_rgb(line.get_color())) for line in named]
    assert shades == sorted(shades)
    assert shades[0] > 30


@pytest.mark.parametrize("page", ["white", "black", "#14181f", "#888888"])
@pytest.mark.parametrize("color", ["yellow", "navy", "#777777", "black", "white"])
def test_a_colour_is_moved_until_it_can_be_read(color, page):
    best = max(contrast("black", page), contrast("white", page))
    assert contrast(legible(color, page), page) >= min(4.5, 0.95 * best)


def test_a_theme_changes_no_global_setting():
    before = dict(matplotlib.rcParams)
    with theme("dark"):
        new_axes()
        assert dict(matplotlib.rcParams) == before
