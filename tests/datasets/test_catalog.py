import numpy as np
import pytest

from mlp import datasets


@pytest.mark.parametrize(
    ("name", "make"),
    [("digits", datasets.load_digits), ("spirals", datasets.spirals), ("xor", datasets.xor)],
)
def test_a_name_loads_what_its_function_returns_by_default(name, make):
    loaded, made = datasets.load(name), make()
    assert loaded.name == name
    np.testing.assert_array_equal(loaded.X, made.X)
    np.testing.assert_array_equal(loaded.y, made.y)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("digit", "digits"), ("DIGIT", "digits"), ("spiral", "spirals"), ("or", "xor")],
)
def test_an_unknown_name_raises_and_names_the_nearest(name, nearest):
    with pytest.raises(ValueError, match="received") as error:
        datasets.load(name)
    assert str(error.value) == (
        f"data set: received {name!r}, expected one of digits, spirals, xor "
        f"(did you mean {nearest!r}?)"
    )


@pytest.mark.parametrize("name", ["", "mnist", "?"])
def test_even_a_name_like_none_of_them_lists_those_there_are(name):
    with pytest.raises(ValueError, match="expected one of digits, spirals, xor"):
        datasets.load(name)


def test_a_name_has_to_be_a_string():
    with pytest.raises(TypeError, match="^data set: received 3, expected one of digits"):
        datasets.load(3)
