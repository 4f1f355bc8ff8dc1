"""The data sets by name, for the command line."""

from collections.abc import Callable
from difflib import get_close_matches

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
        The name.

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
    >>> load("digit")
    Traceback (most recent call last):
    ValueError: name: received 'digit', expected one of digits, spirals, xor (nearest: digits)
    """
    if not isinstance(name, str):
        raise TypeError(f"name: received {name!r}, expected a string")
    if name not in _BY_NAME:
        nearest = get_close_matches(name.lower(), _BY_NAME, n=1, cutoff=0.0)[0]
        known = ", ".join(_BY_NAME)
        raise ValueError(f"name: received {name!r}, expected one of {known} (nearest: {nearest})")
    return _BY_NAME[name]()
