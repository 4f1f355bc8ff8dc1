"""The preset for tables as estimators: frames with words and gaps, without settings."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils import check_array, check_random_state, column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_is_fitted,
    validate_data,
)

from mlp.studies.tabular import EFFORTS, TabularModel, tabular
from mlp.studies.tabular.fitting import LEAST_ROWS
from mlp.studies.tabular.reading import categories_of, columns_of, is_frame
from mlp.tables.frame import as_text

_MOST_REPEATED = 10  # times as many rows as there are


class TabularEstimator(BaseEstimator):
    """The base of the estimators: `mlp.tabular` with the interface of scikit-learn.

    Parameters
    ----------
    effort : {"quick", "normal", "best"}
    random_state : int, RandomState or None
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "effort": [StrOptions(set(EFFORTS))],
        "random_state": ["random_state"],
    }
    model_: TabularModel

    def __init__(self, effort: str = "normal", *, random_state: Any = None) -> None:
        self.effort, self.random_state = effort, random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the ensemble.

        Parameters
        ----------
        X : DataFrame or array_like (n, n_features)
            Numbers, words, dates and gaps, as for `mlp.tabular`.
        y : array_like (n,)
            The targets.
        sample_weight : array_like (n,), optional
            The weights of the rows; a row of weight 0 is left out. Whole numbers repeat rows, if
            these become at most ten times as many, others are factors of the rows' losses.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter does not fit; see `mlp.tabular`.
        """
        X, checked = self._check_data(X, y)
        columns, targets = _arrays(X), self._learn_targets(checked)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, checked, ensure_non_negative=True)
        rows = _sorted_rows([*columns.values(), targets])
        if weight is not None:
            counts = np.rint(weight)
            is_whole = (counts == weight).all() and weight.sum() <= _MOST_REPEATED * len(rows)
            if is_whole:
                rows, weight = np.repeat(rows, counts[rows].astype(np.intp)), None
            else:
                rows = rows[weight[rows] > 0]
                weight = weight[rows] / weight[rows].mean()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.model_ = tabular(
            ({name: column[rows] for name, column in columns.items()}, targets[rows]),
            task=self._task,
            text=categories_of(X) if is_frame(X) else (),
            effort=self.effort,
            seed=seed,
            sample_weight=weight,
        )
        return self

    _task: ClassVar[str]

    def _check_data(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return checked inputs and targets; frames are kept as they are."""
        if is_frame(X):
            validate_data(self, X, skip_check_array=True)
        else:
            X = validate_data(
                self,
                X,
                dtype=None,
                ensure_all_finite="allow-nan",
                ensure_min_samples=LEAST_ROWS,
            )
        if y is None:
            name = type(self).__name__
            raise ValueError(f"{name} requires y to be passed, but the target y is None")
        if _num_samples(X) != _num_samples(y):
            raise ValueError(
                f"y: received {_num_samples(y)} rows, expected {_num_samples(X)} as in X"
            )
        y = check_array(y, dtype=None, ensure_2d=False, input_name="y")
        return X, column_or_1d(y, warn=True)

    @abstractmethod
    def _learn_targets(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the targets as `mlp.tabular` takes them."""

    def _checked(self, X: Any) -> dict[str, NDArray[Any]]:
        """Return the columns of the rows to predict."""
        check_is_fitted(self)
        if is_frame(X):
            validate_data(self, X, skip_check_array=True, reset=False)
        else:
            X = validate_data(self, X, dtype=None, ensure_all_finite="allow-nan", reset=False)
        return _arrays(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class TabularClassifier(ClassifierMixin, TabularEstimator):
    """A classifier of tables that needs no tuning: `mlp.tabular` as an estimator.

    Parameters
    ----------
    effort : {"quick", "normal", "best"}
        How much time is spent: the number and size of the networks and of the epochs.
    random_state : int, RandomState or None
        Draws the folds, the first weights and the order of the rows.

    Attributes
    ----------
    model_ : TabularModel
        The model, with its `summary`; its classes are numbered as in `classes_`.
    classes_ : ndarray (n_classes,)
        The classes.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of str
        Their names, if X was a frame.

    Notes
    -----
    The order of the rows does not matter.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> TabularClassifier("quick", random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """

    _task = "classify"

    def _learn_targets(self, y: NDArray[Any]) -> NDArray[Any]:
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        return codes

    def predict_proba(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return the probability of each of `classes_`, ``(n, n_classes)``.

        Parameters
        ----------
        X : DataFrame or array_like (n, n_features)
            The rows.

        Raises
        ------
        ValueError
            If X does not fit.
        NotFittedError
            If the estimator has not been fitted.
        """
        columns = self._checked(X)
        known = [int(name) for name in self.model_.classes or ()]
        probabilities = np.zeros((len(next(iter(columns.values()))), len(self.classes_)))
        probabilities[:, known] = self.model_.predict_proba(columns)
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row; parameters and errors of `predict_proba`."""
        found: NDArray[Any] = self.predict_proba(X).argmax(axis=1)
        classes: NDArray[Any] = self.classes_[found]
        return classes


class TabularRegressor(RegressorMixin, TabularEstimator):
    """A regressor of tables that needs no tuning: `mlp.tabular` as an estimator.

    Parameters
    ----------
    effort : {"quick", "normal", "best"}
        How much time is spent: the number and size of the networks and of the epochs.
    random_state : int, RandomState or None
        Draws the folds, the first weights and the order of the rows.

    Attributes
    ----------
    model_ : TabularModel
        The model, with its `summary`.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of str
        Their names, if X was a frame.

    Notes
    -----
    The order of the rows does not matter. Predictions stay within the range of the targets.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> TabularRegressor("quick", random_state=0).fit(X, y).score(X, y) > 0.4
    True
    """

    _task = "regress"

    def _learn_targets(self, y: NDArray[Any]) -> NDArray[Any]:
        numbers: NDArray[Any] = check_array(y, dtype=np.float64, ensure_2d=False)
        return numbers

    def predict(self, X: Any) -> NDArray[np.floating[Any]]:
        """Return the numbers ``(n,)``.

        Parameters
        ----------
        X : DataFrame or array_like (n, n_features)
            The rows.

        Raises
        ------
        ValueError
            If X does not fit.
        NotFittedError
            If the estimator has not been fitted.
        """
        columns = self._checked(X)
        return self.model_.predict(columns)


def _arrays(X: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of checked inputs as arrays."""
    return {
        name: np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
        for name, column in columns_of(X).items()
    }


def _sorted_rows(columns: list[NDArray[Any]]) -> NDArray[np.intp]:
    """Return the rows in an order that only their contents decide."""
    keys = [
        np.unique(np.array([*map(as_text, column.tolist())]), return_inverse=True)[1]
        for column in columns
    ]
    return np.lexsort(keys)
