"""Scores of predictions, as numbers and as text."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._names import printable
from mlp.datasets import ClassTarget, NumberTarget
from mlp.training import MAE, R2, confusion_matrix

_MOST_CLASSES = 10  # in a table; of more, the most confused pairs are listed
_MOST_PAIRS = 10
_NEARLY_ZERO = 5e-4  # an R2 that is shown as 0.000

SINGLE = ("accuracy", "r2", "mae")
"""The scores that are one number."""


def score(
    target: ClassTarget | NumberTarget, truth: NDArray[Any], outputs: NDArray[Any]
) -> dict[str, Any]:
    """Return the scores of a network's outputs.

    Parameters
    ----------
    target : ClassTarget or NumberTarget
        The target of the model.
    truth : ndarray (n,) or (n, n_out)
        The classes of the rows, or their numbers in the units of the data.
    outputs : ndarray (n, n_out)
        The outputs of the network.

    Returns
    -------
    dict
        For classes "accuracy", "labels" and "confusion", a row for each true class; for numbers
        "r2" and "mae", in the units of the data.
    """
    if isinstance(target, ClassTarget):
        matrix = confusion_matrix(truth, outputs)
        return {
            "accuracy": float(np.trace(matrix) / matrix.sum()),
            "labels": list(target.labels.names),
            "confusion": matrix.tolist(),
        }
    numbers = target.decode(outputs)
    return {"r2": R2()(truth, numbers), "mae": MAE()(truth, numbers)}


def score_line(scores: dict[str, Any]) -> str:
    """Return the scores in one line.

    Examples
    --------
    >>> score_line({"r2": 0.5123, "mae": 41.7})
    'R2 0.5123, mean absolute error 41.7'
    """
    if "accuracy" in scores:
        return f"accuracy {percent(scores['accuracy'])}"
    return f"R2 {_r2(scores['r2'])}, mean absolute error {number(scores['mae'])}"


def percent(share: float) -> str:
    """Return a share of 1 as a percentage.

    Examples
    --------
    >>> percent(2 / 3)
    '66.7%'
    """
    return f"{share:.1%}"


def _r2(value: float) -> str:
    return "0.000" if abs(value) < _NEARLY_ZERO else number(value)


def number(value: float | None) -> str:
    """Return a number with four digits; None stands for one that is not finite."""
    return "not finite" if value is None or not isfinite(value) else f"{value:.4g}"


def confusion_text(labels: Sequence[str], matrix: Sequence[Sequence[int]]) -> str:
    """Return a confusion matrix as a table, or the most confused pairs of many classes.

    Examples
    --------
    >>> print(confusion_text(["no", "yes"], [[9, 1], [0, 5]]))
    true  no  yes   right
    no     9    1   90.0%
    yes    0    5  100.0%
    """
    labels, counts = [*map(printable, labels)], np.asarray(matrix)
    if len(labels) > _MOST_CLASSES:
        return _most_confused(labels, counts)
    rows = [["true", *labels, "right"]]
    for i, label in enumerate(labels):
        rows.append([label, *map(str, counts[i]), _share(counts[i, i], counts[i].sum())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def _most_confused(labels: Sequence[str], counts: NDArray[Any]) -> str:
    """Return a line for each of the most confused pairs."""
    wrong = counts * (1 - np.eye(len(labels), dtype=counts.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    lines = []
    for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[i, j]:
            share = _share(wrong[i, j], counts[i].sum())
            lines.append(f"{labels[i]} taken for {labels[j]}: {wrong[i, j]} ({share})")
    return "\n".join(["most confused:", *lines]) if lines else "no classes were confused"


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else "-"
