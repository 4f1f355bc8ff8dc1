"""`mlp find-lr`, run as a person runs it."""

import json

import numpy as np
import pytest

from mlp import MLP, find_learning_rate
from mlp.cli import main
from mlp.datasets import xor


def find(tmp_path, *options):
    return main(["find-lr", "--out", str(tmp_path), *options])


def test_without_options_it_suggests_a_rate_for_digits_and_writes_chart_and_table(tmp_path, capsys):
    assert find(tmp_path) == 0
    printed = capsys.readouterr()
    name, rate = printed.out.splitlines()[0].split()
    assert name == "suggestion"
    assert 0.05 < float(rate) < 2.0
    assert "While the rate rises, the loss falls from" in printed.out
    assert printed.err == ""
    assert (tmp_path / "learning_rate_finder.png").read_bytes().startswith(b"\x89PNG")
    header, *rows = (tmp_path / "learning_rate_finder.csv").read_text().splitlines()
    assert header == "rate,loss,smoothed,slope"
    assert 500 < len(rows) <= 1000


def test_options_reach_the_search_and_json_holds_its_numbers(tmp_path, capsys):
    options = "--data xor --layers 2,8,2 --hidden tanh --optimizer adam --batch-size full --seed 3"
    options += " --lr-min 1e-4 --lr-max 5 --steps 40 --smoothing 0.3 --scale log --json"
    assert find(tmp_path, *options.split()) == 0
    printed = json.loads(capsys.readouterr().out)
    net = MLP.from_sizes([2, 8, 2], "tanh", "softmax", "cross_entropy", seed=3)
    found = find_learning_rate(
        net,
        *xor(),
        optimizer="adam",
        batch_size=None,
        lr_min=1e-4,
        lr_max=5.0,
        steps=40,
        smoothing=0.3,
        seed=3,
    )
    assert printed["losses"] == found.losses.tolist()
    assert printed["suggestion"] == found.suggestion
    assert len(printed["files"]) == 2


def test_a_search_without_a_find_ends_with_code_2_and_one_line(tmp_path, capsys):
    assert find(tmp_path / "out", "--data", "xor", "--lr-min", "1e200", "--lr-max", "1e201") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("mlp find-lr: error: no learning rate can be suggested: ")
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lr-min", "1", "--lr-max", "0.1"], "lr_max"),
        (["--optimizer", "sdg"], "sgd"),
        (["--steps", "0"], "steps"),
        (["--data", "digit"], "digits"),
        (["--layers", "63,10"], "64"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_bad_usage_and_data_end_with_code_2_and_one_line(tmp_path, capsys, options, message):
    assert find(tmp_path / "out", *options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not (tmp_path / "out").exists()


def test_a_custom_file_is_searched(tmp_path):
    rows = np.random.default_rng(0).normal(size=(40, 3))
    np.savez(tmp_path / "line.npz", X=rows, y=rows @ [[1.0], [2.0], [3.0]])
    assert find(tmp_path, "--data", str(tmp_path / "line.npz"), "--layers", "3,1") == 0


def test_a_folder_that_cannot_be_made_is_found_before_the_search(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mlp.cli.find_lr.find_learning_rate", None)  # it is not called
    (tmp_path / "file").write_text("")
    assert find(tmp_path / "file") == 2
    assert "expected a folder" in capsys.readouterr().err
