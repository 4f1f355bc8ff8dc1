"""What people have asked of scikit-learn's MLP, by the number of the issue there."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification, make_multilabel_classification

import mlp
from mlp.core import check_gradients
from mlp.sklearn import MLPClassifier, MLPRegressor
from mlp.training.metrics import MAE
from tests.sklearn.data import cancer, diabetes, iris

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
rare = make_classification(
    300, 6, weights=[0.9], n_informative=4, class_sep=0.5, flip_y=0.1, random_state=1
)


def test_class_weights_9113_11723():
    X, y = rare
    plain = MLPClassifier([8], max_iter=60, random_state=0).fit(X, y)
    weighted = MLPClassifier([8], max_iter=60, random_state=0, class_weight={1: 9.0}).fit(X, y)
    weights = np.where(y == 1, 9.0, 1.0)
    same = MLPClassifier([8], max_iter=60, random_state=0).fit(X, y, sample_weight=weights)
    assert_allclose(weighted.predict_proba(X), same.predict_proba(X))
    assert (weighted.predict(X) == 1).sum() > 2 * (plain.predict(X) == 1).sum()
    balanced = MLPClassifier([8], max_iter=60, random_state=0, class_weight="balanced").fit(X, y)
    shares = {c: len(y) / (2 * (y == c).sum()) for c in (0, 1)}
    given = MLPClassifier([8], max_iter=60, random_state=0, class_weight=shares).fit(X, y)
    assert_allclose(balanced.predict_proba(X), given.predict_proba(X))


def test_dropout_6175_7407():
    X, y = cancer()
    models = [MLPClassifier([50], dropout=d, max_iter=30, random_state=0) for d in (0.0, 0.5, 0.5)]
    plain, first, second = (model.fit(X, y) for model in models)
    assert first.loss_curve_ == second.loss_curve_ != plain.loss_curve_
    assert any(isinstance(layer, mlp.Dropout) for layer in first.to_network().layers)
    assert_array_equal(first.predict_proba(X), first.predict_proba(X))


def test_an_activation_for_each_layer_10097():
    X, y = iris()
    model = MLPClassifier([5, 4], activation=["tanh", "gelu"], max_iter=5, random_state=0)
    names = [layer.activation.name for layer in model.fit(X, y).to_network().layers]
    assert names == ["tanh", "gelu", "softmax"]
    one = MLPClassifier([5, 4], activation=["tanh", "tanh"], max_iter=5, random_state=0).fit(X, y)
    all_ = MLPClassifier([5, 4], activation="tanh", max_iter=5, random_state=0).fit(X, y)
    assert one.loss_curve_ == all_.loss_curve_


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "gelu", "silu", "softplus"])
def test_more_activations_10665_11952_26912_30199(name):
    X, y = iris()
    model = MLPClassifier([8], activation=name, solver="lbfgs", tol=1e-2, random_state=0)
    assert model.fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("loss", ["mae", "huber", "mse", mlp.core.losses.Huber(0.1)], ids=str)
def test_losses_14571(loss):
    X, y = diabetes()
    model = MLPRegressor(loss, [8], max_iter=100, learning_rate_init=0.02, random_state=0)
    assert model.fit(X, y).loss_curve_[-1] < 0.7 * model.loss_curve_[0]
    if loss == "mae":
        model.set_params(alpha=0.0, solver="adam", batch_size=len(y)).fit(X, y)
        before = MLPRegressor(**model.get_params() | {"max_iter": 99}).fit(X, y)
        assert_allclose(model.loss_curve_[-1], np.abs(before.predict(X) - y).mean())


def test_own_validation_data_and_its_loss_by_epoch_18507_18748():
    X, y = diabetes()
    train, held_out = slice(300), slice(300, None)
    model = MLPRegressor(hidden_layer_sizes=[8], max_iter=15, random_state=0)
    model.fit(X[train], y[train], X_val=X[held_out], y_val=y[held_out])
    assert len(model.validation_loss_curve_) == 15
    error = 0.5 * np.mean((model.predict(X[held_out]) - y[held_out]) ** 2)
    assert_allclose(model.validation_loss_curve_[-1], error)
    alone = MLPRegressor(hidden_layer_sizes=[8], max_iter=15, random_state=0)
    assert alone.fit(X[train], y[train]).loss_curve_ == model.loss_curve_
    assert alone.validation_loss_curve_ == []

    stopping = MLPRegressor(
        hidden_layer_sizes=[8],
        max_iter=300,
        early_stopping=True,
        learning_rate_init=0.02,
        random_state=0,
    )
    stopping.fit(X[train], y[train], X_val=X[held_out], y_val=y[held_out])
    assert_allclose(stopping.score(X[held_out], y[held_out]), stopping.best_validation_score_)
    assert stopping.n_iter_ < 300


@pytest.mark.parametrize(
    ("metric", "measure"),
    [
        ("mae", lambda y, A: -np.abs(y - A).mean()),
        (MAE(), lambda y, A: -np.abs(y - A).mean()),
        ("loss", lambda y, A: -0.5 * np.mean((y - A) ** 2)),
        ("r2", lambda y, A: 1 - np.sum((y - A) ** 2) / np.sum((y - y.mean()) ** 2)),
    ],
)
def test_early_stopping_by_another_metric_24411(metric, measure):
    X, y = diabetes()
    model = MLPRegressor(
        hidden_layer_sizes=[8],
        metric=metric,
        early_stopping=True,
        learning_rate_init=0.02,
        max_iter=100,
        random_state=0,
    )
    model.fit(X[100:], y[100:], X_val=X[:100], y_val=y[:100])
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert_allclose(measure(y[:100], model.predict(X[:100])), model.best_validation_score_)


def test_partial_fit_with_early_stopping_25693():
    X, y = iris()
    model = MLPClassifier([8], early_stopping=True, random_state=0)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    for _ in range(5):
        model.partial_fit(X, y, classes=[0, 1, 2], X_val=X[::2], y_val=y[::2])
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == 5
    assert model.validation_scores_[-1] == model.score(X[::2], y[::2])


def test_multilabel_partial_fit_12505():
    X, Y = make_multilabel_classification(80, random_state=0)
    model = MLPClassifier([20], learning_rate_init=0.01, random_state=0)
    for _ in range(150):
        model.partial_fit(X, Y, classes=np.arange(5))
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.8


def test_a_warm_start_that_keeps_adam_6091():
    X, y = iris()
    settings = {"hidden_layer_sizes": [8], "shuffle": False, "random_state": 0}
    whole = MLPClassifier(**settings, max_iter=6).fit(X, y)
    half = MLPClassifier(**settings, max_iter=3, warm_start="optimizer").fit(X, y).fit(X, y)
    assert half.loss_curve_ == whole.loss_curve_
    assert_array_equal(half.coefs_[0], whole.coefs_[0])
    anew = MLPClassifier(**settings, max_iter=3, warm_start=True).fit(X, y).fit(X, y)
    assert anew.loss_curve_[:4] == whole.loss_curve_[:4]
    assert anew.loss_curve_ != whole.loss_curve_


def test_hidden_activations_8291_8574_9468():
    X, y = iris()
    model = MLPClassifier([6, 4], activation="tanh", max_iter=5, random_state=0).fit(X, y)
    first = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    last = np.tanh(first @ model.coefs_[1] + model.intercepts_[1])
    assert_allclose(model.transform(X, layer=0), first)
    assert_allclose(model.transform(X), last)
    assert_allclose(model.transform(X, layer=-2), first)
    assert list(model.get_feature_names_out()) == [f"mlpclassifier{i}" for i in range(4)]


def test_networks_without_fit_19701():
    net = mlp.MLP.from_sizes([4, 6, 3], "tanh", "softmax", "cross_entropy", seed=0)
    X, y = iris()
    model = MLPClassifier.from_network(net, ["a", "b", "c"])
    assert_array_equal(model.predict_proba(X), net.predict(X))
    assert set(model.predict(X)) <= {"a", "b", "c"}
    assert_array_equal(model.to_network().theta, net.theta)
    model.partial_fit(X, np.array(["a", "b", "c"])[y])
    assert (model.to_network().theta != net.theta).any()


@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_the_gradient_of_several_outputs_is_that_of_the_reported_loss_8349(n_outputs):
    X, y = diabetes()
    Y = np.column_stack([y * (k + 1) for k in range(n_outputs)])
    settings = {"hidden_layer_sizes": [4], "activation": "tanh", "solver": "sgd", "momentum": 0.0}
    settings |= {"batch_size": len(X), "learning_rate_init": 1e-3, "alpha": 0.1, "tol": 0.0}
    models = [
        MLPRegressor(**settings, max_iter=n, random_state=0).fit(X, Y if n_outputs > 1 else y)
        for n in (1, 2)
    ]
    before, after = (model.to_network() for model in models)
    gradient = (before.theta - after.theta) / 1e-3
    direction = np.random.default_rng(0).standard_normal(gradient.size)

    def loss(theta):
        net = before.copy()
        net.theta = theta
        penalty = 0.5 * 0.1 * sum((layer.W**2).sum() for layer in net.layers) / len(X)
        return 0.5 * np.mean(np.sum((net.predict(X) - Y) ** 2, axis=1)) + penalty

    assert_allclose(models[1].loss_curve_[1], loss(before.theta))
    h = 1e-6 * direction
    slope = (loss(before.theta + h) - loss(before.theta - h)) / 2e-6
    assert_allclose(gradient @ direction, slope, rtol=1e-6)
    assert check_gradients(before, X[:20], Y[:20])[0] < 1e-5
