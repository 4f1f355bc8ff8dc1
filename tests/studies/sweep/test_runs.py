"""The result of a sweep as data: the best, histories, frames, CSV, JSON, text and HTML."""

import csv
import json
import sys

import numpy as np
import pytest

import mlp
from mlp import EarlyStopping, SweepRuns
from mlp.optim import Cosine
from tests.studies.sweep.runs_alone import data, network

X, Y = data()
HELD_OUT = data(n=20, seed=1)


@pytest.fixture(scope="module")
def runs():
    parameters = {"hidden": [(8,), (4, 3)], "lr": [0.01, 0.3, 1e300]}
    watched = {"validation": HELD_OUT, "metrics": ["accuracy"]}
    return mlp.sweep(network(), X, Y, parameters, 3, seeds=2, **watched)


def test_the_shape_of_a_result(runs):
    assert len(runs) == 12
    assert runs.parameters[1] == {"hidden": (8,), "lr": 0.3}
    assert runs.columns["val_accuracy"].shape == (12, 3)
    assert runs.status == (["completed"] * 4 + ["diverged"] * 2) * 2
    assert runs.modes == {"loss": "min", "val_loss": "min", "val_accuracy": "max"}
    assert repr(runs).startswith("<SweepRuns: 6 sets x 2 seeds, 3 epochs, best val_loss ")


def test_the_best_is_that_of_the_median_over_the_seeds(runs):
    for name, sign in (("val_loss", 1), ("val_accuracy", -1), ("loss", 1)):
        ends = sign * runs.columns[name][:, -1].reshape(6, 2)
        medians = np.where(np.isnan(ends).any(axis=1), np.inf, ends.mean(axis=1))
        best = runs.best_by(name)
        assert best.parameters == runs.parameters[int(medians.argmin())]
        assert best.value == sign * medians.min()
        assert best.run == 2 * int(medians.argmin()) + int(ends[medians.argmin()].argmin())
    assert runs.best == runs.best_by("val_loss")
    assert runs.best.reason.startswith("lowest val_loss at the end, ")
    assert "the median over 2 seeds, of 6 sets" in runs.best.reason
    assert runs.best_by("val_accuracy", at="best").reason.startswith(
        "highest val_accuracy in the b"
    )


def test_the_best_epoch_of_each_run(runs):
    losses = runs.columns["val_loss"][:4]
    assert runs.best_epoch()[:4].tolist() == (losses.argmin(axis=1) + 1).tolist()
    assert runs.best_epoch()[4] == 0
    assert runs.values("val_loss", at="best")[:4].tolist() == losses.min(axis=1).tolist()


def test_with_early_stopping_the_end_is_the_epoch_that_was_kept():
    stopping = [EarlyStopping(patience=2)]
    runs = mlp.sweep(
        network(), X, Y, {"lr": [0.5, 1.0]}, 30, validation=HELD_OUT, callbacks=stopping
    )
    assert runs.status == ["stopped", "stopped"]
    for k in range(2):
        assert runs.epochs[k] == runs.kept_epoch[k] + 2
        assert runs.values()[k] == runs.network(k).evaluate(*HELD_OUT)
    assert runs.kept_epoch.tolist() == runs.best_epoch().tolist()


def test_no_run_that_ended_well_has_no_best():
    runs = mlp.sweep(network(), X, Y, {"lr": [1e300]}, 2)
    with pytest.raises(ValueError, match="loss: received no run that ended well"):
        _ = runs.best
    assert repr(runs) == "<SweepRuns: 1 sets, 2 epochs>"
    assert "diverged" in str(runs)


def test_a_frame_has_a_row_for_each_run_and_epoch(runs):
    pd = pytest.importorskip("pandas")
    frame = runs.to_frame()
    assert isinstance(frame, pd.DataFrame)
    names = ["run", "hidden", "lr", "start", "epoch", "loss", "lr_of_epoch"]
    assert list(frame.columns)[:7] == names
    assert len(frame) == runs.epochs.sum()
    assert sorted(frame["hidden"].unique()) == ["4-3", "8"]
    own = frame[(frame["run"] == 3)]
    assert own["val_loss"].tolist() == runs.history(3)["val_loss"]
    assert own["epoch"].tolist() == [1, 2, 3]
    assert own["start"].tolist() == [1, 1, 1]
    assert own["lr"].tolist() == [0.3] * 3


def test_a_frame_has_a_row_for_each_run(runs):
    pl = pytest.importorskip("polars")
    frame = runs.to_frame(per="run", library="polars")
    assert isinstance(frame, pl.DataFrame)
    assert len(frame) == 12
    assert frame["status"].to_list() == runs.status
    assert frame["val_loss"].to_list()[:4] == runs.columns["val_loss"][:4, -1].tolist()
    assert runs.to_frame("run", "dict")["run"] == list(range(12))


def test_without_a_library_a_frame_is_a_dict(runs, monkeypatch):
    for name in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    found = runs.to_frame(per="run")
    assert isinstance(found, dict)
    assert found["run"] == list(range(12))
    with pytest.raises(ImportError):
        runs.to_frame(library="polars")


def test_csv_keeps_every_digit(runs, tmp_path):
    pd = pytest.importorskip("pandas")
    runs.to_csv(tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    own = [row for row in rows if row["run"] == "2"]
    assert [float(row["val_loss"]) for row in own] == runs.history(2)["val_loss"]
    assert [float(row["val_accuracy"]) for row in own] == runs.history(2)["val_accuracy"]
    runs.to_csv(tmp_path / "ends.csv", per="run")
    ends = pd.read_csv(tmp_path / "ends.csv")
    assert ends["status"].tolist() == runs.status
    assert np.isnan(ends["val_loss"][4])


def test_json_both_ways(runs, tmp_path):
    runs.to_json(tmp_path / "runs.json")
    again = SweepRuns.from_json(tmp_path / "runs.json")
    assert again.to_json() == runs.to_json()
    assert again.best == runs.best
    assert again.parameters == runs.parameters
    assert again.history(1) == runs.history(1)
    for name, column in runs.columns.items():
        assert np.array_equal(again.columns[name], column, equal_nan=True)
    with pytest.raises(ValueError, match="network: received a result from a file"):
        again.network(0)


def test_json_of_schedules_is_their_text():
    runs = mlp.sweep(network(), X, Y, {"lr": [Cosine(0.1, 6), 0.2]}, 1)
    assert json.loads(runs.to_json())["parameters"][0]["lr"].startswith("Cosine(lr=0.1")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("status"),
        lambda d: d.update(epochs=[1]),
        lambda d: d.update(seeds=0),
        lambda d: d.update(status=[1] * 12),
        lambda d: d["columns"].update(loss=[[0.1]]),
        lambda d: d.update(modes={"other": "min"}),
        lambda d: d.update(modes={"loss": "best"}),
        lambda d: d.update(parameters=3),
        lambda d: d.update(extra=3),
    ],
)
def test_json_that_is_damaged_is_rejected(runs, change):
    content = json.loads(runs.to_json())
    change(content)
    with pytest.raises(ValueError, match="received JSON not from a SweepRuns"):
        SweepRuns.from_json(json.dumps(content))


def test_text_and_html_show_the_best_first(runs):
    first = str(runs).splitlines()[1].split()
    assert first[:2] == [str(x) for x in ("-".join(map(str, runs.best.parameters["hidden"])), 0.3)]
    page = runs._repr_html_()
    assert page.count("<tr>") == 7
    assert page.index("0.3") < page.index("diverged")


def test_pandas_makes_a_frame_of_a_history(runs):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(runs.history(0))
    assert frame["loss"].tolist() == runs.history(0)["loss"]
    assert len(frame) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.network(12), "k: received 12, expected 0 to 11"),
        (lambda r: r.history(-1), "k: received -1"),
        (lambda r: r.best_by("accuracy"), "name: received 'accuracy', expected one of"),
        (lambda r: r.best_by("loss", at="first"), "at: received 'first'"),
        (lambda r: r.to_columns(per="batch"), "per: received 'batch'"),
        (lambda r: r.to_frame(library="excel"), "library: received 'excel'"),
        (lambda r: r.best_by("seconds"), "name: received 'seconds'"),
    ],
)
def test_what_is_not_there_is_rejected(runs, call, message):
    with pytest.raises(ValueError, match=message):
        call(runs)
