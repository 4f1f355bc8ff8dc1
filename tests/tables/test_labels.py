"""Labels: class names and their numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp.tables import Labels, Table, Words

words = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=20)


@given(words)
def test_decoding_undoes_encoding(values):
    labels = Labels.of(values)
    if labels.are_numbers:
        assert list(map(float, labels.decode(labels.encode(values)))) == list(map(float, values))
    else:
        assert labels.decode(labels.encode(values)) == values
        assert list(labels.names) == sorted(set(values))


def test_numbers_are_sorted_and_compared_as_numbers():
    labels = Labels.of(["10", "9.0", "9", "-1", "1e1"])
    assert labels.names == ("-1", "9.0", "10")
    assert labels.encode(["9", "10.0", "-1.0"]).tolist() == [1, 2, 0]


def test_one_word_among_numbers_makes_all_of_them_words():
    assert Labels.of(["10", "9", "9.0", "many"]).names == ("10", "9", "9.0", "many")


@pytest.mark.parametrize("unknown", ["maybe", "1", ""])
def test_an_unknown_word_is_rejected(unknown):
    with pytest.raises(ValueError, match=f"received '{unknown}', expected one of 'no', 'yes'"):
        Labels(["no", "yes"]).encode(["yes", unknown])


def test_an_unknown_word_in_a_column_is_rejected_with_line_and_column():
    table = Table({"x": Words(np.array([0, -1, 1]), ["a", "b"])}, "t.csv", np.array([2, 3, 9]))
    assert Labels(["a", "b"]).codes(table, "x").tolist() == [0, -1, 1]
    with pytest.raises(ValueError, match="t.csv: line 9, column 'x': received 'b', expected one"):
        Labels(["a"]).codes(table, "x")


@pytest.mark.parametrize("names", [[], ["a", "a"], ["1", "1.0"]])
def test_names_must_be_unique_and_not_empty(names):
    with pytest.raises(ValueError, match="expected each class once"):
        Labels(names)


def test_names_must_be_strings():
    with pytest.raises(TypeError, match="expected strings"):
        Labels([1, 2])
    with pytest.raises(TypeError, match="expected strings"):
        Labels.of([1, 2])


def test_an_error_lists_only_the_first_of_many_classes():
    with pytest.raises(ValueError, match=r"expected one of '0', .* '7', \.\.\.$"):
        Labels([str(i) for i in range(20)]).encode(["x"])
