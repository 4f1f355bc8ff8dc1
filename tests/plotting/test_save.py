"""Pictures to files, and what making them leaves behind."""

import matplotlib
import pytest
from matplotlib.figure import Figure

from mlp.plotting import new_axes, plot_history, plot_learning_rates, save_figure

pytestmark = pytest.mark.slow

MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.mark.parametrize("kind", MAGIC)
def test_the_ending_decides_the_format_and_a_second_save_gives_the_same_bytes(
    make_sweep, tmp_path, kind
):
    result = make_sweep([0.1, 0.5, 50.0], [[0, 0], [0, 0], [5, 7]])
    ax = plot_learning_rates(result, title="Twice")
    first = save_figure(ax, tmp_path / f"first.{kind}").read_bytes()
    second = save_figure(ax.figure, tmp_path / f"second.{kind.upper()}").read_bytes()
    anew = plot_learning_rates(result, title="Twice")
    third = save_figure(anew, str(tmp_path / f"third.{kind}")).read_bytes()
    assert first.startswith(MAGIC[kind])
    assert first == second == third


def test_a_png_has_200_pixels_an_inch(tmp_path):
    header = save_figure(new_axes((6, 4)), tmp_path / "a.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (1200, 800)


def test_missing_parent_directories_are_created(tmp_path):
    path = save_figure(new_axes(), tmp_path / "a" / "b" / "c.png")
    assert path == tmp_path / "a" / "b" / "c.png"
    assert path.is_file()


@pytest.mark.parametrize("name", ["picture.gif", "picture", "folder/picture.jpeg"])
def test_another_ending_is_rejected_and_nothing_is_written(tmp_path, name):
    with pytest.raises(ValueError, match=r"received .*picture.*\.png, \.svg, \.pdf"):
        save_figure(new_axes(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "old.png"
    path.write_bytes(b"old")
    ax = new_axes()
    ax.set_title(r"$\nonsense$")
    with pytest.raises(ValueError, match="nonsense"):
        save_figure(ax, path)
    assert path.read_bytes() == b"old"


def test_names_beside_the_axes_are_not_cut_off_where_no_layout_makes_room(make_sweep, tmp_path):
    figure = Figure(figsize=(4, 3))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    plot_learning_rates(make_sweep([0.1, 0.5]), ax)
    header = save_figure(ax, tmp_path / "a.png").read_bytes()[16:24]
    assert int.from_bytes(header[:4]) > 800


def test_a_subfigure_is_saved_with_its_whole_figure(tmp_path):
    parent = Figure(figsize=(8, 2))
    left, _ = parent.subfigures(1, 2)
    by_axes = save_figure(left.add_subplot(), tmp_path / "a.svg").read_bytes()
    assert by_axes == save_figure(parent, tmp_path / "b.svg").read_bytes()


def test_axes_that_were_placed_by_hand_stay_there(tmp_path):
    ax = new_axes()
    ax.set_position((0.25, 0.5, 0.5, 0.25))
    save_figure(ax, tmp_path / "a.png")
    assert ax.get_position().bounds == (0.25, 0.5, 0.5, 0.25)
    assert not ax.get_in_layout()


def test_axes_that_the_layout_places_are_given_back_to_it(tmp_path):
    ax = new_axes()
    save_figure(ax, tmp_path / "a.png")
    before = ax.get_position().x0
    ax.set_ylabel("high\nand\nwide")
    ax.figure.draw_without_rendering()
    assert ax.get_position().x0 > before + 0.01


def test_no_global_setting_changes(make_sweep, tmp_path):
    before = dict(matplotlib.rcParams)
    save_figure(plot_learning_rates(make_sweep([0.1, 0.5])), tmp_path / "a.svg")
    assert dict(matplotlib.rcParams) == before


def test_fonts_are_embedded_as_type_42_unless_the_user_chose(tmp_path):
    kinds = []
    for settings in ({}, {"pdf.fonttype": 42}):
        with matplotlib.rc_context(settings):
            ax = plot_history({"loss": [2.0, 1.0]})
            kinds.append(save_figure(ax, tmp_path / "a.pdf").read_bytes())
    assert b"/CIDFontType2" in kinds[0]
    assert b"/Type3" not in kinds[0]
    assert kinds[0] == kinds[1]


def test_the_text_of_an_svg_follows_the_user(tmp_path):
    ax = plot_history({"loss": [2.0, 1.0]})
    assert b">training</text>" not in save_figure(ax, tmp_path / "a.svg").read_bytes()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        assert b">training</text>" in save_figure(ax, tmp_path / "b.svg").read_bytes()
