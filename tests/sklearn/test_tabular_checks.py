"""scikit-learn's own checks of the estimators of tables, without expected failures."""

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import estimator_checks_generator

from mlp.sklearn import TabularClassifier, TabularRegressor

MAY_SKIP = {"check_array_api_input"}


def checks():
    for kind in (TabularClassifier, TabularRegressor):
        for model, check in estimator_checks_generator(kind("quick"), mark="skip"):
            name = getattr(check, "func", check).__name__
            yield pytest.param(model, check, id=f"{kind.__name__}-{name}")


@pytest.mark.filterwarnings(
    "ignore:Can't check dok sparse matrix",
    f"default::{SkipTestWarning.__module__}.{SkipTestWarning.__name__}",
)
@pytest.mark.parametrize(("model", "check"), list(checks()))
@pytest.mark.usefixtures("small_preset")
def test_a_check_of_scikit_learn_passes(model, check):
    try:
        check(model)
    except pytest.skip.Exception:
        raise
    except Exception as error:
        if type(error).__name__ == "SkipTest":
            assert getattr(check, "func", check).__name__ in MAY_SKIP
            pytest.skip(str(error))
        raise
