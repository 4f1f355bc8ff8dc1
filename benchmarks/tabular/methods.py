"""The methods: each is trained on the same rows and predicts the same rows, on one thread.

A method is a function of a table's training rows, its test rows, whether the target is classes, and
a seed. It returns probabilities `(n, n_classes)` or numbers `(n,)`.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Method = Callable[[pd.DataFrame, np.ndarray, pd.DataFrame, bool, int], np.ndarray]


def _answer(estimator: Any, X: pd.DataFrame, is_classes: bool) -> np.ndarray:
    found = estimator.predict_proba(X) if is_classes else estimator.predict(X)
    return np.asarray(found, dtype=np.float64)


def _encoded(X: pd.DataFrame) -> ColumnTransformer:
    """Return scikit-learn's usual preparation: gaps filled and marked, words as 0 and 1, scaled."""
    words = X.select_dtypes("category").columns
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    encoder = OneHotEncoder(handle_unknown="ignore", drop="if_binary", sparse_output=False)
    return ColumnTransformer(
        [("numbers", numbers, X.columns.difference(words, sort=False)), ("words", encoder, words)]
    )


def sklearn_mlp(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, is_classes: bool, seed: int):
    """scikit-learn's MLP with its defaults: 100 units, Adam at 0.001, at most 200 epochs."""
    network = (MLPClassifier if is_classes else MLPRegressor)(random_state=seed)
    model = make_pipeline(_encoded(X), network)
    if not is_classes:
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return _answer(model.fit(X, y), X_test, is_classes)


def linear(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, is_classes: bool, seed: int):
    """Logistic regression with its defaults, or ridge regression with cross-validation."""
    model = LogisticRegression(max_iter=1000) if is_classes else RidgeCV(np.logspace(-3, 3, 13))
    return _answer(make_pipeline(_encoded(X), model).fit(X, y), X_test, is_classes)


def boosting(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, is_classes: bool, seed: int):
    """HistGradientBoosting with its defaults, categories and gaps as they are."""
    kind = HistGradientBoostingClassifier if is_classes else HistGradientBoostingRegressor
    model = kind(categorical_features="from_dtype", random_state=seed)
    return _answer(model.fit(X, y), X_test, is_classes)


def realmlp_td_s(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, is_classes: bool, seed: int):
    """RealMLP-TD-S of `pytabkit`, in PyTorch, gaps filled as for scikit-learn's MLP."""
    from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    filled, filled_test = _filled(X, X_test)
    kind = RealMLP_TD_S_Classifier if is_classes else RealMLP_TD_S_Regressor
    with tempfile.TemporaryDirectory() as folder:
        model = kind(device="cpu", random_state=seed, n_threads=1, tmp_folder=folder)
        model.fit(filled, y if is_classes else y.astype(np.float32))
        return _answer(model, filled_test, is_classes)


def _filled(X: pd.DataFrame, X_test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return numbers with gaps filled and marked, and words with a word for gaps."""
    words = X.select_dtypes("category").columns
    numbers = X.columns.difference(words, sort=False)
    answers = [frame[words].astype(object).fillna("(gap)").astype("str") for frame in (X, X_test)]
    if len(numbers):
        imputer = SimpleImputer(strategy="median", add_indicator=True).set_output(
            transform="pandas"
        )
        found = imputer.fit_transform(X[numbers]), imputer.transform(X_test[numbers])
        answers = [pd.concat(pair, axis=1) for pair in zip(found, answers, strict=True)]
    return answers[0], answers[1]


def mlp_tabular(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, is_classes: bool, seed: int):
    """The preset of this package with its defaults, words and gaps as they are."""
    from mlp.sklearn import TabularClassifier, TabularRegressor

    words = X.select_dtypes("category").columns
    frames = [
        frame.assign(**{name: frame[name].astype(object) for name in words})
        for frame in (X, X_test)
    ]
    kind = TabularClassifier if is_classes else TabularRegressor
    return _answer(kind(random_state=seed).fit(frames[0], y), frames[1], is_classes)


METHODS: dict[str, Method] = {
    "mlp": mlp_tabular,
    "linear": linear,
    "boosting": boosting,
    "sklearn_mlp": sklearn_mlp,
    "realmlp_td_s": realmlp_td_s,
}
LABELS = {
    "mlp": "mlp",
    "linear": "logistic or ridge regression",
    "boosting": "HistGradientBoosting",
    "sklearn_mlp": "scikit-learn's MLP",
    "realmlp_td_s": "RealMLP-TD-S",
}


def quiet() -> None:
    """Say nothing of epochs that may not be enough, and of the progress of others."""
    warnings.simplefilter("ignore")
