"""`mlp train --ensemble` and `mlp predict --spread`, run as a person runs them."""

import json

import numpy as np
import pytest

import mlp
from mlp.cli import main
from mlp.files import read_model
from tests.cli.small_tables import FAST, assert_rejected, flowers, read_rows, train, write_csv

pytestmark = pytest.mark.slow

KIND = ("--target", "kind", "--ignore", "id", "--one-hot", "colour")
PRICE = ("--target", "price", "--ignore", "id,kind", "--one-hot", "colour")


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "flowers.csv", flowers())


@pytest.mark.parametrize("members", ["independent", "shared"])
def test_it_trains_the_ensemble_that_the_library_trains(table, tmp_path, capsys, members):
    options = ("--ensemble", 3, "--members", members, "--seed", 4)
    assert train(table, tmp_path, *KIND, *FAST, *options) == 0
    printed = capsys.readouterr().out
    assert f"ensemble of 3 {members} members, rows: all" in printed
    model, _ = read_model(tmp_path / "model.npz")
    assert type(model) is mlp.Ensemble
    assert (model.size, model.members, model.rows, model.seed) == (3, members, "all", 4)
    rows = read_rows(tmp_path / "held_out.csv")
    assert len(rows) == 12
    history = mlp.History.from_json(tmp_path / "history.json")
    assert np.size(history["loss"][-1]) == (3 if members == "independent" else 1)


def test_each_member_stops_on_its_own_fold(table, tmp_path, capsys):
    options = ("--ensemble", 4, "--member-rows", "folds", "--validation", 0, "--test", 0.2)
    stop = ("--early-stopping", 2, "--epochs", 40, "--lr", 0.05, "--json")
    assert train(table, tmp_path, *KIND, "--layers", 8, *options, *stop) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ensemble"] == {
        "size": 4, "members": "independent", "rows": "folds", "seed": 0, "diverged": [],
    }  # fmt: skip
    assert len(found["best_epoch"]) == 4
    history = mlp.History.from_json(tmp_path / "history.json")
    best = [int(np.argmin([entry[k] for entry in history["val_loss"]])) + 1 for k in range(4)]
    assert all(one <= other for one, other in zip(found["best_epoch"], best, strict=True))


@pytest.mark.parametrize("target", [KIND, PRICE])
def test_the_spread_is_that_of_the_members_in_the_units_of_the_data(
    table, tmp_path, capsys, target
):
    assert train(table, tmp_path, *target, *FAST, "--ensemble", 3) == 0
    capsys.readouterr()
    model = str(tmp_path / "model.npz")
    assert main(["predict", model, table, "--spread", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    singles = []
    for k in range(3):
        ensemble, metadata = read_model(model)
        ensemble.replica(k).save(tmp_path / "one.npz", metadata)
        more = ("--probabilities",) * (target is KIND)
        assert main(["predict", str(tmp_path / "one.npz"), table, "--json", *more]) == 0
        one = json.loads(capsys.readouterr().out)
        singles.append(one["probabilities"] or one["predictions"])
    for name in singles[0]:
        spread = np.std([one[name] for one in singles], axis=0)
        assert np.allclose(found["spread"][f"spread {name}"], spread)
        assert spread.min() > 0.0
    if target is PRICE:
        mean = np.mean([one["price"] for one in singles], axis=0)
        assert np.allclose(found["predictions"]["price"], mean)
    assert main(["predict", model, table, "--spread", "--out", str(tmp_path / "p.csv")]) == 0
    head = list(read_rows(tmp_path / "p.csv")[0])
    assert head[-1].startswith("spread ")


def test_an_interrupted_ensemble_is_resumed(table, tmp_path, capsys):
    for folder, epochs in (("whole", 6), ("parts", 3), ("parts", 6)):
        run = ("--checkpoint", tmp_path / folder / "run.npz", "--resume")
        options = ("--ensemble", 3, "--member-rows", "bootstrap", "--epochs", epochs, *run)
        assert train(table, tmp_path / folder, *KIND, "--layers", 8, *options) == 0
    one, other = (mlp.load(tmp_path / name / "model.npz") for name in ("whole", "parts"))
    assert np.array_equal(one.net.theta, other.net.theta)


def test_a_member_is_exported(table, tmp_path, capsys):
    assert train(table, tmp_path, *KIND, *FAST, "--ensemble", 3) == 0
    model, out = str(tmp_path / "model.npz"), str(tmp_path / "net.json")
    capsys.readouterr()
    assert_rejected(capsys, ["export", model, "--to", "json", "--out", out], "Ensemble")
    assert main(["export", model, "--to", "json", "--out", out, "--replica", "1"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--members", "shared"), "--members: received without --ensemble"),
        (("--member-rows", "folds"), "--member-rows: received without --ensemble"),
        (("--ensemble", "0"), "--ensemble: received 0"),
        (("--ensemble", "2", "--plot", "layers"), "--plot layers: received --ensemble"),
        (("--ensemble", "1", "--member-rows", "folds"), "size: received 1"),
        (("--ensemble", "2", "--members", "shared", "--normalize", "batch"), "BatchNorm"),
    ],
)
def test_options_that_contradict_each_other_are_rejected(table, tmp_path, capsys, options, message):
    out = tmp_path / "out"
    command = ["train", table, "--out", str(out), *KIND, *options]
    assert_rejected(capsys, command, message, out)


def test_one_network_has_no_spread(table, tmp_path, capsys):
    assert train(table, tmp_path, *KIND, *FAST) == 0
    capsys.readouterr()
    command = ["predict", str(tmp_path / "model.npz"), table, "--spread"]
    assert_rejected(capsys, command, "--spread: received a single network")
