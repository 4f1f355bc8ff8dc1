"""Targets are encoded for training, and outputs decoded to predictions."""

import numpy as np
import pytest

from mlp.tables import ClassTarget, Labels, NumberTarget, Standardizer, Table, Words

SICK = Words(np.array([0, 1, -1, 0]), ["yes", "no"])
AGE, SIZE = np.array([30.0, 50.0, np.nan, 40.0]), np.array([1.0, 2.0, 3.0, 4.0])
TABLE = Table({"sick": SICK, "age": AGE, "size": SIZE}, "t.csv", np.array([2, 3, 5, 6]))
KNOWN = np.array([0, 1, 3])
sick = ClassTarget("sick", Labels(["no", "yes"]))
numbers = NumberTarget(["age", "size"], Standardizer([40.0, 0.0], [10.0, 2.0]))


def test_words_become_class_numbers():
    assert sick.encode(TABLE, KNOWN).tolist() == [1, 0, 1]
    assert sick.is_known(TABLE).tolist() == [True, True, False, True]


def test_the_class_is_that_of_the_largest_output_or_whether_a_single_one_is_above_a_half():
    assert sick.decode(np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]])) == ["no", "yes", "no"]
    assert sick.decode(np.array([[0.1], [0.6], [0.5]])) == ["no", "yes", "no"]


def test_one_output_gives_the_probabilities_of_two_classes():
    assert sick.probabilities(np.array([[0.25]])).tolist() == [[0.75, 0.25]]
    assert sick.probabilities(np.array([[0.75, 0.25]])).tolist() == [[0.75, 0.25]]


def test_numbers_are_standardized_and_restored():
    assert numbers.encode(TABLE, KNOWN).tolist() == [[-1, 0.5], [1, 1], [0, 2]]
    assert numbers.truth(TABLE, KNOWN).tolist() == [[30, 1], [50, 2], [40, 4]]
    np.testing.assert_allclose(
        numbers.decode(numbers.encode(TABLE, KNOWN)), numbers.truth(TABLE, KNOWN)
    )
    assert numbers.is_known(TABLE).tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (sick, "column 'sick': received a missing value, expected one of 'no', 'yes'"),
        (numbers, "column 'age': received no finite"),
    ],
)
@pytest.mark.parametrize("rows", [slice(None), np.array([3, 2])])
def test_a_missing_target_is_rejected_with_line_and_column(target, message, rows):
    with pytest.raises(ValueError, match=f"t.csv: line 5, {message}"):
        target.encode(TABLE, rows)


def test_a_class_unknown_in_training_is_rejected():
    other = Table({"sick": Words(np.array([0, 1]), ["no", "maybe"])}, "t.csv", np.array([2, 7]))
    with pytest.raises(ValueError, match="line 7, column 'sick': received 'maybe', expected one"):
        sick.encode(other)


def test_a_cell_that_is_no_class_is_not_known_and_does_not_stop_the_others():
    other = Table({"sick": Words(np.array([0, 1, -1]), ["no", "unknown"])}, "t.csv")
    assert sick.is_known(other).tolist() == [True, False, False]
    assert sick.truth(other, np.array([0])).tolist() == [0]
    late = Table({"age": np.array([1, np.inf, np.nan]), "size": np.ones(3)}, "t.csv")
    assert numbers.is_known(late).tolist() == [True, False, False]


def test_a_target_beyond_float32_is_rejected_with_line_and_column():
    large = Table({"y": np.array([1.0, -1e39])}, "t.csv", np.array([2, 3]))
    target = NumberTarget(["y"])
    assert target.encode(large).tolist() == [[1.0], [-1e39]]
    with pytest.raises(ValueError, match=r"line 3, column 'y': received .*that fits in float32"):
        target.encode(large, dtype="float32")


def test_every_target_needs_a_mean():
    with pytest.raises(ValueError, match="mean: received 1 numbers, expected 2"):
        NumberTarget(["a", "b"], Standardizer([0.0], [1.0]))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 0), (1, 2, 2)])
def test_outputs_of_another_shape_are_rejected(shape):
    for target in (ClassTarget("sick", Labels(["no", "yes"])), NumberTarget(["a", "b"])):
        with pytest.raises(ValueError, match="outputs: received shape .*, expected"):
            target.decode(np.zeros(shape))


def test_a_single_class_is_certain():
    target = ClassTarget("sick", Labels(["yes"]))
    assert target.decode([[0.9], [0.1]]) == ["yes", "yes"]
    assert target.probabilities([[1.0]]).tolist() == [[1.0]]
