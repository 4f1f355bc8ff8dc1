"""`mlp sweep FILE`, run as a person runs it."""

import csv
import json

import numpy as np
import pytest

import mlp
from mlp import SweepRuns
from mlp.cli import main

GRID = (
    "--lr log:1e-2:1:3 --l2 0,1e-4 --momentum 0,0.9 --hidden 64,32/16 --metric accuracy "
    "--validation 0.2 --schedule cosine --epochs 2"
)


def sweep(folder, *options):
    return main(["sweep", *options, "--out", str(folder)])


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    path = tmp_path / "table.csv"
    lines = ["a,b,c,kind,size"]
    lines += [
        ",".join([*(f"{x:.4f}" for x in row), "up" if row.sum() > 0 else "down", f"{row[0]:.4f}"])
        for row in X
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_grid_of_numbers_widths_and_seeds(tmp_path, capsys):
    assert sweep(tmp_path, "digits", *GRID.split(), "--seeds", "2") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "Best: schedule=cosine, hidden=" in printed.out
    assert "highest val_accuracy at the end" in printed.out
    runs = SweepRuns.from_json(tmp_path / "runs.json")
    assert len(runs) == 3 * 2 * 2 * 2 * 2
    assert runs.parameters[0]["hidden"] == (64, 32)
    with (tmp_path / "runs.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2 * len(runs)
    assert (runs.columns["lr"][:, -1] < 1e-3).all()  # the end of the cosine


def test_the_best_network_is_a_model_that_predicts(table, tmp_path, capsys):
    options = [table, "--target", "kind", "--ignore", "size", "--lr", "0.1,1", "--epochs", "20"]
    assert sweep(tmp_path, *options, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best"]["value"] > 0.8
    assert found["files"][-1].endswith("model.npz")
    assert main(["predict", str(tmp_path / "model.npz"), table]) == 0
    assert mlp.load(tmp_path / "model.npz").feature_names is None


def test_numbers_are_predicted_by_r2(table, tmp_path, capsys):
    options = [table, "--target", "size", "--ignore", "kind", "--optimizer", "sgd,adam"]
    assert sweep(tmp_path, *options, "--lr", "0.01,0.1", "--early-stopping", "3") == 0
    assert "highest val_r2 at the end" in capsys.readouterr().out


def test_halving_ends_runs_early(tmp_path):
    options = ["digits", "--lr", "log:1e-4:1:6", "--epochs", "3", "--prune", "halving"]
    assert sweep(tmp_path, *options) == 0
    runs = SweepRuns.from_json(tmp_path / "runs.json")
    assert sorted(runs.epochs.tolist()) == [1, 1, 1, 1, 3, 3]


def test_two_workers_give_the_same_numbers_as_one(tmp_path):
    options = ["digits", "--lr", "0.1,0.3", "--hidden", "8/16", "--epochs", "1"]
    assert sweep(tmp_path / "one", *options) == 0
    assert sweep(tmp_path / "two", *options, "--workers", "2") == 0
    one, two = (SweepRuns.from_json(tmp_path / name / "runs.json") for name in ("one", "two"))
    assert np.array_equal(one.columns["loss"], two.columns["loss"])


def test_the_same_command_continues_from_a_checkpoint(tmp_path, capsys):
    path = tmp_path / "sweep.npz"
    options = ["digits", "--lr", "0.1,0.3", "--epochs", "1", "--checkpoint", str(path)]
    assert sweep(tmp_path, *options) == 0
    first = capsys.readouterr().out
    assert sweep(tmp_path, *options) == 0
    assert capsys.readouterr().out == first
    assert sweep(tmp_path, *options, "--seeds", "2") == 2
    assert "seeds: received 2, expected 1" in capsys.readouterr().err


def test_runs_that_all_diverge_have_no_best(tmp_path, capsys):
    assert sweep(tmp_path, "digits", "--lr", "1e300", "--epochs", "1") == 0
    assert "No run is best: every run diverged." in capsys.readouterr().out
    assert not (tmp_path / "model.npz").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "parameters: received none"),
        (["--lr", "0.1", "--rates", "0.1"], "--rates: received it, expected no FILE with it"),
        (["--lr", "0.1", "--hidden", "wide"], "received 'wide', expected widths like 64,32"),
        (["--lr", "0.1", "--activation", "rely"], "activation: received 'rely'"),
        (["--lr", "-0.1"], "lr: received"),
        (["--lr", "0.1", "--optimizer", "sdg"], "optimizer: received 'sdg'"),
        (["--lr", "0.1", "--schedule", "sine"], "schedule: received 'sine'"),
        (["--lr", "0.1", "--metric", "acuracy"], "acuracy"),
        (["--lr", "0.1", "--workers", "0"], "workers: received 0"),
        (["--beta1", "0.9"], "beta1: received it for SGD"),
        (["--lr", "0.1", "--validation", "1.5"], "1.5"),
    ],
    ids=str,
)
def test_bad_usage_ends_with_code_2_and_one_line(tmp_path, capsys, options, message):
    assert sweep(tmp_path / "out", "digits", *options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not (tmp_path / "out").exists()


def test_options_of_a_table_need_one(tmp_path, capsys):
    assert sweep(tmp_path / "out", "--l2", "0.1", "--workers", "2") == 2
    expected = "--l2, --workers: received it, expected FILE, the table to train on, with it"
    assert expected in capsys.readouterr().err


def test_without_a_file_activation_is_another_name_of_hidden(tmp_path):
    options = ["--data", "xor", "--activation", "tanh", "--epochs", "1", "--rates", "0.1"]
    assert sweep(tmp_path, *options) == 0
