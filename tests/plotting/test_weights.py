"""The weights of the first layer as images."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.legend import Legend

import mlp
from mlp.plotting import new_axes, plot_weights, theme
from mlp.plotting.themes import SIGNS, THEMES, contrast, lightness

W = np.random.default_rng(0).normal(size=(12, 5)) * [1.0, 3.0, 0.0, 2.0, 0.5]
BY_NORM = [1, 3, 0, 4, 2]


def images(ax):
    return [np.asarray(image.get_array()) for image in ax.images]


def key(ax):
    (legend,) = [artist for artist in ax.artists if isinstance(artist, Legend)]
    return [text.get_text() for text in legend.get_texts()]


def test_each_unit_is_an_image_of_its_weights_and_the_strongest_comes_first():
    ax = plot_weights(W, shape=(3, 4))
    assert [text.get_text() for text in ax.texts] == [str(unit) for unit in BY_NORM]
    for image, unit in zip(images(ax), BY_NORM, strict=True):
        assert np.array_equal(image, W[:, unit].reshape(3, 4))
    assert key(ax) == ["5 units, the strongest first"]


def test_the_first_input_is_the_upper_left_pixel():
    ax = plot_weights(W, shape=(3, 4))
    assert {image.origin for image in ax.images} == {"upper"}
    left, right, bottom, top = ax.images[0].get_extent()
    assert (right - left, top - bottom) == (4, 3)
    assert ax.get_aspect() in ("equal", 1.0)


def test_all_images_have_one_scale_with_zero_in_its_middle():
    ax = plot_weights(W, shape=(4, 3))
    limit = np.abs(W).max()
    assert {image.get_clim() for image in ax.images} == {(-limit, limit)}
    assert ax.figure.axes[1].get_ylabel() == "weight"


def test_a_scale_reaches_as_far_as_the_units_that_are_drawn():
    spike = W.copy()
    spike[0, 1], spike[:, 0] = 50.0, 49.0
    ax = plot_weights(spike, shape=(4, 3), most=1)
    assert ax.images[0].get_clim() == (-49.0, 49.0)


def test_only_the_strongest_of_many_units_are_drawn():
    ax = plot_weights(W, shape=(3, 4), most=2)
    assert [text.get_text() for text in ax.texts] == ["1", "3"]
    assert key(ax) == ["the 2 strongest of 5 units"]


def test_images_do_not_overlap_and_numbers_stand_in_the_gaps():
    ax = plot_weights(np.random.default_rng(0).normal(size=(9, 23)))
    ax.figure.draw_without_rendering()
    extents = np.array([image.get_extent() for image in ax.images])
    corners = {(left, bottom) for left, _, bottom, _ in extents}
    assert len(corners) == 23
    for one in range(23):
        for other in range(one):
            apart = [extents[one][i] >= extents[other][i + 1] for i in (0, 2)]
            apart += [extents[other][i] >= extents[one][i + 1] for i in (0, 2)]
            assert any(apart)
    inverse = ax.transData.inverted()
    low = min(bottom for _, _, bottom, _ in extents)
    for text, (left, right, bottom, _) in zip(ax.texts, extents, strict=True):
        box = text.get_window_extent().transformed(inverse)
        assert left - 0.5 < box.x0 < box.x1 < right + 0.5
        below = [top for _, _, _, top in extents if top < bottom]
        assert (max(below) if below else low - 3) < box.y0 < box.y1 < bottom


def test_numbers_that_nobody_could_read_are_left_out():
    many = np.random.default_rng(0).normal(size=(4, 60))
    assert len(plot_weights(many, most=60).texts) == 60
    assert len(plot_weights(many, new_axes((2, 1.5)), most=60).texts) == 0


def test_a_network_gives_the_weights_of_its_first_layer_that_has_some():
    layers = [mlp.Dropout(0.1), mlp.Dense(9, 4, "relu"), mlp.Dense(4, 2)]
    net = mlp.MLP(layers, loss="mse", seed=0)
    drawn = sorted(image.ravel().tolist() for image in images(plot_weights(net)))
    assert drawn == sorted(net.layers[1].W.T.tolist())


def test_weights_of_zero_can_be_drawn():
    assert plot_weights(np.zeros((4, 2))).images[0].get_clim() == (-1.0, 1.0)


def test_given_axes_are_drawn_on():
    ax = new_axes()
    assert plot_weights(W, ax, shape=(2, 6)) is ax


@pytest.mark.parametrize("name", THEMES)
def test_numbers_can_be_read_on_either_page(name):
    with theme(name):
        ax = plot_weights(W, shape=(3, 4))
    assert contrast(ax.texts[0].get_color(), THEMES[name].page) > 4.5


def test_the_lightness_of_the_colours_rises_evenly_from_negative_to_positive():
    shades = [lightness(SIGNS(value)[:3]) for value in np.linspace(0, 1, 13)]
    steps = [light - dark for dark, light in pairwise(shades)]
    assert min(steps) > 3
    assert max(steps) < 11
    red, _, blue, _ = SIGNS(0.5)
    assert abs(red - blue) < 0.02


@pytest.mark.parametrize(
    ("net", "options", "message"),
    [
        (W, {}, "shape: received none for 12 inputs, which form no square"),
        (W, {"shape": (3, 5)}, r"shape: received \(3, 5\), expected \(rows, columns\) of 12"),
        (W, {"shape": (-3, -4)}, r"shape: received \(-3, -4\)"),
        (W, {"shape": (12,)}, r"shape: received \(12,\)"),
        (W, {"shape": (3, 4), "most": 0}, "most: received 0"),
        (W[:, 0], {}, r"received weights of shape \(12,\), expected \(n_in, n_out\)"),
        (W[:, :0], {}, r"received weights of shape \(12, 0\)"),
        (np.full((4, 2), np.nan), {}, "net: received NaN or infinity"),
        (np.zeros((7, 4, 2)), {}, r"net: received 7 replicas.*net.replica\(k\)"),
    ],
)
def test_what_cannot_be_drawn_is_rejected(net, options, message):
    with pytest.raises(ValueError, match=message):
        plot_weights(net, **options)


@pytest.mark.parametrize("net", [W + 1j, W.astype(str), W.astype(object), None])
def test_what_is_no_matrix_of_numbers_is_rejected(net):
    with pytest.raises(TypeError, match="net: received dtype .*, expected real numbers"):
        plot_weights(net, shape=(3, 4))


def test_a_network_without_weights_is_rejected():
    class Empty:
        layers = ()

    with pytest.raises(ValueError, match="expected a network with weights"):
        plot_weights(Empty())
