"""onnxruntime computes what the package computes, from operators of the main domain alone."""

import json

import numpy as np
import pytest

import mlp
from mlp.export import to_onnx
from mlp.tables import ClassTarget, InputEncoder, Labels, NumberTarget, Standardizer, Table, Words
from tests.export.networks import (
    MANY_SEEDS,
    SEEDS,
    assert_close,
    draw,
    inputs,
    is_strictly_close,
)

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(path), options, providers=providers)


def assert_equal(seed, path, check):
    net = draw(seed)
    to_onnx(net, path)
    running = session(path)
    for rows in (1, 20):  # any number of rows
        X = inputs(net, rows)
        check(running.run(None, {"X": X})[0], net, X)


@pytest.mark.parametrize("seed", SEEDS)
def test_outputs_are_equal(seed, tmp_path):
    def check(found, net, X):
        assert is_strictly_close(found, net, X), net

    assert_equal(seed, tmp_path / "net.onnx", check)


@pytest.mark.long
def test_outputs_are_equal_for_many_networks(tmp_path):
    for seed in MANY_SEEDS:
        assert_equal(seed, tmp_path / "net.onnx", assert_close)


@pytest.mark.parametrize("seed", SEEDS)
def test_operators_are_of_the_main_domain(seed, tmp_path):
    to_onnx(draw(seed), tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain for opset in model.opset_import} == {""}
    assert {node.domain for node in model.graph.node} == {""}
    shapes = [
        [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    ]
    net = draw(seed)
    assert shapes == [["n", net.n_in], ["n", net.n_out]]


def test_large_numbers_give_what_the_package_gives(tmp_path):
    for name in mlp.core.ACTIVATIONS:
        net = mlp.MLP([mlp.Dense(3, 3, name, weights=np.eye(3))])
        to_onnx(net, tmp_path / "net.onnx")
        X = np.array([[-800.0, 0.0, 800.0], [-30.0, 1e-9, 30.0]])
        found = session(tmp_path / "net.onnx").run(None, {"X": X})[0]
        assert np.abs(found - net.predict(X)).max() < 1e-12, name


def test_metadata_describe_the_network(tmp_path):
    net = mlp.MLP.from_sizes([2, 3, 1], "tanh", loss="huber", seed=0)
    to_onnx(net, tmp_path / "net.onnx")
    (entry,) = onnx.load(tmp_path / "net.onnx").metadata_props
    described = json.loads(entry.value)
    assert (entry.key, described["loss"]["name"]) == ("mlp", "huber")
    assert described["layers"][0]["config"]["activation"] == {"name": "tanh"}


def test_the_same_network_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        to_onnx(draw(5), tmp_path / f"{name}.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


# --- models of tables


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_out", [1, 2])
def test_rows_are_encoded_and_classes_named(dtype, n_out, tmp_path):
    city = Words(np.array([0, 1, 0, 2, -1]), ["Oslo", "R\u00f3ma", "New York"])
    colour = Words(np.array([0, 1, 0, 1, 0]), ["red", "blue"])
    ages = np.array([30.0, 50.0, np.nan, 1.0, 99.0])
    table = Table({"city": city, "age": ages, "colour": colour}, "people.csv")
    encoder = InputEncoder.fit(
        table, ["city", "age", "colour"], standardize=True, fill_missing=True
    )
    target = ClassTarget("y", Labels(["no", "s\u00ed"]))
    output = {1: ("sigmoid", "binary_cross_entropy"), 2: ("softmax", "cross_entropy")}[n_out]
    sizes = [encoder.n_in, 5, n_out]
    net = mlp.MLP.from_sizes(sizes, "tanh", *output, dtype=dtype, seed=2)
    to_onnx(net, tmp_path / "net.onnx", inputs=encoder, target=target)
    words = [
        ["Oslo", "red"],
        ["R\u00f3ma", "blue"],
        ["Oslo", "red"],
        ["New York", "blue"],
        ["", "red"],
    ]
    rows = {"X": ages[:, None], "words": np.array(words, dtype=object)}
    label, probabilities = session(tmp_path / "net.onnx").run(None, rows)
    outputs = net.predict(encoder.encode(table, dtype=dtype))
    assert label.tolist() == target.decode(outputs)
    assert len(set(label.tolist())) == 2
    assert np.abs(probabilities - target.probabilities(outputs)).max() <= (
        1e-12 if dtype == "float64" else 1e-6
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_in_the_units_of_their_columns(dtype, tmp_path):
    target = NumberTarget(["a", "b"], Standardizer([1.0, 2.0], [3.0, 4.0]))
    encoder = InputEncoder(["x"])
    net = mlp.MLP.from_sizes([1, 3, 2], dtype=dtype, seed=0)
    to_onnx(net, tmp_path / "net.onnx", inputs=encoder, target=target)
    found = session(tmp_path / "net.onnx").run(None, {"X": np.array([[0.5], [2.0]])})[0]
    expected = target.decode(net.predict([[0.5], [2.0]]))
    assert np.abs(found - expected).max() <= (1e-12 if dtype == "float64" else 1e-5)
