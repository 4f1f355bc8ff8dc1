"""`load`: the data sets by name."""

import numpy as np
import pytest

from mlp import datasets


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("digits", datasets.load_digits),
        ("Spirals", datasets.spirals),
        ("XOR", datasets.xor),
        ("moons", datasets.moons),
        ("circles", datasets.circles),
    ],
)
def test_a_name_loads_the_default_of_its_function(name, make):
    loaded, made = datasets.load(name), make()
    assert loaded.name == made.name == name.lower()
    np.testing.assert_array_equal(loaded.X, made.X)
    np.testing.assert_array_equal(loaded.y, made.y)


@pytest.mark.parametrize(("name", "nearest"), [("DIGIT", "digits"), ("or", "xor"), ("", "xor")])
def test_an_unknown_name_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(ValueError, match="received") as error:
        datasets.load(name)
    assert str(error.value) == (
        f"data set: received {name!r}, expected one of digits, spirals, xor, moons, circles "
        f"(did you mean {nearest!r}?)"
    )


def test_the_first_names_of_tables_are_offered_here_too():
    from mlp import tables

    shared = set(tables.__all__) & set(datasets.__all__)
    assert {"read_csv", "read_npz", "Table", "Labels", "InputEncoder", "CellError"} < shared
    for name in shared:
        assert getattr(datasets, name) is getattr(tables, name)
    assert set(dir(datasets)) == set(datasets.__all__)
