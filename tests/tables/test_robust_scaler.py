"""The robust scaling: its formula, its files, its exports and its option."""

import json
import subprocess
import sys

import numpy as np
import pytest

import mlp
from mlp.tables import InputEncoder, NumberTarget, RobustScaler, Standardizer, Table

rng = np.random.default_rng(0)
X = np.column_stack(
    [
        rng.standard_cauchy(200),
        rng.normal(50.0, 10.0, 200),
        np.repeat([0.0, 1.0], [190, 10]),  # quartiles are equal
        np.full(200, 7.0),  # constant
    ]
)


def by_hand(X, new):
    """What the paper says, column by column."""
    columns = []
    for x, y in zip(X.T, new.T, strict=True):
        iqr = np.quantile(x, 0.75) - np.quantile(x, 0.25)
        spread = iqr if iqr else 0.5 * (x.max() - x.min())
        z = (y - np.median(x)) * (1.0 / spread if spread else 0.0)
        columns.append(z / np.sqrt(1.0 + (z / 3.0) ** 2))
    return np.column_stack(columns)


def test_the_numbers_are_those_of_the_formula():
    new = X[:50] * 3.0 + 1.0
    assert np.allclose(RobustScaler.fit(X).transform(X), by_hand(X, X), rtol=1e-13, atol=1e-15)
    assert np.allclose(RobustScaler.fit(X).transform(new), by_hand(X, new), rtol=1e-13, atol=1e-15)


def test_median_and_quartiles_are_those_of_scikit_learn():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    theirs, ours = preprocessing.RobustScaler().fit(X[:, :2]), RobustScaler.fit(X[:, :2])
    assert np.allclose(ours.mean, theirs.center_, rtol=1e-15)
    assert np.allclose(ours.scale, theirs.scale_, rtol=1e-13)


def test_huge_numbers_come_to_the_limit_and_back():
    scaler = RobustScaler.fit(X[:, :2])
    found = scaler.transform([[1e300, -1e300], [0.5, 60.0]])
    assert found[0].tolist() == [3.0, -3.0]
    assert np.allclose(scaler.inverse(found[1:]), [[0.5, 60.0]], rtol=1e-12)
    assert scaler.inverse(found[:1]).tolist() == [[np.inf, -np.inf]]


def test_missing_values_are_ignored_and_stay():
    holed = np.where(rng.uniform(size=X.shape) < 0.2, np.nan, X)
    scaler = RobustScaler.fit(holed)
    alone = [RobustScaler.fit(x[~np.isnan(x), None]) for x in holed.T]
    assert np.array_equal(scaler.scale, [one.scale[0] for one in alone])
    assert np.array_equal(np.isnan(scaler.transform(holed)), np.isnan(holed))


@pytest.mark.parametrize(
    ("column", "message"), [([np.nan, np.nan], "no number in column 0"), ([1.0, np.inf], "infin")]
)
def test_a_column_without_finite_numbers_is_rejected(column, message):
    with pytest.raises(ValueError, match=message):
        RobustScaler.fit(np.array(column)[:, None])


def table():
    return Table({name: X[:, i] for i, name in enumerate("abcd")}, "rows.csv")


def encoder():
    return InputEncoder.fit(table(), list("abcd"), standardize=True, scaling="robust")


def test_an_encoder_scales_so_and_comes_back_from_its_description():
    for one in (encoder(), InputEncoder.from_dict(encoder().to_dict())):
        assert type(one.standardizer) is RobustScaler
        assert np.array_equal(one.encode(table()), RobustScaler.fit(X).transform(X))
    plain = InputEncoder.fit(table(), list("abcd"), standardize=True)
    assert "scaling" not in plain.to_dict()
    assert type(InputEncoder.from_dict(plain.to_dict()).standardizer) is Standardizer


def test_an_unknown_scaling_is_rejected():
    with pytest.raises(ValueError, match="^scaling: received 'robst', expected"):
        InputEncoder.fit(table(), list("abcd"), scaling="robst")
    with pytest.raises(ValueError, match=r"^inputs\.scaling: received"):
        InputEncoder.from_dict(encoder().to_dict() | {"scaling": "none"})
    with pytest.raises(TypeError, match="received a RobustScaler, expected a Standardizer"):
        NumberTarget(["a"], RobustScaler([0.0], [1.0]))


def test_exports_of_a_table_scale_so(tmp_path):
    one, net = encoder(), mlp.MLP.from_sizes([4, 5, 1], "tanh", seed=0)
    expected = net.predict(one.encode(table()))
    mlp.export.to_python(net, tmp_path / "net.py", inputs=one)
    names: dict[str, object] = {"__name__": "net"}
    exec((tmp_path / "net.py").read_text(), names)
    assert np.allclose(names["predict"](X.tolist()), expected, rtol=1e-14, atol=1e-15)
    onnxruntime = pytest.importorskip("onnxruntime")
    mlp.export.to_onnx(net, tmp_path / "net.onnx", inputs=one)
    running = onnxruntime.InferenceSession(
        str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"]
    )
    assert np.allclose(running.run(None, {"X": X})[0], expected, rtol=1e-12, atol=1e-13)


def test_train_has_an_option_for_it_and_predict_follows_the_model(tmp_path):
    rows = "\n".join(f"{a},{b},{a + b / 10}" for a, b in X[:60, :2])
    (tmp_path / "rows.csv").write_text(f"a,b,y\n{rows}\n")

    def run(*arguments):
        command = [sys.executable, "-m", "mlp", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    train = ["train", "rows.csv", "--target", "y", "--task", "regress", "--epochs", "2"]
    done = run(*train, "--scaling", "robust", "--json", "--out", "results")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["scaling"] == "robust"
    wrong = run(*train, "--scaling", "robust", "--no-standardize")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--scaling: received 'robust', expected --standardize with it" in wrong.stderr
