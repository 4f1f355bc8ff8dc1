"""The notebooks run from top to bottom, and keep the outputs that they give."""

import nbformat
import pytest

from tests.notebooks.outputs import assert_same_outputs
from tests.notebooks.running import METADATA, NOTEBOOKS, ROOT, run
from tests.spread import spread

SECONDS = 60
LARGEST = 400_000  # bytes

KEPT = {path.stem: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
each_notebook = pytest.mark.parametrize("name", KEPT)


def code_cells(name):
    return [cell for cell in KEPT[name].cells if cell.cell_type == "code"]


def test_there_are_five_notebooks_and_the_readme_names_each():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name[0] for name in KEPT] == list("12345")
    assert [name for name in KEPT if f"(notebooks/{name}.ipynb)" not in readme] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", spread(KEPT, 4))
def test_it_runs_within_a_minute_and_gives_the_outputs_that_it_keeps(name, tmp_path):
    new, seconds = run(ROOT / f"notebooks/{name}.ipynb", tmp_path)
    assert_same_outputs(KEPT[name], new)
    assert seconds < SECONDS


@each_notebook
def test_it_keeps_the_outputs_of_one_run_from_top_to_bottom(name):
    counts = [cell.execution_count for cell in code_cells(name)]
    assert counts == list(range(1, len(counts) + 1))
    assert [count for cell in code_cells(name) for count in _counts_of_results(cell)] == [
        cell.execution_count for cell in code_cells(name) for _ in _counts_of_results(cell)
    ]


def _counts_of_results(cell):
    return [o.execution_count for o in cell.outputs if o.output_type == "execute_result"]


@each_notebook
def test_it_keeps_nothing_but_words_and_pictures(name):
    assert KEPT[name].metadata == METADATA
    assert {key for cell in KEPT[name].cells for key in cell.metadata} <= {"tags"}
    kinds = {(o.output_type, o.get("name")) for cell in code_cells(name) for o in cell.outputs}
    results = {("execute_result", None), ("display_data", None)}
    assert kinds <= results | {("stream", "stdout")}  # no warnings, no errors


@each_notebook
def test_it_is_small_enough_to_be_shown_everywhere(name):
    assert (ROOT / f"notebooks/{name}.ipynb").stat().st_size < LARGEST


@each_notebook
def test_its_links_lead_to_notebooks(name):
    words = " ".join(cell.source for cell in KEPT[name].cells if cell.cell_type == "markdown")
    links = {part.split(")")[0] for part in words.split("](")[1:]}
    assert links <= {f"{other}.ipynb" for other in KEPT}
