"""Parameters: one flat vector for a network, of which each layer has its views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, numeric
from mlp._names import shortened
from mlp._types import Array
from mlp.core.arrays import empty, has_tiny_products
from mlp.core.layers import Layer, Parameter


class Running:
    """The running statistics of a network, and those from before the present step.

    Parameters
    ----------
    values : ndarray (R,) or (K, R)
        A view of the part of the network's `fixed` that holds them.
    """

    def __init__(self, values: Array) -> None:
        self._values = np.atleast_2d(values)
        self._before = self._values.copy(order="K")
        self._is_finite = np.zeros_like(self._values, dtype=np.bool_)

    def save(self) -> None:
        """Keep the values from before a step."""
        np.copyto(self._before, self._values)

    def restore(self, lost: NDArray[np.bool_] | None = None) -> None:
        """Return to the values from before the step, in all replicas or in those ``(K,)``."""
        rows = slice(None) if lost is None else lost
        self._values[rows] = self._before[rows]

    def is_finite(self) -> NDArray[np.bool_]:
        """Return for each replica ``(K,)`` whether all is finite; one element without replicas."""
        np.isfinite(self._values, out=self._is_finite)
        finite: NDArray[np.bool_] = np.logical_and.reduce(self._is_finite, axis=-1)
        return finite


class Parameters:
    """All parameters of a network in three flat arrays: ``theta``, ``grad`` and ``fixed``.

    ``theta`` holds what is trained, all weights first and then all biases, so that the penalised
    part is one slice; ``grad`` is its gradient; ``fixed`` holds what is not trained, the running
    statistics last. The arrays are allocated once; layers receive views of them, and nothing is
    ever rebound.

    With K replicas each array has a leading axis. In networks of one or two units a layer, K is
    the last axis in memory: an elementwise product then serves all replicas at once.

    Parameters
    ----------
    layers : sequence of Layer
        The layers, in order.
    dtype : numpy dtype
        float64 or float32.
    replicas : int or None
        K for arrays ``(K, P)``, None for ``(P,)``.

    Attributes
    ----------
    factors : ndarray (P,) or None
        What the steps of an optimizer are multiplied by; None if all factors are 1.
    largest_factor : float
        The largest of them.
    """

    def __init__(
        self, layers: Sequence[Layer], dtype: np.dtype[np.floating[Any]], replicas: int | None
    ) -> None:
        wanted = [(layer, p) for layer in layers for p in layer.parameters()]
        trained = [(layer, p) for layer, p in wanted if p.trainable]
        trained.sort(key=lambda pair: not pair[1].penalised)  # stable: weights first
        fixed = [(layer, p) for layer, p in wanted if not p.trainable]
        fixed.sort(key=lambda pair: pair[1].running)
        widths = [width for layer in layers for width in (layer.n_in, layer.n_out) if width]
        self.replicas_last = replicas is not None and has_tiny_products(widths)

        def zeros(size: int) -> Array:
            if replicas is None:
                return np.zeros(size, dtype)
            return np.zeros_like(empty((replicas, size), dtype, self.replicas_last))

        self.theta = zeros(sum(p.size for _, p in trained))
        self.grad = np.zeros_like(self.theta)
        self.largest_factor = max((p.lr_factor for _, p in trained), default=1.0)
        self.factors: Array | None = None
        if any(p.lr_factor != 1.0 for _, p in trained):
            sizes = [p.size for _, p in trained]
            self.factors = np.repeat([p.lr_factor for _, p in trained], sizes).astype(dtype)
        self.fixed = zeros(sum(p.size for _, p in fixed))
        n_weights = sum(p.size for _, p in trained if p.penalised)
        self.weights = self.theta[..., :n_weights]
        self.weights_grad = self.grad[..., :n_weights]
        running = self.fixed[..., sum(p.size for _, p in fixed if not p.running) :]
        self.running = Running(running) if running.size else None

        self._places = {id(layer): f"layers[{i}]" for i, layer in enumerate(layers)}
        self._wanted = {"theta": trained, "fixed": fixed}
        values = _views(self.theta, trained) | _views(self.fixed, fixed)
        grads = _views(self.grad, trained)
        for layer in layers:
            own = [p for owner, p in wanted if owner is layer]
            names = [p.name for p in own]
            if len(set(names)) < len(names):
                raise ValueError(f"{layer!r}: received the parameters {names}, expected each once")
            layer.bind(
                {p.name: values[id(p)] for p in own},
                {p.name: grads[id(p)] for p in own if p.trainable},
                dtype,
                replicas,
            )
        # the order of drawing is the order of the layers, whatever the order in theta
        self._initial = [(layer, p, values[id(p)]) for layer, p in wanted]

    def assign(self, name: str, value: ArrayLike) -> None:
        """Copy `value` into theta or fixed: a row for each replica, or one for all."""
        vector: Array = getattr(self, name)
        new = numeric(name, value)
        if new.shape not in (vector.shape, vector.shape[-1:]):
            raise ValueError(f"{name}: received shape {new.shape}, expected {vector.shape}")
        new = as_floats(name, new, vector.dtype)
        self.check(name, new)
        vector[...] = new

    def check(self, name: str, values: Array) -> None:
        """Raise ValueError unless the values can be those of theta or fixed."""
        views = _views(values, self._wanted[name])
        for layer, p in self._wanted[name]:
            p.check(f"{name}: {layer!r} {p.name}", views[id(p)])

    def locate(self, index: int) -> str:
        """Return the name of the number at `index` of theta: its layer, parameter and place."""
        P = self.theta.shape[-1]
        if isinstance(index, bool) or not isinstance(index, int | np.integer):
            raise TypeError(f"index: received {shortened(index)}, expected a whole number")
        if not 0 <= index < P:
            raise IndexError(f"index: received {shortened(index)}, expected 0 to {P - 1}")
        start, wanted = 0, iter(self._wanted["theta"])
        layer, p = next(wanted)
        while index >= start + p.size:
            start += p.size
            layer, p = next(wanted)
        at = ", ".join(str(int(i)) for i in np.unravel_index(index - start, p.shape))
        return f"{self._places[id(layer)]} {p.name}[{at}]"

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw all initial values, the same for every replica.

        Raises
        ------
        ValueError
            If a custom initializer or layer gives values of another shape or not finite.
        """
        for layer, p, view in self._initial:
            place = f"{self._places[id(layer)]} {p.name}"
            values = np.asarray(layer._initial_values.get(p.name, p.initial(rng)))
            if values.shape != p.shape:
                raise ValueError(
                    f"{place}: received initial values of shape {values.shape}, expected {p.shape}"
                )
            with np.errstate(over="ignore"):
                view[...] = values
            p.check(place, view)


def _views(flat: Array, wanted: Sequence[tuple[Layer, Parameter]]) -> dict[int, Array]:
    """Cut the last axis of `flat` into views of the wanted shapes, by the parameter's id."""
    views, start = {}, 0
    for _, p in wanted:
        part = flat[..., start : start + p.size]
        views[id(p)] = part.reshape(*flat.shape[:-1], *p.shape)
        start += p.size
    return views
