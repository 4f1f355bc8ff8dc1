"""Numbers that are to be drawn, looked at before anything is."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def finite_numbers(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return `values` as an array of booleans, integers or finite real numbers.

    Raises
    ------
    TypeError
        If they are no numbers.
    ValueError
        If one is NaN or infinite, or they make no array.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name}: received rows that make no array ({error})") from None
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name}: received dtype {array.dtype}, expected real numbers")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: received NaN or infinity, expected finite numbers")
    return array
