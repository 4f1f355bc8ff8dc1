"""Inputs are encoded in the same way for every table."""

import numpy as np
import pytest

from mlp.tables import (
    ClassTarget,
    InputEncoder,
    Labels,
    NumberTarget,
    Standardizer,
    Table,
    TableError,
    Words,
    read_csv,
)
from mlp.tables import target_from_dict as rebuild

NAN = np.nan
CITY = Words(np.array([1, 0, 1, 2]), ["Rome", "Oslo", "Bern"])
AGE, SIZE = np.array([30.0, 50.0, 40.0, 20.0]), np.array([1.0, 2.0, 3.0, NAN])
ROWS = np.array([0, 1, 2])


def people(**columns):
    return Table({"city": CITY, "age": AGE} | columns, "people.csv", np.array([2, 3, 4, 6]))


def test_columns_are_found_by_name_whatever_their_order():
    encoder = InputEncoder.fit(people(), ["age", "city"])
    other = Table({"age": AGE, "more": AGE, "city": CITY}, "other.csv")
    assert encoder.names == ("age", "city=Bern", "city=Oslo", "city=Rome")
    assert np.array_equal(encoder.encode(other), encoder.encode(people()))


def test_a_word_is_found_by_its_text_and_not_by_its_code():
    encoder = InputEncoder.fit(people(), ["city"])
    again = Words(np.array([0, 1, 0]), ["Bern", "Oslo"])
    assert encoder.encode(Table({"city": again}, "other.csv")).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [1, 0, 0],
    ]


def test_means_and_scales_come_from_the_training_rows():
    encoder = InputEncoder.fit(people(), ["age", "city"], ROWS, standardize=True)
    X = encoder.encode(people())
    np.testing.assert_allclose(X[ROWS].mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(X[ROWS].std(axis=0), [1, 0, 1, 1])  # none of them is from Bern
    assert X[3, 0] == pytest.approx((20 - 40) / AGE[ROWS].std())


def test_missing_values_get_the_mean_of_the_training_rows():
    table = people(size=SIZE, city=Words(np.array([0, 1, 1, -1]), ["Rome", "Oslo"]))
    encoder = InputEncoder.fit(table, ["size", "city"], ROWS, fill_missing=True)
    np.testing.assert_allclose(encoder.encode(table)[3], [2, 2 / 3, 1 / 3])
    scaled = InputEncoder.fit(table, ["size", "city"], ROWS, fill_missing=True, standardize=True)
    np.testing.assert_allclose(scaled.encode(table)[3], 0, atol=1e-15)


def test_rows_and_dtype_can_be_chosen():
    X = InputEncoder.fit(people(), ["age"]).encode(people(), np.array([2, 0]), "float32")
    assert (X.dtype, X.tolist()) == (np.float32, [[40], [30]])


def test_the_table_is_not_changed():
    InputEncoder.fit(people(), ["age"], standardize=True, fill_missing=True).encode(people())
    assert AGE.tolist() == [30, 50, 40, 20]


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"size": SIZE}, {}, "people.csv: line 6, column 'size': received a missing value"),
        (
            {"age": np.where(AGE == 50, np.inf, AGE)},
            {},
            "people.csv: line 3, column 'age': received inf",
        ),
        ({"size": SIZE * NAN}, {"fill_missing": True}, "received no value for 'size' in the train"),
    ],
)
def test_missing_and_infinite_numbers_are_rejected_with_line_and_column(columns, options, message):
    table = people(**columns)
    with pytest.raises(ValueError, match=message):
        InputEncoder.fit(table, table.names, ROWS, **options).encode(table)


def test_rows_that_cannot_be_encoded_are_left_out_with_the_reason():
    encoder = InputEncoder(["age"], {"city": Labels(["Oslo", "Rome"])})
    columns = {
        "age": np.array([30, NAN, 40, np.inf, 50]),
        "city": Words(np.array([0, 0, 1, 2, -1]), ["Rome", "Paris", "Oslo"]),
    }
    table = Table(columns | {"more": np.full(5, NAN)}, "t.csv", np.arange(2, 7))
    X, rows, bad = encoder.encode_valid(table)
    assert (X.tolist(), rows.tolist()) == ([[30, 0, 1]], [0])
    assert [(cell.row, cell.column) for cell in bad] == [
        *((1, "age"), (2, "city"), (3, "age"), (4, "city")),
    ]
    assert [cell.message.partition(": received ")[2] for cell in bad] == [
        "a missing value, expected a number",
        "'Paris', expected one of 'Oslo', 'Rome'",
        "inf, expected a number",
        "a missing value, expected a number",
    ]
    assert bad[1].message.startswith("t.csv: line 4, column 'city'")
    X, rows, bad = encoder.encode_valid(table, np.array([2, 0]))
    assert (rows.tolist(), [cell.row for cell in bad]) == ([0], [2])


def test_an_unknown_word_is_not_filled():
    encoder = InputEncoder([], {"city": Labels(["Oslo", "Rome"])}, fill=np.array([0.5, 0.5]))
    table = Table({"city": Words(np.array([0, -1, 1]), ["Rome", "Paris"])}, "t.csv")
    X, rows, bad = encoder.encode_valid(table)
    assert (X.tolist(), rows.tolist(), bad[0].row) == ([[0, 1], [0.5, 0.5]], [0, 1], 2)


def test_bad_cells_of_the_reader_are_bad_rows_and_not_filled(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,TBD\n1,x,2\n1\n,2,3\n")
    table = read_csv(tmp_path / "t.csv", missing="keep", bad_cells="keep")
    encoder = InputEncoder(["a", "b"], fill=np.array([5.0, 6.0]))
    X, rows, bad = encoder.encode_valid(table)
    assert (X.tolist(), rows.tolist()) == ([[1, 2], [5, 2]], [0, 3])
    assert [cell.message.partition(": ")[2][:24] for cell in bad] == [
        "line 3, column 'b': rece",
        "line 4: received 1 cells",
    ]
    with pytest.raises(ValueError, match="line 3, column 'b': received 'x', expected a finite"):
        encoder.encode(table)
    assert NumberTarget(["y"]).is_known(table).tolist() == [False, True, False, True]


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(("value", "received"), [(-1e39, r"-1e\+39"), (1e-300, None)])
def test_a_number_beyond_float32_is_rejected_with_line_and_column(value, received, standardize):
    table = people(age=np.array([30.0, 50.0, value, 20.0]))
    encoder = InputEncoder.fit(table, ["age"], standardize=standardize)
    assert np.isfinite(encoder.encode(table)).all()
    if received is None:
        assert np.isfinite(encoder.encode(table, dtype="float32")).all()
        return
    with pytest.raises(ValueError, match=f"line 4, column 'age': received {received}.*float32"):
        encoder.encode(table, dtype="float32")


def test_a_scaled_number_beyond_float32_is_rejected():
    encoder = InputEncoder(["age"], standardizer=Standardizer([0.0], [1e-30]))
    with pytest.raises(ValueError, match=r"line 2, column 'age': received 1e\+20, expected a num"):
        encoder.encode(people(age=AGE * 0 + 1e20), dtype="float32")


def test_a_column_of_too_many_words_is_rejected():
    words = Words(np.arange(24) % 13, [f"w{i}" for i in range(13)])
    table = Table({"city": words, "kind": words._replace(values=["a", "b"] * 7)}, "t.csv")
    with pytest.raises(TableError, match="received 13 different words in 'city' for 24 rows") as e:
        InputEncoder.fit(table, table.names)
    assert {r.argument: r.value for r in e.value.remedies} == {"ignore": ["city"], "max_words": 13}
    assert InputEncoder.fit(table, ["city"], max_words=13).n_in == 13
    with pytest.raises(TableError, match="expected at most 12"):
        InputEncoder.fit(table, ["city"], max_words=12)


def test_columns_that_a_model_does_not_know_are_named():
    encoder = InputEncoder.fit(people(), ["age", "city"])
    names = ["more", "age", "y", "city"]
    assert encoder.match(names, ["y"], "t.csv", allow_others=True) == ["more"]
    with pytest.raises(ValueError, match="missing 'city'; unexpected 'more'"):
        encoder.match(names[:3], ["y"], "t.csv", allow_others=True)


def test_a_missing_word_is_rejected_with_line_and_column():
    table = people(city=Words(np.array([0, 1, -1, 0]), ["a=b", "c"]))
    with pytest.raises(ValueError, match="line 4, column 'city': received a missing value"):
        InputEncoder.fit(table, ["age", "city"]).encode(table)


def test_a_word_unknown_in_training_is_rejected():
    encoder = InputEncoder.fit(people(), ["city"])
    other = people(city=Words(np.array([0, 0, 1, 0]), ["Oslo", "Paris"]))
    with pytest.raises(ValueError, match="line 4, column 'city': received 'Paris', expected one"):
        encoder.encode(other)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["age"], "t.csv: received different columns than in training: missing 'city'"),
        (["city"], "missing 'age'"),
        (["age", "city", "b", "a"], "than in training: unexpected 'b', 'a'"),
        (["Age", "city"], "missing 'age'; unexpected 'Age'"),
    ],
)
def test_other_columns_are_rejected_by_name(names, message):
    with pytest.raises(ValueError, match=message):
        InputEncoder.fit(people(), ["age", "city"]).match(names, also=["y"], source="t.csv")


def test_columns_of_another_kind_are_rejected():
    encoder = InputEncoder.fit(people(), ["age", "city"])
    with pytest.raises(ValueError, match="a column of other values for 'age', expected numbers"):
        encoder.encode(people(age=CITY))
    with pytest.raises(ValueError, match="a column of other values for 'city', expected words"):
        encoder.encode(people(city=AGE))


@pytest.mark.parametrize("fill", [True, False])
@pytest.mark.parametrize("standardize", [True, False])
def test_an_encoder_survives_its_description(standardize, fill):
    columns = ["age", "city"]
    first = InputEncoder.fit(people(), columns, ROWS, standardize=standardize, fill_missing=fill)
    again = InputEncoder.from_dict(first.to_dict())
    assert again.names == first.names
    assert np.array_equal(again.encode(people()), first.encode(people()))


def test_targets_survive_their_descriptions():
    words = rebuild(ClassTarget("y", Labels(["no", "yes"])).to_dict())
    assert (words.names, words.labels.names) == (("y",), ("no", "yes"))
    plain = rebuild(NumberTarget(["y", "z"]).to_dict())
    assert (plain.names, plain.standardizer) == (("y", "z"), None)
    scaled = rebuild(NumberTarget(["y"], Standardizer([1.0], [2.0])).to_dict())
    assert scaled.decode(np.array([[3.0]])).tolist() == [[7.0]]


GOOD = InputEncoder.fit(people(), ["age", "city"], standardize=True, fill_missing=True).to_dict()
NUMBERS = {"names": ["y"], "mean": np.ones(1), "scale": np.ones(1)}


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": "age"},
        {"numbers": [1]},
        {"numbers": ["age", "age"]},
        {"numbers": ["age", "city"]},
        {"categories": None},
        {"categories": [{"column": "city"}]},
        {"categories": [{"column": 1, "words": ["a"]}]},
        {"categories": [{"column": "city", "words": []}]},
        {"categories": [{"column": "city", "words": ["a", "a"]}]},
        {"fill": [1.0]},
        {"fill": np.ones(3)},
        {"fill": np.full(4, NAN)},
        {"mean": None},
        {"mean": np.ones(3)},
        {"scale": np.zeros(4)},
        {"scale": "1"},
        {"mean": np.ones(3), "scale": np.ones(3)},
        {"more": 1},
    ],
)
def test_an_invalid_description_of_inputs_is_rejected(change):
    with pytest.raises((TypeError, ValueError)):
        InputEncoder.from_dict(GOOD | change)


@pytest.mark.parametrize(
    "description",
    [
        None,
        [],
        {"names": ["y"]},
        {"names": ["y", "z"], "labels": ["a"]},
        {"names": ["y"], "labels": []},
        {"names": ["y"], "labels": [1, 2]},
        {"names": ["y"], "labels": ["1", "1.0"]},
        NUMBERS | {"names": ["y", "z"]},
        NUMBERS | {"names": 1},
        NUMBERS | {"scale": np.zeros(1)},
        NUMBERS | {"mean": [1.0]},
        NUMBERS | {"labels": ["a"]},
    ],
)
def test_an_invalid_description_of_a_target_is_rejected(description):
    with pytest.raises((TypeError, ValueError)):
        rebuild(description)
