"""The picture of one training run."""

import numpy as np
import pytest
from matplotlib.legend import Legend

import mlp
from mlp.plotting import new_axes, plot_history

LOSS = [0.9, 0.5, 0.3, 0.2]
VAL_LOSS = [1.0, 0.7, 0.6, 0.8]


class Stopped(dict):
    status = "stopped early in epoch 4"


def lines(ax, name):
    return [line for line in ax.lines if line.get_gid() == name]


def key(ax):
    legends = [artist for artist in ax.artists if isinstance(artist, Legend)]
    return [text.get_text() for legend in legends for text in legend.get_texts()]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_both_losses_are_drawn_over_epochs_from_1(scale):
    ax = plot_history({"loss": LOSS, "val_loss": VAL_LOSS}, scale=scale)
    for name, losses in [("training", LOSS), ("validation", VAL_LOSS)]:
        (line,) = lines(ax, name)
        assert line.get_xdata().tolist() == [1, 2, 3, 4]
        assert line.get_ydata().tolist() == losses
    assert [text.get_text() for text in ax.texts] == ["training", "validation"]
    assert ax.get_yscale() == scale
    assert ax.get_xlim() == (1, 4)
    assert ax.get_ylim()[0] < 0.2
    assert ax.get_ylim()[1] > 1.0


def test_the_epoch_of_the_lowest_validation_loss_is_marked_and_told():
    ax = plot_history({"loss": LOSS, "val_loss": VAL_LOSS})
    (dot,) = lines(ax, "best")
    assert (dot.get_xdata().tolist(), dot.get_ydata().tolist()) == ([3], [0.6])
    assert key(ax) == ["lowest validation loss: 0.6 in epoch 3"]
    ax.figure.draw_without_rendering()
    (words,) = ax.artists
    assert words.get_window_extent().y1 < ax.figure.bbox.y1


def test_without_validation_there_is_one_line_and_no_mark():
    ax = plot_history({"loss": LOSS})
    assert lines(ax, "validation") == lines(ax, "best") == key(ax) == []
    assert len(lines(ax, "training")) == 1


def test_replicas_are_thin_lines_each_with_its_own_best_epoch():
    val_loss = np.array([[0.9, 0.8, np.nan], [0.5, 0.9, np.nan]])
    ax = plot_history({"loss": list(val_loss / 2), "val_loss": list(val_loss)})
    assert len(lines(ax, "training")) == len(lines(ax, "validation")) == 3
    assert all(line.get_linewidth() < 1 for line in lines(ax, "training"))
    (dots,) = lines(ax, "best")
    assert dots.get_xdata().tolist() == [2, 1]
    assert dots.get_ydata().tolist() == [0.5, 0.8]


def test_a_status_out_of_the_ordinary_is_told():
    assert key(plot_history(Stopped(loss=LOSS))) == ["status: stopped early in epoch 4"]


def test_a_single_epoch_is_a_point_over_a_whole_number():
    ax = plot_history({"loss": [0.3]})
    assert lines(ax, "training")[0].get_marker() == "o"
    low, high = ax.get_xlim()
    assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [1]


def test_a_run_that_ended_in_nan_is_drawn_as_far_as_it_went():
    ax = plot_history({"loss": [0.5, 0.4, np.nan], "val_loss": [0.5, np.nan, np.nan]})
    assert ax.get_ylim()[1] < 0.6
    assert lines(ax, "best")[0].get_xdata().tolist() == [1]


def test_given_axes_are_drawn_on_and_returned():
    ax = new_axes()
    assert plot_history({"loss": LOSS}, ax) is ax


@pytest.mark.parametrize(
    ("history", "scale", "message"),
    [
        ({"loss": LOSS}, "cubic", "scale: received 'cubic', expected one of linear, log"),
        ({"loss": []}, "linear", "received no epoch"),
        ({}, "linear", "received no epoch"),
        ({"loss": LOSS, "val_loss": LOSS[:3]}, "linear", r"received shape \(3, 1\)"),
        ({"loss": [0.0, -1.0]}, "log", "expected a loss above 0 for a log scale"),
        ({"loss": [np.nan]}, "linear", "expected at least one finite loss"),
    ],
)
def test_what_cannot_be_drawn_is_rejected(history, scale, message):
    with pytest.raises(ValueError, match=message):
        plot_history(history, scale=scale)


def test_a_training_loss_with_penalty_says_so_on_its_curve():
    ax = plot_history({"loss": LOSS, "val_loss": VAL_LOSS}, has_penalty=True)
    assert [text.get_text() for text in ax.texts] == ["training (with penalty)", "validation"]
    assert lines(ax, "training")[0].get_ydata().tolist() == LOSS


def test_a_weighted_training_loss_says_so_on_its_curve():
    net = mlp.MLP.from_sizes([2, 2], output="softmax", loss="cross_entropy", seed=0)
    X, y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1]

    def drawn(**weights):
        history = mlp.Trainer(net, mlp.SGD(0.1)).fit(X, y, 2, validation=(X, y), **weights)
        read = mlp.History.from_json(history.to_json())
        assert read == history
        return [
            plot_history(one, **options).texts[0].get_text()
            for one in (history, read)
            for options in ({}, {"has_penalty": True})
        ]

    assert drawn() == ["training", "training (with penalty)"] * 2
    weighted = ["training (weighted)", "training (weighted, with penalty)"] * 2
    assert drawn(class_weight="balanced") == weighted
    assert drawn(sample_weight=[1.0, 2.0, 1.0]) == weighted
    assert drawn() == ["training", "training (with penalty)"] * 2
