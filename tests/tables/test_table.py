"""Tables: named columns that know where their rows come from."""

import numpy as np
import pytest

from mlp.tables import Table, Words

X = np.arange(6.0).reshape(3, 2)
LINES = np.array([2, 3, 5])


def words(*values):
    """Return a column of these words, None for a missing one."""
    known = [value for value in dict.fromkeys(values) if value is not None]
    return Words(np.array([known.index(v) if v is not None else -1 for v in values]), known)


def table(**columns):
    return Table(columns, "t.csv", LINES)


def test_arrays_become_columns_without_a_copy():
    made = Table.from_arrays(X, X, "arrays")
    assert made.names == ("x0", "x1", "y0", "y1")
    assert made.targets == ("y0", "y1")
    assert np.shares_memory(made["x1"], X)
    assert made["x1"].tolist() == [1, 3, 5]


@pytest.mark.parametrize(
    ("y", "values"),
    [
        (np.array([7, 5, 7]), ["5", "7"]),
        (np.array([True, False, True]), ["False", "True"]),
        (np.array(["b", "a", "b"]), ["a", "b"]),
    ],
)
def test_targets_other_than_floats_become_words(y, values):
    made = Table.from_arrays(X, y, "arrays", ["a", "b"], target="c")
    assert made.names == ("a", "b", "c")
    assert (made["c"].codes.tolist(), made["c"].values) == ([1, 0, 1], values)


def test_floats_and_one_column_of_numbers_stay_numbers():
    assert Table.from_arrays(X, np.ones(3), "arrays")["y"].tolist() == [1, 1, 1]
    assert Table.from_arrays(X, np.ones((3, 1), int), "arrays")["y"].tolist() == [1, 1, 1]


def test_words_become_numbers():
    made = table(y=words("1", "2.5", None)).with_numbers("y")
    np.testing.assert_array_equal(made.numbers("y"), [1, 2.5, np.nan])


def test_whole_numbers_become_words():
    made = table(y=np.array([3.0, np.nan, -1.0])).with_words("y").words("y")
    assert (made.codes.tolist(), made.values) == ([1, -1, 0], ["-1", "3"])
    assert table(y=np.array([-0.0, 0.0, 1e17])).with_words("y")["y"].values == ["0", "1" + "0" * 17]
    assert table(y=np.array([True, False, True])).with_words("y")["y"].values == ["False", "True"]


def test_infinity_is_no_class():
    with pytest.raises(ValueError, match=r"t\.csv: line 3, column 'y': received inf, expected a"):
        table(y=np.array([1, np.inf, 2])).with_words("y")


def test_the_original_is_not_changed():
    made = table(y=words("1", "2", "1"), z=np.array([1.0, np.nan, 3.0]))
    made.with_numbers("y")
    made.without_missing()
    assert isinstance(made["y"], Words)
    assert len(made) == 3


def test_a_table_without_missing_values_is_itself():
    made = table(y=words("1", "2", "1"))
    assert made.without_missing() is made


def test_without_missing_some_row_must_be_left():
    made = table(y=words("1", None, "2"), z=np.array([np.nan, 2.0, np.nan]))
    with pytest.raises(ValueError, match="received a missing value in each of 3 rows"):
        made.without_missing()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.numbers("y"), "received a column of other values for 'y', expected numbers"),
        (lambda t: t.words("z"), "received a column of other values for 'z', expected words"),
        (lambda t: t.words("x"), "received no column 'x', expected one of 'y', 'z'"),
        (lambda t: t.with_numbers("y"), "t.csv: line 3, column 'y': received 'b', expected a fin"),
        (lambda t: t.with_words("z"), "t.csv: line 5, column 'z': received 0.5, expected a class"),
    ],
)
def test_a_column_of_another_kind_is_rejected(call, message):
    made = table(y=words("1", "b", None), z=np.array([1.0, np.nan, 0.5]))
    with pytest.raises(ValueError, match=message):
        call(made)


def test_columns_of_different_lengths_are_rejected():
    for columns in ({}, {"a": np.ones(2), "b": np.ones(3)}, {"a": np.ones(2), "b": words("x")}):
        with pytest.raises(ValueError, match="expected columns of one length"):
            Table(columns, "t.csv")


def test_inputs_and_targets_cannot_share_a_name():
    with pytest.raises(ValueError, match="received 'x' for inputs and targets"):
        Table.from_arrays(X, X, "arrays", target="x")
