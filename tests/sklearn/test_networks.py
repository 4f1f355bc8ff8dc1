"""Estimators to networks and back, and to files."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import NotFittedError

import mlp
from mlp.sklearn import MLPClassifier, MLPRegressor
from tests.sklearn.data import cancer, diabetes, iris

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted():
    X, y = iris()
    D, d = diabetes()
    classifier = {"max_iter": 4, "random_state": 0}
    return {
        "three classes": (MLPClassifier([5], **classifier).fit(X, y), X),
        "words": (MLPClassifier([5], **classifier).fit(*cancer()), cancer()[0]),
        "objects": (MLPClassifier([5], **classifier).fit(X, np.array(list("abc"), object)[y]), X),
        "labels": (MLPClassifier([5], **classifier).fit(*_labels()), _labels()[0]),
        "normalised": (
            MLPClassifier(
                [5, 4],
                activation=["tanh", "gelu"],
                normalization="batch",
                dropout=0.2,
                class_weight={0: 2.0},
                optimizer=mlp.AdamW(0.01),
                dtype=np.float32,
                **classifier,
            ).fit(X, y),
            X,
        ),
        "early": (
            MLPClassifier([5], early_stopping=True, **classifier).fit(X, y),
            X,
        ),
        "numbers": (MLPRegressor("huber", [5], **classifier).fit(D, d), D),
        "counts": (MLPRegressor("poisson", [5], **classifier).fit(D, np.floor(d)), D),
        "two outputs": (MLPRegressor(**classifier).fit(D, np.c_[d, d]), D),
        "lbfgs": (MLPClassifier([5], solver="lbfgs", **classifier).fit(X, y), X),
    }


def _labels():
    return make_multilabel_classification(60, random_state=0)


@pytest.fixture(params=list(range(10)))
def case(request, cases):
    return cases[request.param]


@pytest.fixture(scope="module")
def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(fitted().values())


def probabilities(model, X):
    return getattr(model, "predict_proba", model.predict)(X)


def test_a_saved_estimator_predicts_bit_identically(case, tmp_path):
    model, X = case
    model.save(tmp_path / "model.npz")
    same = type(model).load(tmp_path / "model.npz")
    assert_array_equal(probabilities(same, X), probabilities(model, X))
    assert_array_equal(same.predict(X), model.predict(X))
    assert same.predict(X).dtype == model.predict(X).dtype
    given, read = model.get_params(), same.get_params()
    assert {
        k: v
        for k, v in read.items()
        if k not in ("optimizer", "hidden_layer_sizes", "dtype")
        and v != given[k]
        and list(v) != list(given[k])
    } == {}
    for name in ("loss_", "n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(same, name) == getattr(model, name)
    same.fit(X, model.predict(X))
    other = MLPRegressor if isinstance(model, MLPClassifier) else MLPClassifier
    with pytest.raises(mlp.FileFormatError, match="estimator"):
        other.load(tmp_path / "model.npz")


def test_the_same_estimator_gives_the_same_file_which_holds_its_network(case, tmp_path):
    model = case[0]
    for name in ("a.npz", "b.npz"):
        model.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    if model.out_activation_ != "exp":
        assert_array_equal(mlp.load(tmp_path / "a.npz").theta, model.to_network().theta)


def test_an_estimator_survives_pickle_and_copies_and_continues(case):
    model, X = case
    for same in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):  # noqa: S301
        assert_array_equal(probabilities(same, X), probabilities(model, X))
    assert not hasattr(clone(model), "coefs_")


def test_a_network_predicts_what_its_estimator_does(case):
    model, X = case
    net = model.to_network()
    outputs = net.predict(X)
    expected = probabilities(model, X).reshape(len(X), -1)
    assert_array_equal(outputs, expected[:, -outputs.shape[1] :])
    net.theta = 0.0 * net.theta
    assert np.abs(model.coefs_[0]).max() > 0  # it is a copy
    if not (isinstance(model, MLPRegressor) and model.loss == "poisson"):
        again = type(model).from_network(model.to_network())
        assert_array_equal(probabilities(again, X), probabilities(model, X))
        kept = ("hidden_layer_sizes", "activation", "normalization", "dropout")
        assert [list(np.ravel(getattr(again, name))) for name in kept] == [
            list(np.ravel(getattr(model, name))) for name in kept
        ]


def test_a_network_of_two_classes_after_softmax_is_a_classifier():
    net = mlp.MLP.from_sizes([30, 4, 2], output="softmax", loss="cross_entropy", seed=0)
    X, y = cancer()
    model = MLPClassifier.from_network(net, ["benign", "malignant"])
    assert_array_equal(model.predict_proba(X), net.predict(X))
    assert_array_equal(model.predict(X) == "malignant", net.predict(X).argmax(axis=1) == 1)
    model.set_params(learning_rate_init=0.01)
    for _ in range(60):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.9


def test_names_of_columns_go_with_the_network(tmp_path):
    pd = pytest.importorskip("pandas")
    X, y = iris()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier([4], max_iter=3).fit(frame, y)
    assert model.to_network().feature_names == list("abcd")
    model.save(tmp_path / "model.npz")
    for same in (
        MLPClassifier.load(tmp_path / "model.npz"),
        MLPClassifier.from_network(model.to_network()),
    ):
        assert_array_equal(same.feature_names_in_, list("abcd"))
        with pytest.raises(ValueError, match="feature names"):
            same.predict(frame[list("dcba")])


def test_what_has_not_been_fitted_or_cannot_be_kept_is_rejected(tmp_path):
    path = tmp_path / "model.npz"
    model = MLPClassifier()
    for call in (model.to_network, lambda: model.save(path), lambda: model.transform([[1.0]])):
        with pytest.raises(NotFittedError):
            call()
    X, y = iris()
    model.set_params(max_iter=2, callbacks=[mlp.LambdaCallback()]).fit(X, y)
    with pytest.raises(TypeError, match="callbacks: received <.*LambdaCallback"):
        model.save(path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLPClassifier.from_network(3), "net: received 3, expected an MLP"),
        (lambda: MLPClassifier.from_network(mlp.MLP.from_sizes([2, 2])), "softmax or sigmoid"),
        (lambda: MLPRegressor.from_network(mlp.MLP.from_sizes([2, 2]).replicate(2)), "replicas"),
        (lambda: MLPClassifier.from_network(_three(), [0, 1]), "classes: received .* expected 3"),
        (lambda: MLPClassifier.from_network(_three(), [2, 1, 0]), "classes: received .* sorted"),
    ],
)
def test_networks_and_classes_that_do_not_fit_are_rejected(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def _three():
    return mlp.MLP.from_sizes([2, 3], output="softmax", loss="cross_entropy")
