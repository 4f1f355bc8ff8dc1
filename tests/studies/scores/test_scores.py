"""How good predictions are, as a person reads it."""

import numpy as np

from mlp.datasets import ClassTarget, Labels, NumberTarget, Standardizer
from mlp.studies._scores import confusion_text, score, score_line


def test_a_table_of_ten_classes_is_shown_whole():
    counts = np.diag([10] * 10)
    counts[3, 5] = 10
    lines = confusion_text([f"digit {i}" for i in range(10)], counts.tolist()).splitlines()
    assert len(lines) == 11
    assert len(set(map(len, lines))) == 1
    assert lines[4].split() == [
        "digit",
        "3",
        "0",
        "0",
        "0",
        "10",
        "0",
        "10",
        "0",
        "0",
        "0",
        "0",
        "50.0%",
    ]


def test_of_more_classes_the_most_confused_pairs_are_shown():
    counts = np.diag([10] * 12)
    counts[3, 5], counts[7, 2], counts[0, 1] = 10, 30, 1
    names = [f"c{i}" for i in range(12)]
    assert confusion_text(names, counts.tolist()).splitlines() == [
        "most confused:",
        "c7 taken for c2: 30 (75.0%)",
        "c3 taken for c5: 10 (50.0%)",
        "c0 taken for c1: 1 (9.1%)",
    ]
    assert confusion_text(names, np.eye(12, dtype=int).tolist()) == "no classes were confused"


def test_of_very_many_pairs_ten_are_shown():
    counts = np.full((20, 20), 2)
    assert len(confusion_text(list("abcdefghijklmnopqrst"), counts.tolist()).splitlines()) == 11


def test_a_class_that_does_not_occur_has_no_share():
    text = confusion_text(["a", "b"], [[3, 0], [0, 0]])
    assert text.splitlines()[2].split() == ["b", "0", "0", "-"]


def test_numbers_are_scored_in_their_own_units():
    target = NumberTarget(["y"], Standardizer([100.0], [10.0]))
    found = score(target, np.array([[90.0], [110.0]]), np.array([[-1.0], [0.0]]))
    assert found == {"r2": 0.5, "mae": 5.0}
    assert score_line(found) == "R2 0.5, mean absolute error 5"


def test_classes_are_counted():
    target = ClassTarget("y", Labels(["no", "yes"]))
    found = score(target, np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]))
    assert found["confusion"] == [[1, 0], [1, 1]]
    assert score_line(found) == "accuracy 66.7%"


def test_one_row_has_no_r2():
    found = score(NumberTarget(["y"]), np.array([[1.0]]), np.array([[3.0]]))
    assert score_line(found) == "R2 not finite, mean absolute error 2"


def test_an_r2_that_rounds_to_nothing_is_zero():
    assert score_line({"r2": -2.828e-06, "mae": 2.0}) == "R2 0.000, mean absolute error 2"
    assert score_line({"r2": -0.002, "mae": 2.0}).startswith("R2 -0.002,")
