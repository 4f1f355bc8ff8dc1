"""scikit-learn's fitted networks become ours, and ours become theirs."""

import numpy as np
import pytest

import mlp
from mlp.export import from_sklearn, to_sklearn

neural_network = pytest.importorskip("sklearn.neural_network", reason="scikit-learn is missing")
ConvergenceWarning = pytest.importorskip("sklearn.exceptions").ConvergenceWarning
rng = np.random.default_rng(0)
X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)


def fitted(kind, targets, **settings):
    estimator = getattr(neural_network, kind)(
        hidden_layer_sizes=settings.pop("sizes", (5,)), solver="lbfgs", max_iter=20, **settings
    )
    with pytest.warns(ConvergenceWarning):
        return estimator.fit(X, targets)


CASES = {
    "three classes": ("MLPClassifier", y, {"activation": "tanh", "sizes": (5, 4)}),
    "two classes": ("MLPClassifier", y > 0, {"activation": "logistic"}),
    "words": ("MLPClassifier", np.array(["a", "b", "c"])[y], {"activation": "relu"}),
    "several labels": ("MLPClassifier", np.column_stack([y > 0, y > 1]).astype(int), {}),
    "numbers": ("MLPRegressor", X[:, 0] ** 2, {"activation": "relu"}),
    "two numbers": ("MLPRegressor", X[:, :2] ** 2, {"activation": "tanh"}),
}


def outputs(estimator):
    found = getattr(estimator, "predict_proba", estimator.predict)(X)
    is_binary = getattr(estimator, "out_activation_", "") == "logistic" and found.shape[1] == 2
    return found[:, 1:] if is_binary and estimator.n_outputs_ == 1 else found.reshape(len(X), -1)


@pytest.mark.parametrize("name", CASES)
def test_outputs_are_equal_both_ways(name):
    kind, targets, settings = CASES[name]
    estimator = fitted(kind, targets, **settings)
    net = from_sklearn(estimator)
    assert np.abs(net.predict(X) - outputs(estimator)).max() < 1e-12
    classes = None if name == "several labels" else getattr(estimator, "classes_", None)
    back = to_sklearn(net, classes)
    assert np.abs(outputs(back) - outputs(estimator)).max() < 1e-12
    assert (back.predict(X) == estimator.predict(X)).all()
    assert all((a == b).all() for a, b in zip(back.coefs_, estimator.coefs_, strict=True))
    if hasattr(estimator, "classes_"):
        assert (back.classes_ == estimator.classes_).all()


def test_float32_stays_float32():
    estimator = neural_network.MLPRegressor(hidden_layer_sizes=(3,), max_iter=200, tol=10.0)
    net = from_sklearn(estimator.fit(X.astype("float32"), y.astype("float32")))
    assert net.dtype == "float32"
    assert to_sklearn(net).coefs_[0].dtype == "float32"


def test_names_of_columns_are_kept():
    pandas = pytest.importorskip("pandas", reason="pandas is missing")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    estimator = neural_network.MLPRegressor(hidden_layer_sizes=(3,), tol=10.0).fit(frame, y)
    net = from_sklearn(estimator)
    assert net.feature_names == list("abcd")
    assert np.abs(to_sklearn(net).predict(frame) - estimator.predict(frame)).max() < 1e-12


def test_dropout_is_left_out_and_an_activation_layer_joins():
    layers = [mlp.Dense(4, 3), mlp.ActivationLayer("tanh"), mlp.Dropout(0.5), mlp.Dense(3, 1)]
    net = mlp.MLP(layers, seed=0)
    estimator = to_sklearn(net)
    assert estimator.get_params()["activation"] == "tanh"
    assert np.abs(estimator.predict(X) - net.predict(X)[:, 0]).max() < 1e-12


@pytest.mark.parametrize(
    ("layers", "place"),
    [
        ([mlp.Dense(4, 3, "gelu"), mlp.Dense(3, 1)], 0),
        ([mlp.Dense(4, 3, "relu"), mlp.Dense(3, 3, "tanh"), mlp.Dense(3, 1)], 1),
        ([mlp.Dense(4, 3), mlp.BatchNorm(), mlp.Dense(3, 1)], 1),
        ([mlp.LayerNorm(), mlp.Dense(4, 1)], 0),
        ([mlp.Dense(4, 3), mlp.Dense(3, 1, "relu")], 1),
        ([mlp.Dense(4, 3, "tanh"), mlp.ActivationLayer("tanh"), mlp.Dense(3, 1)], 1),
    ],
)
def test_a_layer_that_scikit_learn_lacks_is_named(layers, place):
    with pytest.raises(ValueError, match=rf"^layers\[{place}\]: received .*expected dense layers"):
        to_sklearn(mlp.MLP(layers, seed=0))


@pytest.mark.parametrize("classes", [[1], ["b", "a", "c"], ["a", "a", "b"], "abc"])
def test_classes_that_do_not_fit_are_rejected(classes):
    net = mlp.MLP.from_sizes([4, 3], output="softmax", loss="cross_entropy", seed=0)
    with pytest.raises(ValueError, match="^classes: received"):
        to_sklearn(net, classes)


def test_classes_of_numbers_are_rejected():
    with pytest.raises(ValueError, match="classes: received .*expected None for identity"):
        to_sklearn(mlp.MLP.from_sizes([4, 3], seed=0), [1, 2, 3])


def test_what_is_not_fitted_is_rejected():
    for estimator in (neural_network.MLPClassifier(), None, "MLPClassifier"):
        with pytest.raises(TypeError, match="expected a fitted MLPClassifier or MLPRegressor"):
            from_sklearn(estimator)


def test_an_output_that_a_network_lacks_is_rejected():
    estimator = fitted("MLPRegressor", np.abs(y), loss="poisson")
    with pytest.raises(ValueError, match="received the activations 'relu' and 'exp'"):
        from_sklearn(estimator)
