"""Metrics: what is reported about a network besides its loss.

A metric takes the targets and the outputs ``(n, n_out)`` and returns a float, or ``(K,)`` for the
outputs ``(K, n, n_out)`` of K replicas.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_sequence
from mlp._names import find_name
from mlp._types import Array, LossValue
from mlp.training.class_weights import labels_of

Targets: TypeAlias = NDArray[Any]
"""Integer labels ``(n,)``, or rows of numbers ``(n, n_out)``."""


class Metric(ABC):
    """The base of metrics.

    A custom metric defines `check` and `measure`, or is a plain function
    ``(Y, outputs) -> float``, which is called once per replica.

    Attributes
    ----------
    name : str
        The name in the `History`, preceded by ``val_`` if measured on validation data.
    higher_is_better : bool or None
        What callbacks count as an improvement; None if unknown.
    """

    name: str
    higher_is_better: bool | None = True

    def __call__(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the metric of these outputs.

        Parameters
        ----------
        Y : ndarray (n,) or (n, n_out)
            The targets.
        outputs : ndarray (n, n_out) or (K, n, n_out)
            The predictions for the same rows.

        Returns
        -------
        float or ndarray (K,)

        Raises
        ------
        ValueError
            If the metric is not defined for these targets.
        """
        Y, outputs = np.asarray(Y), np.asarray(outputs)
        check_rows(self.name, Y, outputs)
        self.check(Y, outputs.shape[-1])
        value = self.measure(Y, outputs)
        return value if np.ndim(value) else float(value)

    @abstractmethod
    def check(self, Y: Targets, n_out: int) -> None:
        """Raise ValueError if the metric is not defined for these targets and `n_out` outputs."""

    @abstractmethod
    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the metric; the arguments have been checked."""

    def __repr__(self) -> str:
        """Return the expression that makes the metric."""
        return f"{type(self).__name__}()"


def check_rows(name: str, Y: Targets, outputs: Array) -> None:
    """Raise ValueError unless there are as many targets as outputs."""
    if outputs.ndim not in (2, 3) or Y.ndim < 1 or len(Y) != outputs.shape[-2]:
        raise ValueError(
            f"{name}: received targets {Y.shape} and outputs {outputs.shape}, expected "
            "(n,) or (n, n_out) and (n, n_out) or (K, n, n_out)"
        )


class FunctionMetric(Metric):
    """A function as a metric; replicas are passed to it one at a time."""

    def __init__(self, function: Callable[[Targets, Array], float]) -> None:
        name = getattr(function, "name", None) or getattr(function, "__name__", "")
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(
                f"metrics: received {function!r}, expected a function with a name: "
                "a def, or an object with a `name`"
            )
        self.name = name
        self.function = function
        self.higher_is_better = getattr(function, "higher_is_better", None)

    def check(self, Y: Targets, n_out: int) -> None:
        """Accept any targets: the function decides."""

    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the value of the function, for each replica."""
        if outputs.ndim == 3:
            return np.array([self._number(Y, A) for A in outputs])
        return self._number(Y, outputs)

    def _number(self, Y: Targets, outputs: Array) -> float:
        value = self.function(Y, outputs)
        if np.ndim(value) or isinstance(value, str):
            raise TypeError(f"metric {self.name}: received {value!r} from it, expected a number")
        return float(value)

    def __repr__(self) -> str:
        """Return the representation of the function."""
        return repr(self.function)


class Accuracy(Metric):
    """The share of rows classified correctly, by their largest output, or the first of equals.

    Y holds labels, one-hot rows or rows of probabilities. For a network with one output it holds
    0 and 1, and the predicted class is 1 if the output is above 1/2.

    Examples
    --------
    >>> Accuracy()(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
    0.6666666666666666
    >>> Accuracy()(np.array([[0.0], [1.0]]), np.array([[0.2], [0.9]]))
    1.0
    """

    name = "accuracy"

    def check(self, Y: Targets, n_out: int) -> None:
        """Raise ValueError unless Y gives the class of each row."""
        _classes(Y, n_out, self.name)

    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the share of correct rows."""
        classes = _classes(Y, outputs.shape[-1], self.name)
        right: Array = (_predicted(outputs) == classes).mean(axis=-1)
        return right


class TopK(Metric):
    """The share of rows whose class is among the k largest outputs.

    The first of equal outputs counts as larger, so ``TopK(1)`` is the accuracy.

    Parameters
    ----------
    k : int
        At least 1 and less than the number of classes. By name: ``"top_3"`` and so on.

    Examples
    --------
    >>> TopK(2)(np.array([0, 2]), np.array([[0.3, 0.5, 0.2], [0.3, 0.5, 0.2]]))
    0.5
    """

    def __init__(self, k: int) -> None:
        self.k = check_count("k", k)
        self.name = f"top_{self.k}"

    def check(self, Y: Targets, n_out: int) -> None:
        """Raise ValueError unless Y gives the class of each row, and there are more than k."""
        if self.k >= n_out:
            raise ValueError(f"{self.name}: received {n_out} outputs, expected more than {self.k}")
        _classes(Y, n_out, self.name)

    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the share of rows whose class is among the first k."""
        n_out = outputs.shape[-1]
        labels = _classes(Y, n_out, self.name)[:, None]
        own = np.take_along_axis(outputs, np.broadcast_to(labels, (*outputs.shape[:-1], 1)), -1)
        is_larger = (outputs > own) | ((outputs == own) & (np.arange(n_out) < labels))
        among: Array = (is_larger.sum(axis=-1) < self.k).mean(axis=-1)
        return among

    def __repr__(self) -> str:
        """Return the expression that makes the metric."""
        return f"TopK({self.k})"


class MAE(Metric):
    """The mean absolute error over all elements.

    Examples
    --------
    >>> MAE()(np.array([[1.0, 2.0]]), np.array([[1.5, 2.0]]))
    0.25
    """

    name = "mae"
    higher_is_better = False

    def check(self, Y: Targets, n_out: int) -> None:
        """Raise ValueError unless Y is ``(n, n_out)``."""
        _check_rows(Y, n_out, self.name)

    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the mean of ``|A - Y|``."""
        error: Array = np.abs(np.subtract(outputs, Y, dtype=np.float64)).mean(axis=(-2, -1))
        return error


class R2(Metric):
    """The coefficient of determination, averaged over the outputs.

    For each output ``1 - sum (Y - A)^2 / sum (Y - mean Y)^2`` over the rows; if its targets are
    constant, 1 if they are predicted exactly and 0 otherwise. NaN for a single row. The definition
    is that of ``sklearn.metrics.r2_score``.

    Examples
    --------
    >>> R2()(np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [4.0]]))
    0.5
    """

    name = "r2"

    def check(self, Y: Targets, n_out: int) -> None:
        """Raise ValueError unless Y is ``(n, n_out)``."""
        _check_rows(Y, n_out, self.name)

    def measure(self, Y: Targets, outputs: Array) -> LossValue:
        """Return the mean coefficient over the outputs."""
        if len(Y) < 2:
            return np.full(outputs.shape[:-2], math.nan)
        Y = Y.astype(np.float64)
        residual = np.square(outputs - Y).sum(axis=-2)
        total = np.square(Y - Y.mean(axis=0)).sum(axis=0)
        constant = np.where(residual == 0.0, 1.0, 0.0)
        of_outputs = np.where(
            total > 0.0, 1.0 - residual / np.where(total > 0.0, total, 1.0), constant
        )
        mean: Array = of_outputs.mean(axis=-1)
        return mean


def confusion_matrix(Y: Targets, outputs: Array) -> NDArray[np.int64]:
    """Return how many rows of each class were predicted as which class.

    Parameters
    ----------
    Y : ndarray (n,) or (n, n_out)
        The targets, as for `Accuracy`.
    outputs : ndarray (n, n_out) or (K, n, n_out)
        The predictions for the same rows; a single output means two classes.

    Returns
    -------
    ndarray (n_classes, n_classes) or (K, n_classes, n_classes)
        Row i, column j: the number of rows of class i that were predicted as class j.

    Raises
    ------
    ValueError
        If the targets give no classes or do not fit the outputs, or the outputs are not finite.

    Examples
    --------
    >>> outputs = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    >>> confusion_matrix(np.array([0, 1, 1]), outputs)
    array([[1, 0],
           [1, 1]])
    """
    Y, outputs = np.asarray(Y), np.asarray(outputs)
    check_rows("confusion_matrix", Y, outputs)
    if not np.isfinite(outputs).all():
        raise ValueError("confusion_matrix: received NaN or infinity, expected finite outputs")
    n_out = outputs.shape[-1]
    n_classes = max(n_out, 2)
    actual = _classes(Y, n_out, "confusion_matrix")
    pairs = actual * n_classes + _predicted(outputs)
    counts = [np.bincount(one, minlength=n_classes**2) for one in pairs.reshape(-1, len(Y))]
    shape = (*outputs.shape[:-2], n_classes, n_classes)
    matrix: NDArray[np.int64] = np.array(counts, dtype=np.int64).reshape(shape)
    return matrix


METRICS: dict[str, Callable[[], Metric]] = {
    "accuracy": Accuracy,
    "mae": MAE,
    "r2": R2,
    "top_3": lambda: TopK(3),  # `make_metric` accepts any number
}

MetricLike: TypeAlias = str | Metric | Callable[[Targets, Array], float]


def make_metric(spec: MetricLike) -> Metric:
    """Return the metric with that name, the metric itself, or a function as a metric.

    Examples
    --------
    >>> make_metric("top_3")
    TopK(3)
    """
    if isinstance(spec, Metric):
        return spec
    if isinstance(spec, str):
        start, _, k = spec.lower().partition("_")
        if start == "top" and k.isdecimal():
            return TopK(int(k))
        return METRICS[find_name("metric", spec, METRICS)]()
    if isinstance(spec, type) or not callable(spec):
        raise TypeError(
            f"metrics: received {spec!r}, expected a name ({', '.join(METRICS)}, ...), "
            "a Metric such as TopK(3), or a function (Y, outputs) -> float"
        )
    return FunctionMetric(spec)


def make_metrics(specs: Sequence[MetricLike]) -> tuple[Metric, ...]:
    """Return the metrics of a list; ValueError for a reserved name or a duplicate."""
    metrics = tuple(map(make_metric, check_sequence("metrics", specs, "names or metrics")))
    names = [metric.name for metric in metrics]
    taken = [name for name in names if names.count(name) > 1 or name in _TAKEN]
    if taken:
        raise ValueError(f"metrics: received {names}, expected each name once and none of {_TAKEN}")
    return metrics


_TAKEN = ("loss", "lr", "grad_norm", "seconds")


def _check_rows(Y: Targets, n_out: int, name: str) -> None:
    if Y.ndim != 2 or Y.shape[1] != n_out:
        raise ValueError(f"{name}: received targets of shape {Y.shape}, expected (n, {n_out})")


def _classes(Y: Targets, n_out: int, name: str) -> NDArray[np.intp]:
    return labels_of(Y, n_out, name, soft=True)


def _predicted(outputs: Array) -> NDArray[np.intp]:
    """Return the class of the largest output; of a single output, whether it is above 1/2."""
    is_one = outputs.shape[-1] == 1
    classes: NDArray[np.intp]
    classes = (outputs[..., 0] > 0.5).astype(np.intp) if is_one else outputs.argmax(axis=-1)
    return classes
