"""The picture of a learning-rate range test."""

from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from numpy.typing import NDArray

from mlp.plotting import plot_learning_rate_finder, save_figure


@dataclass
class Found:
    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    suggestion: float
    diverged_at: float | None = None


@dataclass
class NamedFound(Found):
    loss_name: str = "cross_entropy"


def found(kind=Found, **changes):
    """A fall from 2 to 1 around the rate 0.1, and a steep rise at the end."""
    rates = np.geomspace(1e-6, 10, 71)
    losses = 2.0 - 1.0 / (1.0 + 0.1 / rates) + 0.05 * np.sin(np.arange(71))
    losses[-1] = 1e9
    smoothed = losses.copy()
    smoothed[1:] = 0.5 * (losses[1:] + losses[:-1])
    parts = {"rates": rates, "losses": losses, "smoothed": smoothed, "suggestion": 0.1}
    return kind(**parts | changes)


def part(ax, name):
    (line,) = [line for line in ax.lines if line.get_gid() == name]
    return line


def key(ax):
    (legend,) = [artist for artist in ax.artists if isinstance(artist, Legend)]
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_losses_and_their_average_are_drawn_over_the_log_of_the_rate(scale):
    result = found()
    ax = plot_learning_rate_finder(result, scale=scale)
    for name in ("losses", "smoothed"):
        assert np.array_equal(part(ax, name).get_xdata(), result.rates)
        assert np.array_equal(part(ax, name).get_ydata(), getattr(result, name))
    assert part(ax, "smoothed").get_linewidth() > part(ax, "losses").get_linewidth()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", scale)
    assert ax.get_xlim()[0] == 1e-6
    assert ax.get_xlabel() == "learning rate (log scale)"


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_suggestion_is_a_dot_on_the_average_with_a_line_to_the_axis(scale):
    result = found()
    ax = plot_learning_rate_finder(result, scale=scale)
    dot = part(ax, "suggestion")
    place = np.abs(result.rates - 0.1).argmin()
    assert dot.get_xdata()[0] == 0.1
    assert dot.get_ydata()[0] == result.smoothed[place]
    (down,) = ax.collections
    (segment,) = down.get_segments()
    assert segment[:, 0].tolist() == [0.1, 0.1]
    assert segment[0, 1] == ax.get_ylim()[0]
    assert "suggestion: 0.1" in key(ax)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_cross_marks_where_it_diverged_and_a_rise_does_not_dwarf_the_rest(scale):
    ax = plot_learning_rate_finder(found(diverged_at=30.0), scale=scale)
    cross = part(ax, "diverged")
    assert cross.get_xdata()[0] == 30.0
    assert cross.get_ydata()[0] == ax.get_ylim()[1] < 10.0
    assert cross.get_marker() == "x"
    assert ax.get_xlim()[1] > 30.0
    assert "diverged at 30" in key(ax)


def test_a_run_that_did_not_diverge_has_no_cross():
    ax = plot_learning_rate_finder(found())
    assert not [line for line in ax.lines if line.get_gid() == "diverged"]
    assert not [words for words in key(ax) if "diverged" in words]


def test_the_axis_bears_the_name_of_the_loss_if_there_is_one():
    assert plot_learning_rate_finder(found()).get_ylabel() == "loss"
    assert plot_learning_rate_finder(found(NamedFound)).get_ylabel() == "cross entropy"


def test_a_short_range_has_ticks_too():
    rates = np.geomspace(0.1, 0.6, 9)
    result = Found(rates, 1 - rates, 1 - rates, float(rates[4]))
    ax = plot_learning_rate_finder(result)
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    words = [label.get_text() for label in ax.get_xticklabels()]
    assert {"0.1", "0.2", "0.5"} <= set(words)
    assert low <= 0.1 < 0.6 <= high


def test_everything_is_inside_the_page(tmp_path):
    ax = plot_learning_rate_finder(found(diverged_at=12.0), title="A title")
    ax.figure.draw_without_rendering()
    page = ax.figure.bbox
    (legend,) = [artist for artist in ax.artists if isinstance(artist, Legend)]
    for part_ in (legend, ax._left_title, ax.xaxis.label, ax.yaxis.label):
        box = part_.get_window_extent()
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1
    assert legend.get_window_extent().y1 < ax._left_title.get_window_extent().y0
    assert save_figure(ax, tmp_path / "found.svg").stat().st_size > 1000


def test_given_axes_are_drawn_on_and_nothing_is_written_to():
    _, right = Figure(figsize=(12, 5)).subplots(1, 2)
    result = found()
    for array in (result.rates, result.losses, result.smoothed):
        array.flags.writeable = False
    assert plot_learning_rate_finder(result, right) is right


def test_what_cannot_be_drawn_is_rejected():
    with pytest.raises(ValueError, match="scale: received 'cubic'"):
        plot_learning_rate_finder(found(), scale="cubic")
    negative = found(losses=np.full(71, -1.0), smoothed=np.full(71, -1.0))
    assert plot_learning_rate_finder(negative).get_ylim()[0] < -1.0
    with pytest.raises(ValueError, match="losses above 0 for a log scale"):
        plot_learning_rate_finder(negative, scale="log")
