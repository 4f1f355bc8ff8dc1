"""Every line of code that a page includes is there."""

import ast
import re

import pytest

from tests.docs.pages import ROOT, documentation

INCLUDES = [
    (page, target, dict(re.findall(r"^:([\w-]+): *(.*)", options, re.MULTILINE)))
    for page in documentation()
    for target, options in re.findall(
        r"```\{literalinclude\} (\S+)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL
    )
]


def part_of(source, name):
    """Return the text of a class, a function or a method."""
    node = ast.parse(source)
    for key in name.split("."):
        node = next(child for child in node.body if getattr(child, "name", None) == key)
    return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])


@pytest.mark.parametrize(
    ("page", "target", "options"),
    INCLUDES,
    ids=[f"{page.relative_to(ROOT)}-{i}" for i, (page, *_) in enumerate(INCLUDES)],
)
def test_what_a_page_includes_is_in_the_code(page, target, options):
    text = (page.parent / target).read_text(encoding="utf-8")
    if "pyobject" in options:
        text = part_of(text, options["pyobject"])
    marks = [options[key].strip('"') for key in ("start-at", "end-at") if key in options]
    assert [mark for mark in marks if mark not in text] == []


def test_pages_include_code():
    assert len(INCLUDES) > 20
