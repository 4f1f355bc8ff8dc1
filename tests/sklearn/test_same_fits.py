"""With the same seed and data, the fits are scikit-learn's own."""

import numpy as np
import pytest
import sklearn
import sklearn.neural_network
from numpy.testing import assert_allclose
from sklearn.utils.fixes import parse_version

import mlp.sklearn
from tests.sklearn.data import SETS, diabetes, iris

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:scipy.optimize. The `disp`:DeprecationWarning",  # of scikit-learn 1.6
)
BEFORE_1_7 = parse_version(sklearn.__version__) < parse_version("1.7")


def both(name, **parameters):
    modules = (sklearn.neural_network, mlp.sklearn)
    return [getattr(module, name)(random_state=3, **parameters) for module in modules]


def assert_same_weights(theirs, ours, rtol=1e-7):
    for a, b in zip(
        theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True
    ):
        assert_allclose(b, a, rtol=rtol, atol=rtol * np.abs(a).max())


@pytest.mark.parametrize("name", SETS)
def test_curves_weights_and_predictions_are_those_of_scikit_learn(name):
    kind, X, y, weight, parameters = SETS[name]()
    if BEFORE_1_7 and (weight is not None or "loss" in parameters):
        pytest.skip("scikit-learn 1.6 has neither weights nor counts")
    theirs, ours = both(kind, **parameters)
    for model in (theirs, ours):
        model.fit(X, y) if weight is None else model.fit(X, y, sample_weight=weight)
    assert ours.n_iter_ == theirs.n_iter_
    assert_allclose(ours.loss_, theirs.loss_, rtol=1e-7)
    assert_same_weights(theirs, ours)
    assert_allclose(
        *(getattr(m, "predict_proba", m.predict)(X) for m in (ours, theirs)), rtol=1e-7, atol=1e-12
    )
    assert (ours.n_layers_, ours.n_outputs_, ours.out_activation_, ours.t_) == (
        *(theirs.n_layers_, theirs.n_outputs_, theirs.out_activation_),
        theirs.t_,
    )
    if ours.solver != "lbfgs":
        assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-7)
        assert (ours.best_loss_ is None) == (theirs.best_loss_ is None)
        assert ours.validation_scores_ == theirs.validation_scores_
        assert ours.best_validation_score_ == theirs.best_validation_score_


def test_several_fits_draw_from_one_generator_as_in_scikit_learn():
    X, y = iris()
    theirs, ours = both("MLPClassifier", max_iter=3)
    for model in (theirs, ours):
        model.set_params(random_state=np.random.RandomState(0)).fit(X, y).fit(X, y)
    assert_same_weights(theirs, ours)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_and_warm_start_continue_as_in_scikit_learn(solver):
    X, y = iris()
    for theirs, ours in (
        both("MLPClassifier", solver=solver),
        both("MLPClassifier", solver=solver, warm_start=True, max_iter=4),
    ):
        for model in (theirs, ours):
            for start in (0, 50, 100, 0):
                if model.warm_start:
                    model.fit(X, y)
                else:
                    model.partial_fit(X[start:], y[start:], classes=[0, 1, 2])
        assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-7)
        assert_same_weights(theirs, ours)


def test_float32_stays_float32_with_the_same_numbers_but_for_rounding():
    X, y = diabetes()
    theirs, ours = both("MLPRegressor", max_iter=5)
    for model in (theirs, ours):
        model.fit(X.astype(np.float32), y)
    assert ours.predict(X).dtype == np.float32
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_defaults_and_the_order_of_parameters_are_those_of_scikit_learn(kind):
    theirs, ours = both(kind)
    known = theirs.get_params()
    assert {name: ours.get_params()[name] for name in known} == known
    if not BEFORE_1_7:
        modules = (sklearn.neural_network, mlp.sklearn)
        assert len({getattr(m, kind)("mse", (3,)).get_params()["activation"] for m in modules}) == 1


@pytest.mark.parametrize("verbose", ["early_stopping", "adaptive", "constant"])
def test_what_is_printed_is_what_scikit_learn_prints(verbose, capsys):
    X, y = iris()
    parameters = {"early_stopping": {"early_stopping": True}, "constant": {}}.get(verbose)
    if parameters is None:
        parameters = {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.5}
    printed = []
    for model in both(
        "MLPClassifier", verbose=True, tol=parameters.pop("tol", 0.1), max_iter=60, **parameters
    ):
        model.fit(X, y)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "did not improve" in printed[0]
