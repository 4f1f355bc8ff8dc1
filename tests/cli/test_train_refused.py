"""What `mlp train` refuses: code 2, one line that names the place, and nothing is made."""

import numpy as np
import pytest

from mlp import History, load
from mlp.cli import main
from tests.cli.small_tables import assert_rejected, flowers, train, without, write_csv

DATA = flowers(30)
KIND = ["--target", "kind", "--ignore", "id", "--ignore", "colour"]


def changed(name, row, value):
    column = list(DATA[name])
    column[row] = value
    return DATA | {name: column}


TABLES = {
    "a word among numbers": (
        changed("width", 3, "wide"), KIND,
        "line 5, column 'width': received 'wide', expected a finite number; needed: --missing-w",
    ),
    "a column of words": (
        DATA, ["--target", "kind"], "line 2, column 'id': received 'f0', expected a finite number",
    ),
    "a missing value": (
        changed("height", 28, ""), KIND,
        "line 30, column 'height': received a missing value, expected none; either --missing dro",
    ),
    "a missing class": (
        changed("kind", 0, "NA"), KIND, "line 2, column 'kind': received a missing value (NA)",
    ),
    "a missing class to fill in": (
        changed("kind", 4, "?"), [*KIND, "--missing", "mean"],
        "column 'kind': received a missing value (?), expected none; either --missing-target",
    ),
    "infinity": (changed("price", 9, "inf"), KIND, "line 11, column 'price': received 'inf'"),
    "words to regress": (
        DATA, ["--target", "colour", "--ignore", "id", "--ignore", "kind", "--task", "regress"],
        "', expected a finite number; --task classify makes a class of each value",
    ),
    "whole numbers without a task": (
        DATA | {"n": range(30)}, ["--target", "n", *KIND[2:], "--ignore", "kind"],
        "received whole numbers, which can be classes or amounts; either --task classify",
    ),
    "one class": (DATA | {"kind": ["rose"] * 30}, KIND, "received only the class 'rose' in 'kind'"),
    "a class of one row": (
        changed("kind", 7, "tulip"), KIND,
        "line 9, column 'kind': received the class 'tulip' in 1 of 30 rows, expected 2 or more",
    ),
    "one row": (
        {"x": [1], "y": [0.5]}, ["--target", "y", "--task", "regress"],
        "received 1 row, expected 2 or more, one for each of training and validation; --validat",
    ),
    "only missing values": (
        DATA | {"height": [""] * 30}, [*KIND, "--missing", "drop"],
        "received a missing value in each of 30 rows, expected rows without",
    ),
    "nothing to fill in with": (
        DATA | {"height": [""] * 30}, [*KIND, "--missing", "mean"],
        "received no value for 'height' in the training rows, expected at least one",
    ),
    "no target": (DATA, [], "--target: received none, expected a column of "),
    "an unknown target": (
        DATA, ["--target", "kinds"],
        "received no column 'kinds', expected one of 'id', 'width', 'height', 'colour', 'kind', 'p",
    ),
    "a position too far": (DATA, ["--target", "7"], "received no column '7', expected one of 'id'"),
    "a target twice": (DATA, [*KIND, "--target", "kind"], "received the column 'kind' twice"),
    "a target left out": (
        DATA, [*KIND, "--ignore", "kind"], "--target and --ignore: received the column 'kind' twi",
    ),
    "two classes at once": (
        DATA, [*KIND, "--target", "price", "--task", "classify"],
        "--task classify: received 2 targets, expected one",
    ),
    "nothing but the target": (
        {"y": [0.5, 1.5, 2.5]}, ["--target", "y"], "received no column besides 'y', expected",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TABLES)
def test_a_table_that_cannot_be_learned_is_rejected_with_its_place(what, tmp_path, capsys):
    columns, options, message = TABLES[what]
    table = write_csv(tmp_path / "t.csv", columns)
    out = tmp_path / "out"
    assert_rejected(capsys, ["train", table, "--out", str(out), *options], message, out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--epochs 0", "--epochs: received 0, expected a whole number >= 1"),
        ("--validation 1", "--validation: received 1.0, expected 0 to below 1"),
        ("--validation -0.1", "--validation: received -0.1, expected 0 to below 1"),
        ("--validation nan", "--validation: received nan, expected 0 to below 1"),
        ("--test 1", "--test: received 1.0, expected 0 to below 1"),
        (
            "--validation 0.5 --test 0.5",
            "--validation, --test: received 0.5 and 0.5, expected less",
        ),
        ("--resume", "--resume: received no checkpoint, expected --checkpoint"),
        ("--optimizer adm", "optimizer: received 'adm', expected one of sgd"),
        ("--momentum 0.9", "adam: received the option 'momentum', expected lr, betas, eps"),
        ("--lr -1", "lr: received -1.0, expected"),
        ("--schedule cosin", "schedule: received 'cosin', expected one of constant"),
        ("--l2 -1", "l2: received -1.0, expected"),
        ("--dropout 1", "rate: received 1.0, expected"),
        ("--normalize batch --layers none", "--normalize batch: received no hidden layers, expec"),
        ("--normalize batch --batch-size 23", "batch_size: received 23 for 24 rows, whose last ba"),
        ("--normalize batch --batch-size 1", "batch_size: received 1 for 24 rows, whose last batc"),
        ("--early-stopping 0", "patience: received 0, expected a whole number >= 1"),
        ("--activation rlu", "activation: received 'rlu', expected one of identity"),
        ("--loss crossentropy", "loss: received 'crossentropy', expected one of squared_error"),
        ("--loss mse", "--loss: received 'mse', expected cross_entropy or binary_cross_entropy"),
        ("--output relu", "received 'cross_entropy' after Dense(32, 2, 'relu')"),
        ("--label-smoothing 1", "label_smoothing: received 1.0, expected"),
        ("--quantile 0.9", "--quantile 0.9: received the loss cross_entropy, expected --loss pinb"),
        ("--seed -1", "seed: received -1, expected"),
        ("--delimiter ::", "delimiter: received '::', expected one character such as ','"),
        ("--class-weight heavy", "--class-weight: received 'heavy', expected balanced or LABEL="),
        ("--class-weight rose=much", "--class-weight: received 'rose=much', expected balanced"),
        ("--class-weight rse=2", "labels: received 'rse', expected one of 'aster', 'rose'"),
        ("--class-weight rose=-1", "class_weight[1]: received -1.0, expected a finite number"),
    ],
)
def test_an_option_that_cannot_be_is_rejected_before_the_training(
    options, message, tmp_path, capsys, monkeypatch
):
    table, out = write_csv(tmp_path / "t.csv", DATA), tmp_path / "out"
    monkeypatch.setattr("mlp.training.trainer.train", None)  # it is not called
    command = ["train", table, "--out", str(out), *KIND, *options.split()]
    assert_rejected(capsys, command, message, out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["digits", "--target", "y"], "--target applies only to files"),
        (
            ["digits", "--one-hot", "x0"],
            "--one-hot applies only to CSV, Excel, Parquet and Feather files",
        ),
        (["digits", "--ignore", "x0"], "--ignore applies only to CSV, Excel, Parquet and Feather"),
        (["digits", "--delimiter", ";"], "--delimiter applies only to CSV files"),
        (["digit"], "data set: received 'digit', expected one of digits, spirals, xor"),
        (
            ["digits", "--class-weight", "0=2", "--task", "regress"],
            "class-weight: received a target",
        ),
        (["nowhere.csv", "--target", "y"], "nowhere.csv"),
        (["nowhere.npz"], "nowhere.npz"),
        (["X.npz", "--target", "a", "--target", "b"], "--target: received several, expected one"),
    ],
)
def test_options_that_do_not_fit_the_data_are_rejected(options, message, tmp_path, capsys):
    command = ["train", *options, "--out", str(tmp_path / "out")]
    assert_rejected(capsys, command, message, tmp_path / "out")


def test_more_classes_than_a_loss_takes_are_rejected(tmp_path, capsys):
    command = ["train", "digits", "--loss", "binary_cross_entropy", "--out", str(tmp_path / "out")]
    assert_rejected(capsys, command, "received 10 classes, expected 2", tmp_path / "out")


def test_numbers_that_no_class_can_be_are_rejected(tmp_path, capsys):
    np.savez(tmp_path / "t.npz", X=np.eye(3), y=np.array([0.0, 1.0, 0.5]))
    command = ["train", str(tmp_path / "t.npz"), "--task", "classify"]
    assert_rejected(capsys, command, "row 2, column 'y': received 0.5, expected a class")


def test_a_missing_number_in_an_array_is_rejected_with_its_place(tmp_path, capsys):
    X = np.where(np.arange(12).reshape(6, 2) == 5, np.nan, 1.0)
    np.savez(tmp_path / "t.npz", X=X, y=np.array([0, 1] * 3))
    command = ["train", str(tmp_path / "t.npz"), "--validation", "0"]
    assert_rejected(
        capsys,
        command,
        "row 2, column 'x1': received a missing value, expected none; either --missing drop leaves",
    )


def test_names_that_no_file_can_hold_are_rejected_before_training(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mlp.training.trainer.train", None)  # it is not called
    columns = {f"{i:0100d}x": [0.5, 1.5, 2.5] for i in range(12_000)}
    table = write_csv(tmp_path / "t.csv", columns)
    command = ["train", table, "--target", "-1", "--out", str(tmp_path / "out")]
    assert_rejected(capsys, command, "bytes of JSON, expected at most", tmp_path / "out")


def test_a_checkpoint_cannot_be_a_file_of_the_results(tmp_path, capsys):
    out = tmp_path / "out"
    command = ["train", "xor", "--out", str(out), "--checkpoint", str(out / "model.npz")]
    assert_rejected(capsys, command, "model.npz, which is one of the results", out)


def test_a_folder_that_cannot_be_made_is_found_before_the_data_are_read(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    command = ["train", "nowhere.csv", "--out", str(tmp_path / "file")]
    assert_rejected(capsys, command, "received a file, expected a folder")


def test_usage_errors_are_one_line(tmp_path, capsys):
    wrong = ("--epochs x", "--normalize group", "--layers x")
    for line in ("train", *(f"train xor {option}" for option in wrong), "predict", "fly", ""):
        words = line.split()
        with pytest.raises(SystemExit, match="2"):
            main(words)
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert printed.err.startswith("mlp")


def test_a_training_that_diverges_ends_with_1_and_keeps_the_epochs_before(tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", without(DATA, "id", "colour", "kind"))
    words = "--target price --layers none --optimizer sgd --lr 100 --batch-size full --standardize"
    assert train(table, tmp_path / "out", *words.split()) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("mlp train: error: training diverged in epoch ")
    assert printed.err.count("\n") == 1
    history = History.from_json(tmp_path / "out" / "history.json")
    assert history.status == "diverged"
    assert f"diverged after epoch {len(history.epochs)} of 200" in printed.out
    assert np.isfinite(load(tmp_path / "out" / "model.npz").theta).all()


def test_a_training_that_diverges_at_once_keeps_nothing(tmp_path, capsys):
    table = write_csv(tmp_path / "t.csv", DATA)
    assert train(table, tmp_path / "out", *KIND, "--lr", "1e300", "--batch-size", 8) == 1
    assert "rows to train on" not in capsys.readouterr().out
    assert not (tmp_path / "out" / "model.npz").exists()
