"""A callback that records histograms of the layers, and their dead and saturated units."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_count, check_inputs
from mlp._types import Array
from mlp.core.layers import Layer
from mlp.core.network import MLP
from mlp.training.callbacks.base import Callback
from mlp.training.recording.record import DEAD, SATURATED, Histogram, LayerRecord, median

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mlp.training.trainer import Trainer


class LayerRecorder(Callback):
    """Records histograms of activations and gradients by layer, and finds dead units.

    After an epoch, the rows of a probe pass through the network without dropout. For each layer
    with weights or an activation it records a histogram of the outputs; a histogram of
    ``log10 |dW|``, where dW is the gradient of the epoch's last update, including penalties and
    clipping; the median of each; and which units are

    - **dead**: the derivative of the activation is 0 for every row of the probe. A ReLU unit is
      dead if it is never positive [1]_; none of these rows can change its weights.
    - **saturated**: not dead, but for at least 95 % of the rows the magnitude of the derivative
      is below 0.01, so that less than a hundredth of a gradient passes. A sigmoid is then below
      0.0101 or above 0.9899, and tanh beyond ±0.995: close to the asymptotes, where Glorot and
      Bengio found that learning stops [2]_. Saturated ReLU units are hardly ever positive.

    Units are not judged if the derivative does not count: in a last layer whose activation and
    loss are a fused pair, such as softmax and cross-entropy.

    Training is bit-identical with and without the recorder.

    Parameters
    ----------
    X : array_like (n, n_in)
        The probe; a few hundred rows of the training data are enough.
    every : int, default 1
        Record the first epoch, and every so many epochs after it.
    most : int, default 200
        The maximum number of epochs kept. Beyond it, every second one is dropped and the interval
        doubles, so a long run needs no more memory than a short one.

    Attributes
    ----------
    record : LayerRecord
        The record of all calls of `fit` of one trainer.

    References
    ----------
    .. [1] L. Lu, Y. Shin, Y. Su and G. E. Karniadakis, Dying ReLU and initialization: theory and
       numerical examples, Communications in Computational Physics 28, 2020, arXiv:1903.06733.
    .. [2] X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward
       neural networks, AISTATS 2010.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.xor()
    >>> layers = [mlp.Dense(2, 3, "relu", bias=[0.0, -9.0, 0.0]), mlp.Dense(3, 2, "softmax")]
    >>> net = mlp.MLP(layers, loss="cross_entropy", seed=0)
    >>> recorder = LayerRecorder(X)
    >>> _ = mlp.Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, epochs=3)
    >>> print(recorder.record)
    epoch 3
    layers[0] relu: 1 of 3 units dead: 1
    layers[1] softmax: every unit works
    dead: no gradient passes, for any row
    """

    def __init__(self, X: ArrayLike, every: int = 1, most: int = 200) -> None:
        self.X = X
        self.every = check_count("every", every)
        self.most = check_count("most", most, 2)
        self.record = LayerRecord()
        self._stride = self.every
        self._trainer: Trainer | None = None
        self._is_running = False
        self._loaded: dict[str, Any] = {}

    def on_start(self, trainer: Trainer) -> None:
        """Start or continue; ValueError for replicas, or if the probe does not fit the network."""
        net = trainer.net
        if net._lead:
            raise ValueError(
                f"LayerRecorder: received a network of {net._lead[0]} replicas, "
                "expected a single network"
            )
        self._probe: Array = check_inputs(self.X, net.n_in, net.dtype, names=net.feature_names)
        if self._trainer is not trainer:
            self.record, self._stride = _empty(net), self.every
        self._trainer, self._is_running = trainer, True
        self._restore()

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Record the epoch if it is due."""
        if (trainer.epoch - 1) % self._stride:
            return
        probes, medians = _watch(trainer.net, self._probe)
        gradients = [_gradient(probe.layer) for probe in probes]
        sizes = [_sizes(gradient) for gradient in gradients]
        self.record._append(
            trainer.epoch,
            histograms=[(p.outputs, _histogram(s)) for p, s in zip(probes, sizes, strict=True)],
            medians=[(m, median(s)) for m, s in zip(medians, sizes, strict=True)],
            zeros=[int((gradient == 0.0).sum()) for gradient in gradients],
            flat=[probe.flat for probe in probes],
            units=[probe.units for probe in probes],
        )
        if len(self.record.epochs) > self.most:
            self._stride *= 2
            self.record._thin(self._stride)

    def on_stop(self, trainer: Trainer) -> None:
        """Get ready for another `fit`."""
        self._is_running = False

    def config(self) -> dict[str, Any]:
        """Return the settings, which must be the same when a run is continued."""
        return {"every": self.every, "most": self.most}

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the record's arrays; empty before the first `fit`."""
        if self._loaded:
            return copy.deepcopy(self._loaded)
        if not self.record.names:
            return {}
        arrays = {name: array.copy() for name, array in self.record.arrays.items()}
        return arrays | {"stride": self._stride}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Restore a state from `state_dict`; ValueError if it is not that of a LayerRecorder."""
        expected = {*LayerRecord().arrays, "stride"}
        if set(saved) not in (set(), expected):
            raise ValueError(
                f"LayerRecorder: received the state {sorted(saved)}, expected {sorted(expected)}"
            )
        self._loaded = {
            name: value if name == "stride" else np.array(value) for name, value in saved.items()
        }
        if self._is_running:
            self._restore()
        else:
            self._trainer = None  # the next `fit` starts with this state

    def check_state(self, trainer: Any) -> None:
        """Raise ValueError if the state does not fit the network of `trainer`."""
        if self._loaded:
            _restored(trainer.net, self._loaded)

    def _restore(self) -> None:
        """Continue from the loaded state, if any."""
        if self._loaded and self._trainer is not None:
            self.record = _restored(self._trainer.net, self._loaded)
            self._stride, self._loaded = self._loaded["stride"], {}

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the histograms of the activations, or of the gradients with ``what="gradients"``.

        See `mlp.plotting.plot_layers`.
        """
        return self.record.plot(ax, **options)


def _recorded(net: MLP) -> Iterator[tuple[int, Layer, int]]:
    """Yield the recorded layers, with their indices and widths."""
    width = net.n_in
    for i, layer in enumerate(net.layers):
        width = layer.n_out or width
        if layer.grads or hasattr(layer, "activation"):
            yield i, layer, width


def _empty(net: MLP) -> LayerRecord:
    """Return an empty record for the layers of a network."""
    names, widths = [], []
    for i, layer, width in _recorded(net):
        what = getattr(layer, "activation", layer)
        names.append(f"layers[{i}] {getattr(what, 'name', type(what).__name__)}")
        widths.append(width)
    return LayerRecord(names, widths)


def _restored(net: MLP, saved: Mapping[str, Any]) -> LayerRecord:
    """Return a record with saved arrays; ValueError if they do not fit the network."""
    record = _empty(net)
    n = saved["epochs"].size
    for name, array in record.arrays.items():
        expected = (n, *array.shape[1:])
        if saved[name].shape != expected or saved[name].dtype != array.dtype:
            raise ValueError(
                f"LayerRecorder: received a state of another network, with {name} of "
                f"{saved[name].dtype} and shape {saved[name].shape}, expected {array.dtype} and "
                f"{expected}"
            )
        record.arrays[name] = saved[name].copy()
    _check_values(record, check_count("stride", saved["stride"]))
    return record


_MOST_STRIDE = 1 << 53


def _check_values(record: LayerRecord, stride: int) -> None:
    """Raise ValueError if no recorder could have recorded this."""
    epochs, units = record.epochs, record.arrays["units"]
    if stride >= _MOST_STRIDE or ((epochs - 1) % stride).any():
        raise ValueError(f"stride: received {stride}, expected one that leads to {epochs}")
    if (epochs < 1).any() or (np.diff(epochs) < 1).any():
        raise ValueError(f"epochs: received {epochs}, expected increasing numbers from 1")
    counts = (record.arrays["counts"], record.arrays["zeros"])
    if any((array < 0).any() for array in counts) or (units > DEAD).any():
        raise ValueError("LayerRecorder: received counts or units of no record")


def _watch(net: MLP, X: Array) -> tuple[list[UnitProbe], list[float]]:
    """Pass X through the layers, one after the other; return probes and medians of outputs."""
    probes = {i: UnitProbe(layer) for i, layer, _ in _recorded(net)}
    medians = []
    own = np.random.default_rng(0)  # for custom layers that draw even outside training
    A = X
    for i, layer in enumerate(net.layers):
        blocks = []
        for start in range(0, len(A), net._block):
            out = layer.forward(A[start : start + net._block], False, own)
            blocks.append(out.copy())  # the layer overwrites it with the next block
            if i in probes:
                probes[i].add(out)
        A = np.concatenate(blocks)
        if i in probes:
            medians.append(median(A))
    return list(probes.values()), medians


def _gradient(layer: Layer) -> Array:
    """Return the elements of the last dW, or of all gradients of a layer without W."""
    grads = layer.grads
    wanted = [grads["W"]] if "W" in grads else list(grads.values())
    return np.concatenate([np.ravel(grad) for grad in wanted]) if wanted else np.zeros(0)


def _sizes(gradient: Array) -> Array:
    """Return log10 of the magnitudes of the elements that are not zero."""
    sizes: Array = np.log10(np.abs(gradient[gradient != 0.0], dtype=np.float64))
    return sizes


def _histogram(numbers: Array) -> Histogram:
    """Return the histogram of some numbers."""
    histogram = Histogram()
    histogram.add(numbers)
    return histogram


_FLAT = 0.01
"""A derivative below this magnitude is almost zero: a hundredth of a gradient passes."""
_MOST_ROWS = 0.95
"""The share of rows for which the derivative of a saturated unit is almost zero."""


class UnitProbe:
    """Observes a layer while blocks of rows pass through the network, outside training.

    Parameters
    ----------
    layer : Layer
        The layer, just after its `forward`.

    Attributes
    ----------
    outputs : Histogram
        The histogram of all outputs so far.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.outputs = Histogram()
        self._rows = 0
        self._flat: NDArray[Any] = np.zeros(0)  # rows per unit with almost no slope
        self._zero: NDArray[Any] = np.zeros(0)  # rows per unit with a slope of zero

    def add(self, A: Array) -> None:
        """Add the outputs ``(batch, n_out)`` that the layer has just computed."""
        self.outputs.add(A)
        if not self._rows:
            self._flat, self._zero = np.zeros((2, A.shape[-1]), np.int64)
        self._rows += len(A)
        if is_judged(self.layer):
            slope = _slope(self.layer, A)
            self._flat += (np.abs(slope) < _FLAT).sum(axis=0)
            self._zero += (slope == 0.0).sum(axis=0)

    @property
    def flat(self) -> float:
        """The share of outputs with a derivative that is almost zero; NaN if not judged."""
        if not is_judged(self.layer):
            return math.nan
        return float(self._flat.sum() / (self._rows * self._flat.size))

    @property
    def units(self) -> NDArray[np.uint8]:
        """The state of each unit, ``(n_out,)``: 0, SATURATED or DEAD."""
        found = np.zeros(self._flat.size, np.uint8)
        found[self._flat >= _MOST_ROWS * self._rows] = SATURATED
        found[self._zero == self._rows] = DEAD
        return found


def is_judged(layer: Layer) -> bool:
    """Whether the derivative of each output by its Z is a factor of the layer's gradient."""
    activation = getattr(layer, "activation", None)
    if activation is None or getattr(activation, "couples_units", False):
        return False
    return getattr(layer, "fused", None) is None


def _slope(layer: Any, A: Array) -> Array:
    """Return activation'(Z) as `backward` computes it."""
    activation = layer.activation
    Z = layer.Z if getattr(activation, "needs_z", True) else A
    slope = np.empty_like(A)
    activation.backward(np.ones_like(A), Z, A, out=slope)
    return slope
