"""The picture of what a network makes of the plane."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend

import mlp
from mlp.plotting import new_axes, plot_decision_boundary, theme
from mlp.plotting.classes import COLORS, color_of, mark_color, marker_of
from mlp.plotting.themes import THEMES, contrast

POINTS = np.array([[-1.0, 0.0], [-0.5, 1.0], [0.5, -1.0], [1.0, 0.5]])
SIDES = np.array([0, 0, 1, 1])


class Formula:
    """A network whose outputs are a formula of the inputs."""

    def __init__(self, function):
        self.function = function

    def predict(self, X):
        return self.function(X[:, :1], X[:, 1:])


def softmax(*scores):
    exp = np.exp(np.hstack(scores))
    return exp / exp.sum(axis=1, keepdims=True)


LEFT_OR_RIGHT = Formula(lambda x, y: 1 / (1 + np.exp(-3 * x)))
THREE = Formula(lambda x, y: softmax(-5 * x, 5 * x, 10 * y - 5))
SLOPE = Formula(lambda x, y: x + 2 * y)


def parts(ax, kind):
    """What is drawn under a name that begins so, by the rest of the name."""
    named = [(c.get_gid() or "", c) for c in ax.collections]
    return {gid.partition(" ")[2]: c for gid, c in named if gid.startswith(kind)}


def corners(contours):
    return np.concatenate([path.vertices for path in contours.get_paths()])


def key(ax):
    (legend,) = [artist for artist in ax.artists if isinstance(artist, Legend)]
    return [text.get_text() for text in legend.get_texts()]


def color_at(ax, x, y):
    """The colour that a place of the plane is filled with."""
    (image,) = ax.images
    assert image.origin == "lower"
    left, right, bottom, top = image.get_extent()
    rows, columns, _ = image.get_array().shape
    row, column = (y - bottom) / (top - bottom) * rows, (x - left) / (right - left) * columns
    return image.get_array()[int(row), int(column)]


def is_tint(color, label, page="white"):
    """Whether a colour lies between the page's and that of a class."""
    step, way = color - to_rgb(page), np.subtract(color_of(label), to_rgb(page))
    along = step @ way / (way @ way)
    return 0.05 < along < 0.6 and np.allclose(step, along * way, atol=1e-9)


@pytest.mark.parametrize("Y", [SIDES, SIDES[:, None].astype(float), SIDES[:, None] == 1])
def test_one_output_divides_the_plane_where_it_is_one_half(Y):
    ax = plot_decision_boundary(LEFT_OR_RIGHT, POINTS, Y)
    boundaries = parts(ax, "boundary")
    assert list(boundaries) == ["0", "1"]
    for lines in boundaries.values():
        assert np.abs(corners(lines)[:, 0]).max() < 1e-3
    assert is_tint(color_at(ax, -0.5, 0.0), 0)
    assert is_tint(color_at(ax, 0.5, 0.0), 1)


@pytest.mark.parametrize("Y", [SIDES, np.eye(3)[SIDES]])
def test_of_several_outputs_the_largest_has_the_region(Y):
    ax = plot_decision_boundary(THREE, POINTS, Y, resolution=200)
    x, y = corners(parts(ax, "boundary")["2"]).T
    assert np.abs(10 * y - 5 - 5 * np.abs(x)).max() < 0.25  # within the grid's width
    for place, label in [((-1.0, -0.9), 0), ((1.0, -0.9), 1), ((0.0, 1.0), 2)]:
        assert is_tint(color_at(ax, *place), label)


def test_the_surer_the_network_the_stronger_the_colour():
    ax = plot_decision_boundary(LEFT_OR_RIGHT, POINTS, SIDES)
    strength = [np.ptp(color_at(ax, x, 0.0)) for x in (0.02, 0.3, 1.0)]
    assert strength == sorted(strength)
    assert strength[0] < strength[-1] / 2


def test_scores_that_are_no_probabilities_give_an_even_colour():
    scores = Formula(lambda x, y: np.hstack([-7 * x, 9 * x]))
    ax = plot_decision_boundary(scores, POINTS, SIDES)
    assert len(np.unique(ax.images[0].get_array().reshape(-1, 3), axis=0)) == 2


def test_points_have_the_marker_of_their_class_and_a_rim_on_the_wrong_side():
    Y = np.array([0, 1, 1, 1])
    ax = plot_decision_boundary(LEFT_OR_RIGHT, POINTS, Y)
    right, wrong = parts(ax, "right"), parts(ax, "wrong")
    assert right["0"].get_offsets().tolist() == [[-1.0, 0.0]]
    assert right["1"].get_offsets().tolist() == [[0.5, -1.0], [1.0, 0.5]]
    assert wrong["1"].get_offsets().tolist() == [[-0.5, 1.0]]
    assert wrong["1"].get_linewidths()[0] > 2 * right["1"].get_linewidths()[0]
    assert key(ax) == ["1 of 4 points on the wrong side"]
    assert key(plot_decision_boundary(LEFT_OR_RIGHT, POINTS, SIDES)) == [
        "all 4 points on the right side"
    ]


def test_classes_are_named_in_a_legend_and_in_their_regions():
    ax = plot_decision_boundary(LEFT_OR_RIGHT, POINTS, SIDES, names=["left", "right"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left", "right"]
    left, right = ax.texts
    assert (left.get_text(), right.get_text()) == ("left", "right")
    assert left.get_position()[0] < 0 < right.get_position()[0]


def test_a_name_keeps_away_from_the_points_where_there_is_room():
    crowd = np.random.default_rng(0).uniform([-1.0, -1.0], [-0.2, 0.0], (200, 2))
    X = np.concatenate([crowd, POINTS])
    ax = plot_decision_boundary(LEFT_OR_RIGHT, X, np.append(np.zeros(200, int), SIDES))
    place = np.array(ax.texts[0].get_position())
    assert place[0] < 0
    assert np.abs(X - place).max(axis=1).min() > 0.05


def test_a_plane_of_one_class_has_no_boundary():
    ax = plot_decision_boundary(Formula(lambda x, y: 0 * x + 0.9), POINTS, SIDES)
    assert parts(ax, "boundary") == {}
    assert [text.get_text() for text in ax.texts] == ["1"]


def test_a_regression_is_a_filled_contour_with_its_targets_on_the_same_scale():
    Y = POINTS @ [[1.0], [2.0]] + [[0.0], [0.1], [-0.2], [5.0]]
    ax = plot_decision_boundary(SLOPE, POINTS, Y)
    (values,) = parts(ax, "values").values()
    (targets,) = parts(ax, "targets").values()
    assert targets.get_array().tolist() == Y[:, 0].tolist()
    assert targets.get_clim() == values.get_clim() == (values.levels[0], values.levels[-1])
    assert values.levels[0] <= SLOPE.predict(np.array([[-1.16, -1.16]])).item()
    assert values.levels[-1] >= Y.max()
    assert [bar.get_ylabel() for bar in ax.figure.axes[1:]] == ["output"]
    assert len(ax.images) == 0


def test_any_output_of_a_regression_can_be_drawn():
    both = Formula(lambda x, y: np.hstack([x, 10 * y]))
    Y = POINTS * [1.0, 10.0]
    ax = plot_decision_boundary(both, POINTS, Y, output=1)
    (targets,) = parts(ax, "targets").values()
    assert targets.get_array().tolist() == Y[:, 1].tolist()
    assert ax.figure.axes[1].get_ylabel() == "output 1"


def test_what_was_on_the_axes_before_does_not_matter():
    ax = new_axes()
    ax.scatter([0.0], [0.0])
    plot_decision_boundary(SLOPE, POINTS, POINTS[:, :1], ax)
    low, high = ax.figure.axes[1].get_ylim()
    assert low < SLOPE.predict(POINTS).min() < SLOPE.predict(POINTS).max() < high


def test_a_constant_regression_can_be_drawn():
    ax = plot_decision_boundary(Formula(lambda x, y: 0 * x + 2.5), POINTS, np.full((4, 1), 2.5))
    assert parts(ax, "values")[""].levels[0] <= 2.5 <= parts(ax, "values")[""].levels[-1]


def test_a_trained_network_and_its_data_are_drawn_and_left_alone():
    X, y = mlp.datasets.spirals(n_per_class=20, n_classes=3)
    X.flags.writeable = y.flags.writeable = False
    net = mlp.MLP.from_sizes([2, 8, 3], "tanh", "softmax", "cross_entropy", dropout=0.5, seed=0)
    net.loss_and_grad(X, y)
    before = net.theta.tobytes(), net.grad.tobytes(), net._rng.bit_generator.state
    ax = new_axes()
    assert plot_decision_boundary(net, X, y, ax, resolution=20) is ax
    assert (net.theta.tobytes(), net.grad.tobytes(), net._rng.bit_generator.state) == before
    wrong = (net.predict(X).argmax(axis=1) != y).sum()
    assert key(ax) == [f"{wrong} of 60 points on the wrong side"]


@pytest.mark.parametrize("name", THEMES)
def test_ten_classes_are_told_apart_by_marker_and_stand_out_from_their_regions(name):
    page = np.array(to_rgb(THEMES[name].page))
    assert len({marker_of(label) for label in range(10)}) == 10
    for label in range(10):
        region = 0.5 * page + 0.5 * np.array(color_of(label))
        assert contrast(mark_color(label, THEMES[name]), region) >= 2.2


def test_on_a_dark_page_regions_are_dark():
    with theme("dark"):
        ax = plot_decision_boundary(LEFT_OR_RIGHT, POINTS, SIDES)
    assert is_tint(color_at(ax, 0.5, 0.0), 1, THEMES["dark"].page)
    assert contrast(ax.texts[0].get_color(), THEMES["dark"].page) > 7


def test_the_eleventh_class_has_the_first_colour_and_another_marker():
    assert color_of(10) == COLORS[0]
    assert marker_of(10) != marker_of(0)


DIVERGED = Formula(lambda x, y: x * np.nan)
REPLICAS = Formula(lambda x, y: np.zeros((5, len(x), 2)))


@pytest.mark.parametrize(
    ("net", "X", "Y", "options", "message"),
    [
        (THREE, np.zeros((4, 3)), SIDES, {}, r"X: received shape \(4, 3\), expected \(n, 2\)"),
        (THREE, POINTS[:, 0], SIDES, {}, r"X: received shape \(4,\), expected \(n, 2\)"),
        (THREE, POINTS[:0], SIDES[:0], {}, r"X: received shape \(0, 2\)"),
        (THREE, POINTS * np.nan, SIDES, {}, "X: received NaN or infinity"),
        (THREE, POINTS, SIDES[:3], {}, r"Y: received shape \(3,\), expected 4 rows"),
        (THREE, POINTS, SIDES + 2, {}, "Y: received labels from 2 to 3, expected .* 0 to 2"),
        (THREE, POINTS, SIDES - 1, {}, "Y: received labels from -1 to 0"),
        (THREE, POINTS, SIDES * 0.5, {}, r"Y: received shape \(4,\) of float64, expected integer"),
        (THREE, POINTS, np.full((4, 3), np.inf), {}, "Y: received NaN or infinity"),
        (THREE, POINTS, 1, {}, r"Y: received shape \(\), expected 4 rows"),
        (THREE, [[1.0, 2.0], [1.0]], SIDES, {}, "X: received rows that make no array"),
        (THREE, POINTS, SIDES, {"names": ["a", "b"]}, "names: received 2, expected 3"),
        (SLOPE, POINTS, POINTS[:, :1], {"output": 1}, "output: received 1, expected 0 to 0"),
        (SLOPE, POINTS, POINTS[:, :1], {"resolution": 1}, "resolution: received 1"),
        (DIVERGED, POINTS, SIDES, {}, r"net.predict\(X\): received NaN or infinity"),
        (REPLICAS, POINTS, SIDES, {}, r"net: received 5 replicas.*net.replica\(k\)"),
    ],
)
def test_what_cannot_be_drawn_is_rejected(net, X, Y, options, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_boundary(net, X, Y, **options)


@pytest.mark.parametrize("spoil", [lambda a: a + 1j, lambda a: a.astype(str), lambda a: None])
def test_what_is_no_number_is_rejected(spoil):
    with pytest.raises(TypeError, match="X: received dtype .*, expected real numbers"):
        plot_decision_boundary(THREE, spoil(POINTS), SIDES)
    with pytest.raises(TypeError, match="Y: received dtype .*, expected real numbers"):
        plot_decision_boundary(THREE, POINTS, spoil(SIDES))
