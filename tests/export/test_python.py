"""A Python file gives the bits of the package, and reads rows as `mlp predict` does."""

import runpy
import subprocess
import sys

import numpy as np
import pytest

import mlp
from mlp.export import to_python
from mlp.tables import ClassTarget, InputEncoder, Labels, NumberTarget, Standardizer, Table, Words
from tests.export.networks import MANY_SEEDS, SEEDS, draw, inputs

ROWS = (1, 2, 3, 5, 33, 256, 300)


def load(net, path, **options):
    to_python(net, path, **options)
    return runpy.run_path(str(path))


def assert_same_bits(seed, path):
    net = draw(seed)
    module = load(net, path, weights_beside=bool(seed % 2))
    for rows in ROWS:
        X = inputs(net, rows, seed)
        assert module["predict"](X).tobytes() == net.predict(X).tobytes(), net


@pytest.mark.parametrize("seed", SEEDS)
def test_outputs_are_bit_identical(seed, tmp_path):
    assert_same_bits(seed, tmp_path / "model.py")


@pytest.mark.long
def test_outputs_are_bit_identical_for_many_networks(tmp_path):
    for seed in MANY_SEEDS:
        assert_same_bits(seed, tmp_path / "model.py")


def test_it_needs_numpy_alone(tmp_path):
    to_python(mlp.MLP.from_sizes([2, 3, 1], seed=0), tmp_path / "model.py")
    code = (
        "import sys, model; model.predict([[1, 2]]); print([m for m in sys.modules if 'mlp' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_forward_pass_can_be_read(tmp_path):
    to_python(mlp.MLP.from_sizes([64, 32, 10], seed=0), tmp_path / "model.py")
    text = (tmp_path / "model.py").read_text()
    assert (
        "    Z = A @ W0 + b0  # layers[0]: Dense(64, 32, 'relu')\n"
        "    A = relu(Z)\n"
        "    A = A @ W2 + b2  # layers[1]: Dense(32, 10, 'identity')\n"
        "    return A\n" in text
    )


def test_the_same_network_gives_the_same_bytes(tmp_path):
    net = draw(3)
    for name in ("a", "b"):
        to_python(net, tmp_path / f"{name}.py", weights_beside=True)
    assert (tmp_path / "a.py").read_bytes() == (tmp_path / "b.py").read_bytes()
    weights = [(tmp_path / f"{name}_weights.npz").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]


def test_rows_may_be_dicts_by_the_names_of_features(tmp_path):
    net = mlp.MLP.from_sizes([2, 3, 1], seed=0)
    net.feature_names = ["height", "a\"b\\\n'"]
    predict = load(net, tmp_path / "model.py")["predict"]
    rows = [{"height": 1.0, "a\"b\\\n'": 2.0}, {"a\"b\\\n'": 4.0, "height": 3.0}]
    assert (predict(rows) == net.predict([[1.0, 2.0], [3.0, 4.0]])).all()
    assert (predict([[1.0, 2.0]]) == net.predict([[1.0, 2.0]])).all()


@pytest.mark.parametrize("rows", [[[1.0]], [1.0, 2.0], [], [[1.0, float("nan")]]])
def test_bad_rows_are_rejected(rows, tmp_path):
    predict = load(mlp.MLP.from_sizes([2, 1], seed=0), tmp_path / "model.py")["predict"]
    with pytest.raises(ValueError, match="^rows: received"):
        predict(rows)


# --- models of tables


def people():
    city = Words(np.array([0, 1, 0, 2, -1]), ["Oslo", "Rome", 'a"b\\\u00e9\ud800'])
    code = Words(np.array([0, 1, 0, 1, 0]), ["1", "2.5"])
    ages = np.array([30.0, 50.0, np.nan, 1.0, 2.0])
    return Table({"city": city, "age": ages, "code": code}, "people.csv")


DICTS = [
    {"city": "Oslo", "age": 30, "code": 1.0},
    {"city": "Rome", "age": "50", "code": "2.5"},
    {"city": "Oslo", "age": None, "code": 1},
    {"city": 'a"b\\\u00e9\ud800', "age": 1.0, "code": 2.5},
    {"city": "", "age": 2.0, "code": "1.0"},
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_out", [1, 2])
def test_classes_and_probabilities_are_those_of_the_model(dtype, n_out, tmp_path):
    table = people()
    encoder = InputEncoder.fit(table, ["city", "age", "code"], standardize=True, fill_missing=True)
    target = ClassTarget("y", Labels(["no", "yes"]))
    output = {1: ("sigmoid", "binary_cross_entropy"), 2: ("softmax", "cross_entropy")}[n_out]
    sizes = [encoder.n_in, 5, n_out]
    net = mlp.MLP.from_sizes(sizes, "tanh", *output, dtype=dtype, seed=0)
    module = load(net, tmp_path / "model.py", inputs=encoder, target=target)
    outputs = net.predict(encoder.encode(table, dtype=dtype))
    expected = target.probabilities(outputs)
    lists = [[row[name] for name in encoder.columns] for row in DICTS]
    for rows in (DICTS, lists):
        assert module["probabilities"](rows).tobytes() == expected.tobytes()
        assert module["predict"](rows) == target.decode(outputs)


def test_numbers_are_in_the_units_of_their_columns(tmp_path):
    target = NumberTarget(["a", "b"], Standardizer([1.0, 2.0], [3.0, 4.0]))
    encoder = InputEncoder(["x"])
    net = mlp.MLP.from_sizes([1, 3, 2], seed=0)
    module = load(net, tmp_path / "model.py", inputs=encoder, target=target)
    expected = target.decode(net.predict([[0.5], [1.5]]))
    assert module["predict"]([{"x": 0.5}, {"x": "1.5"}]).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"x": "inf", "city": "Oslo"}, "x: received 'inf', expected a finite number"),
        ({"x": 1.0, "city": "Paris"}, r"city: received 'Paris', expected one of \['Oslo'\]"),
        ({"x": None, "city": "Oslo"}, "row 0: has a missing value"),
        ({"x": 1.0, "city": ""}, "row 0: has a missing value"),
        ([1.0], r"expected one or more rows of the columns \['x', 'city'\]"),
    ],
)
def test_bad_rows_of_a_table_are_rejected(row, message, tmp_path):
    encoder = InputEncoder(["x"], {"city": Labels(["Oslo"])})
    net = mlp.MLP.from_sizes([2, 1], seed=0)
    module = load(net, tmp_path / "model.py", inputs=encoder)
    with pytest.raises(ValueError, match=message):
        module["predict"]([row])


def test_an_encoder_or_a_target_of_another_network_is_rejected(tmp_path):
    net, path = mlp.MLP.from_sizes([2, 3], seed=0), tmp_path / "model.py"
    with pytest.raises(ValueError, match="inputs: received 1 inputs, expected 2"):
        to_python(net, path, inputs=InputEncoder(["x"]))
    with pytest.raises(ValueError, match="target: received 2 outputs, expected 3"):
        to_python(net, path, target=ClassTarget("y", Labels(["no", "yes"])))
    with pytest.raises(TypeError, match="inputs: received list, expected an InputEncoder"):
        to_python(net, path, inputs=[])
    with pytest.raises(TypeError, match="target: received str, expected a ClassTarget"):
        to_python(net, path, target="y")
    with pytest.raises(ValueError, match=r"path: received .*, expected it to end in \.py"):
        to_python(net, tmp_path / "model", weights_beside=True)
    assert list(tmp_path.iterdir()) == []
