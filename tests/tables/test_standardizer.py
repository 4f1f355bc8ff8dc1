"""Standardizer: compared with NumPy, and with numbers at their limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mlp.tables import Standardizer

numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@given(arrays(float, st.tuples(st.integers(1, 20), st.integers(1, 4)), elements=numbers))
def test_mean_and_scale_are_numpys_and_inverse_undoes_transform(X):
    standardizer = Standardizer.fit(X)
    np.testing.assert_allclose(standardizer.mean, X.mean(axis=0), rtol=1e-12, atol=1e-9)
    varies = np.ptp(X, axis=0) > 0
    np.testing.assert_allclose(standardizer.scale[varies], X.std(axis=0)[varies], rtol=1e-9)
    assert (standardizer.scale[~varies] == 1).all()
    np.testing.assert_allclose(
        standardizer.inverse(standardizer.transform(X)), X, rtol=1e-12, atol=1e-9
    )


def test_a_column_that_is_constant_up_to_rounding_is_not_blown_up():
    X = np.full((1001, 1), 0.1)
    assert X.std() > 0  # what a naive scale would divide by
    assert Standardizer.fit(X).transform([[0.2]])[0, 0] == pytest.approx(0.1)


def test_a_small_change_of_a_large_number_counts():
    X = 1.7e9 + np.arange(1000.0)[:, None] / 1000
    assert Standardizer.fit(X).transform(X).std() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_squares_of_extreme_numbers_neither_overflow_nor_vanish(size):
    X = size * np.array([[-1.0], [1.0], [3.0]])
    np.testing.assert_allclose(
        Standardizer.fit(X).transform(X), Standardizer.fit(X / size).transform(X / size)
    )


def test_missing_numbers_are_ignored():
    standardizer = Standardizer.fit([[1.0, np.nan], [3.0, 5.0], [np.nan, 7.0]])
    assert standardizer.mean.tolist() == [2, 6]
    assert standardizer.scale.tolist() == [1, 1]


def test_integers_and_booleans_are_numbers():
    assert Standardizer.fit(np.array([[0], [2]], np.uint8)).mean.tolist() == [1]
    assert Standardizer.fit(np.array([[False], [True]])).scale.tolist() == [0.5]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([1.0, 2.0], r"received shape \(2,\), expected \(n, n_columns\)"),
        ([["a"]], "received dtype <U1, expected real numbers"),
        ([[1.0, np.nan]], "received no number in column 1"),
        (np.empty((0, 1)), "received no number in column 0"),
        ([[1.0], [np.inf]], "received infinity in column 0"),
    ],
)
def test_data_without_a_finite_mean_are_rejected(X, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Standardizer.fit(X)


@pytest.mark.parametrize("X", [np.ones((3, 1)), np.ones(2), np.ones((1, 2, 2)), 1.0])
@pytest.mark.parametrize("method", ["transform", "inverse"])
def test_other_columns_are_not_broadcast(method, X):
    with pytest.raises(ValueError, match=r"expected \(n, 2\)"):
        getattr(Standardizer([0.0, 0.0], [1.0, 1.0]), method)(X)


@pytest.mark.parametrize(
    ("mean", "scale", "message"),
    [
        ([0.0], [0.0], "scale: received 0, expected numbers > 0"),
        ([0.0], [-1.0], "scale: received -1, expected numbers > 0"),
        ([0.0], [np.nan], r"scale: received nan at \[0\], expected finite"),
        ([np.inf], [1.0], r"mean: received inf at \[0\], expected finite"),
        ([0.0, 1.0], [1.0], r"scale: received shape \(1,\), expected \(2,\)"),
        ([[0.0]], [[1.0]], r"mean: received shape \(1, 1\), expected \(n_columns,\)"),
    ],
)
def test_invalid_moments_are_rejected(mean, scale, message):
    with pytest.raises(ValueError, match=message):
        Standardizer(mean, scale)


def test_what_overflows_becomes_infinite():
    standardizer = Standardizer([0.0], [0.5])
    assert standardizer.transform([[1e308]]).tolist() == [[np.inf]]
    assert Standardizer([0.0], [10.0]).inverse([[-1e308]]).tolist() == [[-np.inf]]
