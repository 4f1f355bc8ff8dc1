"""The record of the layers: histograms and unit states, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlp._checks import check_count, check_sequence
from mlp._types import Array
from mlp.training.history import read_json, write_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes


BINS = 64
_LARGEST = 2.0**1000  # keeps every edge finite


class Histogram:
    """Counts numbers in at most 64 bins of equal width, in one pass and in constant memory.

    The width is a power of two, and every edge a multiple of it. Bins that become too narrow
    therefore merge exactly in pairs, and two histograms can be compared bin by bin.

    Attributes
    ----------
    exponent : int
        Bins are ``2.0 ** exponent`` wide.
    first : int
        The first bin begins at ``first * 2.0 ** exponent``.
    counts : ndarray of int64 (64,)
        The number of values in each bin; a value on an edge belongs to the bin above.

    Examples
    --------
    >>> histogram = Histogram()
    >>> histogram.add(np.array([0.0, 0.5, 1.0, 63.0]))
    >>> histogram.edges[:3], histogram.counts[:3]
    (array([0., 1., 2.]), array([2, 1, 0]))
    """

    def __init__(self) -> None:
        self.exponent = self.first = 0
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self._low, self._high = math.inf, -math.inf

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, ``(65,)``."""
        edges: NDArray[np.float64] = np.ldexp(self.first + np.arange(BINS + 1.0), self.exponent)
        return edges

    def add(self, values: Array) -> None:
        """Count the values with a magnitude of at most ``2.0 ** 1000``; NaN is not counted."""
        numbers = _countable(values)
        if not numbers.size:
            return
        self._low = min(self._low, float(numbers.min()))
        self._high = max(self._high, float(numbers.max()))
        exponent = _exponent(self._low, self._high)
        first = math.floor(math.ldexp(self._low, -exponent))
        places = self.first + np.arange(BINS)
        merged = (places >> min(max(exponent - self.exponent, 0), 62)) - first
        counts = np.zeros(BINS, np.int64)
        held = self.counts > 0
        np.add.at(counts, merged[held], self.counts[held])
        bins = np.floor(np.ldexp(numbers, -exponent)).astype(np.int64) - first
        self.counts = counts + np.bincount(bins, minlength=BINS)
        self.exponent, self.first = exponent, first


def median(values: Array) -> float:
    """Return the median of the values that a `Histogram` counts; NaN if there are none.

    Examples
    --------
    >>> median(np.array([0.0, 0.0, 7.0, np.inf]))
    0.0
    """
    numbers = _countable(values)
    return float(np.median(numbers, overwrite_input=True)) if numbers.size else math.nan


def _countable(values: Array) -> NDArray[np.float64]:
    """Return a flat copy of the values that a histogram counts."""
    numbers = np.asarray(values, np.float64)
    return numbers[np.abs(numbers) <= _LARGEST]


def _exponent(low: float, high: float) -> int:
    """Return the exponent of the smallest width with which 64 bins span low to high.

    The width is at least the 2**-20th part of the largest value: narrower bins say nothing, and
    their numbers would overflow.
    """
    largest = max(abs(low), abs(high), 2.0**-60)
    exponent = math.frexp(largest)[1] - 20
    while math.floor(math.ldexp(high, -exponent)) - math.floor(math.ldexp(low, -exponent)) >= BINS:
        exponent += 1
    return exponent


@dataclass(frozen=True)
class Histograms:
    """A histogram for each of n epochs.

    Attributes
    ----------
    exponent, first : ndarray of int64 (n,)
        The bins of an epoch are ``2.0 ** exponent`` wide, and begin at ``first`` widths.
    counts : ndarray of int64 (n, 64)
        The number of values in each bin.
    medians : ndarray of float64 (n,)
        The median of the values themselves, not of their bins; NaN if there are none.
    """

    exponent: NDArray[np.int64]
    first: NDArray[np.int64]
    counts: NDArray[np.int64]
    medians: NDArray[np.float64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, ``(n, 65)``."""
        places = self.first[:, None] + np.arange(BINS + 1.0)
        edges: NDArray[np.float64] = np.ldexp(places, self.exponent[:, None])
        return edges


@dataclass(frozen=True)
class LayerSeries:
    """The record of one layer over n epochs.

    Attributes
    ----------
    name : str
        The layer, with its index in ``net.layers``.
    activations : Histograms
        The outputs for the probe.
    gradients : Histograms
        ``log10 |dW|`` of the elements of dW that are not zero.
    zeros : ndarray of int64 (n,)
        The number of elements of dW that are zero.
    flat : ndarray of float64 (n,)
        The share of the outputs at which the derivative of the activation is almost zero; NaN if
        that is not judged.
    units : ndarray of uint8 (n, n_out)
        0 for a working unit, 1 for a saturated one, 2 for a dead one.
    """

    name: str
    activations: Histograms
    gradients: Histograms
    zeros: NDArray[np.int64]
    flat: NDArray[np.float64]
    units: NDArray[np.uint8]

    def dead(self, place: int = -1) -> list[int]:
        """Return the dead units of an epoch, by its index in the record; by default the last."""
        return np.flatnonzero(self.units[place] == DEAD).tolist()

    def saturated(self, place: int = -1) -> list[int]:
        """Return the saturated units of an epoch, as in `dead`."""
        return np.flatnonzero(self.units[place] == SATURATED).tolist()


SATURATED, DEAD = 1, 2
"""The states of a unit, besides 0 for one that works."""
_FORMAT, _VERSION = "mlp-layers", 2
_MEANINGS = {
    "dead": "no gradient passes, for any row",
    "saturated": "hardly any gradient passes, for at least 95 % of the rows",
}


class LayerRecord:
    """Histograms of activations and gradients by layer, and the dead and saturated units.

    `LayerRecorder` fills it, and defines dead and saturated.

    Attributes
    ----------
    names : tuple of str
        The layers.
    widths : tuple of int
        The number of units of each.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.load_digits()
    >>> net = mlp.MLP.from_sizes([64, 16, 10], "relu", "softmax", "cross_entropy", seed=0)
    >>> recorder = mlp.LayerRecorder(X[:200])
    >>> _ = mlp.Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, epochs=2)
    >>> record = recorder.record
    >>> record.epochs.tolist(), [layer.name for layer in record.layers]
    ([1, 2], ['layers[0] relu', 'layers[1] softmax'])
    >>> record.layers[0].activations.counts.sum(axis=1)  # of 200 rows and 16 units
    array([3200, 3200])
    >>> LayerRecord.from_json(record.to_json()).layers[0].dead() == record.layers[0].dead()
    True
    """

    def __init__(self, names: Sequence[str] = (), widths: Sequence[int] = ()) -> None:
        self.names = check_sequence("names", names, "strings")
        widths = check_sequence("widths", widths, "whole numbers")
        self.widths = tuple(check_count("widths", width) for width in widths)
        n = len(self.names)
        self.arrays: dict[str, NDArray[Any]] = {
            "epochs": np.zeros(0, np.int64),
            "grids": np.zeros((0, n, 2, 2), np.int64),
            "counts": np.zeros((0, n, 2, BINS), np.int64),
            "medians": np.zeros((0, n, 2)),
            "zeros": np.zeros((0, n), np.int64),
            "flat": np.zeros((0, n)),
            "units": np.zeros((0, sum(self.widths)), np.uint8),
        }

    @property
    def epochs(self) -> NDArray[np.int64]:
        """The epochs that were recorded, ``(n,)``."""
        return self.arrays["epochs"]

    @property
    def layers(self) -> tuple[LayerSeries, ...]:
        """The record of each layer."""
        ends = np.cumsum(self.widths)
        return tuple(
            LayerSeries(
                name,
                self._histograms(i, 0),
                self._histograms(i, 1),
                self.arrays["zeros"][:, i],
                self.arrays["flat"][:, i],
                self.arrays["units"][:, end - width : end],
            )
            for i, (name, width, end) in enumerate(zip(self.names, self.widths, ends, strict=True))
        )

    def _histograms(self, layer: int, kind: int) -> Histograms:
        exponent, first = self.arrays["grids"][:, layer, kind].T
        counts, medians = self.arrays["counts"], self.arrays["medians"]
        return Histograms(exponent, first, counts[:, layer, kind], medians[:, layer, kind])

    def _append(
        self,
        epoch: int,
        histograms: Sequence[tuple[Histogram, Histogram]],
        medians: Sequence[tuple[float, float]],
        zeros: Sequence[int],
        flat: Sequence[float],
        units: Sequence[NDArray[np.uint8]],
    ) -> None:
        """Add an epoch: for each layer the fields of `LayerSeries`, pairs in the same order."""
        new: dict[str, Any] = {
            "epochs": epoch,
            "grids": [[(h.exponent, h.first) for h in pair] for pair in histograms],
            "counts": [[h.counts for h in pair] for pair in histograms],
            "medians": medians,
            "zeros": zeros,
            "flat": flat,
            "units": np.concatenate(units),
        }
        for name, old in self.arrays.items():
            self.arrays[name] = np.concatenate([old, np.asarray(new[name], old.dtype)[None]])

    def _thin(self, stride: int) -> None:
        """Keep the first epoch and every `stride`-th after it."""
        kept = (self.epochs - 1) % stride == 0
        self.arrays = {name: array[kept] for name, array in self.arrays.items()}

    def __str__(self) -> str:
        """Return a line per layer with the state of its units in the last epoch."""
        if not len(self.epochs):
            return "no epoch recorded"
        lines = [f"epoch {self.epochs[-1]}"]
        seen: set[str] = set()
        for layer in self.layers:
            parts = {"dead": layer.dead(), "saturated": layer.saturated()}
            told = [
                f"{len(found)} of {layer.units.shape[1]} units {what}: {', '.join(map(str, found))}"
                for what, found in parts.items()
                if found
            ]
            lines.append(f"{layer.name}: {'; '.join(told) or 'every unit works'}")
            seen.update(what for what, found in parts.items() if found)
        lines += [f"{what}: {meaning}" for what, meaning in _MEANINGS.items() if what in seen]
        return "\n".join(lines)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the record as JSON, and write it to `path`; OSError if that fails."""
        layers = [
            {
                "name": layer.name,
                "n_out": layer.units.shape[1],
                "activations": _histograms_to_json(layer.activations),
                "log10_gradients": _histograms_to_json(layer.gradients),
                "gradient_zeros": layer.zeros.tolist(),
                "flat": _with_none(layer.flat),
                "dead": [layer.dead(place) for place in range(len(self.epochs))],
                "saturated": [layer.saturated(place) for place in range(len(self.epochs))],
            }
            for layer in self.layers
        ]
        data = {
            "format": _FORMAT,
            "version": _VERSION,
            "epochs": self.epochs.tolist(),
            "layers": layers,
        }
        return write_json(data, path)

    @classmethod
    def from_json(cls, source: str | Path) -> LayerRecord:
        """Read the JSON of `to_json`, from a path or from the text itself.

        Raises
        ------
        ValueError, TypeError
            If it is not the JSON of such a record, or no path.
        OSError
            If the file cannot be read.
        """
        data = read_json("record", source, "a LayerRecord", _FORMAT, _VERSION)
        try:
            return _from_json(data)
        except (IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise ValueError(
                f"record: received JSON that is not a LayerRecord's ({error!r})"
            ) from None

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the histograms; see `mlp.plotting.plot_layers`."""
        from mlp.plotting import plot_layers

        return plot_layers(self, ax, **options)


def _histograms_to_json(histograms: Histograms) -> dict[str, Any]:
    return {
        "exponent": histograms.exponent.tolist(),
        "first": histograms.first.tolist(),
        "counts": histograms.counts.tolist(),
        "median": _with_none(histograms.medians),
    }


def _with_none(numbers: NDArray[np.float64]) -> list[float | None]:
    """Return a list with None for NaN, which JSON cannot hold."""
    return [None if np.isnan(number) else number for number in numbers.tolist()]


def _from_json(data: Mapping[str, Any]) -> LayerRecord:
    layers = data["layers"]
    record = LayerRecord([str(x["name"]) for x in layers], [int(x["n_out"]) for x in layers])
    if data["epochs"] == [] and not any(layer["dead"] for layer in layers):
        return record
    kinds = [[layer["activations"], layer["log10_gradients"]] for layer in layers]
    read = {
        "epochs": np.array(data["epochs"]),
        "grids": _epochs_first([[[k["exponent"], k["first"]] for k in pair] for pair in kinds], 3),
        "counts": _epochs_first([[k["counts"] for k in pair] for pair in kinds], 2),
        "medians": _epochs_first([[np.array(k["median"], float) for k in p] for p in kinds], 2),
        "zeros": _epochs_first([layer["gradient_zeros"] for layer in layers], 1),
        "flat": _epochs_first([np.array(layer["flat"], float) for layer in layers], 1),
        "units": np.concatenate([_units_from_json(layer) for layer in layers], axis=1),
    }
    n = len(read["epochs"])
    for name, array in record.arrays.items():
        expected = (n, *array.shape[1:])
        if read[name].shape != expected:
            raise ValueError(f"{name} of shape {read[name].shape}, expected {expected}")
        record.arrays[name] = read[name].astype(array.dtype, casting="same_kind")
    return record


def _epochs_first(lists: Any, axis: int) -> NDArray[Any]:
    """Return nested lists as an array, with the axis of the epochs moved to the front."""
    return np.moveaxis(np.array(lists), axis, 0)


def _units_from_json(layer: Mapping[str, Any]) -> NDArray[np.uint8]:
    units = np.zeros((len(layer["dead"]), int(layer["n_out"])), np.uint8)
    for state, found in ((DEAD, layer["dead"]), (SATURATED, layer["saturated"])):
        for place, numbers in enumerate(found):
            units[place, numbers] = state
    return units
