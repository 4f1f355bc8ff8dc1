"""The confusion matrix, held to counting one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp import Accuracy, confusion_matrix


def counted(labels, predicted, n_classes):
    matrix = [[0] * n_classes for _ in range(n_classes)]
    for actual, taken_for in zip(labels, predicted, strict=True):
        matrix[actual][taken_for] += 1
    return matrix


@given(n=st.integers(1, 40), n_classes=st.integers(2, 6), seed=st.integers(0, 1000))
def test_it_counts_which_class_was_taken_for_which(n, n_classes, seed):
    rng = np.random.default_rng(seed)
    labels, outputs = rng.integers(n_classes, size=n), rng.normal(size=(n, n_classes))
    found = confusion_matrix(labels, outputs)
    assert found.tolist() == counted(labels, outputs.argmax(axis=1), n_classes)
    assert np.trace(found) / n == pytest.approx(Accuracy()(labels, outputs))
    assert np.array_equal(confusion_matrix(np.eye(n_classes)[labels], outputs), found)


def test_of_one_output_there_are_two_classes():
    found = confusion_matrix(np.array([[0.0], [1.0], [1.0]]), np.array([[0.7], [0.6], [0.5]]))
    assert found.tolist() == [[0, 1], [1, 1]]


def test_each_replica_has_its_own():
    rng = np.random.default_rng(0)
    labels, outputs = rng.integers(3, size=9), rng.normal(size=(4, 9, 3))
    found = confusion_matrix(labels, outputs)
    assert found.shape == (4, 3, 3)
    assert all(np.array_equal(found[k], confusion_matrix(labels, outputs[k])) for k in range(4))


@pytest.mark.parametrize(
    ("Y", "outputs", "message"),
    [
        ([0, 1], [[0.1, 0.9]], r"received targets \(2,\) and outputs \(1, 2\)"),
        (0, [[0.1, 0.9]], r"received targets \(\)"),
        ([2], [[0.1, 0.9]], "tell no classes"),
        ([-1], [[0.1, 0.9]], "tell no classes"),
        ([0.5], [[0.1, 0.9]], "tell no classes"),
        ([0], [[np.nan, 0.9]], "received NaN or infinity, expected finite outputs"),
    ],
)
def test_what_tells_no_classes_is_refused(Y, outputs, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(Y, outputs)
