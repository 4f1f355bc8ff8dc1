"""Replacements for scikit-learn's `MLPClassifier` and `MLPRegressor`.

Requires scikit-learn 1.6 or later and SciPy (``pip install 'mlp[sklearn]'``).

>>> from mlp.sklearn import MLPClassifier
>>> from sklearn.datasets import load_iris
>>> X, y = load_iris(return_X_y=True)
>>> MLPClassifier([16], solver="lbfgs", random_state=0).fit(X, y).score(X, y) > 0.95
True
"""

from mlp.sklearn.classifier import MLPClassifier
from mlp.sklearn.regressor import MLPRegressor
from mlp.sklearn.tabular import TabularClassifier, TabularRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor"]


def __dir__() -> list[str]:
    return __all__
