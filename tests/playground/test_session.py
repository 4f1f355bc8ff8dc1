"""A session computes what `Trainer`, `trace` and the sweep compute, to the last bit."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pytest

import mlp
from mlp.files import FileFormatError
from mlp.playground.calls import Playground
from mlp.playground.session import Session, load_session
from mlp.playground.settings import Settings
from mlp.playground.task import make_network, make_task, make_trainer, script

ROWS = {
    "X": [[0.0, 10.0], [1.0, 30.0], [0.5, 20.0], [0.25, 60.0]],
    "y": [0, 1, 1, 0],
    "columns": ["a", "b"],
    "classes": ["no", "yes"],
    "standardize": True,
}
NUMBERS = ROWS | {"y": [1.5, 2.5, -1.0, 0.0], "classes": []}
MANY = [
    {},
    {"data": "spirals", "held_out": 0.2, "optimizer": "adam", "lr": 0.01},
    {"data": "moons", "output": "softmax", "loss": "cross_entropy", "hidden": []},
    {"data": "circles", "output": "softmax", "loss": "mse", "l1": 0.001, "l2": 0.01},
    {"data": "regression", "output": "identity", "loss": "huber", "held_out": 0.5, "seed": 3},
    {"hidden": [[4, "relu"], [3, "gelu"]], "dropout": 0.25, "normalization": "batch"},
    {"hidden": [[4, "elu"]], "normalization": "layer", "batch_size": 0, "optimizer": "nesterov"},
    {"data": "rows", "rows": ROWS, "batch_size": 2},
    {"data": "rows", "rows": NUMBERS, "output": "identity", "loss": "squared_error"},
    {"example": "mazur", "batch_size": 0},
    {"example": "document-003", "batch_size": 0},
]


def session(**settings):
    return Session(Settings.from_dict(settings))


@pytest.mark.parametrize("chosen", MANY)
def test_batches_one_by_one_end_with_the_weights_of_one_fit(chosen):
    settings = Settings.from_dict(chosen)
    made = Session(settings)
    n_batches = len(made._run.data)
    for batches in (1, 2, 3 * n_batches - 3):  # the last call ends in the middle of nothing
        if batches:
            made.advance(batches)
    assert made.place == (3, 0)

    task = make_task(settings)
    net = make_network(settings, task)
    held_out = None if task.held_out is None else task.held_out[:2]
    history = make_trainer(settings, net).fit(task.X, task.Y, 3, validation=held_out)
    assert (made.net.theta == net.theta).all()
    assert (made.net.fixed == net.fixed).all()
    snapshot = made.snapshot(1)
    assert snapshot["losses"] == history["loss"][1:]
    assert snapshot["val_losses"] == history.get("val_loss", [])[1:]


@pytest.mark.parametrize("chosen", MANY)
def test_the_script_trains_the_same_network(chosen):
    settings = Settings.from_dict(chosen)
    made = Session(settings)
    made.advance(2 * len(made._run.data))
    printed = io.StringIO()
    names = {}
    with redirect_stdout(printed):
        exec(compile(made.script(), "playground.py", "exec"), names)
    assert (names["net"].theta == made.net.theta).all()
    assert printed.getvalue() == f"loss: {made.snapshot(0)['loss']}\n"


def test_the_script_of_the_digits_trains_the_same_network():
    chosen = {"data": "digits", "output": "softmax", "loss": "cross_entropy", "held_out": 0.2}
    settings = Settings.from_dict(chosen | {"batch_size": 32})
    made = Session(settings)
    made.advance(45)
    names = {}
    with redirect_stdout(io.StringIO()):
        exec(script(settings, 1), names)
    assert made.place == (1, 0)
    assert (names["net"].theta == made.net.theta).all()
    assert made.snapshot(0)["held_out"]["accuracy"] > 0.8


def test_xor_is_learned_and_the_figures_are_those_of_the_package():
    made = session()
    made.advance(10**6, seconds=0.0)
    assert made.place == (0, 1)
    made.advance(1500)
    found = made.snapshot(0)
    assert found["accuracy"] == 1.0
    assert found["loss"] == made.net.evaluate(made.task.X, made.task.Y)
    np.testing.assert_array_equal(found["layers"][0]["W"].reshape(2, 8), made.net.layers[0].W)


def test_a_weight_is_explained_by_its_trace():
    made = session(hidden=[[3, "tanh"], [2, "relu"]])
    made.advance(7)
    steps = mlp.trace(made.net, made.task.X[5], made.task.Y[5:6], 0.5, steps=2)
    answers = made.explain(5, 1, 2, 1)["steps"]
    for step, answer in zip(steps, answers, strict=True):
        update = step["w[1][2,1]"]
        assert [f["value"] for f in answer["factors"]] == [f.value for f in update.factors]
        assert (answer["gradient"], answer["new_value"]) == (update.gradient, update.new_value)
    assert answers[0]["new_value"] == answers[1]["value"]
    unit = made.unit(5, 0, 1)
    assert unit["z"] == pytest.approx(sum(t["value"] for t in unit["inputs"]) + unit["bias"])
    chosen = {"data": "regression", "noise": 10, "output": "identity", "loss": "squared_error"}
    made = session(**chosen, lr=1e308, seed=2)
    assert len(made.explain(0, 0, 0, 0)["steps"]) == 1
    for wrong in ((100, 0, 0, 0), (0, 3, 0, 0), (0, 0, 5, 0)):
        with pytest.raises(ValueError, match="received"):
            made.explain(*wrong)
    with pytest.raises(ValueError, match="expected a unit"):
        made.unit(0, 2, 0)


def test_the_grid_begins_at_the_top_left():
    made = session()
    found = made.surface([-1.0, 0.0], [1.0, 2.0], 3)
    places = [[x, y] for y in (2.0, 1.0, 0.0) for x in (-1.0, 0.0, 1.0)]
    np.testing.assert_array_equal(found["outputs"], made.net.predict(places).ravel())
    curve = session(data="regression", output="identity", loss="mse")
    assert curve.surface([-1.0], [1.0], 5)["outputs"].shape == (5,)


def test_a_row_shows_its_targets_in_the_form_of_the_outputs():
    digits = session(data="digits", output="softmax", loss="cross_entropy")
    assert digits.row(1)["targets"].tolist() == np.eye(10)[1].tolist()
    assert session().row(1)["targets"].tolist() == [1.0]
    assert session(example="mazur", batch_size=0).row(0)["targets"].tolist() == [0.01, 0.99]


def test_the_sweep_is_that_of_the_package_and_reports_on_the_way():
    made = session(example="document-004", batch_size=0)
    reports = []
    found = made.sweep([0.1, 2.0], 100, reports.append)
    chart = mlp.examples.learning_rate_chart()
    result = mlp.learning_rate_sweep(chart.network, chart.x, chart.t, rates=[0.1, 2.0])
    assert found["losses"] == result.losses.tolist()
    assert reports
    assert all(found["losses"][1][0][r["epoch"]] == r["losses"][1] for r in reports)
    wrong = made.wrong_curves()
    assert [curve["rate"] for curve in wrong["curves"]] == [0.8, 2.0]
    assert session().wrong_curves()["curves"] == []
    with pytest.raises(ValueError, match="expected at most 24 for 2,000"):
        made.sweep([0.1], 10_000, reports.append)


def test_a_rate_that_diverges_in_a_sweep_is_reported_without_nan():
    settings = {"data": "regression", "output": "identity", "loss": "mse", "hidden": [[8, "relu"]]}
    reports = []
    found = session(**settings).sweep([0.1, 1e6], 50, reports.append)
    assert found["status"][1] == "diverged"
    json.dumps([found, reports], allow_nan=False)


def test_a_run_that_diverges_keeps_its_last_good_weights():
    made = session(data="regression", output="identity", loss="mse", lr=1e100)
    made.advance(1000)
    assert made.diverged.startswith("training diverged in epoch 1")
    assert np.isfinite(made.net.theta).all()
    before = made.net.theta.copy()
    made.advance(10)
    assert (made.net.theta == before).all()
    made.restart()
    assert made.diverged == ""


def test_a_worked_example_shows_published_and_exact_numbers():
    rows = {r["name"]: r for r in session(example="mazur").describe()["example"]["rows"]}
    assert rows["w5+"]["published"] == pytest.approx(rows["w5+"]["computed"], abs=5e-9)
    wrong = rows["E_total+"]
    assert (wrong["published"], wrong["exact"]) == (0.291027924, 0.2910277737)
    assert wrong["computed"] == pytest.approx(wrong["exact"], abs=1e-10)
    assert "already updated" in wrong["why"]


def test_a_saved_network_comes_back_with_its_settings():
    made = session(data="moons", hidden=[[5, "relu"]], dropout=0.1)
    made.advance(20)
    again = load_session(made.save(), Settings())
    assert again.settings == made.settings
    assert (again.net.theta == made.net.theta).all()
    assert 'net = mlp.load("model.npz")' in again.script()
    again.advance(5)
    again.restart()
    assert (again.net.theta == made.net.theta).all()


def test_another_network_of_dense_layers_is_used_on_the_present_data(tmp_path):
    net = mlp.MLP.from_sizes([2, 4, 1], "relu", "sigmoid", "mse", seed=1)
    net.save(tmp_path / "a.npz")
    found = load_session((tmp_path / "a.npz").read_bytes(), Settings(data="circles"))
    assert found.settings.hidden == ((4, "relu"),)
    assert (found.settings.data, found.settings.loss) == ("circles", "mse")
    mlp.MLP.from_sizes([3, 1], seed=1).save(tmp_path / "b.npz")
    with pytest.raises(ValueError, match="model: received 3 inputs and 1 outputs, expected 2"):
        load_session((tmp_path / "b.npz").read_bytes(), Settings())
    mlp.MLP.from_sizes([2, 1], seed=1).replicate(2).save(tmp_path / "c.npz")
    with pytest.raises(ValueError, match="expected one network of Dense layers"):
        load_session((tmp_path / "c.npz").read_bytes(), Settings())
    with pytest.raises(FileFormatError):
        load_session(b"PK no archive", Settings())


def playground():
    return Playground(lambda value: None)


def ask(page, name, content=None, **given):
    return page.call(name, json.dumps(given), content)


def test_what_is_rejected_leaves_the_session_as_it_is():
    page = playground()
    ask(page, "advance", batches=25, seconds=10, since=0)
    before = page.session
    theta = before.net.theta.copy()
    for name, content, given in (
        ("configure", None, {"settings": {"lr": -1}}),
        ("configure", None, {"settings": {"output": "relu", "loss": "cross_entropy"}}),
        ("configure", None, {"settings": {"batch_size": 99, "normalization": "batch"}}),
        ("load", b"not a file", {}),
        ("read", b"a,b\n1,word\n2,x\nno,y\n", {"settings": {}}),
        ("explain", None, {"row": 999, "layer": 0, "i": 0, "j": 0}),
        ("sweep", None, {"rates": [-1], "epochs": 5}),
        ("sweep", None, {"rates": [], "epochs": 5}),
    ):
        answer = ask(page, name, content, **given)
        assert set(answer) == {"error"}, (name, given)
        assert "received" in answer["error"] or "model.npz: this is not" in answer["error"]
        assert "/tmp" not in answer["error"]
    assert page.session is before
    assert (before.net.theta == theta).all()


def test_a_csv_file_becomes_data():
    page = playground()
    table = b"size,age,kind\n1,2,cat\n3,4,dog\n5,6,cat\n1,1,dog\n"
    found = ask(page, "read", table, settings={})
    assert found["data"]["classes"] == ["cat", "dog"]
    assert found["data"]["columns"] == ["size", "age"]
    assert found["settings"]["loss"] == "cross_entropy"
    np.testing.assert_allclose(found["data"]["X"].reshape(4, 2).mean(axis=0), 0.0, atol=1e-15)
    numbers = ask(page, "read", b"x,y\n1,0.5\n2,1.5\n3,2.25\n", settings={})
    assert numbers["data"]["classes"] == []
    assert numbers["settings"]["output"] == "identity"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"a,b\n1,x\nhello,y\n2,x\n", "table.csv: line 3, column 'a': received 'hello'"),
        (
            b"a,b\n1,1\n2,2\n3,3\n",
            "table.csv: column 'b': received whole numbers, which can be classes or amounts",
        ),
        (b"", "table.csv: received no text"),
        (b"a\nx\ny\n", "rows: received"),
    ],
)
def test_a_csv_file_that_is_no_table_is_answered_with_a_message(table, message):
    answer = ask(playground(), "read", table, settings={})
    assert answer["error"].startswith(message)
    assert "/tmp" not in answer["error"]
    if "whole numbers" in message:
        assert "choose what the last column holds" in answer["error"]
        chosen = ask(playground(), "read", table, settings={}, task="regress")
        assert chosen["data"]["classes"] == []


def test_the_controls_offer_every_name_that_the_settings_take():
    choices = ask(playground(), "choices")
    for name in choices["data"][:-1]:
        assert Settings.from_dict({"data": name})
    for example in choices["examples"]:
        assert Settings.from_dict({"example": example["name"]})
    for kind, field in (("activations", "output"), ("losses", "loss"), ("optimizers", "optimizer")):
        assert [Settings.from_dict({field: name}) for name in choices[kind]]
