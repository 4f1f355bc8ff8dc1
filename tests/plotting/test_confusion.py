"""The picture of which classes a network takes for which."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mlp.plotting import new_axes, plot_confusion_matrix, theme
from mlp.plotting.themes import THEMES, contrast, lightness
from tests.plotting.drawn import key, texts

pytestmark = pytest.mark.slow

THREE = np.array([[8, 2, 0], [0, 10, 0], [1, 0, 199]])


def cells(ax):
    (image,) = ax.images
    return np.asarray(image.get_array())


def random(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.poisson(0.5, (n, n)) + np.diag(rng.integers(20, 90, n))


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_a_cell_has_its_count_and_its_share_of_the_row():
    ax = plot_confusion_matrix(THREE)
    found = {text.get_position(): text.get_text() for text in ax.texts}
    assert found == {
        (0, 0): "8\n80%",
        (1, 0): "2\n20%",
        (1, 1): "10\n100%",
        (0, 2): "1\n<1%",
        (2, 2): "199\n>99%",
    }


def test_rows_are_true_classes_from_the_top_and_columns_predicted_ones():
    ax = plot_confusion_matrix(THREE, names=["a", "b", "c"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert labels(ax.xaxis) == labels(ax.yaxis) == ["a", "b", "c"]
    assert ax.images[0].origin == "upper"
    low, high = ax.get_ylim()
    assert low > high


def test_what_is_right_and_what_is_wrong_have_colours_that_grow_with_the_share():
    matrix = np.array([[50, 50, 0, 0], [90, 10, 0, 0], [5, 0, 95, 0], [1, 0, 0, 99]])
    colors = cells(plot_confusion_matrix(matrix))
    right = [lightness(colors[i, i]) for i in (1, 0, 2, 3)]
    wrong = [lightness(colors[i, j]) for i, j in [(3, 0), (2, 0), (0, 1), (1, 0)]]
    assert all(light > dark for shades in (right, wrong) for light, dark in pairwise(shades))
    assert colors[0, 0][2] > colors[0, 0][0]  # blue
    assert colors[0, 1][2] < colors[0, 1][0]  # orange
    assert np.allclose(colors[2, 1], 1.0)


def test_one_wrong_in_a_hundred_is_seen():
    assert lightness(cells(plot_confusion_matrix([[99, 1], [0, 100]]))[0, 1]) < 92


@pytest.mark.parametrize("name", THEMES)
def test_words_can_be_read_in_every_cell(name):
    with theme(name):
        ax = plot_confusion_matrix([[10 - i, i] for i in (0, 9)])
        many = plot_confusion_matrix(
            np.array([[10 * i, 100 - 10 * i] + [0] * 8 for i in range(10)])
        )
    for picture in (ax, many):
        for text in picture.texts:
            column, row = text.get_position()
            assert contrast(text.get_color(), cells(picture)[row, column]) > 4.4


@pytest.mark.parametrize("n", [2, 10, 11, 20])
def test_up_to_twenty_classes_words_fit_into_their_cells(n):
    ax = plot_confusion_matrix(random(n))
    ax.figure.draw_without_rendering()
    assert len(ax.texts) == np.count_nonzero(random(n))
    assert min(text.get_fontsize() for text in ax.texts) > 7
    for text in ax.texts:
        column, row = text.get_position()
        box = text.get_window_extent()
        left, bottom = ax.transData.transform((column - 0.5, row + 0.5))
        right, top = ax.transData.transform((column + 0.5, row - 0.5))
        assert left < box.x0 < box.x1 < right
        assert bottom < box.y0 < box.y1 < top


def test_shares_are_left_to_the_colours_above_ten_classes():
    assert all("%" in text for text in texts(plot_confusion_matrix(random(10))))
    assert all("%" not in text for text in texts(plot_confusion_matrix(random(11))))


def test_of_many_classes_there_are_colours_and_the_pairs_most_confused():
    matrix = np.diag(np.full(60, 50))
    matrix[7, 3], matrix[5, 4], matrix[59, 0] = 9, 12, 2
    ax = plot_confusion_matrix(matrix)
    assert texts(ax) == []
    told = "wrong: 23, most often 5 for 4 (12), 7 for 3 (9), 59 for 0 (2)"
    assert key(ax) == ["right: 3000 of 3023, 99.2%", told]
    assert len(labels(ax.xaxis)) <= 30
    assert labels(ax.xaxis)[:3] == ["0", "2", "4"]


def test_small_axes_have_no_words_in_their_cells():
    ax = plot_confusion_matrix(random(10), new_axes((2.5, 2.5)))
    assert texts(ax) == []
    assert "most often" in key(ax)[1]


def test_the_key_tells_how_many_are_right():
    assert key(plot_confusion_matrix(THREE)) == ["right: 217 of 220, 98.6%", "wrong: 3"]
    assert key(plot_confusion_matrix(np.eye(40, dtype=int)))[1] == "wrong: 0"


def test_a_class_that_does_not_occur_is_an_empty_row():
    ax = plot_confusion_matrix([[3, 1], [0, 0]])
    assert texts(ax) == ["3 75%", "1 25%"]
    assert np.allclose(cells(ax)[1], 1.0)


def test_long_names_are_slanted_and_do_not_overlap():
    ax = plot_confusion_matrix(random(9), names=[f"a long name {i}" for i in range(9)])
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {45}
    short = plot_confusion_matrix(random(9))
    assert {label.get_rotation() for label in short.get_xticklabels()} == {0}


def test_given_axes_are_drawn_on_and_the_matrix_is_left_alone():
    ax, matrix = new_axes(), THREE.copy()
    matrix.flags.writeable = False
    assert plot_confusion_matrix(matrix, ax, title="A title") is ax
    assert ax._left_title.get_text() == "A title"


@pytest.mark.parametrize("name", THEMES)
def test_an_empty_cell_has_the_colour_of_the_page(name):
    with theme(name):
        ax = plot_confusion_matrix(THREE)
    assert np.allclose(cells(ax)[0, 2], to_rgb(THEMES[name].page))


@pytest.mark.parametrize(
    ("matrix", "options", "error", "message"),
    [
        (THREE[:2], {}, ValueError, r"matrix: received shape \(2, 3\), expected \(n, n\)"),
        (THREE[None], {}, ValueError, r"matrix: received shape \(1, 3, 3\)"),
        (THREE[:0, :0], {}, ValueError, "matrix: received no counts"),
        (THREE * 0, {}, ValueError, "matrix: received no counts"),
        (THREE - 1, {}, ValueError, "matrix: received no counts, expected numbers from 0"),
        (THREE / 220, {}, TypeError, "matrix: received dtype float64, expected whole numbers"),
        (THREE.astype(str), {}, TypeError, "matrix: received dtype <U"),
        (THREE, {"names": ["a", "b"]}, ValueError, "names: received 2, expected 3"),
    ],
)
def test_what_cannot_be_drawn_is_rejected(matrix, options, error, message):
    with pytest.raises(error, match=message):
        plot_confusion_matrix(matrix, **options)


def test_the_key_says_which_rows_it_counts():
    ax = plot_confusion_matrix([[9, 1], [0, 5]], rows="held-out rows")
    assert "right: 14 of 15 held-out rows, 93.3%" in key(ax)
    with pytest.raises(TypeError, match="rows: received 3, expected text or None"):
        plot_confusion_matrix([[9, 1], [0, 5]], rows=3)
