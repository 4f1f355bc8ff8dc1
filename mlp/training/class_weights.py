"""The classes of rows, and the weights of classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray


def labels_of(
    targets: NDArray[Any], n_out: int, name: str, *, soft: bool = False
) -> NDArray[np.intp]:
    """Return the label of each row, given labels, one-hot rows, or a column of 0 and 1.

    Parameters
    ----------
    targets : ndarray (n,) or (n, n_out)
        The targets.
    n_out : int
        The width of the network's output.
    name : str
        The name used in the error message.
    soft : bool
        Whether rows of probabilities are accepted; their class is the most probable one.

    Raises
    ------
    ValueError
        If the targets do not give the classes.

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
            f"{name}: received targets of shape {targets.shape} and {targets.dtype} that give no "
            f"classes for {n_out} outputs, expected integer labels (n,), one-hot rows, or for one "
            "output a column of 0 and 1"
        )
    return labels


ClassWeight: TypeAlias = Literal["balanced"] | Mapping[int, float]


def class_weights(
    class_weight: ClassWeight, targets: NDArray[Any], n_out: int
) -> NDArray[np.float64]:
    """Return the weight of each row: that of its class.

    Parameters
    ----------
    class_weight : "balanced" or dict
        "balanced": ``n / (n_classes * count)`` for a class with `count` of the n rows, where
        `n_classes` classes occur, as in scikit-learn. Or a weight >= 0 for each class that occurs.
    targets : ndarray (n,) or (n, n_out)
        Labels, one-hot rows, or 0 and 1 for a single output.
    n_out : int
        The width of the network's output.

    Returns
    -------
    ndarray (n,)

    Raises
    ------
    TypeError, ValueError
        If the targets are not classes, a label is unknown, a class that occurs has no weight, or
        a weight is not a finite number >= 0.

    Examples
    --------
    >>> class_weights("balanced", np.array([0, 0, 0, 1]), 2).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    >>> class_weights({0: 1.0, 1: 5.0}, np.array([0, 0, 0, 1]), 2).tolist()
    [1.0, 1.0, 1.0, 5.0]
    """
    labels = labels_of(targets, n_out, "class_weight")
    counts = np.bincount(labels, minlength=max(n_out, 2))
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(
                f"class_weight: received {class_weight!r}, expected 'balanced' or a dict"
            )
        weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    elif isinstance(class_weight, Mapping):
        weights = _given(class_weight, counts)
    else:
        raise TypeError(f"class_weight: received {class_weight!r}, expected 'balanced' or a dict")
    of_rows: NDArray[np.float64] = weights[labels]
    return of_rows


def _given(class_weight: Mapping[Any, Any], counts: NDArray[np.intp]) -> NDArray[np.float64]:
    weights = np.full(len(counts), math.nan)
    for label, weight in class_weight.items():
        if isinstance(label, bool) or not isinstance(label, int | np.integer):
            raise TypeError(f"class_weight: received the label {label!r}, expected an integer")
        if not 0 <= label < len(counts):
            raise ValueError(
                f"class_weight: received the label {label}, expected 0 to {len(counts) - 1}"
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.number):
            raise TypeError(f"class_weight[{label}]: received {weight!r}, expected a number >= 0")
        if not (weight >= 0 and math.isfinite(weight)):
            raise ValueError(
                f"class_weight[{label}]: received {weight}, expected a finite number >= 0"
            )
        weights[label] = weight
    without = np.flatnonzero((counts > 0) & np.isnan(weights))
    if without.size:
        raise ValueError(
            f"class_weight: received no weight for {without.tolist()}, "
            "expected one for each class that occurs"
        )
    return weights
