"""Colours, the empty axes, and the placing of labels."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from mlp.plotting import new_axes, plot_history, theme
from mlp.plotting.fitting import fit_label, wrapped
from mlp.plotting.labels import spread
from mlp.plotting.style import rate_colors
from mlp.plotting.themes import legible, lightness, luminance


@pytest.mark.parametrize("size", [(0, 4), (4, -1), (4,), (float("nan"), 4), (float("inf"), 4)])
def test_a_size_that_is_none_is_rejected(size):
    with pytest.raises(ValueError, match="size: received .* expected"):
        new_axes(size)


def test_a_style_holds_for_its_axes_only():
    ax = new_axes(style={"axes.facecolor": "black"})
    assert ax.get_facecolor() == (0, 0, 0, 1)
    assert new_axes().get_facecolor() == (1, 1, 1, 1)


def test_each_axes_has_a_figure_of_its_own():
    first, second = new_axes(), new_axes()
    assert first.figure is not second.figure
    assert first.figure.axes == [first]


def test_luminance_and_lightness_agree_with_known_colours():
    assert luminance((1, 1, 1)) == pytest.approx(1)
    assert luminance((1, 0, 0)) == pytest.approx(0.2126)
    assert lightness((0, 0, 0)) == 0
    assert lightness((1, 1, 1)) == pytest.approx(100)
    assert lightness((0.466, 0.466, 0.466)) == pytest.approx(50, abs=0.2)


def test_equal_rates_share_a_colour():
    first, other, second = rate_colors([0.1, 0.5, 0.1])
    assert first == second != other


def test_dark_colours_are_good_ink_already():
    assert legible((0.2, 0.0, 0.3), "white") == (0.2, 0.0, 0.3)
    assert lightness(legible((1.0, 1.0, 0.0), "white")) < 51


@pytest.mark.parametrize("seed", range(5))
def test_spread_targets_keep_their_order_their_distance_and_their_bounds(seed):
    targets = np.random.default_rng(seed).uniform(-5, 105, 12)
    placed = spread(targets, gap=6.0, low=0.0, high=100.0)
    steps = np.diff(placed[np.argsort(targets)])
    assert steps.min() >= 6.0 - 1e-9
    assert placed.min() >= 0.0
    assert placed.max() <= 100.0 + 1e-9


def test_targets_far_enough_apart_stay():
    assert spread([30.0, 10.0, 20.0], 5.0, 0.0, 40.0).tolist() == [30.0, 10.0, 20.0]


def test_targets_without_room_share_what_there_is():
    assert spread([5.0, 5.0, 5.0], 100.0, 0.0, 10.0).tolist() == [0.0, 5.0, 10.0]


def test_the_settings_of_matplotlib_are_left_alone():
    before = dict(matplotlib.rcParams)
    new_axes(style={"font.size": 30.0})
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("settings", "family", "size"),
    [
        ({}, ["sans-serif"], 12.0),
        ({"font.family": "DejaVu Serif"}, ["DejaVu Serif"], 12.0),
        ({"font.size": 20.0}, ["sans-serif"], 20.0),
        ({"axes.labelsize": 7.0}, ["sans-serif"], 7.0),
    ],
)
def test_fonts_follow_the_settings_of_the_user(settings, family, size):
    with matplotlib.rc_context(settings):
        ax = plot_history({"loss": [2.0, 1.0]})
    assert ax.xaxis.label.get_fontfamily() == family
    assert ax.xaxis.label.get_fontsize() == size
    expected = 0.95 * settings.get("font.size", 12.0)
    assert ax.texts[0].get_fontsize() == pytest.approx(expected)


def test_the_page_follows_the_settings_of_the_user_and_the_text_stays_legible():
    with matplotlib.rc_context({"figure.facecolor": "#102030", "axes.facecolor": "#102030"}):
        ax = plot_history({"loss": [2.0, 1.0]})
        with theme("light"):
            chosen = plot_history({"loss": [2.0, 1.0]})
    assert matplotlib.colors.to_hex(ax.get_facecolor()) == "#102030"
    assert luminance(ax.xaxis.label.get_color()) > 0.5
    assert chosen.get_facecolor() == chosen.figure.get_facecolor() == (1, 1, 1, 1)


@pytest.mark.parametrize("largest", [1e23, 1e-9, 1e6 + 1])
def test_no_power_of_ten_lies_on_the_key(largest):
    ax = plot_history({"loss": [largest, 0.999999 * largest], "val_loss": [largest, largest]})
    ax.figure.draw_without_rendering()
    assert ax.yaxis.get_offset_text().get_text() == ""
    labels = [float(t.get_text().replace("\u2212", "-")) for t in ax.get_yticklabels()]
    assert labels == pytest.approx(ax.get_yticks(), rel=1e-6)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("length", range(25, 60))
def test_a_short_word_becomes_smaller_and_is_not_broken(length):
    ax = Figure(dpi=100).add_subplot()
    label = ax.set_ylabel("output")
    fit_label(label, float(length), ax)
    assert label.get_text() == "output"
    label.set_rotation(0)
    assert label.get_window_extent().width <= length


def test_a_text_of_many_letters_is_shortened_before_it_is_measured(monkeypatch):
    measured = []
    extent = Text.get_window_extent

    def counted(text, *args, **options):
        measured.append(len(text.get_text()))
        return extent(text, *args, **options)

    monkeypatch.setattr(Text, "get_window_extent", counted)
    wrapped("x" * 10**5, 300.0, Figure().add_subplot(), 10.0)
    assert 0 < max(measured) < 3000
