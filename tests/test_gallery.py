"""The gallery shows what its lines draw, and every picture there is."""

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import mlp.plotting

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
SHOWN = re.findall(r'<img src="([^"]+)"', PAGE)
SHOWN_DARK = re.findall(r'srcset="([^"]+)"', PAGE)
MOST_BYTES = {".png": 160 * 1024, ".gif": 300 * 1024}


@pytest.fixture(scope="module")
def gallery():
    spec = spec_from_file_location("gallery", ROOT / "docs/gallery.py")
    module = sys.modules["gallery"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["gallery"]


@pytest.fixture(scope="module")
def drawn(gallery):
    """The pictures that the page's lines leave, and the functions that drew them."""
    called = set()
    with pytest.MonkeyPatch.context() as patch:
        for name in functions():
            patch.setattr(mlp.plotting, name, noting(called, name, getattr(mlp.plotting, name)))
        files = dict(gallery.draw("light"))
        pictures = {name: Image.open(BytesIO(content)).size for name, content in files.items()}
    return pictures, called


def functions():
    return {name for name in mlp.plotting.__all__ if name.startswith("plot_")}


def noting(called, name, function):
    def wrapper(*args, **kwargs):
        called.add(name)
        return function(*args, **kwargs)

    return wrapper


@pytest.mark.long
def test_the_lines_run_and_leave_just_the_pictures_that_are_shown(drawn):
    assert sorted(f"gallery/{name}" for name in drawn[0]) == sorted(SHOWN)


@pytest.mark.long
def test_every_function_that_draws_has_a_picture(drawn):
    assert drawn[1] == functions()


@pytest.mark.long
def test_the_pictures_that_are_shown_have_the_size_of_those_that_the_lines_leave(drawn):
    for name, size in drawn[0].items():
        with Image.open(ROOT / "docs/gallery" / name) as image:
            assert image.size == size


def test_each_picture_is_there_for_dark_pages_too_and_nothing_else_is():
    dark = [f"{path[:-4]}-dark{path[-4:]}" for path in SHOWN]
    assert dark == SHOWN_DARK
    there = sorted(f"gallery/{path.name}" for path in (ROOT / "docs/gallery").iterdir())
    assert there == sorted([*SHOWN, *SHOWN_DARK])


@pytest.mark.parametrize("path", [*SHOWN, *SHOWN_DARK])
def test_a_picture_is_small_and_was_made_by_the_lines_on_the_page(gallery, path):
    file = ROOT / "docs" / path
    assert file.stat().st_size < MOST_BYTES[file.suffix]
    with Image.open(file) as image:
        code = image.info["comment"].decode() if file.suffix == ".gif" else image.text["Code"]
    assert code == gallery.fingerprint(), "make gallery draws them anew"


def test_each_picture_is_described_in_words():
    words = re.findall(r'alt="([^"]*)"', PAGE)
    assert len(words) == len(SHOWN)
    assert min(map(len, words)) > 40


def test_a_few_lines_make_a_picture():
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[1:]:
        assert len(block.splitlines()) <= 5
        assert ".png" in block or ".gif" in block


def test_an_animation_has_frames_that_differ():
    with Image.open(ROOT / "docs/gallery/learning.gif") as image:
        first = image.convert("RGB")
        image.seek(image.n_frames - 1)
        assert image.n_frames == 6
        assert first.tobytes() != image.convert("RGB").tobytes()
