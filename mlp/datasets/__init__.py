"""Small data sets: handwritten digits, and toy problems in the plane.

The names of `mlp.tables`, for your own data, are offered here too.

Examples
--------
>>> from mlp import datasets
>>> X, y = datasets.load_digits()
>>> X.shape, y.shape
((1797, 64), (1797,))
>>> train, held_out = datasets.load("spirals").split(fraction=0.25)
>>> train.X.shape, held_out.X.shape
((150, 2), (50, 2))
"""

from collections.abc import Callable

from mlp._names import find_name
from mlp.datasets.dataset import Dataset, split_rows
from mlp.datasets.digits import load_digits
from mlp.datasets.toy import circles, moons, spirals, xor
from mlp.tables import (
    CellError,
    ClassTarget,
    CSVFile,
    InputEncoder,
    Labels,
    NumberTarget,
    Standardizer,
    Table,
    Words,
    read_csv,
    read_npz,
    target_from_dict,
)

__all__ = [
    "CSVFile",
    "CellError",
    "ClassTarget",
    "Dataset",
    "InputEncoder",
    "Labels",
    "NumberTarget",
    "Standardizer",
    "Table",
    "Words",
    "circles",
    "load",
    "load_digits",
    "moons",
    "read_csv",
    "read_npz",
    "spirals",
    "split_rows",
    "target_from_dict",
    "xor",
]

_LOADERS: dict[str, Callable[[], Dataset]] = {
    "digits": load_digits,
    "spirals": spirals,
    "xor": xor,
    "moons": moons,
    "circles": circles,
}


def load(name: str) -> Dataset:
    """Load a data set by name, with the default options of its function.

    Parameters
    ----------
    name : {"digits", "spirals", "xor", "moons", "circles"}
        The name, in any case.

    Returns
    -------
    Dataset
        The result of the function of that name, or `load_digits`.

    Raises
    ------
    TypeError
        If `name` is not a string.
    ValueError
        If the name is unknown; the message suggests the nearest one.

    Examples
    --------
    >>> load("xor")
    Dataset('xor', X=(4, 2) float64, n_classes=2)
    >>> load("xr")
    Traceback (most recent call last):
    ValueError: data set: received 'xr', expected one of digits, spirals, xor, ... 'xor'?)
    """
    return _LOADERS[find_name("data set", name, _LOADERS)]()


def __dir__() -> list[str]:
    return __all__
