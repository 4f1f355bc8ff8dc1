"""The picture of what the layers did."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend

import mlp
from mlp.plotting import new_axes, plot_layers, save_figure, theme
from mlp.plotting.themes import THEMES, contrast
from mlp.training import LayerRecord
from mlp.training.recording.record import Histogram

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)


def histogram(numbers):
    made = Histogram()
    made.add(np.asarray(numbers, float))
    return made


def append(made, epoch, numbers, *, zeros, flat, units):
    made._append(
        epoch,
        [(histogram(outputs), histogram(sizes)) for outputs, sizes in numbers],
        [[np.median(part) if len(part) else np.nan for part in pair] for pair in numbers],
        zeros=zeros,
        flat=flat,
        units=[np.array(one, np.uint8) for one in units],
    )


def record(epochs=(1, 2, 3), units=((0, 0, 0, 0), (0, 0)), zeros=(0, 0)):
    made = LayerRecord(["layers[0] relu", "layers[1] softmax"], [4, 2])
    for epoch in epochs:
        first = RNG.normal(epoch, 0.1, 400), RNG.normal(-2, 0.5, 90)
        second = RNG.uniform(0, 1, 400), RNG.normal(-5, 0.5, 90)
        append(made, epoch, [first, second], zeros=zeros, flat=[0.5, np.nan], units=units)
    return made


def strips(ax):
    return list(ax.child_axes)


def words(strip):
    return [text.get_text() for text in strip.texts]


def median(strip):
    (line,) = [line for line in strip.lines if line.get_gid() == "median"]
    return line


def test_each_layer_is_a_strip_from_the_first_to_the_last():
    ax = plot_layers(record())
    assert [words(strip)[0] for strip in strips(ax)] == ["layers[0] relu", "layers[1] softmax"]
    upper, lower = (strip.get_position() for strip in strips(ax))
    assert upper.y0 > lower.y1
    assert [strip.get_xlabel() for strip in strips(ax)] == ["", "epoch"]


def test_the_line_follows_the_medians_and_the_colours_the_numbers():
    strip = strips(plot_layers(record()))[0]
    assert median(strip).get_xdata().tolist() == [1, 2, 3]
    assert median(strip).get_ydata() == pytest.approx([1, 2, 3], abs=0.05)
    (image,) = strip.images
    left, right, bottom, top = image.get_extent()
    assert (left, right) == (0.5, 3.5)
    picture = np.asarray(image.get_array())
    heights = bottom + (np.arange(len(picture)) + 0.5) * (top - bottom) / len(picture)
    assert heights @ picture / picture.sum(axis=0) == pytest.approx([1, 2, 3], abs=0.05)


def test_the_line_is_drawn_at_zero_where_most_outputs_of_relu_are_zero():
    made = LayerRecord(["layers[0] relu"], [2])
    numbers = np.append(np.zeros(60), np.linspace(0.1, 9.0, 40)), [-1.0]
    append(made, 1, [numbers], zeros=[0], flat=[0.6], units=[[0, 0]])
    (strip,) = strips(plot_layers(made))
    assert median(strip).get_ydata().tolist() == [0.0]
    assert strip.get_ylim()[0] < 0.0


def test_activations_have_a_scale_of_their_own_and_gradients_a_common_one():
    activations = [strip.get_ylim() for strip in strips(plot_layers(record()))]
    assert activations[0] != activations[1]
    assert activations[1] == pytest.approx((0, 1), abs=0.1)
    gradients = [strip.get_ylim() for strip in strips(plot_layers(record(), what="gradients"))]
    assert gradients[0] == gradients[1]
    assert gradients[0][0] < -5 < -2 < gradients[0][1]


def test_ticks_of_gradients_are_powers_of_ten():
    ax = plot_layers(record(), what="gradients")
    ax.figure.draw_without_rendering()
    low, high = strips(ax)[0].get_ylim()
    ticks = [
        label.get_text()
        for place, label in zip(
            strips(ax)[0].get_yticks(), strips(ax)[0].get_yticklabels(), strict=True
        )
        if low < place < high
    ]
    assert "$10^{-4}$" in ticks
    assert 2 <= len(ticks) <= 6


@pytest.mark.parametrize("what", ["activations", "gradients"])
def test_a_strip_has_at_least_two_ticks_however_narrow_its_range(what):
    made = LayerRecord(["layers[0] tanh"], [1])
    pair = [0.5, 0.51], [-3.3, -3.31]
    append(made, 1, [pair], zeros=[0], flat=[0.0], units=[np.zeros(1, np.uint8)])
    (strip,) = strips(plot_layers(made, what=what))
    low, high = strip.get_ylim()
    assert sum(low <= tick <= high for tick in strip.get_yticks()) >= 2


@pytest.mark.parametrize(
    ("units", "told"),
    [
        ([0, 0, 0, 0], "all 4 units work"),
        ([0, 2, 0, 2], "2 of 4 dead: 1, 3"),
        ([1, 0, 0, 0], "1 of 4 saturated: 0"),
        ([1, 2, 0, 1], "1 of 4 dead: 1; 2 saturated: 0, 3"),
    ],
)
def test_dead_and_saturated_units_are_named(units, told):
    strip = strips(plot_layers(record(units=(units, (0, 0)))))[0]
    assert words(strip)[1] == told
    assert strip.texts[1].get_fontweight() == ("bold" if any(units) else "normal")


@pytest.mark.parametrize(
    ("units", "what", "told"),
    [
        ([0, 0, 0, 0], "activations", []),
        ([2, 0, 0, 0], "activations", ["dead: no gradient passes"]),
        ([0, 1, 0, 0], "activations", ["saturated: hardly any gradient passes"]),
        ([2, 1, 0, 0], "gradients", []),
    ],
)
def test_the_key_says_what_dead_and_saturated_mean_where_there_are_such_units(units, what, told):
    ax = plot_layers(record(units=(units, (0, 0))), what=what)
    (key,) = [artist for artist in ax.artists if isinstance(artist, Legend)]
    assert [text.get_text() for text in key.get_texts()][1:] == told


def test_it_is_the_last_epoch_that_counts():
    made = record(epochs=(1, 2), units=([2, 2, 0, 0], (0, 0)), zeros=(5, 0))
    pair = [0, 1], [-1]
    units = [np.array([2, 0, 0, 0], np.uint8), np.zeros(2, np.uint8)]
    append(made, 3, [pair, pair], zeros=[1, 0], flat=[0.5, 0.5], units=units)
    assert words(strips(plot_layers(made))[0])[1] == "1 of 4 dead: 0"
    assert words(strips(plot_layers(made, what="gradients"))[0])[1] == "50% of dW is zero"


def test_of_many_dead_units_as_many_are_named_as_there_is_room_for():
    made = LayerRecord(["layers[0] leaky_relu"], [400])
    units = np.repeat(np.array([0, 1, 2], np.uint8), [200, 100, 100])
    pair = [0, 1], [-1]
    append(made, 1, [pair], zeros=[0], flat=[0.5], units=[units])
    ax = plot_layers(made)
    (strip,) = strips(ax)
    assert words(strip)[1].startswith("100 of 400 dead: 300, ")
    assert words(strip)[1].endswith(" more")
    ax.figure.draw_without_rendering()
    name, note = (text.get_window_extent() for text in strip.texts)
    assert name.x1 < note.x0


def test_the_share_of_dw_that_is_zero_is_told_over_gradients():
    told = [
        words(strip)[1] for strip in strips(plot_layers(record(zeros=(10, 0)), what="gradients"))
    ]
    assert told == ["10% of dW is zero", "no element of dW is zero"]


def test_of_a_layer_without_weights_it_is_told_that_it_has_none():
    made = LayerRecord(["layers[0] relu"], [2])
    pair = [0, 1], []
    append(made, 1, [pair], zeros=[0], flat=[0.5], units=[np.zeros(2, np.uint8)])
    (strip,) = strips(plot_layers(made, what="gradients"))
    assert words(strip)[1] == "no weights"


def test_epochs_that_were_not_recorded_stay_empty():
    strip = strips(plot_layers(record(epochs=(1, 2, 5))))[0]
    picture = np.asarray(strip.images[0].get_array())
    assert np.isnan(picture).all(axis=0).tolist() == [False, False, True, True, False]
    thinned = strips(plot_layers(record(epochs=(1, 5, 9))))[0]
    assert np.asarray(thinned.images[0].get_array()).shape[1] == 3
    assert thinned.images[0].get_extent()[:2] == [-1, 11]


def test_a_single_epoch_and_layers_without_numbers_can_be_drawn():
    made = LayerRecord(["layers[0] relu"], [2])
    nothing = [], []
    append(made, 7, [nothing], zeros=[4], flat=[1.0], units=[np.full(2, 2, np.uint8)])
    for what in ("activations", "gradients"):
        ax = plot_layers(made, what=what)
        ax.figure.draw_without_rendering()
        assert np.isnan(median(strips(ax)[0]).get_ydata()).all()


def test_a_single_epoch_has_its_median_as_a_dot():
    strip = strips(plot_layers(record(epochs=(4,))))[0]
    assert median(strip).get_marker() == "o"


def test_what_a_run_recorded_is_drawn_by_methods_too(tmp_path):
    X, y = mlp.datasets.load_digits()
    net = mlp.MLP.from_sizes([64, 8, 10], "relu", "softmax", "cross_entropy", seed=0)
    recorder = mlp.LayerRecorder(X[:50])
    mlp.Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X[:200], y[:200], epochs=3)
    ax = new_axes()
    assert recorder.plot(ax, what="gradients") is ax
    read = LayerRecord.from_json(recorder.record.to_json())
    first = save_figure(recorder.record.plot(), tmp_path / "a.svg").read_bytes()
    assert first == save_figure(read.plot(), tmp_path / "b.svg").read_bytes()


def test_everything_is_inside_the_page():
    ax = plot_layers(record(), title="A title")
    ax.figure.draw_without_rendering()
    page = ax.figure.bbox
    (key,) = [artist for artist in ax.artists if isinstance(artist, Legend)]
    parts = [key, ax._left_title, *(text for strip in strips(ax) for text in strip.texts)]
    for strip in strips(ax):
        parts += [strip.yaxis.label, strip.xaxis.label, *strip.get_yticklabels()]
    for part in parts:
        box = part.get_window_extent()
        if box.width:
            assert page.x0 <= box.x0
            assert box.x1 <= page.x1
            assert page.y0 <= box.y0
            assert box.y1 <= page.y1
    assert strips(ax)[0].texts[0].get_window_extent().y1 < key.get_window_extent().y0


@pytest.mark.parametrize("name", THEMES)
def test_words_and_medians_can_be_read_on_either_page(name):
    with theme(name):
        ax = plot_layers(record(units=((2, 2, 0, 0), (0, 0))))
    page = THEMES[name].page
    for strip in strips(ax):
        drawn = [*strip.texts, strip.yaxis.label, *strip.get_yticklabels()]
        assert min(contrast(text.get_color(), page) for text in drawn) >= 4.4
        colors = strip.images[0].get_cmap()
        assert to_rgb(colors(0.0)) == to_rgb(page)
        assert contrast(colors(1.0), page) > 7
        line = to_rgb(median(strip).get_color())
        assert contrast(line, page) > 2.5
        assert contrast(line, colors(1.0)) > 1.8


@pytest.mark.parametrize(
    ("made", "what", "message"),
    [
        (record(), "weights", "what: received 'weights', expected one of activations, gradients"),
        (LayerRecord(), "activations", "record: received no epoch"),
    ],
)
def test_what_cannot_be_drawn_is_rejected(made, what, message):
    with pytest.raises(ValueError, match=message):
        plot_layers(made, what=what)


@pytest.mark.parametrize("size", [(3.4, 2.0), (3.4, 2.6), (8.0, 3.7)])
def test_the_header_of_a_strip_lies_above_it_and_below_the_one_before(size):
    ax = plot_layers(record(), new_axes(size), title="A title " * 9)
    ax.figure.draw_without_rendering()
    first, second = (strip.get_window_extent() for strip in strips(ax))
    headers = [text.get_window_extent() for text in strips(ax)[1].texts]
    assert len(headers) == 2
    for header in headers:
        assert second.y1 < header.y0
        assert header.y1 < first.y0
