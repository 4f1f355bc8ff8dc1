"""The data sets by name, for the command line."""

from collections.abc import Callable

from mlp._names import find_name
from mlp.datasets.dataset import Dataset
from mlp.datasets.digits import load_digits
from mlp.datasets.toy import spirals, xor

_BY_NAME: dict[str, Callable[[], Dataset]] = {
    "digits": load_digits,
    "spirals": spirals,
    "xor": xor,
}


def load(name: str) -> Dataset:
    """Load a data set by its name, with the default options of its function.

    Parameters
    ----------
    name : {"digits", "spirals", "xor"}
        The name, in any case.

    Returns
    -------
    Dataset
        What `load_digits`, `spirals` or `xor` returns.

    Raises
    ------
    TypeError
        If `name` is not a string.
    ValueError
        If there is no data set of that name; the message names the nearest one.

    Examples
    --------
    >>> load("xor")
    Dataset('xor', X=(4, 2) float64, n_classes=2)
    >>> load("xr")
    Traceback (most recent call last):
    ValueError: data set: received 'xr', expected one of digits, spirals, xor (did you mean 'xor'?)
    """
    return _BY_NAME[find_name("data set", name, _BY_NAME)]()
