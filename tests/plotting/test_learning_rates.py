"""The picture of a learning-rate sweep."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mlp.plotting import new_axes, plot_learning_rates, save_figure
from mlp.plotting.themes import lightness
from tests.plotting.drawn import MANY, SIX, key, lines, overlaps, texts

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_each_rate_is_one_line_with_its_losses_from_epoch_0(make_sweep, scale):
    result = make_sweep(SIX)
    ax = plot_learning_rates(result, scale=scale)
    drawn = lines(ax)
    assert list(drawn) == SIX
    for rate, loss in zip(SIX, result.loss, strict=True):
        np.testing.assert_array_equal(drawn[rate].get_xdata(), np.arange(21))
        np.testing.assert_array_equal(drawn[rate].get_ydata(), loss)
    assert ax.get_yscale() == scale
    assert ax.get_xlim() == (0, 20)


def test_epoch_ticks_are_whole_numbers(make_sweep):
    result = make_sweep(SIX)
    result.losses, result.loss = result.losses[..., :3], result.loss[:, :3]
    assert plot_learning_rates(result).get_xticks().tolist() == [0, 1, 2]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_all_losses_of_runs_that_held_are_in_view(make_sweep, scale):
    result = make_sweep(SIX, seeds=3)
    low, high = plot_learning_rates(result, scale=scale).get_ylim()
    assert low < result.losses.min()
    assert result.losses.max() < high


def test_the_error_axis_bears_the_name_of_the_loss_if_there_is_one(make_sweep, named_sweep):
    assert plot_learning_rates(make_sweep(SIX)).get_ylabel() == "total error"
    assert plot_learning_rates(named_sweep).get_ylabel() == "cross entropy"
    assert plot_learning_rates(named_sweep, scale="log").get_ylabel() == "cross entropy (log scale)"


def test_the_higher_the_rate_the_darker_its_line(make_sweep):
    shuffled = [0.5, 2.0, 0.1, 1.0, 0.8, 0.2]
    drawn = lines(plot_learning_rates(make_sweep(shuffled)))
    shades = [lightness(to_rgb(drawn[rate].get_color())) for rate in SIX]
    assert all(light - dark > 8 for light, dark in pairwise(shades))
    assert shades[0] < 75


def test_25_rates_are_ordered_by_shade_too(make_sweep):
    drawn = lines(plot_learning_rates(make_sweep(MANY)))
    shades = [lightness(to_rgb(drawn[rate].get_color())) for rate in MANY]
    assert all(light > dark for light, dark in pairwise(shades))


def test_only_the_best_rate_is_broad(make_sweep):
    drawn = lines(plot_learning_rates(make_sweep(SIX)))
    widths = [line.get_linewidth() for line in drawn.values()]
    assert widths[-1] > 1.5 * max(widths[:-1])


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_run_that_diverged_ends_in_a_cross_in_that_epoch(make_sweep, scale):
    ax = plot_learning_rates(make_sweep([0.5, 50.0], [[0], [7]]), scale=scale)
    cross = lines(ax, "diverged")[50.0]
    assert cross.get_marker() == "x"
    assert cross.get_xdata()[cross.get_markevery()[0]] == 7
    assert cross.get_ydata()[-1] == ax.get_ylim()[1]  # it left through the top
    assert texts(ax) == ["lr 0.5 (best)", "× lr 50, diverged in epoch 7"]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_run_that_diverged_in_epoch_1_is_marked_at_the_height_of_its_start(make_sweep, scale):
    ax = plot_learning_rates(make_sweep([0.5, 1000.0], [[0], [1]]), scale=scale)
    cross = lines(ax, "diverged")[1000.0]
    assert (cross.get_xdata()[-1], cross.get_ydata()[-1]) == (1, 0.51)
    assert "× lr 1000, diverged in epoch 1" in texts(ax)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_runs_that_diverged_do_not_dwarf_the_others(make_sweep, scale):
    held = plot_learning_rates(make_sweep([0.5, 1.0]), scale=scale).get_ylim()[1]
    ax = plot_learning_rates(make_sweep([0.5, 50.0], [[0], [20]]), scale=scale)
    assert ax.get_ylim()[1] <= (100 if scale == "log" else 2.2) * held


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_sweep_of_which_every_run_diverged_is_drawn(make_sweep, scale, tmp_path):
    result = make_sweep([10.0, 100.0, 1000.0], [[7], [3], [1]])
    result.losses[0, 0, 6] = result.loss[0, 6] = 1e300
    ax = plot_learning_rates(result, scale=scale)
    assert sorted(lines(ax, "diverged")) == [10.0, 100.0, 1000.0]
    assert not any("best" in text for text in texts(ax))
    assert overlaps(ax) == []
    assert save_figure(ax, tmp_path / "all.png").stat().st_size > 1000


def test_several_seeds_are_a_median_in_a_band_and_the_key_says_so(make_sweep):
    result = make_sweep([0.5, 1.0], seeds=3)
    ax = plot_learning_rates(result)
    assert key(ax) == ["median of 3 seeds; band: lowest to highest"]
    for i, band in enumerate(ax.collections):
        heights = band.get_paths()[0].vertices[:, 1]
        assert heights.min() == result.losses[i].min()
        assert heights.max() == result.losses[i].max()
        at_end = band.get_paths()[0].vertices[band.get_paths()[0].vertices[:, 0] == 20, 1]
        assert at_end.min() == result.losses[i, :, -1].min()
        assert at_end.max() == result.losses[i, :, -1].max()
    assert len(ax.collections) == 2


def test_one_seed_has_no_band_and_no_key(make_sweep):
    ax = plot_learning_rates(make_sweep(SIX))
    assert len(ax.collections) == 0
    assert key(ax) == []


def test_seeds_that_diverged_are_marked_counted_and_kept_out_of_the_band(make_sweep):
    result = make_sweep([0.5, 5.0], [[0, 0, 0], [0, 7, 0]])
    ax = plot_learning_rates(result)
    assert lines(ax, "diverged")[5.0].get_xdata()[-1] == 7
    assert "lr 5 (best), 1 of 3 diverged from epoch 7" in texts(ax)
    assert ax.collections[1].get_paths()[0].vertices[:, 1].max() == 0.51
    assert key(ax) == ["median of 3 seeds; band: lowest to highest of those that held"]


def test_published_series_are_dashed_in_the_colour_of_their_rate_with_the_reason(make_sweep):
    wrong = {2.0: np.full(21, 0.7), 0.8: [0.6, 0.5]}
    ax = plot_learning_rates(make_sweep(SIX), published=wrong, published_note="sums of columns")
    dashed = lines(ax, "published")
    assert list(dashed) == [0.8, 2.0]
    np.testing.assert_array_equal(dashed[2.0].get_ydata(), wrong[2.0])
    np.testing.assert_array_equal(dashed[0.8].get_ydata()[:2], wrong[0.8])
    assert np.isnan(dashed[0.8].get_ydata()[2:]).all()
    for rate, line in dashed.items():
        assert line.is_dashed()
        assert line.get_color() == lines(ax)[rate].get_color()
        assert not lines(ax)[rate].is_dashed()
    assert ax.get_ylim()[1] > 0.7
    assert key(ax) == ["published: sums of columns"]
    assert "lr 2, published" in texts(ax)


def test_given_axes_are_drawn_on_and_returned(make_sweep):
    _, right = Figure(figsize=(12, 5)).subplots(1, 2)
    assert plot_learning_rates(make_sweep(SIX), right) is right
    assert len(lines(right)) == 6


def test_nothing_of_the_result_is_written_to(make_sweep):
    result = make_sweep(SIX)
    for array in (result.rates, result.losses, result.loss, result.diverged_at):
        array.flags.writeable = False
    before = result.losses.copy()
    plot_learning_rates(result)
    np.testing.assert_array_equal(result.losses, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "cubic"}, "scale: received 'cubic', expected one of linear, log"),
        ({"labels": "none"}, "labels: received 'none', expected one of auto, direct, legend"),
        ({"published": {3.0: [1.0]}}, "published: received rate 3.0, expected one of 0.1, 0.2"),
        ({"published": {2.0: np.ones(22)}}, r"received shape \(22,\), expected \(n,\)"),
        ({"published": {2.0: np.ones((2, 2))}}, r"received shape \(2, 2\)"),
        ({"published": {2.0: []}}, r"received shape \(0,\)"),
    ],
)
def test_bad_options_are_rejected_before_anything_is_drawn(make_sweep, options, message):
    ax = new_axes()
    with pytest.raises(ValueError, match=message):
        plot_learning_rates(make_sweep(SIX), ax, **options)
    assert len(ax.lines) == 0


def test_losses_that_a_scale_cannot_show_are_rejected(make_sweep):
    result = make_sweep([0.5])
    result.losses[:] = result.loss[:] = 0.0
    assert plot_learning_rates(result).get_ylim()[0] == 0.0
    with pytest.raises(ValueError, match="expected a loss above 0 for a log scale"):
        plot_learning_rates(result, scale="log")
    result.losses[:] = result.loss[:] = np.nan
    with pytest.raises(ValueError, match="expected at least one finite loss"):
        plot_learning_rates(result)


def test_a_chart_with_a_colour_bar_and_a_long_key_keeps_its_width_on_a_narrow_page(make_sweep):
    ax = plot_learning_rates(
        make_sweep(MANY, [[0]] * (len(MANY) - 1) + [[6]]), new_axes((3.4, 2.6))
    )
    ax.figure.draw_without_rendering()
    assert any("diverged" in words for words in key(ax))
    assert ax.get_window_extent().width > 0.45 * ax.figure.bbox.width
