"""`mlp export`, run as a person runs it."""

import csv
import json
import runpy
import shutil
import subprocess

import numpy as np
import pytest

import mlp
from mlp.cli import main
from mlp.export import from_safetensors, state_dict
from tests.cli.small_tables import FAST, flowers, train, without, write_csv

DATA = flowers()
KIND = ("--target", "kind", "--ignore", "id", "--one-hot", "colour", "--standardize")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a model of classes and one of numbers, and what they predict."""
    folder = tmp_path_factory.mktemp("models")
    write_csv(folder / "flowers.csv", without(DATA, "id"))
    write_csv(folder / "numbers.csv", without(DATA, "id", "colour", "kind"))
    assert train(folder / "flowers.csv", folder / "kind", *KIND[:2], *KIND[4:], *FAST) == 0
    options = ("--target", "price", "--standardize", "--dtype", "float32")
    assert train(folder / "numbers.csv", folder / "price", *options, *FAST) == 0
    for name, data in (("kind", "flowers"), ("price", "numbers")):
        model, out = folder / name / "model.npz", folder / f"{name}.csv"
        assert main(["predict", str(model), str(folder / f"{data}.csv"), "--out", str(out)]) == 0
    return folder


def export(model, *options):
    return main(["export", str(model), *map(str, options)])


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def predicted(folder, name):
    return [row[name] for row in rows(folder / f"{name}.csv")]


def test_a_python_file_predicts_what_mlp_predict_does(folder, tmp_path):
    assert export(folder / "kind/model.npz", "--to", "python", "--out", tmp_path / "m.py") == 0
    predict = runpy.run_path(str(tmp_path / "m.py"))["predict"]
    assert predict(rows(folder / "flowers.csv")) == predicted(folder, "kind")
    out = tmp_path / "price.py"
    assert (
        export(folder / "price/model.npz", "--to", "python", "--weights-beside", "--out", out) == 0
    )
    found = runpy.run_path(str(out))["predict"](rows(folder / "numbers.csv"))
    assert found.ravel().tolist() == list(map(float, predicted(folder, "price")))
    assert (tmp_path / "price_weights.npz").exists()


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing")
@pytest.mark.parametrize(("name", "data"), [("kind", "flowers"), ("price", "numbers")])
def test_a_program_of_c_predicts_what_mlp_predict_does(name, data, folder, tmp_path):
    header = tmp_path / "flower.h"
    model = folder / name / "model.npz"
    assert export(model, "--to", "c", "--name", "flower", "--out", header) == 0
    table = rows(folder / f"{data}.csv")
    columns = mlp.files.read_model(model)[1]["inputs"]
    wanted = [*columns["numbers"], *(node["column"] for node in columns["categories"])]
    text = "".join(",".join(row[column] for column in wanted) + "\n" for row in table)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c", "-DFLOWER_MAIN"]
    subprocess.run(["gcc", *flags, header, "-o", tmp_path / "flower", "-lm"], check=True)
    done = subprocess.run(
        [tmp_path / "flower"], input=text, capture_output=True, text=True, check=True
    )
    found = done.stdout.split()
    if name == "kind":
        assert found == predicted(folder, name)
    else:
        assert found[0] == "price"
        expected = np.array(predicted(folder, name), float)
        assert np.abs(np.array(found[1:], float) / expected - 1.0).max() < 1e-5


def test_onnx_predicts_what_mlp_predict_does(folder, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    assert export(folder / "kind/model.npz", "--to", "onnx", "--out", tmp_path / "m.onnx") == 0
    running = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    inputs = mlp.files.read_model(folder / "kind/model.npz")[1]["inputs"]
    table = rows(folder / "flowers.csv")
    X = np.array([[float(row[name]) for name in inputs["numbers"]] for row in table])
    words = [[row[node["column"]] for node in inputs["categories"]] for row in table]
    label = running.run(["label"], {"X": X, "words": np.array(words, dtype=object)})[0]
    assert label.tolist() == predicted(folder, "kind")


def test_files_lie_beside_the_model_by_its_name(folder, tmp_path, capsys):
    shutil.copy(folder / "kind/model.npz", tmp_path / "flower.npz")
    before = (tmp_path / "flower.npz").read_bytes()
    for form, suffix in (("python", "py"), ("c", "h"), ("json", "json")):
        assert export(tmp_path / "flower.npz", "--to", form) == 0
        assert (tmp_path / f"flower.{suffix}").exists()
    assert export(tmp_path / "flower.npz", "--to", "python", "--weights-beside") == 0
    assert (tmp_path / "flower.npz").read_bytes() == before
    assert f"Wrote {tmp_path / 'flower.py'}: " in capsys.readouterr().out


def test_safetensors_and_torch_say_that_they_do_not_encode(folder, tmp_path, capsys):
    net = mlp.load(folder / "kind/model.npz")
    out = tmp_path / "m.safetensors"
    assert export(folder / "kind/model.npz", "--to", "safetensors", "--out", out) == 0
    assert "the file does not encode rows" in capsys.readouterr().out
    assert (from_safetensors(out).theta == net.theta).all()
    texts = mlp.export.read_safetensors(out)[1]
    assert json.loads(texts["target"])["names"] == ["kind"]
    torch = pytest.importorskip("torch", reason="PyTorch is missing")
    assert export(folder / "kind/model.npz", "--to", "torch", "--out", tmp_path / "m.pt") == 0
    assert "(0): Linear(" in capsys.readouterr().out
    found = torch.load(tmp_path / "m.pt", weights_only=True)
    assert all((found[key].numpy() == array).all() for key, array in state_dict(net).items())


def test_the_error_of_int8_is_printed(folder, tmp_path, capsys):
    options = ("--to", "c", "--int8", "--out", tmp_path / "m.h")
    assert export(folder / "kind/model.npz", *options) == 0
    assert "int8 weights change outputs by at most" in capsys.readouterr().out


def test_one_of_several_networks_is_chosen(tmp_path, capsys):
    net = mlp.MLP.from_sizes([2, 3, 1], seed=0).replicate(2)
    net.save(tmp_path / "two.npz")
    assert export(tmp_path / "two.npz", "--to", "json") == 2
    assert "expected one network" in capsys.readouterr().err
    assert export(tmp_path / "two.npz", "--to", "json", "--replica", 1) == 0
    assert export(tmp_path / "two.npz", "--to", "json", "--replica", 2) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--to", "onnx", "--int8"), "--int8: received with --to onnx, expected --to c"),
        (("--to", "c", "--weights-beside"), "--weights-beside: received with --to c"),
        (("--to", "c", "--name", "int"), "name: received 'int'"),
        (("--to", "c", "--out", "model.npz/m.h"), "received a file, expected a folder"),
        (("--to", "python", "--replica", "0"), "replica: this network has no replicas"),
    ],
)
def test_bad_usage_is_one_line(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mlp.MLP.from_sizes([2, 1], seed=0).save("model.npz")
    assert export("model.npz", *options) == 2
    error = capsys.readouterr().err
    assert error.startswith("mlp export: error: ")
    assert message in error
    assert error.count("\n") == 1


def test_an_unknown_form_and_a_missing_package_are_named(tmp_path, monkeypatch, capsys):
    mlp.MLP.from_sizes([2, 1], seed=0).save(tmp_path / "model.npz")
    with pytest.raises(SystemExit, match="2"):
        export(tmp_path / "model.npz", "--to", "java")
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    assert export(tmp_path / "model.npz", "--to", "onnx") == 2
    assert "--to onnx: needs a package that is missing" in capsys.readouterr().err
