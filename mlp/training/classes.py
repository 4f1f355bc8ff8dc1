"""Which class the targets of a row tell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def labels_of(
    targets: NDArray[Any], n_out: int, name: str, *, soft: bool = False
) -> NDArray[np.intp]:
    """Return the label of each row of targets: labels, one-hot rows, or a column of 0 and 1.

    Parameters
    ----------
    targets : ndarray (n,) or (n, n_out)
        What tells the classes.
    n_out : int
        The width of the network's output.
    name : str
        Who asks, for the error.
    soft : bool
        Whether rows of probabilities will do; their class is the most probable one.

    Raises
    ------
    ValueError
        If the targets do not tell the classes.

    Examples
    --------
    >>> labels_of(np.eye(3)[[2, 0]], 3, "accuracy").tolist()
    [2, 0]
    """
    labels: NDArray[np.intp] | None = None
    if targets.ndim == 1 and targets.dtype.kind in "bui":
        labels = targets.astype(np.intp, copy=False)
    elif targets.ndim == 2 and targets.shape[1] == n_out:
        is_sharp = bool(((targets == 0) | (targets == 1)).all())
        if n_out == 1 and is_sharp:
            labels = targets[:, 0].astype(np.intp)
        elif n_out > 1 and (is_sharp or (soft and (targets >= 0).all())):
            sums = targets.sum(axis=1, dtype=np.float64)
            labels = targets.argmax(axis=1) if np.allclose(sums, 1.0, atol=1e-4) else None
    if labels is None or (labels.size and not 0 <= labels.min() <= labels.max() < max(n_out, 2)):
        raise ValueError(
            f"{name}: received targets of shape {targets.shape} and {targets.dtype} that tell no "
            f"classes for {n_out} outputs, expected integer labels (n,), one-hot rows, or for one "
            "output a column of 0 and 1"
        )
    return labels
