"""No texts of a picture overlap, and none is cut off: at all sizes, in rows, with long names."""

import inspect

import pytest
from matplotlib.figure import Figure

from mlp import plotting
from mlp.plotting import new_axes, offscreen, theme
from tests.plotting.extents import SIZES, WAYS, boxes, faults
from tests.surface import namespaces

pytestmark = pytest.mark.slow

ALL = [(name, n) for name, ways in WAYS.items() for n in range(len(ways))]
PLACES = (*SIZES, "constrained", "tight")


def drawn(name, n, place, is_long):
    """Draw a picture on its own page, or twice in a row of the user's own axes."""
    draw = WAYS[name][n]
    if place not in SIZES:
        figure = Figure(figsize=(8.0, 3.2), layout=place)
        for ax in figure.subplots(1, 2):
            draw(ax, is_long)
        return figure
    size = SIZES[place]
    return draw(None if size is None else new_axes(size), is_long).figure


def test_every_way_to_draw_a_picture_is_known():
    functions = {name for name in plotting.__all__ if name.startswith("plot_")}
    classes = {
        thing for space in namespaces() for thing in vars(space).values() if inspect.isclass(thing)
    }
    methods = {
        f"{kind.__name__}.{name}"
        for kind in classes
        if kind.__module__.startswith("mlp.")
        for name in vars(kind)
        if name.startswith("plot")
    }
    assert functions | methods == set(WAYS)


@pytest.mark.long
@pytest.mark.parametrize("is_long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("name", "n"), ALL)
def test_no_texts_overlap_and_none_is_cut_off(name, n, place, is_long):
    with offscreen():
        assert faults(drawn(name, n, place, is_long)) == []


@pytest.mark.long
@pytest.mark.parametrize("is_long", [False, True], ids=["short", "long"])
@pytest.mark.parametrize(("name", "n"), ALL)
def test_texts_of_a_dark_page_are_where_those_of_a_light_one_are(name, n, is_long):
    places = {}
    for page in ("light", "dark"):
        with offscreen(), theme(page):
            found = boxes(drawn(name, n, "column", is_long))
            places[page] = [(box.text, *box.corners.ravel()) for box in found]
    assert places["dark"] == places["light"]


@pytest.mark.parametrize(
    ("name", "place", "is_long"),
    [
        ("plot_history", "column", False),
        ("plot_learning_rates", "column", True),
        ("plot_decision_boundary", "default", True),
        ("plot_confusion_matrix", "column", True),
        ("plot_layers", "column", False),
        ("plot_trace", "default", True),
        ("FinderResult.plot", "constrained", False),
        ("plot_sweep", "tight", False),
    ],
)
def test_no_texts_overlap_in_some_of_them(name, place, is_long):
    with offscreen():
        assert faults(drawn(name, 0, place, is_long)) == []


def test_texts_that_overlap_or_are_cut_off_are_found():
    ax = Figure(figsize=(4.0, 3.0)).add_subplot()
    ax.set_axis_off()
    ax.text(0.1, 0.5, "one")
    assert faults(ax.figure) == []
    ax.text(0.12, 0.5, "two", rotation=30)
    ax.text(1.1, 0.2, "beyond the edge")
    assert faults(ax.figure) == ["'beyond the edge' is cut off", "'two' overlaps 'one'"]
    assert len(boxes(ax.figure)) == 3


def test_rotated_texts_beside_each_other_do_not_overlap_though_their_frames_do():
    ax = Figure(figsize=(4.0, 3.0)).add_subplot()
    ax.set_axis_off()
    for x in (0.3, 0.4):
        ax.text(x, 0.3, "a slanted name", rotation=45, rotation_mode="anchor")
    frames = [text.get_window_extent() for text in ax.texts]
    assert frames[0].overlaps(frames[1])
    assert faults(ax.figure) == []
