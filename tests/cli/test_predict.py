"""`mlp predict`, run as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlp.cli import main
from tests.cli.small_tables import FAST, flowers, read_rows, train, without, write_csv

ROOT = Path(__file__).parents[2]
DATA = flowers()
KIND = ("--target", "kind", "--ignore", "id", "--one-hot", "colour", "--standardize")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of classes and one of numbers, and the tables they learned from."""
    folder = tmp_path_factory.mktemp("models")
    write_csv(folder / "flowers.csv", DATA)
    write_csv(folder / "numbers.csv", without(DATA, "id", "colour", "kind"))
    assert train(folder / "flowers.csv", folder / "kind", *KIND, *FAST, "--epochs", 50) == 0
    options = ("--target", "price", "--standardize", "--layers", "none", "--lr", "0.05")
    assert train(folder / "numbers.csv", folder / "price", *options, "--epochs", 50) == 0
    return folder


def predict(model, data, *options):
    return main(["predict", str(model / "model.npz"), str(data), *map(str, options)])


def printed_rows(capsys):
    header, *rows = capsys.readouterr().out.splitlines()
    return header.split(","), [row.split(",") for row in rows]


def test_it_predicts_for_each_row_what_training_said_of_those_held_out(folder, capsys):
    assert predict(folder / "kind", folder / "flowers.csv") == 0
    header, rows = printed_rows(capsys)
    assert header == ["kind"]
    held_out = read_rows(folder / "kind" / "held_out.csv")
    assert len(rows) == 60
    assert [rows[int(row["line"]) - 2] for row in held_out] == [
        [row["predicted kind"]] for row in held_out
    ]


def test_numbers_come_in_the_units_of_the_data(folder, capsys):
    assert predict(folder / "price", folder / "numbers.csv") == 0
    _, rows = printed_rows(capsys)
    for row in read_rows(folder / "price" / "held_out.csv"):
        found = float(rows[int(row["line"]) - 2][0])
        assert found == pytest.approx(float(row["predicted price"]), rel=1e-12)


def test_columns_are_matched_by_name_whatever_their_order(folder, tmp_path, capsys):
    predict(folder / "kind", folder / "flowers.csv")
    expected = printed_rows(capsys)
    shuffled = {name: DATA[name] for name in ("price", "colour", "height", "width")}
    assert predict(folder / "kind", write_csv(tmp_path / "t.csv", shuffled, ";")) == 0
    assert printed_rows(capsys) == expected


def test_probabilities_are_those_of_the_classes_and_sum_to_one(folder, capsys):
    assert predict(folder / "kind", folder / "flowers.csv", "--probabilities") == 0
    header, rows = printed_rows(capsys)
    assert header == ["kind", "kind=aster", "kind=rose"]
    for kind, *probabilities in rows:
        aster, rose = map(float, probabilities)
        assert aster + rose == pytest.approx(1)
        assert kind == ("rose" if rose > aster else "aster")


def test_a_target_in_the_data_is_scored_beside_the_csv(folder, tmp_path, capsys):
    assert predict(folder / "kind", folder / "flowers.csv", "--out", tmp_path / "p.csv") == 0
    printed = capsys.readouterr()
    right = [a["kind"] == b for a, b in zip(read_rows(tmp_path / "p.csv"), DATA["kind"])]  # noqa: B905
    assert f"60 rows with a target: accuracy {np.mean(right):.1%}" in printed.out
    assert "true   aster  rose  right" in printed.out
    assert printed.err == ""
    predict(folder / "kind", folder / "flowers.csv")
    printed = capsys.readouterr()
    assert printed.out == (tmp_path / "p.csv").read_text()
    assert "60 rows with a target: accuracy" in printed.err


def test_rows_whose_target_is_not_told_are_not_scored(folder, tmp_path, capsys):
    some = DATA | {"kind": [kind if i < 20 else "" for i, kind in enumerate(DATA["kind"])]}
    assert predict(folder / "kind", write_csv(tmp_path / "t.csv", some)) == 0
    assert "20 rows with a target" in capsys.readouterr().err
    for columns in (DATA | {"kind": [""] * 60}, without(DATA, "kind")):
        assert predict(folder / "kind", write_csv(tmp_path / "t.csv", columns)) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        assert len(printed.out.splitlines()) == 61


def test_json_holds_predictions_probabilities_and_scores(folder, capsys):
    assert predict(folder / "kind", folder / "flowers.csv", "--json", "--probabilities") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["predictions"]["kind"]) == 60
    assert set(found["probabilities"]) == {"kind=aster", "kind=rose"}
    assert found["scores"]["rows"] == 60
    assert np.sum(found["scores"]["confusion"]) == 60
    assert predict(folder / "price", folder / "numbers.csv", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scores"]["r2"] > 0.9
    assert found["probabilities"] is None


def test_arrays_and_data_sets_are_predicted_too(tmp_path, capsys):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    for name, y in (
        ("words", np.where(X[:, 0] > 0, "b", "a")),
        ("two", X @ rng.normal(size=(2, 2))),
    ):
        np.savez(tmp_path / f"{name}.npz", X=X, y=y)
        np.savez(tmp_path / "only.npz", X=X)
        assert train(tmp_path / f"{name}.npz", tmp_path / name, *FAST) == 0
        capsys.readouterr()
        assert predict(tmp_path / name, tmp_path / f"{name}.npz") == 0
        printed = capsys.readouterr()
        assert "30 rows with a target" in printed.err
        assert predict(tmp_path / name, tmp_path / "only.npz") == 0
        assert capsys.readouterr().out == printed.out
    assert train("xor", tmp_path / "xor", *FAST) == 0
    capsys.readouterr()
    assert predict(tmp_path / "xor", "xor", "--json") == 0
    assert json.loads(capsys.readouterr().out)["scores"]["rows"] == 4


def test_one_output_predicts_two_classes(tmp_path, capsys):
    options = ("--loss", "binary_cross_entropy", "--dtype", "float32")
    assert train("spirals", tmp_path, *FAST, *options) == 0
    capsys.readouterr()
    assert predict(tmp_path, "spirals", "--probabilities") == 0
    header, rows = printed_rows(capsys)
    assert header == ["y", "y=0", "y=1"]
    assert all(row[0] == str(int(float(row[2]) > 0.5)) for row in rows)


def test_missing_values_are_filled_in_as_in_training(tmp_path, capsys):
    holes = without(DATA, "id", "colour", "price") | {"width": [*DATA["width"][:-1], "NA"]}
    table = write_csv(tmp_path / "t.csv", holes)
    assert train(table, tmp_path, "--target", "kind", *FAST, "--missing", "mean") == 0
    capsys.readouterr()
    assert predict(tmp_path, table) == 0
    assert len(capsys.readouterr().out.splitlines()) == 61


def test_it_reads_a_pipe_and_writes_one(folder):
    data = (folder / "flowers.csv").read_text()
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mlp", "predict", folder / "kind" / "model.npz",
         "/dev/stdin"],
        input=data, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "kind"
    assert len(run.stdout.splitlines()) == 61
