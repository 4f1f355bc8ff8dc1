"""The baselines beside a score, and the rows that chose nothing."""

import json

import numpy as np
import pytest

from mlp.cli.data import read_data
from mlp.cli.task import make_task
from mlp.datasets import split_rows
from mlp.files import read_model
from mlp.studies._scores import baseline_scores
from tests.cli.small_tables import FAST, flowers, read_rows, train, without, write_csv
from tests.cli.test_tables import options_of

RNG = np.random.default_rng(0)
X = RNG.normal(5, 3, (90, 4))


def task_of(path, columns, *options):
    """Return the task of a table, and the truth of its held-out rows."""
    words = options_of("--data", write_csv(path, columns), "--target", "y", *options)
    data = read_data(words)
    task = make_task(words, data, 0.2)
    return task, task.target.truth(data.table, task.parts.validation)


def baselines(task, truth):
    is_scaled = task.inputs.standardizer is not None
    training = task.X, task.Y
    return baseline_scores(task.target, training, task.scored[0], truth, is_scaled=is_scaled)


@pytest.mark.parametrize("options", [(), ("--no-standardize",), ("--dtype", "float32")])
def test_the_linear_model_of_numbers_is_a_ridge_regression(options, tmp_path):
    y = X @ [1, -2, 0.5, 0] + RNG.normal(size=90)
    task, truth = task_of(tmp_path / "t.csv", dict(zip("abcdy", [*X.T, y], strict=True)), *options)
    found = baselines(task, truth)
    rows = task.parts.training
    mean, scale = X[rows].mean(axis=0), X[rows].std(axis=0)
    A = np.vstack([(X[rows] - mean) / scale, np.eye(4)])  # the penalty as further rows
    b = np.concatenate([y[rows] - y[rows].mean(), np.zeros(4)])
    W = np.linalg.lstsq(A, b)[0]
    held_out = y[task.parts.validation]
    for name, predicted in (
        ("linear model", (X[task.parts.validation] - mean) / scale @ W + y[rows].mean()),
        ("mean", np.full(len(held_out), y[rows].mean())),
    ):
        r2 = 1 - ((held_out - predicted) ** 2).sum() / ((held_out - held_out.mean()) ** 2).sum()
        assert found[name]["r2"] == pytest.approx(r2, rel=1e-4)
        assert found[name]["mae"] == pytest.approx(abs(held_out - predicted).mean(), rel=1e-4)


@pytest.mark.parametrize("options", [(), ("--no-standardize",), ("--loss", "mse"),
                                     ("--loss", "binary_cross_entropy")])  # fmt: skip
def test_the_linear_model_of_classes_separates_what_a_plane_separates(options, tmp_path):
    score = X @ [1, -2, 0.5, 0] + 3
    rows = np.abs(score) > 1
    y = np.where(score > 2, "b", "a")[rows]
    columns = dict(zip("abcdy", [*X[rows].T, y], strict=True))
    task, truth = task_of(tmp_path / "t.csv", columns, *options)
    found = baselines(task, truth)
    assert found["linear model"]["accuracy"] >= 0.93
    frequent = "a" if (y[task.parts.training] == "a").mean() > 0.5 else "b"
    share = (y[task.parts.validation] == frequent).mean()
    assert found["most frequent class"]["accuracy"] == pytest.approx(share)


def test_it_says_which_rows_chose_the_epoch_and_which_measured_the_result(tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", without(flowers(), "id", "colour"))
    options = ("--target", "kind", *FAST, "--early-stopping", 2)
    assert train(table, tmp_path, *options) == 0
    printed = capsys.readouterr().out
    assert "t.csv: 36 rows to train on, 12 for validation, 12 for the test\n" in printed
    assert "the validation rows chose the epoch\n" in printed
    assert "12 test rows: loss " in printed
    assert "for comparison: most frequent class: accuracy " in printed
    assert train(table, tmp_path, *options, "--reduce-lr", 2, "--test", 0) == 0
    printed = capsys.readouterr().out
    flattered = ", so the score on them is too optimistic\n"
    assert f"the validation rows chose the epoch and the learning rates{flattered}" in printed
    assert "12 validation rows: loss " in printed
    assert train(table, tmp_path, *options, "--validation", 0) == 0
    assert f"the training rows chose the epoch{flattered}" in capsys.readouterr().out


def test_the_three_parts_are_drawn_again_from_the_model_file(tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", without(flowers(), "id", "colour"))
    options = ("--target", "kind", *FAST, "--seed", 3, "--validation", 0.3, "--test", 0.2)
    assert train(table, tmp_path, *options, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    split = read_model(tmp_path / "model.npz")[1]["split"]
    labels = np.unique(flowers()["kind"], return_inverse=True)[1]
    rest, test = split_rows(60, split["test_fraction"], split["seed"], labels)
    share = split["fraction"] / (1 - split["test_fraction"])
    training, validation = split_rows(len(rest), share, split["seed"], labels[rest])
    assert [int(row["line"]) - 2 for row in read_rows(tmp_path / "held_out.csv")] == test.tolist()
    sizes = {"training": len(training), "held_out": len(validation), "test": len(test)}
    assert {name: split[name] for name in sizes} == sizes
    assert found["validation_rows"] == len(validation)
    assert found["held_out_rows"] == found["test_rows"] == len(test)
    assert set(found["baselines"]) == {"most frequent class", "linear model"}
