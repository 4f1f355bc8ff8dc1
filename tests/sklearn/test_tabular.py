"""The estimators of tables: frames with words and gaps, weights, copies."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from mlp.sklearn import TabularClassifier, TabularRegressor
from tests.studies.tabular.test_tabular import PEOPLE

pytestmark = pytest.mark.usefixtures("small_preset")
X = PEOPLE.drop(columns=["buys", "spends"])


def test_a_frame_with_words_and_gaps_goes_in():
    model = TabularClassifier("quick", random_state=0).fit(X, PEOPLE["buys"])
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.n_features_in_ == 7
    assert model.feature_names_in_.tolist() == list(X.columns)
    found = model.predict_proba(X)
    assert (model.predict(X) == model.classes_[found.argmax(axis=1)]).all()
    assert "left out: 'name'" in model.model_.summary()
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[X.columns[::-1]])


@pytest.mark.parametrize("classes", [[3, 10], [-1.0, 2.0], ["a", "b"], [False, True]])
def test_classes_keep_their_kind_and_order(classes):
    y = np.array(classes)[(PEOPLE["buys"] == "yes").to_numpy() * 1]
    model = TabularClassifier("quick", random_state=0).fit(X, y)
    assert model.classes_.tolist() == classes
    assert model.classes_.dtype == model.predict(X).dtype == y.dtype


def test_more_than_ten_classes_are_in_order():
    y = np.arange(60) % 12
    found = TabularClassifier("quick", random_state=0).fit(X, y).predict_proba(X)
    assert found.shape == (60, 12)


def test_a_regressor_is_cloned_pickled_and_scored():
    model = TabularRegressor("quick", random_state=3)
    assert clone(model).get_params() == {"effort": "quick", "random_state": 3}
    y = PEOPLE["spends"]
    fitted = pickle.loads(pickle.dumps(model.fit(X, y)))  # noqa: S301
    assert np.array_equal(fitted.predict(X), model.predict(X))
    assert len(cross_val_score(model, X, y, cv=2)) == 2


def test_the_order_of_the_rows_does_not_matter():
    order = np.random.default_rng(0).permutation(60)
    fits = [
        TabularRegressor("quick", random_state=0).fit(X.iloc[rows], PEOPLE["spends"].iloc[rows])
        for rows in (np.arange(60), order)
    ]
    assert np.array_equal(fits[0].predict(X), fits[1].predict(X))


def test_fractional_weights_are_factors_and_whole_ones_repeat_rows():
    y = np.arange(60) % 2 * 1.0
    weight = 0.55 + 4 * y
    heavy = TabularRegressor("quick", random_state=0).fit(X, y, sample_weight=weight)
    light = TabularRegressor("quick", random_state=0).fit(X, y, sample_weight=5.1 - weight)
    assert light.predict(X).mean() + 0.1 < heavy.predict(X).mean()
    twice = TabularRegressor("quick", random_state=0).fit(X, y, sample_weight=np.full(60, 2))
    repeated = pd.concat([X, X])
    again = TabularRegressor("quick", random_state=0).fit(repeated, np.r_[y, y])
    assert np.array_equal(twice.predict(X), again.predict(X))


def test_bad_data_are_rejected():
    with pytest.raises(ValueError, match="y: received 59 rows, expected 60"):
        TabularRegressor().fit(X, PEOPLE["spends"][:59])
    with pytest.raises(ValueError, match="effort"):
        TabularRegressor("much").fit(X, PEOPLE["spends"])
    with pytest.raises(ValueError, match="at least one non-zero"):
        TabularRegressor().fit(X, PEOPLE["spends"], sample_weight=np.zeros(60))
