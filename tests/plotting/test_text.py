"""Names in pictures: drawn as they stand, in a font that has their characters."""

import logging
import warnings
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager
from matplotlib.text import Text

import mlp
from mlp.plotting import (
    plot_confusion_matrix,
    plot_decision_boundary,
    plot_network,
    save_figure,
    text,
)

pytestmark = pytest.mark.slow

ZHONG = "\u4e2d"
MATHEMATICAL = ["$$_{", r"\frac{a", "x_1^2 $y$", r"\$"]


def draw(kind, names):
    """Draw one of the pictures that show four names, as title, class or column."""
    net = mlp.MLP.from_sizes([2, 4], output="softmax", loss="cross_entropy", seed=0)
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    if kind == "confusion":
        return plot_confusion_matrix(np.eye(4, dtype=int) + 1, names=names, title=names[0])
    if kind == "boundary":
        return plot_decision_boundary(
            net,
            X,
            np.arange(4),
            names=names,
            feature_names=names[:2],
            title=names[0],
            resolution=20,
        )
    places = {name: (0, i % 2, i // 2) for i, name in enumerate(names)}
    return plot_network(net, X[0], [1], names=places, title=names[0])


def shown(ax):
    """Return the texts as they are drawn."""
    texts = [text for text in ax.figure.findobj(Text) if text.get_text() and text.get_visible()]
    return [text._preprocess_math(text.get_text()) for text in texts]


@pytest.mark.parametrize("kind", ["confusion", "boundary", "network"])
def test_what_looks_like_mathematics_is_drawn_as_it_stands(kind):
    ax = draw(kind, MATHEMATICAL)
    ax.figure.draw_without_rendering()  # a ParseException if a name were mathematics
    drawn = shown(ax)
    for name in MATHEMATICAL:
        found = [is_math for words, is_math in drawn if words.startswith(name)]
        assert found, name
        assert not any(found), name


def test_the_names_of_the_package_stay_mathematics():
    net = mlp.MLP.from_sizes([2, 2], seed=0)
    ax = plot_network(net, [0.0, 1.0], [0.0, 1.0], names={"w1": (0, 0, 0), "$w_{1}$": (0, 1, 1)})
    drawn = shown(ax)
    assert ("$x_{1}$", True) in drawn
    assert [is_math for words, is_math in drawn if words.startswith("$w_{1}$")] == [True, False]


@pytest.mark.parametrize("kind", ["confusion", "boundary", "network"])
def test_control_characters_are_drawn_as_escapes_and_an_svg_is_xml(kind):
    ax, file = draw(kind, ["a\x1b[31m", "b\x07", "c\u202e", "d"]), BytesIO()
    ax.figure.savefig(file, format="svg")
    ElementTree.fromstring(file.getvalue())
    drawn = "".join(words for words, _ in shown(ax))
    assert r"a\x1b[31m" in drawn
    assert drawn.isprintable() or drawn.replace("\n", "").isprintable()


@pytest.mark.parametrize("kind", ["confusion", "boundary", "network"])
def test_characters_that_no_font_has_give_one_warning(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(text, "_fonts_with", lambda *_: ())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        save_figure(draw(kind, [ZHONG, "\u6587\u5b57", "c", "d"]), tmp_path / "picture.png")
    assert [str(one.message)[:23] for one in caught] == ["no installed font has a"]


def test_usual_characters_need_no_other_font():
    names = ["caf\u00e9", "\u0436", "\u2212\u00d7", "\u0645"]  # all in DejaVu Sans
    ax = draw("confusion", names)
    assert {tuple(label.get_fontfamily()) for label in ax.get_xticklabels()} == {("sans-serif",)}


@pytest.fixture
def chinese_font(tmp_path):
    """Install a font with the one character U+4E2D, a bar."""
    pen = TTGlyphPen(None)
    for i, point in enumerate([(0, 0), (0, 900), (900, 900), (900, 0)]):
        (pen.lineTo if i else pen.moveTo)(point)
    pen.closePath()
    empty = TTGlyphPen(None).glyph()
    font = FontBuilder(1000)
    font.setupGlyphOrder([".notdef", "zhong"])
    font.setupCharacterMap({ord(ZHONG): "zhong"})
    font.setupGlyf({".notdef": empty, "zhong": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "zhong": (1000, 0)})
    font.setupHorizontalHeader(ascent=900, descent=0)
    font.setupOS2()
    font.setupPost()
    font.setupNameTable({"familyName": "Aaa One Character", "styleName": "Regular"})
    path = tmp_path / "one.ttf"
    font.save(path)
    before = list(fontManager.ttflist)
    fontManager.addfont(path)
    yield "Aaa One Character"
    fontManager.ttflist[:] = before


@pytest.mark.parametrize("kind", ["confusion", "boundary", "network"])
def test_an_installed_font_is_used_without_a_warning(kind, chinese_font, caplog):
    with caplog.at_level(logging.WARNING):
        ax = draw(kind, [f"a{ZHONG}", "$b$", "c", "d"])
        ax.figure.draw_without_rendering()
    families = {
        tuple(one.get_fontfamily())
        for one in ax.figure.findobj(Text)
        if ZHONG in one.get_text() and one.get_visible()
    }
    assert families == {("sans-serif", chinese_font)}
    assert not caplog.records


def test_a_font_that_cannot_be_read_has_no_characters(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert text._among(str(tmp_path / "broken.ttf"), frozenset("a")) == frozenset()
