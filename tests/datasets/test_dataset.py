"""Dataset: its checks, and the split class by class."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp.datasets import Dataset, load_digits, spirals, xor


def numbered(counts):
    """Make a Dataset with `counts[label]` rows of each label, interleaved; row i holds i."""
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    return Dataset(np.arange(len(y), dtype=float)[:, np.newaxis], y, "numbered", len(counts))


@given(
    counts=st.lists(st.integers(2, 30), min_size=1, max_size=5),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
def test_every_row_is_in_one_part_with_its_label_and_in_order(counts, fraction, seed):
    data = numbered(counts)
    rows = [part.X[:, 0].astype(int) for part in data.split(fraction, seed)]
    assert sorted(np.concatenate(rows)) == list(range(len(data.y)))
    for part, kept in zip(data.split(fraction, seed), rows, strict=True):
        np.testing.assert_array_equal(part.y, data.y[kept])
        assert (np.diff(kept) > 0).all()


@given(counts=st.lists(st.integers(2, 30), min_size=1, max_size=5), fraction=st.floats(0.01, 0.99))
def test_a_split_holds_out_its_fraction_of_every_class(counts, fraction):
    train, held_out = numbered(counts).split(fraction)
    n_held_out = np.bincount(held_out.y, minlength=len(counts))
    assert (abs(n_held_out - fraction * np.array(counts)) <= 1).all()
    assert (n_held_out >= 1).all()
    assert (np.bincount(train.y, minlength=len(counts)) >= 1).all()


def test_the_digits_split_into_the_same_parts_every_time():
    first, again, other = (load_digits().split(0.2, seed=seed)[1] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.X, again.X)
    assert not np.array_equal(first.X, other.X)
    assert np.bincount(first.y).tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]


def test_a_split_keeps_names_and_description():
    data = spirals(10)
    for part in data.split():
        assert (part.name, part.n_classes) == (data.name, data.n_classes)
        assert (part.feature_names, part.description) == (data.feature_names, data.description)


def test_writing_to_a_part_leaves_the_whole_alone():
    data = xor()
    train, held_out = data.split(0.5)
    train.X[:], held_out.X[:] = 7, 7
    np.testing.assert_array_equal(data.X, xor().X)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_fraction_must_leave_something_on_both_sides(fraction):
    with pytest.raises(ValueError, match=r"^fraction: received .*, expected a number between 0 a"):
        xor().split(fraction)


def test_a_class_of_one_sample_cannot_be_split():
    with pytest.raises(ValueError, match="^y: received one sample of class 1, expected two or mo"):
        numbered([5, 1]).split()


def test_a_dataset_unpacks_into_its_samples_and_labels():
    data = xor()
    X, y = data
    assert X is data.X
    assert y is data.y


def test_false_and_true_are_the_classes_0_and_1():
    y = np.array([False, True, True, False])
    data = Dataset(np.zeros((4, 1)), y, "yes or no", n_classes=2)
    assert data.y.dtype == np.intp
    assert data.y.tolist() == [0, 1, 1, 0]
    assert y.dtype == np.bool_


def test_boolean_labels_are_checked_like_integers():
    with pytest.raises(ValueError, match=r"^y: received shape \(3, 1\), expected a 1-D"):
        Dataset(np.zeros((3, 1)), np.ones((3, 1), bool), "yes or no", n_classes=2)
    with pytest.raises(ValueError, match="^y: received labels from 1 to 1, expected 0 to 0$"):
        Dataset(np.zeros((3, 1)), np.ones(3, bool), "yes or no", n_classes=1)


def test_a_dataset_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        xor().name = "or"


def test_a_dataset_shows_its_shape_and_not_its_numbers():
    assert repr(load_digits(dtype="float32")) == (
        "Dataset('digits', X=(1797, 64) float32, n_classes=10)"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros(2)}, "X: received shape (2,), expected a 2-D array of floats"),
        ({"X": np.zeros((2, 0))}, "X: received shape (2, 0), expected at least one value"),
        ({"X": np.array([[0.0], [np.nan]])}, "X: received NaN or infinity, expected finite values"),
        ({"X": np.zeros((3, 1))}, "y: received shape (2,), expected (3,)"),
        (
            {"y": np.zeros((2, 1), int)},
            "y: received shape (2, 1), expected a 1-D array of integers",
        ),
        ({"y": np.array([0, 2])}, "y: received labels from 0 to 2, expected 0 to 1"),
        ({"y": np.array([-1, 0])}, "y: received labels from -1 to 0, expected 0 to 1"),
        ({"n_classes": 0}, "n_classes: received 0, expected a whole number >= 1"),
        ({"feature_names": ("a", "b")}, "feature_names: received 2 names, expected 1"),
    ],
)
def test_a_dataset_of_bad_values_is_rejected(change, message):
    good = {"X": np.zeros((2, 1)), "y": np.array([0, 1]), "name": "two", "n_classes": 2}
    with pytest.raises(ValueError, match="received") as error:
        Dataset(**(good | change))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": [[0.0], [1.0]]}, "X: received list, expected a 2-D array of floats"),
        ({"X": np.zeros((2, 1), int)}, "X: received dtype int64, expected a 2-D array of floats"),
        ({"y": np.zeros(2)}, "y: received dtype float64, expected a 1-D array of integers"),
    ],
)
def test_a_dataset_of_other_types_is_rejected(change, message):
    good = {"X": np.zeros((2, 1)), "y": np.array([0, 1]), "name": "two", "n_classes": 2}
    with pytest.raises(TypeError, match="received") as error:
        Dataset(**(good | change))
    assert str(error.value) == message
