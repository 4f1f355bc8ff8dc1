"""`mlp train`, run as a person runs it."""

import json

import numpy as np
import pytest

import mlp
from mlp.cli import main
from mlp.datasets import read_csv, split_rows
from mlp.files import read_model
from mlp.studies.table_model import read_table_model
from tests.cli.small_tables import FAST, flowers, read_rows, train, without, write_csv

pytestmark = pytest.mark.slow

FILES = ["held_out.csv", "history.csv", "history.json", "history.png", "model.npz"]
KIND = ("--target", "kind", "--ignore", "id", "--one-hot", "colour", "--standardize")


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "flowers.csv", flowers())


def test_it_learns_words_from_numbers_and_words_and_writes_all_files(table, tmp_path, capsys):
    options = ("--ignore", "price", "--epochs", "100", "--lr", "0.01")
    assert train(table, tmp_path / "out", *KIND, *options) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    printed = capsys.readouterr()
    assert printed.err == ""
    read_as, inputs, target, first, second, *_ = printed.out.splitlines()
    assert read_as.endswith("flowers.csv: 60 rows; delimiter ','; column names in the first line")
    assert inputs == "inputs: 2 columns of numbers; words in 'colour'; ignored: 'id', 'price'"
    assert target == "target: 'kind', 2 classes"
    assert first.endswith("flowers.csv: 48 rows to train on, 12 held out")
    assert second == (
        "network 5-64-32-2 (relu, softmax, cross_entropy) of 2,530 parameters "
        "for 'kind' of 2 classes"
    )
    accuracy = float(printed.out.partition("accuracy ")[2].partition("%")[0])
    assert accuracy > 80
    assert "true   aster  rose   right" in printed.out


def test_the_numbers_it_prints_are_those_of_its_files(table, tmp_path, capsys):
    assert train(table, tmp_path, *KIND, *FAST, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    rows = read_rows(tmp_path / "held_out.csv")
    right = [row["kind"] == row["predicted kind"] for row in rows]
    assert found["accuracy"] == pytest.approx(np.mean(right))
    assert np.trace(found["confusion"]) == sum(right)
    assert found["held_out_rows"] == len(rows) == 12
    history = mlp.History.from_json(tmp_path / "history.json")
    assert history["val_loss"][-1] == pytest.approx(found["loss"])
    assert history["val_accuracy"][-1] == pytest.approx(found["accuracy"])
    logged = read_rows(tmp_path / "history.csv")
    assert [float(row["val_loss"]) for row in logged] == history["val_loss"]
    assert found["files"][0] == str(tmp_path / "model.npz")


def test_the_split_is_of_each_class_seeded_and_recorded(table, tmp_path, capsys):
    data = flowers()
    _, expected = split_rows(60, 0.25, 7, np.unique(data["kind"], return_inverse=True)[1])
    assert train(table, tmp_path, *KIND, *FAST, "--validation", 0.25, "--seed", 7) == 0
    held_out = [int(row["line"]) - 2 for row in read_rows(tmp_path / "held_out.csv")]
    assert held_out == expected.tolist()
    assert read_model(tmp_path / "model.npz")[1]["split"] == {
        "fraction": 0.25,
        "test_fraction": 0.0,
        "seed": 7,
        "training": 60 - len(expected),
        "held_out": len(expected),
        "test": 0,
    }


def test_the_model_standardises_by_its_training_rows_alone(table, tmp_path):
    assert train(table, tmp_path, *KIND, *FAST) == 0
    held_out = [int(row["line"]) - 2 for row in read_rows(tmp_path / "held_out.csv")]
    training = np.delete(np.array(flowers()["width"]), held_out)
    known = read_table_model(tmp_path / "model.npz").inputs
    assert known.names == (
        "width", "height", "price", "colour=blue", "colour=red", "colour=white",
    )  # fmt: skip
    np.testing.assert_allclose(known.standardizer.mean[0], training.mean())
    np.testing.assert_allclose(known.standardizer.scale[0], training.std())


def test_a_regression_is_scored_in_the_units_of_the_data(tmp_path, capsys):
    table = write_csv(tmp_path / "flowers.csv", without(flowers(), "id", "kind", "colour"))
    options = ("--target", "price", "--standardize", "--layers", "none", "--json")
    assert train(table, tmp_path, *options, "--lr", 0.05) == 0
    found = json.loads(capsys.readouterr().out)
    rows = read_rows(tmp_path / "held_out.csv")
    true, predicted = (
        np.array([float(row[name]) for row in rows]) for name in ("price", "predicted price")
    )
    assert found["r2"] > 0.9
    assert found["r2"] == pytest.approx(
        1 - ((true - predicted) ** 2).sum() / ((true - true.mean()) ** 2).sum()
    )
    assert found["mae"] == pytest.approx(abs(true - predicted).mean())
    history = mlp.History.from_json(tmp_path / "history.json")
    assert history["val_r2"][-1] == pytest.approx(found["r2"])  # R2 knows no units
    names = read_csv(table).names
    assert read_table_model(tmp_path / "model.npz").inputs.columns == tuple(
        n for n in names if n != "price"
    )


def test_several_targets_are_one_regression(tmp_path, capsys):
    table = write_csv(tmp_path / "flowers.csv", without(flowers(), "id", "kind", "colour"))
    assert train(table, tmp_path, "--target", "price", "--target", "height", *FAST) == 0
    assert "for 'price', 'height'" in capsys.readouterr().out
    rows = read_rows(tmp_path / "held_out.csv")
    assert set(rows[0]) == {"line", "price", "predicted price", "height", "predicted height"}


def test_without_held_out_rows_it_scores_those_it_trained_on(table, tmp_path, capsys):
    (tmp_path / "held_out.csv").write_text("of a run before")
    assert train(table, tmp_path, *KIND, *FAST, "--validation", 0, "--early-stopping", 3) == 0
    assert "60 training rows: loss" in capsys.readouterr().out
    assert not (tmp_path / "held_out.csv").exists()
    assert "val_loss" not in mlp.History.from_json(tmp_path / "history.json")


def test_early_stopping_keeps_the_weights_of_the_best_epoch(table, tmp_path, capsys):
    options = ("--epochs", 300, "--lr", 0.05, "--early-stopping", 5, "--json")
    assert train(table, tmp_path, *KIND, *options) == 0
    found = json.loads(capsys.readouterr().out)
    history = mlp.History.from_json(tmp_path / "history.json")
    assert found["epochs"] == found["best_epoch"] + 5 < 300
    assert (found["chosen_on"], found["scored_on"]) == ("validation", "test")
    assert train(table, tmp_path, *KIND, *options, "--test", 0) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["chosen_on"], found["scored_on"]) == ("validation", "validation")
    history = mlp.History.from_json(tmp_path / "history.json")
    assert found["loss"] == pytest.approx(min(history["val_loss"]))


def test_a_penalty_is_the_weaker_the_more_rows_there_are(table, tmp_path, capsys):
    for options, l2 in (((), 3 / 48), (("--l2", 0.5), 0.5), (("--l2", 0), 0.0)):
        assert train(table, tmp_path, *KIND, *FAST, "--json", *options) == 0
        assert json.loads(capsys.readouterr().out)["l2"] == l2


def test_options_reach_the_training(table, tmp_path, capsys):
    words = "--optimizer adamw --weight-decay 0.1 --lr 0.02 --schedule cosine --dtype float32 "
    words += "--activation tanh --dropout 0.1 --batch-size 16 --clip-norm 1 --l1 1e-4 "
    words += "--reduce-lr 2 --class-weight rose=2 --loss binary_cross_entropy"
    assert train(table, tmp_path, *KIND, *FAST, *words.split()) == 0
    net = mlp.load(tmp_path / "model.npz")
    assert net.dtype == np.float32
    assert net.n_out == 1
    assert [type(layer).__name__ for layer in net.layers] == ["Dense", "Dropout", "Dense"]
    assert net.layers[0].activation.name == "tanh"
    rates = mlp.History.from_json(tmp_path / "history.json")["lr"]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.01


def test_the_numbers_of_a_loss_reach_the_network(table, tmp_path):
    for loss in ("cross_entropy", "binary_cross_entropy"):
        words = [*KIND, *FAST, "--loss", loss, "--label-smoothing", 0.2]
        assert train(table, tmp_path, *words) == 0
        found = mlp.load(tmp_path / "model.npz").loss
        assert (found.name, found.label_smoothing) == (loss, 0.2)


def test_a_quantile_is_above_its_share_of_the_targets(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.uniform(size=400)
    columns = {"x": x.tolist(), "y": (x + rng.exponential(size=400)).tolist()}
    path = write_csv(tmp_path / "t.csv", columns)
    words = [
        "--target",
        "y",
        "--layers",
        16,
        "--epochs",
        60,
        "--loss",
        "pinball",
        "--quantile",
        0.9,
    ]
    assert train(path, tmp_path, *words) == 0
    rows = read_rows(tmp_path / "held_out.csv")
    below = [float(row["y"]) < float(row["predicted y"]) for row in rows]
    assert 0.8 < np.mean(below) < 0.98


@pytest.mark.parametrize(("name", "kind"), [("batch", "BatchNorm"), ("layer", "LayerNorm")])
def test_hidden_layers_are_normalised_where_that_was_asked_for(name, kind, table, tmp_path, capsys):
    options = ("--layers", "8,6", "--epochs", 30, "--normalize", name, "--dropout", 0.1)
    assert train(table, tmp_path, *KIND, *options) == 0
    assert f"network 6-8-6-2 ({name} norm, relu, softmax, cross_ent" in capsys.readouterr().out
    net = mlp.load(tmp_path / "model.npz")
    hidden = ["Dense", kind, "ActivationLayer", "Dropout"]
    assert [type(layer).__name__ for layer in net.layers] == [*hidden, *hidden, "Dense"]
    assert net.layers[2].activation.name == "relu"

    out = tmp_path / "predictions.csv"
    assert main(["predict", str(tmp_path / "model.npz"), table, "--out", str(out)]) == 0
    predicted = [row["kind"] for row in read_rows(out)]
    held_out = read_rows(tmp_path / "held_out.csv")
    lines = [int(row["line"]) - 2 for row in held_out]
    assert [predicted[line] for line in lines] == [row["predicted kind"] for row in held_out]

    capsys.readouterr()
    assert train(table, tmp_path, *KIND, *options, "--json") == 0
    assert json.loads(capsys.readouterr().out)["normalization"] == name


def test_a_class_weight_weighs_the_rows_of_its_class(tmp_path, capsys):
    columns = {"x": [0.0] * 40, "y": ["no"] * 30 + ["yes"] * 10}
    table = write_csv(tmp_path / "t.csv", columns)
    words = "--layers none --epochs 300 --lr 0.05 --batch-size full --validation 0 --l2 0"
    cases = {(): 1 / 4, ("yes=3",): 1 / 2, ("yes=3", "no=0.5"): 2 / 3, ("balanced",): 1 / 2}
    for weights, share in cases.items():
        given = [word for weight in weights for word in ("--class-weight", weight)]
        assert train(table, tmp_path, "--target", "y", *words.split(), *given) == 0
        net = mlp.load(tmp_path / "model.npz")
        assert net.predict([[0.0]])[0, 1] == pytest.approx(share, abs=1e-3)
        text = capsys.readouterr().out
        assert ("the training loss counts rows by the weights of their classes" in text) == bool(
            weights
        )
        assert mlp.History.from_json(tmp_path / "history.json").is_weighted == bool(weights)


@pytest.mark.parametrize(("delimiter", "options"), [("\t", ["--delimiter", "tab"]), (";", []),
                                                    ("|", ["--delimiter", "|"])])  # fmt: skip
def test_cells_may_stand_between_other_characters(delimiter, options, tmp_path):
    table = write_csv(tmp_path / "t.csv", without(flowers(), "id", "colour"), delimiter)
    assert train(table, tmp_path, "--target", "kind", *FAST, *options) == 0


def test_rows_with_missing_values_are_left_out_where_that_was_asked_for(tmp_path, capsys):
    columns = without(flowers(), "id", "colour")
    columns["kind"][3] = columns["width"][5] = columns["price"][59] = ""
    table = write_csv(tmp_path / "t.csv", columns)
    assert train(table, tmp_path, "--target", "-2", *FAST, "--missing", "drop", "--seed", 3) == 0
    assert "45 rows to train on, 12 held out, 3 dropped" in capsys.readouterr().out
    lines = [int(row["line"]) for row in read_rows(tmp_path / "held_out.csv")]
    assert not {5, 7, 61} & set(lines)
    assert [columns["kind"][line - 2] for line in lines] == [
        row["kind"] for row in read_rows(tmp_path / "held_out.csv")
    ]


def test_counts_are_not_standardised_for_outputs_that_cannot_be_negative(tmp_path):
    columns = without(flowers(), "id", "colour", "kind")
    columns["price"] = [round(abs(price)) for price in columns["price"]]
    table = write_csv(tmp_path / "t.csv", columns)
    options = ("--task", "regress", "--loss", "poisson", "--output", "softplus", "--standardize")
    assert train(table, tmp_path, "--target", "price", *FAST, *options) == 0
    assert read_table_model(tmp_path / "model.npz").target.standardizer is None
