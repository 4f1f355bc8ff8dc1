"""The split of rows; test_dataset.py has more on the split by class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp.datasets import Dataset, split_rows


@given(n=st.integers(2, 200), fraction=st.floats(0.01, 0.99), seed=st.integers(0, 2**32))
def test_every_row_is_in_one_part_and_the_fraction_is_held_out(n, fraction, seed):
    training, held_out = split_rows(n, fraction, seed)
    assert sorted([*training, *held_out]) == list(range(n))
    assert (np.diff(training) > 0).all()
    assert (np.diff(held_out) > 0).all()
    assert len(held_out) == min(max(round(fraction * n), 1), n - 1)


def test_a_data_set_is_split_in_the_same_way():
    y = np.repeat([0, 1, 2], [10, 20, 30])
    data = Dataset(np.arange(60.0)[:, None], y, "numbered", 3)
    parts = split_rows(60, 0.3, 5, y)
    for rows, part in zip(parts, data.split(0.3, 5), strict=True):
        assert part.X[:, 0].tolist() == rows.tolist()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "n: received 0, expected a whole number >= 1"),
        ((1,), ValueError, "received one row, expected two or more"),
        ((4, 0.0), ValueError, "fraction"),
        ((4, 1.0), ValueError, "fraction"),
        ((4, "half"), TypeError, "fraction"),
        ((4, 0.5, -1), ValueError, "seed"),
        ((4, 0.5, 0, np.array([0, 1])), ValueError, r"labels: received shape \(2,\), expected 4"),
        ((2, 0.5, 0, np.array([0.0, 1.0])), ValueError, "expected 2 integers"),
        ((3, 0.5, 0, np.array([0, 1, 1])), ValueError, "received one sample of class 0"),
    ],
)
def test_bad_arguments_are_rejected(arguments, error, message):
    with pytest.raises(error, match=message):
        split_rows(*arguments)
