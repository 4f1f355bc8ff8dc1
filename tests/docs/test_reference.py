"""The reference documents every public name, and no others."""

import re
from inspect import getdoc, ismodule
from pathlib import Path

import pytest

import mlp
import mlp.sklearn
from tests.docs.pages import ROOT

PAGES = sorted((ROOT / "docs/reference").glob("*.md"))
MODULES = {
    module.__name__: module
    for module in (mlp, mlp.sklearn, *(getattr(mlp, name) for name in mlp.__all__))
    if ismodule(module)
}


def documented(text: str) -> list[str]:
    """Return the full names in the tables, registries and data of a page."""
    names, module = re.findall(r"(?:\{registry\}|\.\. py:data::) (\S+)", text), ""
    for block in re.findall(r"```\{eval-rst\}\n(.*?)```", text, flags=re.DOTALL):
        for line in block.splitlines():
            if line.startswith(".. currentmodule:: "):
                module = line.split()[-1]
            if re.fullmatch(r"   \w+", line):
                names.append(f"{module}.{line.strip()}")
    return names


NAMES = [name for page in PAGES for name in documented(page.read_text(encoding="utf-8"))]


def thing(name: str) -> object:
    module, _, last = name.rpartition(".")
    return getattr(MODULES[module], last)


@pytest.mark.parametrize("name", NAMES)
def test_a_documented_name_is_public_and_has_a_docstring(name):
    module, _, last = name.rpartition(".")
    assert last in MODULES[module].__all__
    assert getdoc(thing(name))


@pytest.mark.parametrize("module", list(MODULES))
def test_every_public_name_of_a_module_is_documented(module):
    names = {name for name in MODULES[module].__all__ if not ismodule(thing(f"{module}.{name}"))}
    here = {name.rpartition(".")[2] for name in NAMES if name.rpartition(".")[0] == module}
    elsewhere = {name for name in names if any(_same(f"{module}.{name}", n) for n in NAMES)}
    assert names - here - elsewhere == set()


def test_no_name_is_documented_twice():
    assert sorted(NAMES) == sorted(set(NAMES))


def test_every_page_of_the_reference_is_in_its_contents():
    index = Path(ROOT / "docs/reference/index.md").read_text(encoding="utf-8")
    assert {page.stem for page in PAGES} - {"index"} == set(
        re.search(r"toctree\}.*?\n\n(.*?)```", index, flags=re.DOTALL)[1].split()
    )


def _same(public: str, documented: str) -> bool:
    """Whether two names refer to the same object."""
    last = public.rpartition(".")[2]
    return documented.rpartition(".")[2] == last and thing(public) is thing(documented)
