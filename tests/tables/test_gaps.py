"""Missing values and unknown words as inputs of their own."""

import numpy as np
import pytest

from mlp.core import MLP
from mlp.export import to_python
from mlp.tables import InputEncoder, Labels, NumberTarget, Table, Words, target_from_dict

NAN = np.nan
AGE = np.array([10.0, NAN, 30.0, 50.0, 1000.0])
SIZE = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
CITY = Words(np.array([0, 1, -1, 2, 3]), ["Rome", "Oslo", "Bern", "Bonn"])
SEX = Words(np.array([0, 1, 0, 1, 0]), ["m", "f"])
TABLE = Table({"city": CITY, "age": AGE, "sex": SEX, "size": SIZE}, "people.csv")
ROWS = np.arange(4)


def fit(**options):
    return InputEncoder.fit(TABLE, TABLE.names, ROWS, gaps=True, **options)


def test_a_gap_is_filled_with_the_median_and_has_an_input():
    X = fit().encode(TABLE)
    assert fit().names[:3] == ("age", "size", "age missing")
    assert X[:, 0].tolist() == [10, 30, 30, 50, 1000]  # the median of 10, 30 and 50
    assert X[:, 2].tolist() == [0, 1, 0, 0, 0]


def test_a_missing_word_is_a_word_of_its_own_and_two_words_are_one_input():
    encoder = fit()
    X = encoder.encode(TABLE)
    assert encoder.names[3:] == (
        *("city=Bern", "city=Oslo", "city=Rome", "city=(missing)"),
        "sex=m",
    )
    assert X[:, 6].tolist() == [0, 0, 1, 0, 0]
    assert X[:, 7].tolist() == [1, -1, 1, -1, 1]


def test_a_word_that_the_rows_do_not_hold_counts_as_none_and_is_counted():
    encoder = fit()
    assert "Bonn" not in encoder.categories["city"].names  # it is in row 4 alone
    assert encoder.encode(TABLE)[4, 3:7].tolist() == [0, 0, 0, 0]
    assert encoder.count_unknown(TABLE) == {"city": 1}
    assert encoder.count_unknown(TABLE.take(ROWS)) == {}


def test_a_gap_where_training_had_none_is_filled_and_has_no_input():
    encoder = fit()
    later = Table({**{n: TABLE[n] for n in TABLE.names}, "size": np.full(5, NAN)}, "later.csv")
    without = Words(np.array([-1] * 5), ["m"])
    assert encoder.encode(later)[:, 1].tolist() == [2.5] * 5
    assert encoder.encode(later.with_columns({"sex": without}))[:, 7].tolist() == [0] * 5


def test_only_the_given_rows_are_learned_from():
    changed = TABLE.with_columns({"age": np.where(AGE == 1000, -5.0, AGE)})
    one = fit(standardize=True, scaling="robust").encode(TABLE, ROWS)
    other = InputEncoder.fit(
        changed, TABLE.names, ROWS, gaps=True, standardize=True, scaling="robust"
    )
    assert np.array_equal(one, other.encode(changed, ROWS))


def test_the_encoder_survives_its_description():
    encoder = fit(standardize=True, scaling="robust")
    again = InputEncoder.from_dict(encoder.to_dict())
    assert again.names == encoder.names
    assert np.array_equal(again.encode(TABLE), encoder.encode(TABLE))


def test_columns_of_gaps_must_be_columns_of_the_encoder():
    with pytest.raises(ValueError, match=r"gaps: received \['city'\], expected columns"):
        InputEncoder(["age"], gaps=["city"])
    saved = InputEncoder(["age"], gaps=[]).to_dict() | {"gaps": 3}
    with pytest.raises(TypeError, match="inputs.gaps"):
        InputEncoder.from_dict(saved)


def test_an_export_rejects_gaps_as_inputs(tmp_path):
    encoder = InputEncoder(["age"], {"sex": Labels(["f", "m"])}, gaps=["age"])
    net = MLP.from_sizes([encoder.n_in, 2, 1], seed=0)
    with pytest.raises(ValueError, match="inputs: received an encoder with gaps as inputs"):
        to_python(net, tmp_path / "net.py", inputs=encoder)


def test_members_are_averaged_within_the_bounds_of_each():
    target = NumberTarget(["a"], bounds=[[0.0], [10.0]])
    members = np.array([[[50.0]], [[4.0]]])
    assert target.pool(members).tolist() == [[7.0]]
    again = target_from_dict(target.to_dict())
    assert again.pool(members).tolist() == [[7.0]]


@pytest.mark.parametrize("bounds", [[[1.0], [0.0]], [[0.0]], [[0.0], [np.inf]], [[0.0, 1], [1, 2]]])
def test_bounds_that_do_not_fit_are_rejected(bounds):
    with pytest.raises(ValueError, match="bounds|received shape"):
        NumberTarget(["a"], bounds=bounds)
