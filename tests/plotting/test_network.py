"""The picture of a network."""

import copy
import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

import mlp
from mlp import MLP, Dense
from mlp.plotting import plot_network, plot_trace, save_figure, theme
from mlp.plotting.network.diagram import diagram_of_network
from mlp.plotting.themes import DARK, LIGHT, contrast, lightness
from tests.plotting.diagrams import (
    arrows,
    broad,
    circles,
    mazur,
    ramp,
    small,
    wide,
    words,
)
from tests.plotting.drawn import key

pytestmark = pytest.mark.slow


def number_of(text):
    return float(text.rpartition("= ")[2].replace("−", "-"))


def numbers_along(ax, color):
    """The numbers in one colour along the lines."""
    return sorted(
        number_of(text.get_text())
        for text in ax.texts
        if text.get_bbox_patch() is not None and to_rgb(text.get_color()) == to_rgb(color)
    )


def boxes(ax):
    ax.figure.draw_without_rendering()
    return [Text.get_window_extent(text) for text in ax.texts]


def test_every_unit_and_every_line_of_a_small_network_is_drawn():
    ax = plot_network(*mazur())
    assert set(circles(ax, "unit")) == {(k, i) for k in range(3) for i in range(2)}
    assert set(circles(ax, "bias")) == {(0,), (1,)}
    assert sorted(arrows(ax)) == sorted(
        (str(k), i, str(j)) for k in range(2) for i in ("0", "1", "b") for j in range(2)
    )


def test_a_network_without_biases_has_no_unit_for_them():
    ax = plot_network(MLP([Dense(2, 2, bias=False), Dense(2, 1)], seed=0))
    assert set(circles(ax, "bias")) == {(1,)}


def test_weights_and_gradients_stand_along_the_lines():
    net = small()
    ax = plot_network(net, [0.5, -1.0], [1.0], digits=17)
    net.loss_and_grad([[0.5, -1.0]], [[1.0]])
    weights = [*net.layers[0].W.flat, *net.layers[0].b, *net.layers[1].W.flat, 0.25]
    assert numbers_along(ax, LIGHT.ink) == pytest.approx(sorted(weights), rel=1e-15)
    gradient_color = next(t.get_color() for t in ax.texts if t.get_va() == "top")
    assert numbers_along(ax, gradient_color) == pytest.approx(sorted(net.grad), rel=1e-15)


def test_a_number_stands_at_its_own_line():
    net = small()
    ax = plot_network(net, digits=17)
    named = {number_of(t.get_text()): t for t in ax.texts if t.get_bbox_patch() is not None}
    units = circles(ax, "unit")
    for (i, j), weight in np.ndenumerate(net.layers[0].W):
        (x0, y0), (x1, y1) = units[0, i].center, units[1, j].center
        x, y = named[weight].get_position()
        away = abs((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / np.hypot(x1 - x0, y1 - y0)
        assert away < 0.05
        angle = np.degrees(np.arctan2(y1 - y0, x1 - x0))
        assert (named[weight].get_rotation() - angle + 180) % 360 - 180 == pytest.approx(0)


def test_a_bias_that_all_units_share_is_written_once_and_one_that_is_fixed_has_no_gradient():
    ax = plot_network(*mazur())
    assert numbers_along(ax, LIGHT.ink).count(0.35) == 1
    gradients = [t for t in ax.texts if t.get_bbox_patch() is not None and t.get_va() == "top"]
    assert len(gradients) == 8


def test_activations_stand_in_the_units_and_targets_beside_the_outputs():
    net, x, t = mazur()
    drawn = words(plot_network(net, x, t, digits=5))
    outputs = [f"{a:.5g}" for a in net.predict(x)[0]]
    assert set(outputs) <= set(drawn)
    assert {"0.05", "0.1", "0.59327", "0.59688"} <= set(drawn)
    assert {"$t_{1}$ = 0.01", "$t_{2}$ = 0.99", "$E$ = 0.29837"} <= set(drawn)
    assert {"inputs", "sigmoid"} <= set(drawn)


def test_weights_have_the_names_that_they_are_given():
    names = {"w7": (1, 0, 1), "a $b$ weight": (0, 0, 0)}
    ax = plot_network(mazur()[0], names=names)
    assert "$w_{7}$ = 0.5" in words(ax)
    (own,) = (text for text in ax.texts if text.get_text() == r"a \$b\$ weight = 0.15")
    assert own._preprocess_math(own.get_text()) == ("a $b$ weight = 0.15", False)


def test_a_label_is_a_target():
    drawn = words(plot_network(wide([4, 8, 3]), ramp(4), [1]))
    assert [w for w in drawn if w.startswith("$t")] == [
        f"$t_{{{k}}}$ = {int(k == 2)}" for k in (1, 2, 3)
    ]


# Large networks


def test_lines_of_a_large_network_are_as_broad_as_their_weights_are_large():
    net = wide([4, 8, 3])
    lines = broad(plot_network(net), "weights", 0)
    weights = np.vstack([net.layers[0].W, net.layers[0].b]).T.ravel()
    order = np.argsort(np.abs(weights), kind="stable")
    widths = np.array(lines.get_linewidths())
    assert np.all(np.diff(widths) >= 0)
    largest = np.abs(weights).max()
    np.testing.assert_allclose(
        (widths - widths.min()) / np.ptp(widths),
        (np.abs(weights[order]) - np.abs(weights).min()) / (largest - np.abs(weights).min()),
        atol=1e-6,
    )
    second, first = to_rgb(LIGHT.second), to_rgb(LIGHT.first)
    expected = [second if w >= 0 else first for w in weights[order]]
    assert [tuple(color[:3]) for color in lines.get_colors()] == expected


def test_gradients_are_drawn_in_their_place_where_they_are_wanted():
    net = wide([4, 8, 3])
    ax = plot_network(net, ramp(4), [1], show=["gradients"])
    net.loss_and_grad(ramp(4)[None], [1])
    colors = broad(ax, "gradients", 1).get_colors()
    signs = np.sign(np.vstack([net.layers[1].dW, net.layers[1].db]))
    assert sum(tuple(c[:3]) == to_rgb(LIGHT.second) for c in colors) == (signs >= 0).sum()
    assert not [c for c in ax.collections if c.get_gid().startswith("weights")]


def test_of_a_layer_of_784_a_few_units_are_drawn_and_the_number_is_written():
    ax = plot_network(wide([784, 17, 16]))
    drawn = sorted(i for k, i in circles(ax, "unit") if k == 0)
    assert drawn == [0, 1, 2, 3, 780, 781, 782, 783]
    assert len([1 for k, _ in circles(ax, "unit") if k == 1]) == 8
    assert len([1 for k, _ in circles(ax, "unit") if k == 2]) == 16
    assert {"784 inputs", "17 tanh", "softmax"} <= set(words(ax))
    assert {line.get_gid() for line in ax.lines} == {"dots 0", "dots 1"}
    assert "$x_{784}$" in words(ax)


def test_units_of_several_hidden_layers_have_names_of_their_own():
    drawn = words(plot_network(wide([2, 12, 12, 12, 1])))
    assert {"$h_{1,11}$", "$h_{2,1}$", "$o_{1}$"} <= set(drawn)


@pytest.mark.parametrize(
    "sizes", [[2, 2, 2], [3, 3, 3], [4, 8, 8, 3], [16, 16, 16], [784, 128, 10], [1, 1], [2] * 9]
)
def test_units_do_not_overlap_and_words_are_on_the_page(sizes):
    net = wide(sizes)
    ax = plot_network(net, ramp(sizes[0]), [0] if sizes[-1] > 1 else None, title="A title")
    page = ax.figure.bbox
    for box in boxes(ax):
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
    spots = [*circles(ax, "unit").values(), *circles(ax, "bias").values()]
    for i, one in enumerate(spots):
        for other in spots[:i]:
            distance = np.hypot(*np.subtract(one.center, other.center))
            assert distance > one.radius + other.radius


@pytest.mark.parametrize("sizes", [[2, 2, 2], [4, 8, 8, 3], [16, 16, 16], [784, 128, 10]])
def test_the_words_in_a_unit_are_no_wider_than_it(sizes):
    ax = plot_network(wide(sizes), -1.23456 * ramp(sizes[0]))
    ax.figure.draw_without_rendering()
    for circle in circles(ax, "unit").values():
        room = circle.get_window_extent()
        inside = [t for t in ax.texts if room.contains(*ax.transData.transform(t.get_position()))]
        assert inside
        assert all(t.get_window_extent().width < room.width for t in inside)


# Pages


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_words_can_be_read_on_light_and_dark_pages(page):
    with theme(page.name):
        ax = plot_network(*mazur())
    assert to_rgba(ax.figure.get_facecolor()) == to_rgba(page.page)
    assert min(contrast(t.get_color(), page.page) for t in ax.texts) >= 4.5
    for circle in circles(ax, "unit").values():
        assert contrast(page.ink, circle.get_facecolor()[:3]) >= 4.5
        assert contrast(circle.get_edgecolor()[:3], page.page) >= 2.9


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_the_signs_differ_in_lightness_and_not_in_hue_alone(page):
    with theme(page.name):
        colors = broad(plot_network(wide([4, 8, 3])), "weights", 0).get_colors()
    shades = {round(lightness(tuple(color[:3]))) for color in colors}
    assert len(shades) == 2
    assert max(shades) - min(shades) > 20


def test_what_is_below_zero_is_dashed_too_for_a_faint_colour_tells_no_sign_in_grey():
    net = wide([4, 8, 3])
    ax = plot_network(net)
    lines = broad(ax, "weights", 0)
    weights = np.vstack([net.layers[0].W, net.layers[0].b]).T.ravel()
    order = np.argsort(np.abs(weights), kind="stable")
    dashed = [dashes is not None for _, dashes in lines.get_linestyle()]
    assert dashed == list(weights[order] < 0)
    (key,) = ax.findobj(Legend)
    meaning = {
        text.get_text().split(";")[0]: line.get_linestyle()
        for text, line in zip(key.get_texts(), key.get_lines(), strict=True)
    }
    assert meaning == {"weight above 0": "-", "weight below 0": "--"}


def test_given_axes_are_drawn_on_and_letters_shrink_with_them(tmp_path):
    _, right = Figure(figsize=(8, 3), layout="constrained").subplots(1, 2)
    assert plot_network(*mazur(), right) is right
    large = max(t.get_fontsize() for t in plot_network(*mazur()).texts)
    assert max(t.get_fontsize() for t in right.texts) < 0.7 * large
    assert save_figure(right, tmp_path / "a.svg").stat().st_size > 1000


def test_the_network_is_not_changed():
    net, x, t = mazur()
    net.loss_and_grad(x, [[0.5, 0.5]])
    before = net.theta.copy(), net.grad.copy(), net.layers[-1].A.copy()
    plot_network(net, x, t)
    for one, other in zip(before, (net.theta, net.grad, net.layers[-1].A), strict=True):
        np.testing.assert_array_equal(one, other)


# Traces


def test_a_trace_is_drawn_as_its_network(tmp_path):
    example = mlp.examples.mazur()
    found = mlp.trace(example.network, example.x, example.t, names=example.weight_names)
    by_network = plot_network(*mazur(), names=example.weight_names)
    assert words(plot_trace(found)) == words(by_network)
    found.plot(tmp_path / "trace.png")
    save_figure(by_network, tmp_path / "network.png")
    assert (tmp_path / "trace.png").read_bytes() == (tmp_path / "network.png").read_bytes()


def test_inputs_units_and_biases_have_the_names_that_they_have_in_a_trace():
    net = MLP([Dense(2, 2, "tanh"), mlp.LayerNorm(), Dense(2, 1)], seed=0)
    names = {"w": (2, 1, 0), "age": "x[0]", "mood": "a[1][1]", "price": "a[2][0]"}
    names |= {"push": "b[0][0]", "own bias": "b[2][0]"}
    drawn = words(plot_network(net, [0.5, -1.0], [1.0], names=names))
    assert {"age", "mood", "price", "push = 0", "own bias = 0", "$x_{2}$", "$h_{1}$"} <= {*drawn}
    assert "w = " in " ".join(drawn)
    assert drawn == words(plot_trace(mlp.trace(net, [0.5, -1.0], [1.0], names=names)))


def test_inputs_have_the_names_of_the_columns_that_the_network_knows():
    net = MLP.from_sizes([2, 2, 1], seed=0)
    net.feature_names = ["age", "a long name of a column"]
    drawn = words(plot_network(net))
    assert {"age", "a long name\nof a column", "$h_{1}$"} <= {*drawn}


def test_a_trace_without_names_is_drawn_with_biases_of_their_own():
    net = small()
    found = mlp.trace(net, [0.5, -1.0], [1.0])
    drawn = words(plot_trace(found, digits=9))
    by_network = words(plot_network(net, [0.5, -1.0], [1.0], digits=9))
    assert [text for text in drawn if "$" not in text] == [
        text for text in by_network if "$" not in text
    ]
    assert "$x_{0}$" in drawn  # as the text of the trace numbers it
    assert "$a_{0}^{(1)}$" in drawn
    assert not any("[" in text for text in drawn)


def test_a_network_with_dropout_is_drawn_as_it_predicts():
    net = MLP.from_sizes([2, 2, 1], "tanh", dropout=0.5, seed=0)
    drawn = words(plot_network(net, [0.5, -1.0], digits=9))
    assert f"{net.predict([[0.5, -1.0]])[0, 0]:.9g}".replace("-", "−") in drawn


class Square(mlp.Layer):
    """A custom layer."""

    def forward(self, A_in, training, rng):
        self.A_in = A_in
        return A_in * A_in

    def backward(self, dA, need_dA_in=True):
        return 2.0 * self.A_in * dA


OTHERS = {
    "batch": [mlp.BatchNorm(first={"running_mean": 0.5, "running_var": 4.0, "gamma": 3.0})],
    "layer": [mlp.LayerNorm(), mlp.ActivationLayer("tanh")],
    "dropout": [mlp.ActivationLayer("relu"), mlp.Dropout(0.5)],
    "custom": [Square()],
}


def with_others(kind):
    """A network of two dense layers with others before, between and after them."""
    first, second, third = ([copy.copy(one) for one in OTHERS[kind]] for _ in range(3))
    layers = [*first, Dense(2, 3, "tanh"), *second, Dense(3, 2), *third]
    net = MLP(layers, "mse", seed=0)
    net.theta += 0.1
    return net


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("n_rows", [1, 2])
def test_a_trace_is_drawn_with_all_its_layers(kind, n_rows):
    net = with_others(kind)
    n_rows = 2 if kind == "batch" else n_rows
    X, T = [[0.5, -1.0], [1.0, 2.0]][:n_rows], [[0.0, 1.0]] * n_rows
    found = mlp.trace(net, X, T, names={"w1": (len(OTHERS[kind]), 0, 0), "income": "x[1]"})
    drawn = words(plot_trace(found, digits=9))
    for block in found.blocks:
        if block.layer == len(net.layers) - 1:
            assert {f"{one.value:.9g}".replace("-", "−") for one in block.outputs[0]} <= {*drawn}
    assert any(text.startswith("$w_{1}$ = ") for text in drawn)
    assert not any("w[" in text or "w_{0,1}" in text for text in drawn)  # others have no name
    notes = " ".join(key(plot_trace(found)))
    assert "after the layers named below it" in notes
    assert ("row 1 of 2" in notes) == (n_rows == 2)


def test_a_trace_without_dense_layers_cannot_be_drawn():
    found = mlp.trace(MLP([mlp.LayerNorm(), Dense(2, 1)], seed=0), [0.5, 1.0], [1.0])
    without = dataclasses.replace(found, units=())
    with pytest.raises(ValueError, match="trace: received no dense layer"):
        plot_trace(without)


@pytest.mark.parametrize("kind", OTHERS)
def test_the_numbers_in_the_units_follow_from_those_before_them(kind):
    net = with_others(kind)
    columns = diagram_of_network(net, [0.5, -1.0], None, None).columns
    A, outputs = np.array([[0.5, -1.0]]), [np.array([[0.5, -1.0]])]
    for layer in net.copy().layers:
        A = layer.forward(A, False, np.random.default_rng(0))
        outputs.append(A.copy())
    n = len(OTHERS[kind])
    for column, i in zip(columns, (n, 2 * n + 1, 3 * n + 2), strict=True):
        assert np.array_equal(column.values, outputs[i][0])
    assert np.array_equal(columns[-1].values, net.predict([[0.5, -1.0]])[0])


@pytest.mark.parametrize("kind", ["layer", "dropout", "custom"])
def test_gradients_beside_other_layers_follow_from_the_drawn_numbers(kind):
    net, x, t = with_others(kind), [0.5, -1.0], [1.0, 0.0]
    diagram = diagram_of_network(net, x, t, None)
    for column, link in zip(diagram.columns, diagram.links, strict=False):
        assert np.array_equal(link.gradients, np.outer(column.values, link.bias_gradients))
    assert diagram.loss == pytest.approx(((diagram.columns[-1].values - t) ** 2).mean(), rel=1e-12)


@pytest.mark.parametrize("x", [None, [0.5, -1.0]])
def test_what_is_not_drawn_is_named_below_its_units(x):
    net = MLP.from_sizes([2, 3, 1], "sigmoid", normalization="batch", dropout=0.5, seed=0)
    ax = plot_network(net, x)
    assert {"inputs", "BatchNorm\nsigmoid\nDropout(0.5)", "identity"} <= set(words(ax))
    note = "a unit holds its output after the layers named below it"
    assert (note in key(ax)) is (x is not None)
    assert note not in key(plot_network(*mazur()))


def test_a_layer_that_changes_the_number_of_units_is_rejected():
    class Pair(Square):
        n_in, n_out = 3, 6

    net = MLP([Dense(2, 3), Pair(), Dense(6, 1)], seed=0)
    with pytest.raises(ValueError, match=r"received Pair\(\) at 1, which makes 6 outputs of 3"):
        plot_network(net)


@pytest.mark.filterwarnings("error")
def test_numbers_that_are_not_finite_are_drawn():
    net = wide([4, 8, 3])
    net.layers[0].W[0, :2] = np.nan, np.inf
    widths = broad(plot_network(net), "weights", 0).get_linewidths()
    assert np.isfinite(widths).all()
    net.theta[...] = 0.0
    assert np.ptp(broad(plot_network(net), "weights", 0).get_linewidths()) == 0
