"""Parameters of which `make test` takes a spread, and `make test-all` the others too."""

import pytest


def spread(values, every):
    """Return the values as parameters, all but each `every`-th marked as long.

    With `every` prime to the numbers of values of the factors of a product, each value of a
    factor is met in the shorter run, too.
    """
    return [
        value if i % every == 0 else pytest.param(*_each(value), marks=pytest.mark.long)
        for i, value in enumerate(values)
    ]


def _each(value):
    return value if isinstance(value, tuple) else (value,)
