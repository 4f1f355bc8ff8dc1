"""`mlp trace MODEL DATA`: a step of a trained model on rows of a table."""

import json

import numpy as np
import pytest

import mlp
from mlp.cli import main
from mlp.studies.table_model import read_table_model
from mlp.tables import read_csv
from tests.cli.small_tables import flowers, without, write_csv


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    data = write_csv(folder / "flowers.csv", without(flowers(), "id"))
    common = ["--one-hot", "colour", "--layers", "2", "--epochs", "1", "--seed", "0"]
    for name, options in {
        "classes": ["--target", "kind", "--ignore", "price"],
        "numbers": ["--target", "price", "--ignore", "kind", "--normalize", "batch"],
        "yes or no": ["--target", "kind", "--ignore", "price", "--output", "sigmoid",
                      "--loss", "binary_cross_entropy", "--dropout", "0.5"],
    }.items():  # fmt: skip
        assert main(["train", data, *common, *options, "--out", str(folder / name)]) == 0
    return folder


def traced(capsys, folder, name, *options):
    data = str(folder / "flowers.csv")
    capsys.readouterr()
    model = str(folder / name / "model.npz")
    assert main(["trace", model, data, *options, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def expected(folder, name, rows, **options):
    """The trace of the same rows, encoded in Python."""
    model = read_table_model(str(folder / name / "model.npz"))
    target = model.target.names[0]
    task = "classify" if target == "kind" else "regress"
    words = ["colour"] if target == "kind" else ["colour", "kind"]
    table = read_csv(folder / "flowers.csv", targets=[target], task=task, text=words)
    X, rows = model.inputs.encode_valid(table).X, np.array(rows)
    return mlp.trace(model.net, X[rows], model.target.encode(table, rows), **options)


@pytest.mark.parametrize(
    ("name", "row", "rows"),
    [
        ("classes", "3", [2]),
        ("classes", "2,5-6", [1, 4, 5]),
        ("yes or no", "60", [59]),
        ("numbers", "1-3", [0, 1, 2]),
    ],
)
def test_the_numbers_are_those_of_the_encoded_rows(capsys, folder, name, row, rows):
    found = traced(capsys, folder, name, "--row", row, "--l2", "0.1", "--lr", "0.2")
    step = expected(folder, name, rows, lr=0.2, l2=0.1)
    assert (found["loss"], found["loss_after"]) == (step.loss, step.loss_after)
    assert [u["new_value"] for u in found["updates"]] == [u.new_value for u in step.updates]
    assert [value for _, value in found["inputs"]] == [value for _, value in step.inputs]
    assert [value for _, value in found["targets"]] == [value for _, value in step.targets]


def test_inputs_and_outputs_have_the_names_of_columns_and_classes(capsys, folder):
    found = traced(capsys, folder, "classes")
    inputs = ["width", "height", "colour=blue", "colour=red", "colour=white"]
    assert [name for name, _ in found["inputs"]] == inputs
    names = [unit["name"] for unit in found["units"] if unit["layer"] == 1]
    assert names == ["kind=aster", "kind=rose"]
    one = traced(capsys, folder, "yes or no")
    assert one["units"][-1]["name"] == "kind=rose"
    batch = traced(capsys, folder, "numbers", "--row", "1-2")
    assert [unit["name"] for unit in batch["units"]][-2:] == ["price(1)", "price(2)"]


def test_the_text_is_written_as_for_an_example(capsys, folder):
    files = [str(folder / name) for name in ("classes/model.npz", "flowers.csv")]
    assert main(["trace", *files, "--row", "4", "--out", str(folder), "--digits", "4"]) == 0
    text = capsys.readouterr().out
    assert "kind=rose" in text
    assert text.endswith("trace_model.txt.\n")
    assert text.startswith((folder / "trace_model.txt").read_text().rstrip())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["classes", "flowers.csv", "--row", "61"], "--row: received 61, expected 1 to 60"),
        (["classes", "flowers.csv", "--row", "0"], "received '0', expected rows from 1"),
        (["classes", "flowers.csv", "--row", "4-2"], "received '4-2', expected rows from 1"),
        (["classes", "flowers.csv", "--sheet", "1"], "--sheet applies only to Excel files"),
        (["numbers", "flowers.csv"], "received 1 row, expected at least 2 in a batch"),
        (["classes", "inputs.csv"], "has no column 'kind', expected the target"),
        (["classes", "holes.csv"], "line 2, column 'width': received a missing value"),
        (["classes"], "DATA: received none beside"),
    ],
)
def test_rows_that_cannot_be_traced_end_with_code_2_and_one_line(
    capsys, folder, arguments, message
):
    columns = without(flowers(), "id", "price")
    write_csv(folder / "inputs.csv", without(columns, "kind"))
    write_csv(folder / "holes.csv", columns | {"width": ["", *columns["width"][1:]]})
    name, *others = arguments
    files = [str(folder / one) if one.endswith(".csv") else one for one in others]
    try:
        code = main(["trace", str(folder / name / "model.npz"), *files])
    except SystemExit as end:  # argparse ends like this
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_options_of_rows_mean_nothing_for_an_example(capsys):
    assert main(["trace", "mazur", "--row", "3"]) == 2
    assert "--row applies only to a model" in capsys.readouterr().err
    assert main(["trace", "mazur", "--delimiter", ";"]) == 2
    assert "--delimiter applies only to" in capsys.readouterr().err
