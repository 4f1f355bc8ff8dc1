"""One network, several threads: any number of calls that read, or one that writes."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence

import numpy as np

from mlp.core.first_call import is_custom
from mlp.core.layers import (
    ActivatedLayer,
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    MemberDense,
    PeriodicEmbedding,
    PiecewiseLinear,
    Scale,
    SharedDense,
)
from mlp.core.output import FusedOutput, Output, make_output

_LAYERS = {
    *(ActivationLayer, BatchNorm, Dense, Dropout, LayerNorm),
    *(MemberDense, PeriodicEmbedding, PiecewiseLinear, Scale, SharedDense),
}


class Access:
    """Who reads and who writes the arrays of a network.

    A pass writes into work arrays, which belong to the layers. A call that reads uses the layers
    of the network if no other does; else it makes layers with the same parameters and arrays of
    their own, and drops them when it is done. Custom layers, activations and losses may keep
    anything: calls through them wait for each other.

    Parameters
    ----------
    layers : sequence of Layer
        The layers of the network, bound to its parameters.
    output : Output
        What follows the last.
    """

    def __init__(self, layers: Sequence[Layer], output: Output) -> None:
        self._own = (layers, output)
        parts = [output.loss, *(x.activation for x in layers if isinstance(x, ActivatedLayer))]
        self._can_copy = all(type(x) in _LAYERS for x in layers) and not any(map(is_custom, parts))
        self._state = threading.Lock()  # held for a moment, while what stands below changes
        self._own_free = threading.Lock()  # held by the call that uses the layers of the network
        self._n_readers = 0
        self._writer: int | None = None
        self._writing: list[str] = []

    def begin_read(self, call: str) -> tuple[Sequence[Layer], Output]:
        """Return layers and output for a call that reads; `end_read` takes them back.

        Raises
        ------
        RuntimeError
            If another thread is writing: no result would be that of any one state.
        """
        with self._state:
            self.check_not_written(call)
            self._n_readers += 1
        try:
            is_own = self._own_free.acquire(blocking=not self._can_copy)
            return self._own if is_own else self._copy()
        except BaseException:  # Ctrl-C while it waits, or no memory for a copy
            with self._state:
                self._n_readers -= 1
            raise

    def end_read(self, layers: Sequence[Layer]) -> None:
        """End a call that reads."""
        if layers is self._own[0]:
            self._own_free.release()
        with self._state:
            self._n_readers -= 1

    def begin_write(self, call: str) -> None:
        """Begin a call that writes, until `end_write`; it may contain others of its thread.

        Raises
        ------
        RuntimeError
            If another call is at work.
        """
        with self._state:
            self.check_not_written(call)
            if self._n_readers:
                raise RuntimeError(
                    f"{call}: received while {self._n_readers} other calls read the same network, "
                    "expected none; net.copy() makes an independent network"
                )
            self._writer = threading.get_ident()
            self._writing.append(call)

    def end_write(self) -> None:
        """End the innermost call that writes."""
        with self._state:
            self._writing.pop()
            if not self._writing:
                self._writer = None

    def take_over(self, other: Access) -> None:
        """Guard the arrays of another instead, within a call that writes."""
        self._own = other._own

    def check_not_written(self, call: str) -> None:
        """Raise RuntimeError if another thread is writing."""
        if self._writer is not None and self._writer != threading.get_ident():
            raise RuntimeError(
                f"{call}: received while {self._writing[0]} is at work on the same network in "
                "another thread, expected one at a time; net.copy() makes an independent network"
            )

    def _copy(self) -> tuple[Sequence[Layer], Output]:
        """Return layers with the same parameters and settings, and arrays of their own."""
        layers, output = self._own
        copies = [_sharing(layer) for layer in layers]
        new = make_output(copies[-1], copy.copy(output.loss), output.members)
        if isinstance(new, FusedOutput):
            new.layer.fused = new
        return copies, new


def _sharing(layer: Layer) -> Layer:
    """Return a layer with the parameters of another."""
    new = type(layer).__new__(type(layer))
    new.__dict__.update(layer.__getstate__(), width=layer.width)
    if isinstance(new, ActivatedLayer):
        new.activation = copy.copy(new.activation)
    dtype = next(iter(layer.params.values()), np.empty(0)).dtype
    new.bind(layer.params, layer.grads, dtype, layer.replicas)
    return new
