"""scikit-learn's own checks of estimators, without expected failures."""

import pytest
from sklearn.exceptions import ConvergenceWarning, SkipTestWarning
from sklearn.utils.estimator_checks import estimator_checks_generator

from mlp.sklearn import MLPClassifier, MLPRegressor

MAY_SKIP = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}


def checks():
    for kind in (MLPClassifier, MLPRegressor):
        for model, check in estimator_checks_generator(kind(max_iter=100), mark="skip"):
            name = getattr(check, "func", check).__name__
            yield pytest.param(model, check, id=f"{kind.__name__}-{name}")


@pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}",
    "ignore:Can't check dok sparse matrix",
    f"default::{SkipTestWarning.__module__}.{SkipTestWarning.__name__}",
)
@pytest.mark.parametrize(("model", "check"), list(checks()))
def test_a_check_of_scikit_learn_passes(model, check):
    name = getattr(check, "func", check).__name__
    try:
        check(model)
    except pytest.skip.Exception:
        raise
    except Exception as error:
        if type(error).__name__ == "SkipTest":
            assert name in MAY_SKIP
            pytest.skip(str(error))
        raise
