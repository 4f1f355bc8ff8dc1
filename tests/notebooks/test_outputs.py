"""Outputs that differ from those kept are found, and rounding is forgiven."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks.outputs import VARIES, assert_same_outputs, is_same_number


def notebook(*outputs, tags=()):
    return new_notebook(
        cells=[new_code_cell("source", outputs=list(outputs), metadata={"tags": list(tags)})]
    )


def printed(text):
    return new_output("stream", name="stdout", text=text)


def shown(**data):
    return new_output(
        "display_data", data={kind.replace("_", "/"): of for kind, of in data.items()}
    )


@pytest.mark.parametrize(
    ("kept", "new"),
    [
        ("loss 0.5", "loss 0.7"),
        ("loss 0.5", "less 0.5"),
        ("12 of 32 units", "13 of 32 units"),
        ("loss 0.50", "loss -0.50"),
        ("loss 0.5", "loss nan"),
        ("loss 0.5", ""),
        ("loss 0.5", "loss 0.5 0.5"),
        ("1,797 digits", "1,798 digits"),
        ("3.510e-05", "3.512e-05"),
        ("h1 = 0.5", "h2 = 0.5"),
    ],
)
def test_another_text_or_number_is_found(kept, new):
    with pytest.raises(AssertionError):
        assert_same_outputs(notebook(printed(kept)), notebook(printed(new)))


@pytest.mark.parametrize(
    ("kept", "new"),
    [
        ("loss 0.1234", "loss 0.1235"),
        ("loss   0.9999", "loss  1.0000"),
        ("0.3124658644295918", "0.3124658644295921"),
        ("3.510e-05", "3.511e-05"),
        ("2e-33", "7e-17"),
        ("-1e-17", "0.0"),
        ("[0. 0.5]", "[0.  0.5]"),
    ],
)
def test_rounding_and_spaces_are_forgiven(kept, new):
    assert_same_outputs(notebook(printed(kept)), notebook(printed(new)))
    assert not is_same_number("1.00", "1.02")


@pytest.mark.parametrize(
    ("kept", "new"),
    [
        ([printed("a")], []),
        ([], [printed("a")]),
        ([shown(image_png="x", text_plain="a")], [shown(text_plain="a")]),
        ([shown(text_html="<b>1.5</b>")], [shown(text_html="<b>2.5</b>")]),
        ([printed("a")], [new_output("stream", name="stderr", text="a")]),
    ],
)
@pytest.mark.parametrize("tags", [(), (VARIES,)])
def test_an_output_that_is_missing_or_of_another_kind_is_found(kept, new, tags):
    same_kinds = kept and "text/html" in kept[0].get("data", {})
    if tags and same_kinds:
        pytest.skip("what varies is not compared")
    with pytest.raises(AssertionError):
        assert_same_outputs(notebook(*kept, tags=tags), notebook(*new, tags=tags))


def test_a_clock_and_a_picture_may_differ():
    assert_same_outputs(
        notebook(printed("12 µs"), tags=[VARIES]), notebook(printed("15 µs"), tags=[VARIES])
    )
    assert_same_outputs(notebook(shown(image_png="x")), notebook(shown(image_png="y")))


def test_a_notebook_with_another_number_of_cells_is_found():
    with pytest.raises(AssertionError):
        assert_same_outputs(notebook(printed("a")), new_notebook())
