"""What is rejected, by whom, and in which words."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

import mlp
from mlp.sklearn import MLPClassifier, MLPRegressor
from tests.sklearn.data import diabetes, iris


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 1.0},
        {"dropout": "half"},
        {"normalization": "group"},
        {"optimizer": "adamm"},
        {"optimizer": mlp.Adam},
        {"clip_norm": 0.0},
        {"callbacks": 3},
        {"dtype": "float16"},
        {"loss": "hinge"},
        {"activation": "rlu"},
        {"metric": 3},
        {"class_weight": "even"},
        {"warm_start": "weights"},
        {"solver": "newton"},
        {"alpha": -1.0},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_rejected_by_fit_with_its_name(params):
    model = MLPClassifier(**params)
    with pytest.raises(InvalidParameterError, match=f"'{next(iter(params))}' parameter of"):
        model.fit(*iris())
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"activation": ["relu", "tanh"]}, "activation: received 2 activations, expected 1"),
        ({"activation": ["rlu"]}, "activation: received 'rlu'"),
        ({"callbacks": ["stop"]}, "callbacks: received 'stop' at 0, expected a Callback"),
        ({"metric": "acc", "early_stopping": True}, "metric: received 'acc'"),
        ({"metric": len, "early_stopping": True}, "metric: received .*higher_is_better"),
        ({"solver": "lbfgs", "dropout": 0.1}, "dropout: received with solver='lbfgs'"),
        ({"solver": "lbfgs", "normalization": "batch"}, "normalization: received with"),
        ({"solver": "lbfgs", "clip_norm": 1.0}, "clip_norm: received with"),
        ({"solver": "lbfgs", "callbacks": [mlp.ProgressBar()]}, "callbacks: received with"),
        ({"hidden_layer_sizes": [4, 0]}, "hidden_layer_sizes must be > 0"),
        ({"normalization": "batch", "batch_size": 149}, "batch_size: received 149"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_parameters_that_do_not_fit_are_rejected(params, message):
    with pytest.raises((TypeError, ValueError), match=message):
        MLPClassifier(**{"hidden_layer_sizes": [4], "max_iter": 2} | params).fit(*iris())


def test_cross_entropy_for_one_logistic_output_is_rejected():
    X, y = iris()
    with pytest.raises(ValueError, match="loss: received 'cross_entropy' for binary targets"):
        MLPClassifier(loss="cross_entropy").fit(X, y > 0)


def test_half_of_the_validation_data_is_rejected():
    X, y = iris()
    with pytest.raises(ValueError, match="X_val, y_val: received one of them"):
        MLPClassifier().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="`y` has classes not in `self.classes_`"):
        MLPClassifier().fit(X, y, X_val=X, y_val=y + 1)
    with pytest.raises(ValueError, match="features"):
        MLPClassifier().fit(X, y, X_val=X[:, :2], y_val=y)


def test_balanced_weights_cannot_be_known_by_partial_fit():
    X, y = iris()
    with pytest.raises(ValueError, match="class_weight: received 'balanced' in partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


def test_a_batch_without_weight_is_rejected_with_the_exception_of_scikit_learn():
    X, y = diabetes()
    weight = np.ones(len(y))
    weight[:300] = 0.0
    model = MLPRegressor(batch_size=20, shuffle=False)
    with pytest.raises(ZeroDivisionError, match="batch of weights that sum to zero"):
        model.fit(X, y, sample_weight=weight)
    for solver in ("adam", "lbfgs"):
        with pytest.raises((ValueError, ZeroDivisionError), match="sum to zero|non-zero number"):
            model.set_params(solver=solver).fit(X, y, sample_weight=0.0 * weight)


def test_negative_counts_are_rejected():
    X, y = diabetes()
    with pytest.raises(ValueError, match="y: received -"):
        MLPRegressor("poisson", max_iter=2).fit(X, y - 3)


def test_divergence_is_an_error_that_says_where():
    X, y = diabetes()
    model = MLPRegressor(solver="sgd", learning_rate_init=1e3, random_state=0)
    with pytest.raises(ValueError, match="non-finite parameter weights.*diverged in epoch"):
        model.fit(X, y * 1e3)
    assert all(np.isfinite(W).all() for W in model.coefs_)


def test_divergence_under_early_stopping_returns_to_the_best_weights():
    X, y = diabetes()
    model = MLPRegressor(solver="sgd", learning_rate_init=1e3, random_state=0, early_stopping=True)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y * 1e3)
    assert np.isnan(model.validation_scores_[-1])
    assert np.isfinite(model.predict(X)).all()


def test_ctrl_c_ends_a_fit_with_a_warning_and_keeps_the_weights():
    def press(trainer):
        trainer._run.interrupt.requested = True

    X, y = iris()
    model = MLPClassifier([4], callbacks=[mlp.LambdaCallback(on_batch_end=press)])
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.predict(X).shape == (150,)


def test_the_warnings_are_those_of_scikit_learn():
    X, y = iris()
    with pytest.warns(ConvergenceWarning, match="Stochastic Optimizer: Maximum iterations .2."):
        MLPClassifier([4], max_iter=2).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        MLPClassifier([4], max_iter=2, solver="lbfgs").fit(X, y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier([4], max_iter=2, batch_size=500).fit(X, y[:, None])
    text = " ".join(str(w.message) for w in caught)
    assert "It is going to be clipped" in text
    assert "A column-vector y was passed" in text
    assert {w.filename for w in caught if "Maximum" in str(w.message)} == {__file__}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_may_change_how_it_is_fitted():
    X, y = iris()
    model = MLPClassifier([8], solver="lbfgs", warm_start=True, max_iter=9, random_state=0)
    before = model.fit(X, y).score(X, y)
    model.set_params(solver="adam").fit(X, y)
    assert len(model.loss_curve_) == 9
    model.set_params(early_stopping=True).fit(X, y)
    assert len(model.validation_scores_) == 9
    assert model.score(X, y) > before - 0.1


def test_callbacks_of_this_package_see_the_run():
    X, y = iris()
    seen = []
    show = mlp.LambdaCallback(on_epoch_end=lambda trainer: seen.append(trainer.history["loss"][-1]))
    stopping = mlp.EarlyStopping("val_loss", patience=3)
    model = MLPClassifier([8], max_iter=500, callbacks=[show, stopping], random_state=0)
    model.set_params(learning_rate_init=0.05, tol=0.0)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert seen == model.loss_curve_
    assert stopping.best == min(model.validation_loss_curve_)
    assert model.n_iter_ == stopping.stopped_epoch < 500


def test_a_clipped_gradient_and_an_optimizer_of_this_package():
    X, y = iris()
    rmsprop = mlp.RMSprop(0.01)
    settings = {"hidden_layer_sizes": [8], "random_state": 0, "max_iter": 40}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier(optimizer=rmsprop, clip_norm=0.5, **settings).fit(X, y)
        by_name = MLPClassifier(
            optimizer="rmsprop", learning_rate_init=0.01, clip_norm=0.5, **settings
        ).fit(X, y)
    assert rmsprop.steps == 0
    assert model.loss_curve_ == by_name.loss_curve_
    assert model.loss_ < 0.6 * model.loss_curve_[0]
