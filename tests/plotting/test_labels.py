"""How the curves of a sweep are named: at their ends, in a legend or by a colour bar."""

import pytest
from matplotlib.legend import Legend

from mlp.plotting import new_axes, plot_learning_rates
from mlp.plotting.themes import lightness
from tests.plotting.drawn import MANY, SIX, key, lines, overlaps, texts


def test_few_rates_are_named_at_their_right_ends_without_overlap(make_sweep):
    ax = plot_learning_rates(make_sweep(SIX))
    assert texts(ax) == ["lr 0.1", "lr 0.2", "lr 0.5", "lr 0.8", "lr 1", "lr 2 (best)"]
    assert overlaps(ax) == []
    assert ax.get_legend() is None


def test_names_of_curves_that_end_in_one_point_are_pushed_apart_and_led_to(make_sweep):
    result = make_sweep(SIX)
    result.loss[:, -1] = 0.3
    ax = plot_learning_rates(result)
    assert overlaps(ax) == []
    assert all(text.arrow_patch is not None for text in ax.texts)


def test_names_that_have_room_need_no_leader(make_sweep):
    assert [t.arrow_patch for t in plot_learning_rates(make_sweep([0.1, 2.0])).texts] == [None] * 2


def test_words_are_dark_enough_to_read(make_sweep):
    shades = [lightness(text.get_color()) for text in plot_learning_rates(make_sweep(SIX)).texts]
    assert max(shades) < 51  # contrast 4.5 to 1 on white


def test_a_legend_takes_over_where_names_do_not_fit(make_sweep):
    ax = plot_learning_rates(make_sweep(SIX), new_axes((6, 1.5)))
    assert texts(ax) == []
    assert len(ax.get_legend().get_texts()) == 6


def test_a_legend_names_every_curve_when_asked_for(make_sweep):
    ax = plot_learning_rates(make_sweep(MANY), labels="legend")
    assert len(ax.get_legend().get_texts()) == 25
    assert ax.get_legend().get_texts()[0].get_text() == "lr 0.001"
    assert texts(ax) == []


def test_many_rates_get_a_logarithmic_colour_bar_and_the_best_is_named(make_sweep):
    ax = plot_learning_rates(make_sweep(MANY), title="Many")
    _, bar = ax.figure.axes
    assert bar.get_ylabel() == "learning rate"
    assert bar.get_yscale() == "log"
    assert bar.get_ylim() == pytest.approx((1e-3, 10))
    assert key(ax) == ["lr 10 (best)"]
    assert texts(ax) == []


def test_direct_names_for_many_rates_are_a_choice_that_fits_with_the_best(make_sweep):
    ax = plot_learning_rates(make_sweep(MANY), labels="direct")
    assert 5 < len(ax.texts) < 25
    assert overlaps(ax) == []
    assert "lr 10 (best)" in texts(ax)


def test_a_single_rate_is_not_called_best(make_sweep):
    assert texts(plot_learning_rates(make_sweep([0.5]))) == ["lr 0.5"]


def test_many_rates_that_diverged_are_counted_in_the_key(make_sweep):
    ax = plot_learning_rates(make_sweep(MANY, [[0]] * 20 + [[9], [7], [5], [3], [1]]))
    count = next(words for words in key(ax) if "diverged" in words)
    assert count.startswith("5 of 25 rates diverged; lowest: lr ")
    assert count.endswith(", diverged in epoch 9")
    assert len(lines(ax, "diverged")) == 5


def test_a_long_note_is_broken_into_lines_inside_the_picture(make_sweep):
    ax = plot_learning_rates(
        make_sweep(SIX), published={2.0: [0.7]}, published_note="word " * 40, title="Title"
    )
    ax.figure.draw_without_rendering()
    (legend,) = (artist for artist in ax.artists if isinstance(artist, Legend))
    note, page, title = legend.get_window_extent(), ax.figure.bbox, ax._left_title
    assert page.x0 < note.x0
    assert note.x1 < page.x1
    assert ax.get_window_extent().y1 < note.y0
    assert note.y1 < title.get_window_extent().y0
    assert title.get_window_extent().y1 < page.y1


def test_names_and_title_are_inside_the_page(make_sweep):
    ax = plot_learning_rates(make_sweep([0.5, 50.0], [[0], [12]]), title="A title")
    ax.figure.draw_without_rendering()
    page = ax.figure.bbox
    for text in [*ax.texts, ax._left_title, ax.xaxis.label, ax.yaxis.label]:
        box = text.get_window_extent()
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1
    assert ax.get_title(loc="left") == "A title"
