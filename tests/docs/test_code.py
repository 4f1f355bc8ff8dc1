"""The code on every page runs, and prints what the page shows."""

import re
import shutil
from importlib.util import find_spec

import pytest

from tests.docs.pages import ROOT, assert_page_runs, assert_prints, blocks, commands, documentation

RUN_ELSEWHERE = ("README.md", "docs/gallery.md")  # test_readme.py, test_gallery.py
PAGES = {str(page.relative_to(ROOT)): page for page in documentation()}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def missing(page):
    """Return the packages that a page imports, and the compiler that it calls, if not there."""
    code = "".join(b.code for b in blocks(page.read_text(encoding="utf-8")) if b.kind == "python")
    imported = set(re.findall(r"^(?:import|from) (\w+)", code, flags=re.MULTILINE))
    lacking = sorted(name for name in imported if find_spec(name) is None)
    return [*lacking, *(["cc"] if '"cc ' in code and shutil.which("cc") is None else [])]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PAGES if name not in RUN_ELSEWHERE])
def test_every_block_of_a_page_runs_and_prints_its_output(name, tmp_path):
    lacking = missing(PAGES[name])
    if lacking:
        pytest.skip(f"{', '.join(lacking)} is missing")
    assert_page_runs(PAGES[name], tmp_path)


@pytest.mark.parametrize("name", list(PAGES))
def test_no_block_of_a_page_has_a_kind_that_is_never_run(name):
    kinds = {block.kind for block in blocks(PAGES[name].read_text(encoding="utf-8"))}
    assert {kind for kind in kinds if "{" not in kind} <= {"python", "console", "text"}
    assert {kind for kind in kinds if "code" in kind} == set()


@pytest.mark.parametrize("name", list(PAGES))
def test_every_command_of_a_page_exists(name):
    for block in blocks(PAGES[name].read_text(encoding="utf-8")):
        for program, *arguments in commands(block.code) if block.kind == "console" else ():
            assert program in ("mlp", "make", "pip", "export")
            assert program != "make" or {word for word in arguments if "=" not in word} <= TARGETS


@pytest.mark.parametrize(
    "page",
    [
        "```python\n1 / 0\n```\n",
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```console\n$ mlp trace nothing\n```\n",
        "```console\n$ mlp trace nothing\nmlp trace: error: something else\n```\n",
        "```console\n$ mlp trace mazur\nmlp trace: error: received\n```\n",
        "```console\n$ mlp trace mazur\n```\n```text\nOne step\n```\n",
    ],
)
def test_a_wrong_page_fails(page, tmp_path):
    path = tmp_path / "wrong.md"
    path.write_text(page)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        assert_page_runs(path, tmp_path)


def test_an_output_belongs_to_the_block_before_it():
    text = "```python\nprint(1)\n```\n\n```text\n1\n```\n\nWords.\n\n```text\n2\n```\n"
    found = blocks(text)
    assert [(block.kind, block.output) for block in found] == [("python", "1\n"), ("text", None)]
    assert [block.line for block in found] == [2, 12]


def test_an_output_may_omit_parts_that_differ():
    assert_prints("took 3.7 s, loss 0.5\n", "took ... s, loss 0.5\n", "here")
