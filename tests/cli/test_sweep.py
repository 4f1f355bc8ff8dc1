"""`mlp sweep`, run as a person runs it."""

import csv
import json

import numpy as np
import pytest

from mlp.cli import main
from mlp.cli.options import parse_rates, parse_sizes
from tests.chart import FIRST_ERROR, LAST_ERRORS
from tests.processes import assert_runs

pytestmark = pytest.mark.slow


def sweep(tmp_path, *options):
    return main(["sweep", "--out", str(tmp_path), *options])


def read_csv(path):
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], np.array(rows[1:], dtype=np.float64)


def test_without_options_it_writes_the_learning_rate_chart_with_the_true_values(tmp_path, capsys):
    assert sweep(tmp_path) == 0
    header, rows = read_csv(tmp_path / "learning_rates.csv")
    assert header == ["epoch", *map(str, LAST_ERRORS)]
    assert rows[:, 0].tolist() == list(range(101))
    assert (rows[0, 1:] == FIRST_ERROR).all()
    first = (tmp_path / "learning_rates.csv").read_text().splitlines()[1]
    assert first == "0" + ",0.24251985734837728" * 6  # with all digits
    np.testing.assert_allclose(rows[-1, 1:], list(LAST_ERRORS.values()), rtol=0, atol=1e-12)
    assert (tmp_path / "learning_rates.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr()
    assert "0.242519857  0.0051601086  completed  <- best" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize("epochs", ["5", "120"])  # fewer and more than were published
def test_published_adds_two_curves_to_the_picture_and_nothing_to_the_table(tmp_path, epochs):
    plain, published = tmp_path / "plain", tmp_path / "published"
    assert sweep(plain, "--epochs", epochs) == 0
    assert sweep(published, "--epochs", epochs, "--published") == 0
    table, picture = "learning_rates.csv", "learning_rates.png"
    assert (plain / table).read_bytes() == (published / table).read_bytes()
    assert (plain / picture).read_bytes() != (published / picture).read_bytes()


def test_the_best_rate_on_digits_classifies_held_out_digits_above_95_percent(tmp_path, capsys):
    options = (
        "--data digits --layers 64,32,10 --hidden relu --output softmax --loss cross_entropy "
        "--rates log:1e-3:10:5 --epochs 8 --batch-size 32 --seeds 2 --json"
    )
    assert sweep(tmp_path, *options.split()) == 0
    found = json.loads(capsys.readouterr().out)
    assert np.shape(found["losses"]) == (5, 2, 9)
    best = found["rates"].index(found["best"])
    assert found["accuracy"][best] > 0.95
    assert found["accuracy"][best] > found["accuracy"][-1] + 0.5  # at rate 10 nothing is learned


def test_a_run_that_diverges_is_marked_and_the_others_go_on(tmp_path, capsys):
    rows = np.random.default_rng(0).normal(size=(40, 3))
    np.savez(tmp_path / "line.npz", X=rows, y=rows @ [[1.0], [2.0], [3.0]])
    options = ["--data", str(tmp_path / "line.npz"), "--layers", "3,1", "--epochs", "200"]
    assert sweep(tmp_path, *options, "--rates", "0.01,100", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == ["completed", "diverged"]
    assert found["best"] == 0.01
    assert found["diverged_at"][1][0] > 0
    assert found["losses"][1][0][-1] is None
    assert sweep(tmp_path, *options, "--rates", "0.01,100") == 0
    assert "diverged" in capsys.readouterr().out


def test_a_sweep_in_which_all_diverge_says_that_no_rate_is_best(tmp_path, capsys):
    rows = np.random.default_rng(0).normal(size=(40, 3))
    np.savez(tmp_path / "line.npz", X=rows, y=rows @ [[1.0], [2.0], [3.0]])
    options = ["--data", str(tmp_path / "line.npz"), "--layers", "3,1", "--rates", "1e300"]
    assert sweep(tmp_path, *options, "--epochs", "3") == 0
    assert "No rate is best" in capsys.readouterr().out


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "squared_error", "cross_entropy"])
def test_labels_are_made_into_what_the_loss_takes(tmp_path, loss):
    options = ["--data", "spirals", "--loss", loss, "--epochs", "2", "--rates", "0.1"]
    assert sweep(tmp_path, *options) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rates", "0.1,-1"], "rates"),
        (["--optimizer", "sdg"], "sgd"),
        (["--epochs", "0"], "epochs"),
        (["--layers", "2,2"], "--layers: received no data, expected --data NAME"),
        (["--data", "digit"], "digits"),
        (["--data", "digits", "--published"], "--published"),
        (["--data", "digits", "--layers", "63,10"], "64"),
        (["--data", "digits", "--loss", "crossentropy"], "cross_entropy"),
        (["--data", "digits", "--layers", "64,9"], "labels"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--data", "digits", "--output", "relu", "--loss", "cross_entropy"], "softmax give"),
        (["--published", "--rates", "0.1,0.2"], "rates 0.1, 0.2, expected 0.8 and 2 among them"),
        (["--published", "--epochs", "0"], "epochs"),
        (["--rates", "0.1,0.2,0.1"], "each rate once"),
        (["--seed", "-1"], "seed: received -1, expected"),
        (["--data", "digits", "--seed", "-1"], "seed: received -1, expected"),
    ],
)
def test_bad_usage_and_data_end_with_code_2_and_one_line(tmp_path, capsys, options, message):
    assert sweep(tmp_path / "out", *options) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("mlp sweep: error: ")
    assert message in printed.err
    assert not (tmp_path / "out").exists()


class Untrained:
    def __call__(self, *_, **__):
        raise AssertionError("the training has begun")


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_rejected_before_the_training(
    tmp_path, capsys, monkeypatch, place
):
    (tmp_path / "file").write_text("kept")
    monkeypatch.setattr("mlp.cli.sweep.rates.learning_rate_sweep", Untrained())
    assert sweep(tmp_path / place) == 2
    assert ": received a file, expected a folder\n" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


def test_a_picture_that_cannot_be_drawn_leaves_the_table_of_the_last_run(tmp_path, monkeypatch):
    assert sweep(tmp_path, "--epochs", "2") == 0
    before = (tmp_path / "learning_rates.csv").read_bytes()

    def fail(*_, **__):
        raise ValueError("scale")

    monkeypatch.setattr("mlp.studies.rates.result.SweepResult.plot", fail)
    assert sweep(tmp_path, "--epochs", "3") == 2
    assert (tmp_path / "learning_rates.csv").read_bytes() == before


@pytest.mark.parametrize(
    "rates",
    ["log:0:1:3", "log:1:2", "a,b", "", "log:1:2:0", "log:1:inf:3", "log:nan:1:3", "log:inf:1:2"],
)
def test_rates_that_cannot_be_read_end_with_code_2(tmp_path, capsys, rates):
    with pytest.raises(SystemExit, match="2"):
        sweep(tmp_path, "--rates", rates)
    assert "log:FROM:TO:N" in capsys.readouterr().err


def test_rates_on_a_log_scale_are_evenly_spaced():
    np.testing.assert_allclose(parse_rates("log:1e-3:10:5"), [1e-3, 1e-2, 1e-1, 1, 10])


def test_sizes_are_read_from_a_list():
    assert parse_sizes("64,32,10") == [64, 32, 10]


def test_the_module_is_the_program():
    assert "mlp sweep --published" in assert_runs("-m", "mlp", "sweep", "--help")
