"""The confusion matrix: every row is counted once, where its classes say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlp
from mlp import confusion_matrix


def by_hand(labels, predicted, n):
    matrix = [[0] * n for _ in range(n)]
    for true, found in zip(labels, predicted, strict=True):
        matrix[true][found] += 1
    return matrix


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 1000))
def test_each_row_is_counted_in_the_row_of_its_class_and_the_column_of_its_prediction(
    n, rows, seed
):
    rng = np.random.default_rng(seed)
    labels, outputs = rng.integers(0, n, rows), rng.normal(size=(rows, n))
    matrix = confusion_matrix(labels, outputs)
    assert matrix.tolist() == by_hand(labels, outputs.argmax(axis=1), n)
    assert np.array_equal(confusion_matrix(np.eye(n)[labels], outputs), matrix)
    assert np.trace(matrix) / rows == pytest.approx(mlp.Accuracy()(labels, outputs))


def test_one_output_has_two_classes_and_is_cut_at_one_half():
    outputs = np.array([[0.5], [0.6], [0.1], [0.9]])
    assert confusion_matrix(np.array([0, 1, 1, 0]), outputs).tolist() == [[1, 1], [1, 1]]


def test_replicas_have_a_matrix_each():
    rng = np.random.default_rng(0)
    labels, outputs = rng.integers(0, 3, 20), rng.normal(size=(4, 20, 3))
    matrices = confusion_matrix(labels, outputs)
    assert matrices.shape == (4, 3, 3)
    for matrix, A in zip(matrices, outputs, strict=True):
        assert matrix.tolist() == confusion_matrix(labels, A).tolist()


def test_it_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    labels, outputs = rng.integers(0, 5, 200), rng.normal(size=(200, 5))
    known = metrics.confusion_matrix(labels, outputs.argmax(axis=1), labels=range(5))
    assert confusion_matrix(labels, outputs).tolist() == known.tolist()


@pytest.mark.parametrize(
    ("Y", "outputs", "message"),
    [
        ([0, 1], np.zeros((3, 3)), r"received targets \(2,\) and outputs \(3, 3\)"),
        (0, np.zeros((1, 2)), r"received targets \(\) and outputs"),
        ([0, 1, 3], np.zeros((3, 3)), "give no classes"),
        ([0, -1, 1], np.zeros((3, 3)), "give no classes"),
        ([0.5, 0.2, 0.1], np.zeros((3, 3)), "give no classes"),
        ([0], [[np.nan, 0.9]], "received NaN or infinity, expected finite outputs"),
        ([0], [[0.1, np.inf]], "received NaN or infinity, expected finite outputs"),
    ],
)
def test_targets_and_outputs_that_do_not_fit_are_refused(Y, outputs, message):
    with pytest.raises(ValueError, match=f"confusion_matrix: .*{message}"):
        confusion_matrix(Y, outputs)
