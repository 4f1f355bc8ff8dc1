"""Tables: named columns that know where their rows come from."""

import numpy as np
import pytest

from mlp.tables import (
    ClassTarget,
    InputEncoder,
    Labels,
    NumberTarget,
    Table,
    Words,
    with_task,
)

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


@pytest.mark.parametrize("rows", [[3], [-1], np.array([2**63], np.uint64)])
def test_rows_that_a_table_does_not_have_are_rejected(rows):
    made = table(y=words("1", "2", "1"))
    target = ClassTarget("y", Labels(["1", "2"]))
    encoder = InputEncoder([], {"y": Labels(["1", "2"])})
    for call in (
        made.take,
        lambda rows: made.place(rows[0], "y"),
        lambda rows: target.encode(made, rows),
        lambda rows: encoder.encode(made, rows),
        lambda rows: InputEncoder.fit(made, ["y"], rows),
    ):
        with pytest.raises(ValueError, match=r"rows?: received .*, expected 0 to 2"):
            call(rows)


@pytest.mark.parametrize("rows", [[True, False, True], [0.0], 1, [[0]], "0", None])
def test_rows_are_given_by_their_numbers(rows):
    with pytest.raises(TypeError, match=r"rows: received .*, expected"):
        table(y=words("1", "2", "1")).take(rows)


def test_no_rows_make_an_empty_table():
    assert len(table(y=words("1", "2", "1")).take([])) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.is_missing("x"),
        lambda t: t.without_missing(["x"]),
        lambda t: with_task(t, ["x"]),
        lambda t: InputEncoder.fit(t, ["x"]),
    ],
)
def test_an_unknown_column_is_answered_with_the_known_ones(call):
    with pytest.raises(ValueError, match="received no column 'x', expected one of 'y'"):
        call(table(y=words("1", "2", "1")))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({1: np.ones(2)}, "columns: received 1, expected strings"),
        ({"a": [1.0, 2.0]}, r"columns: received list for 'a', expected an array \(n,\) or Words"),
        ({"a": np.ones((2, 2))}, "columns: received ndarray for 'a'"),
    ],
)
def test_columns_are_named_arrays(columns, message):
    with pytest.raises(TypeError, match=message):
        Table(columns, "t.csv")


def test_every_row_has_a_line():
    with pytest.raises(ValueError, match=r"lines: received shape \(3,\), expected \(2,\)"):
        Table({"a": np.ones(2)}, "t.csv", np.arange(3))


@pytest.mark.parametrize(
    ("X", "y", "options", "error", "message"),
    [
        ([1.0], None, {}, ValueError, r"X: received shape \(1,\), expected \(n, n_in\)"),
        ([[1j]], None, {}, TypeError, "X: received dtype complex128, expected real numbers"),
        ([[1.0]], [1, 2], {}, ValueError, r"y: received shape \(2,\), expected \(1,\) or"),
        ([[1.0]], [None], {}, TypeError, "y: received dtype object, expected real numbers"),
        ([[1.0, 2.0]], None, {"names": ["a"]}, ValueError, "names: received 1 strings, expected"),
        ([[1.0, 2.0]], None, {"names": "ab"}, TypeError, "names: received 'ab', expected a seq"),
    ],
)
def test_arrays_that_make_no_table_are_rejected(X, y, options, error, message):
    with pytest.raises(error, match=message):
        Table.from_arrays(X, y, "arrays", **options)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: with_task(t, ["y"]),
        lambda t: InputEncoder.fit(t, ["y"]),
        lambda t: InputEncoder(["y"]).encode(t),
        lambda t: NumberTarget(["y"]).encode(t),
        lambda t: NumberTarget(["y"]).is_known(t),
        lambda t: ClassTarget("y", Labels(["a"])).encode(t),
        lambda t: Labels(["a"]).codes(t, "y"),
    ],
)
def test_a_dict_is_no_table(call):
    with pytest.raises(TypeError, match="table: received {'y': array.*, expected a Table"):
        call({"y": np.ones(2)})
