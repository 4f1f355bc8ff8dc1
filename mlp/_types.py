"""The names of the array types that the package's signatures use."""

import os
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

AnyPath: TypeAlias = str | os.PathLike[str]
"""The name of a file."""

Array: TypeAlias = NDArray[np.floating[Any]]
"""An array of float32 or float64 numbers."""

LossValue: TypeAlias = float | Array
"""A loss: a float for one network, ``(K,)`` for K replicas."""

Rate: TypeAlias = float | NDArray[np.float64]
"""A learning rate: a float, or an array ``(K,)`` with one rate for each replica."""
