"""mlp train --preset tabular, and mlp predict with its model."""

import csv
import json

import numpy as np
import pytest

import mlp
from mlp.cli import main
from tests.cli.small_tables import flowers, without, write_csv

pytestmark = pytest.mark.usefixtures("small_preset")
COLUMNS = without(flowers(), "price")


@pytest.fixture
def trained(tmp_path, capsys):
    """Return the folder of a model of kinds, and what was printed."""
    path = write_csv(tmp_path / "flowers.csv", COLUMNS)
    words = ["train", path, "--target", "kind", "--preset", "tabular", "--effort", "quick"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    return tmp_path, capsys.readouterr().out


def test_one_command_writes_the_files_and_says_what_was_done(trained):
    folder, printed = trained
    for part in (
        "training takes",
        "words in 'colour'",
        "left out: 'id' (60 different words in 60 rows)",
        "members: 2 networks",
        "12 held-out rows: loss",
        "for comparison: most frequent class: accuracy",
    ):
        assert part in printed
    files = {path.name for path in folder.iterdir()}
    assert files == {
        *("flowers.csv", "model.npz", "history.json", "history.csv", "history.png"),
        "held_out.csv",
    }


def test_predict_repeats_the_held_out_predictions(trained, capsys):
    folder, _ = trained
    words = [str(folder / "model.npz"), str(folder / "flowers.csv"), "--keep", "id", "--json"]
    assert main(["predict", *words, "--probabilities", "--spread"]) == 0
    found = json.loads(capsys.readouterr().out)
    with (folder / "held_out.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        place = found["lines"]["line"].index(int(row["line"]))
        assert found["predictions"]["kind"][place] == row["predicted kind"]
    assert set(found["spread"]) == {"spread kind=aster", "spread kind=rose"}
    model = mlp.load(folder / "model.npz")
    assert np.array_equal(
        model.predict_proba(folder / "flowers.csv")[:, 0], found["probabilities"]["kind=aster"]
    )
    assert "held-out rows" in model.summary()


def test_gaps_and_unknown_words_are_told_by_predict(trained, capsys):
    folder, _ = trained
    width = [None, *COLUMNS["width"][1:]]
    new = COLUMNS | {"colour": ["green"] * 60, "width": width}
    path = write_csv(folder / "new.csv", without(new, "kind"))
    assert main(["predict", str(folder / "model.npz"), path]) == 0
    told = capsys.readouterr().err
    assert "filled with medians: 1 cell, in 'width' (1)" in told
    assert "words not seen in training, which count as none: 60 cells, in 'colour' (60)" in told


def test_numbers_with_gaps_and_json(tmp_path, capsys):
    columns = flowers() | {"height": [None] * 5 + flowers()["height"][5:]}
    path = write_csv(tmp_path / "t.csv", without(columns, "kind"))
    words = ["train", path, "--target", "price", "--preset", "tabular", "--out", str(tmp_path)]
    assert main([*words, "--json", "--seed", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["preset"], found["effort"]) == ("tabular", "normal")
    assert any("marked by an input: 'height' (" in line for line in found["summary"])
    assert found["ensemble"]["size"] == len(found["best_epoch"]) == 4
    assert set(found["baselines"]) == {"mean", "linear model"}
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    history = mlp.History.from_json(tmp_path / "history.json")
    assert [float(row["loss/3"]) for row in rows] == [losses[3] for losses in history["loss"]]


def test_without_held_out_rows_the_score_is_out_of_fold(tmp_path, capsys):
    path = write_csv(tmp_path / "t.csv", COLUMNS)
    words = ["train", path, "--target", "kind", "--preset", "tabular", "--validation", "0"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    assert "out of fold: accuracy" in capsys.readouterr().out


def test_the_data_sets_of_the_package_work(tmp_path, capsys):
    assert main(["train", "moons", "--preset", "tabular", "--out", str(tmp_path)]) == 0
    assert "2 columns of numbers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "3"], "--epochs: received with --preset tabular, which decides it"),
        (["--layers", "3"], "--layers: received with --preset tabular"),
        (["--missing", "drop"], "--missing: received with --preset tabular"),
        (["--ensemble", "3"], "--ensemble: received with --preset tabular"),
        (["--plot", "weights"], "--plot weights: received --preset, expected one network"),
        (["--effort", "much"], "argument --effort: invalid choice: 'much'"),
    ],
)
def test_options_that_do_not_fit_are_rejected(options, message, tmp_path, capsys):
    path = write_csv(tmp_path / "t.csv", COLUMNS)
    words = ["train", path, "--target", "kind", "--preset", "tabular", "--out", str(tmp_path)]
    try:
        code = main([*words, *options])
    except SystemExit as end:
        code = end.code
    assert code == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


def test_effort_needs_the_preset(tmp_path, capsys):
    path = write_csv(tmp_path / "t.csv", COLUMNS)
    assert main(["train", path, "--target", "kind", "--effort", "best"]) == 2
    assert "--effort best: received without --preset" in capsys.readouterr().err


def test_an_export_of_the_model_is_rejected(trained, capsys):
    folder, _ = trained
    words = ["export", str(folder / "model.npz"), "--to", "python"]
    assert main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_held_out_rows_do_not_change_the_model(trained, tmp_path):
    folder, _ = trained
    first = mlp.load(folder / "model.npz").model
    with (folder / "held_out.csv").open() as file:
        held_out = [int(row["line"]) for row in csv.DictReader(file)]
    lines = (folder / "flowers.csv").read_text().splitlines()
    place = lines[0].split(",").index("width")
    for line in held_out:
        cells = lines[line - 1].split(",")
        cells[place] = "1e6"
        lines[line - 1] = ",".join(cells)
    (tmp_path / "other.csv").write_text("\n".join(lines) + "\n")
    words = ["train", str(tmp_path / "other.csv"), "--target", "kind", "--preset", "tabular"]
    assert main([*words, "--effort", "quick", "--out", str(tmp_path / "other")]) == 0
    second = mlp.load(tmp_path / "other" / "model.npz").model
    assert second.inputs.to_dict()["mean"].tolist() == first.inputs.to_dict()["mean"].tolist()
    assert second.inputs.fill.tolist() == first.inputs.fill.tolist()
    assert np.array_equal(second.net.net.theta, first.net.net.theta)
