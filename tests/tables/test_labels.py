"""Labels: class names and their numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp.tables import InputEncoder, Labels, Table, Words

words = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=20)


@given(words)
def test_decoding_undoes_encoding(values):
    labels = Labels.of(values)
    if labels.are_numbers:
        same = {value.removesuffix(".0") for value in values}
        assert {label.removesuffix(".0") for label in labels.names} <= same
    else:
        assert list(labels.names) == sorted(set(values))
    for value, label in zip(values, labels.decode(labels.encode(values)), strict=True):
        assert value.removesuffix(".0") == label.removesuffix(".0")


@pytest.mark.parametrize(
    "values",
    [
        ("1", "01", "001"),
        ("9007199254740992", "9007199254740993", "9007199254740994"),
        ("100", "0100", "1E2", "1e2", "100.00"),
        ("1", "+1", "-1", "\u0661", "\uff11"),
        ("0", "-0", "00"),
        ("0.1", "0.10"),
        ("1.0", "1.00"),
        ("1e-400", "0"),
        ("1" + "0" * 300, "1" + "0" * 299 + "1"),
    ],
)
def test_different_spellings_are_different_classes(values):
    labels = Labels.of(values)
    assert set(labels.names) == set(values)
    assert labels.decode(labels.encode(values)) == list(values)
    assert [float(name) for name in labels.names] == sorted(map(float, values))


def test_only_an_integer_and_the_same_with_point_zero_are_one_class():
    labels = Labels.of(["10", "9.0", "9", "-1", "10.0", "2.5"])
    assert labels.names == ("-1", "2.5", "9.0", "10")
    assert labels.encode(["9", "10.0", "-1.0"]).tolist() == [2, 3, 0]
    for unknown in ("1e1", "010", "2.50", "9.00"):
        with pytest.raises(ValueError, match=f"received '{unknown}'"):
            labels.encode([unknown])


def test_one_hot_columns_keep_spellings_apart():
    table = Table({"code": Words(np.arange(3), ["1E2", "100", "0100"])}, "t.csv")
    encoder = InputEncoder.fit(table, ["code"])
    assert sorted(encoder.names) == ["code=0100", "code=100", "code=1E2"]
    assert np.linalg.matrix_rank(encoder.encode(table)) == 3


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_of_an_array_are_kept_apart(shape, dtype):
    y = (np.array([2, 0, 1, 0], dtype) + np.array(2**53, dtype)).reshape(shape)
    table = Table.from_arrays(np.eye(4), y, "a.npz")
    table = table.with_words("y") if len(shape) == 2 else table
    labels = Labels.of(table.words("y").values)
    assert labels.names == ("9007199254740992", "9007199254740993", "9007199254740994")
    assert labels.codes(table, "y").tolist() == [2, 0, 1, 0]


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


@pytest.mark.parametrize("code", [-1, 2])
def test_a_number_of_no_class_is_not_decoded(code):
    with pytest.raises(ValueError, match="codes: received .*, expected 0 to 1"):
        Labels(["a", "b"]).decode([0, code])


def test_numbers_of_classes_may_come_one_by_one():
    assert Labels(["a", "b"]).decode(code for code in (1, 0)) == ["b", "a"]
