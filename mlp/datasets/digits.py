"""Handwritten digits, included in the package.

``digits.npz`` holds ``X``, uint8 of shape (1797, 64), and ``y``, uint8 of shape (1797,). It was
written with scikit-learn, which is not needed to read it::

    data = sklearn.datasets.load_digits()
    np.savez_compressed("digits.npz", X=data.data.astype("uint8"), y=data.target.astype("uint8"))
"""

from importlib.resources import files

import numpy as np
from numpy.typing import DTypeLike

from mlp._checks import check_bool, check_dtype
from mlp.datasets.dataset import Dataset

_SIDE = 8
_BRIGHTEST = 16


def load_digits(*, normalize: bool = True, dtype: DTypeLike = "float64") -> Dataset:
    """Load 1797 handwritten digits of 8 x 8 pixels.

    The data are the test set of "Optical Recognition of Handwritten Digits" by E. Alpaydin and
    C. Kaynak [1]_, in the copy that scikit-learn bundles, licensed under CC BY 4.0. A pixel is
    the number of dark dots, 0 to 16, in a block of 4 x 4 dots of the scan.

    Parameters
    ----------
    normalize : bool
        Divide the pixels by 16, to lie between 0 and 1; exact in floating point.
    dtype : "float32" or "float64"
        The type of `X`.

    Returns
    -------
    Dataset
        ``X`` of shape (1797, 64), the pixels row by row, and ``y`` of shape (1797,), the digits.

    Raises
    ------
    TypeError
        If `normalize` is not a bool.
    ValueError
        If `dtype` is neither float32 nor float64.

    References
    ----------
    .. [1] E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository,
       https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> X, y = load_digits()
    >>> X.shape, X.min(), X.max()
    ((1797, 64), np.float64(0.0), np.float64(1.0))
    >>> y[:10]
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    normalize = check_bool("normalize", normalize)
    float_dtype = check_dtype(dtype)
    with (
        files("mlp.datasets").joinpath("digits.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        X, y = archive["X"].astype(float_dtype), archive["y"].astype(np.int64)
    if normalize:
        X /= _BRIGHTEST
    return Dataset(
        X,
        y,
        name="digits",
        n_classes=10,
        feature_names=tuple(f"pixel_{row}_{col}" for row in range(_SIDE) for col in range(_SIDE)),
        description="1797 handwritten digits of 8 x 8 pixels (Alpaydin and Kaynak, CC BY 4.0)",
    )
