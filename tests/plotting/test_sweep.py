"""The pictures of a sweep over any parameters."""

import numpy as np
import pytest

from mlp.plotting import new_axes, plot_sweep, theme
from mlp.studies.sweep.runs import SweepRuns


def sweep(sets, values, seeds=1, epochs=3, status=None):
    """A result whose runs end with these values, falling by one in each epoch."""
    ends = np.array(values, dtype=float).reshape(-1)
    column = ends[:, None] + np.arange(epochs - 1, -1, -1.0)
    n = np.full(len(ends), epochs)
    words = status or ["completed"] * len(ends)
    zeros = np.zeros(len(ends), np.int64)
    return SweepRuns(
        sets, seeds, {"loss": column, "accuracy": -column}, words, n, zeros, n,
        {"loss": "min", "accuracy": "max"},
    )  # fmt: skip


def rates(values, **options):
    return sweep([{"lr": 10.0**k} for k in range(len(values))], values, **options)


def lines(ax, name):
    return [line for line in ax.lines if line.get_gid() == name]


def bands(ax):
    return {artist.get_gid(): artist for artist in ax.collections}


def test_one_parameter_is_a_line_of_medians_with_bands_over_the_seeds():
    ax = plot_sweep(rates([[1, 2, 9], [4, 3, 2]], seeds=3), "lr")
    (line,) = lines(ax, "median")
    assert line.get_xdata().tolist() == [1.0, 10.0]
    assert line.get_ydata().tolist() == [2.0, 3.0]
    corners = bands(ax)["all"].get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == (1.0, 9.0)
    corners = bands(ax)["half"].get_paths()[0].vertices[:, 1]
    assert (corners.min(), corners.max()) == (1.5, 5.5)
    assert ax.get_xlabel() == "lr"
    assert ax.get_ylabel() == "loss"


def test_numbers_that_differ_widely_have_a_log_scale():
    ax = plot_sweep(rates([100.0, 1.0, 2.0]), "lr")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    ax = plot_sweep(rates([3.0, 1.0]), "lr")
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")
    assert "all" not in bands(ax)


def test_of_other_parameters_the_best_value_is_drawn():
    sets = [{"lr": lr, "l2": l2} for lr in (0.1, 0.2) for l2 in (0.0, 0.1)]
    for quantity, expected in (("loss", [1.0, 3.0]), ("accuracy", [-1.0, -3.0])):
        ax = plot_sweep(sweep(sets, [2, 1, 3, 4]), "lr", quantity=quantity)
        assert lines(ax, "median")[0].get_ydata().tolist() == expected


def test_runs_that_diverged_are_left_out():
    words = ["completed", "diverged", "completed"]
    ax = plot_sweep(rates([1.0, 2.0, 3.0], status=words), "lr")
    assert lines(ax, "median")[0].get_xdata().tolist() == [1.0, 100.0]


def test_words_and_widths_are_places_on_the_axis():
    sets = [{"hidden": (64, 32)}, {"hidden": (128,)}]
    ax = plot_sweep(sweep(sets, [1, 2]), "hidden")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["64-32", "128"]


def test_two_parameters_are_a_heat_map_with_numbers():
    sets = [{"lr": lr, "l2": l2} for lr in (0.2, 0.1) for l2 in (0.0, 0.1, 0.2)][:5]
    ax = plot_sweep(sweep(sets, [1, 2, 3, 4, 5]), "lr", "l2")
    (image,) = ax.images
    cells = image.get_array().filled(np.nan)
    assert np.array_equal(cells, [[4, 1], [5, 2], [np.nan, 3]], equal_nan=True)
    assert sorted(text.get_text() for text in ax.texts) == ["1", "2", "3", "4", "5"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.1", "0.2"]


@pytest.mark.parametrize(("n", "thin"), [(5, 1.0), (40, 0.6)])
def test_the_best_the_median_and_the_worst_curve_stand_out(n, thin):
    ax = plot_sweep(rates(list(range(n, 0, -1))))
    assert lines(ax, "best")[0].get_ydata()[-1] == 1
    assert lines(ax, "worst")[0].get_ydata()[-1] == n
    assert lines(ax, "median")[0].get_ydata()[-1] == n // 2 + 1
    others = [line for line in ax.lines if line.get_linewidth() == thin]
    assert len(others) == n


@pytest.mark.parametrize("parameters", [(), ("lr",), ("lr", "l2")])
@pytest.mark.parametrize("name", ["light", "dark"])
def test_it_fits_a_column_of_a_paper(parameters, name, tmp_path):
    sets = [{"lr": lr, "l2": l2} for lr in (1e-3, 0.1, 1.0) for l2 in (0.0, 0.1)]
    with theme(name):
        ax = new_axes((3.4, 2.6))
        sweep(sets, range(6)).plot(*parameters, ax=ax, path=tmp_path / "sweep.png")
    assert (tmp_path / "sweep.png").stat().st_size > 0
    ax.figure.draw_without_rendering()
    box = ax.get_window_extent()
    assert box.width > 0.4 * 340
    assert box.height > 0.3 * 260


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "l2"}, "parameter: received 'l2', expected lr"),
        ({"y": "lr"}, "x: received None with y='lr'"),
        ({"quantity": "val_loss"}, "name: received 'val_loss'"),
        ({"at": "start"}, "at: received 'start'"),
    ],
)
def test_what_is_not_there_is_rejected(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_sweep(rates([1.0, 2.0]), **arguments)


def test_a_sweep_without_a_good_run_is_rejected():
    with pytest.raises(ValueError, match="runs: received no run with a loss"):
        plot_sweep(rates([1.0], status=["diverged"]), "lr")
    with pytest.raises(TypeError, match="runs: received 3"):
        plot_sweep(3)
