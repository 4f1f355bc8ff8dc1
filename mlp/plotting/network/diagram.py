"""The content of a diagram, read from a network or from a trace."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_offers, column_names
from mlp._names import printable, shortened

Numbers = NDArray[np.floating[Any]]
Place = tuple[int, int, int] | str
_AFTER_LAYERS = "a unit holds its output after the layers named below it"
_GENERATED = re.compile(r"w\[\d+\]\[\d+,\d+\]|b\[\d+\](\[\d+\])?|b_.*", re.DOTALL)


class Differentiable(Protocol):
    """A network with a forward and a backward pass; dense layers have W, b, dW, db and A."""

    n_in: int
    n_out: int
    replicas: int | None

    @property
    def layers(self) -> Sequence[Any]:
        """From input to output."""

    def copy(self) -> Differentiable:
        """Return a copy of the network."""

    def predict(self, X: Any, /) -> Any:
        """Run forward; ``layer.A`` then holds the outputs of each layer."""

    def loss_and_grad(self, X: Any, Y: Any, /) -> Any:
        """Return the loss; ``layer.dW`` and ``layer.db`` then hold its gradient."""


class TraceRecord(Protocol):
    """One traced step of gradient descent: `mlp.studies.Trace`."""

    @property
    def inputs(self) -> Sequence[tuple[str, float]]:
        """The names and values of the inputs."""

    @property
    def units(self) -> Sequence[Any]:
        """The units, from the first layer to the last."""

    @property
    def errors(self) -> Sequence[Any]:
        """The terms of the loss."""

    @property
    def updates(self) -> Sequence[Any]:
        """The trained weights and biases."""

    @property
    def blocks(self) -> Sequence[Any]:
        """The layers, with their outputs row by row."""

    @property
    def n_rows(self) -> int:
        """The number of rows of the batch."""

    @property
    def loss(self) -> float:
        """The loss before the step."""


@dataclass(frozen=True)
class Column:
    """The inputs, or the units of a layer."""

    names: Sequence[str]
    words: str  # written below, on several lines if layers without weights follow
    values: Numbers | None = None


@dataclass(frozen=True)
class Link:
    """The weights ``(n_in, n_out)`` between two columns, and the biases of the second.

    A bias of shape ``(1,)`` is shared by all units.
    """

    weights: Numbers
    bias: Numbers | None
    gradients: Numbers | None = None
    bias_gradients: Numbers | None = None  # None also where biases are fixed
    names: Mapping[tuple[int | None, int], str] = field(default_factory=dict)

    def value(self, part: str, i: int | None, j: int) -> float | None:
        """Return the weight or gradient at (i, j), that of the bias of unit j if i is None."""
        ours, biases = self._arrays(part)
        if i is not None:
            return None if ours is None else float(ours[i, j])
        return None if biases is None else float(biases[j if biases.size > 1 else 0])

    def largest(self, part: str) -> float:
        """Return the largest finite magnitude of the weights and biases, or their gradients."""
        found = [
            np.abs(array[np.isfinite(array)]) for array in self._arrays(part) if array is not None
        ]
        return max((float(sizes.max()) for sizes in found if sizes.size), default=0.0)

    @property
    def shares_bias(self) -> bool:
        """Whether one bias serves several units."""
        return self.bias is not None and self.bias.size < self.weights.shape[1]

    def _arrays(self, part: str) -> tuple[Numbers | None, Numbers | None]:
        if part == "gradients":
            return self.gradients, self.bias_gradients
        return self.weights, self.bias


@dataclass(frozen=True)
class Diagram:
    """Columns and the links between them; link k leads from column k to k + 1."""

    columns: Sequence[Column]
    links: Sequence[Link]
    targets: Numbers | None = None
    loss: float | None = None
    note: str = ""


def diagram_of_network(
    net: Differentiable,
    x: ArrayLike | None,
    t: ArrayLike | None,
    names: Mapping[str, Place] | None,
) -> Diagram:
    """Return the diagram of a network, with activations if x is given, gradients if t is.

    Raises
    ------
    ValueError, TypeError
        If the network has replicas or no dense layer, x is not one sample, t is given without x,
        a name does not fit, or the network rejects x or t.
    """
    check_offers("net", net, "a network", "layers", "replicas", "predict", "loss_and_grad")
    if net.replicas is not None:
        raise ValueError(
            f"net: received a network of {net.replicas} replicas, expected a single one; "
            "net.replica(k) makes one"
        )
    if t is not None and x is None:
        raise ValueError("t: received a target without x, expected the sample it belongs to")
    _check_layers(net)
    known = getattr(net, "feature_names", None) or column_names(x)
    given = _given_names(names, net, known)
    X = None if x is None else _row(np.asarray(x), "x", net.n_in)
    run, loss = net.copy(), None
    outputs = _recorded(run.layers)
    if X is not None and t is not None:
        loss = float(run.loss_and_grad(X, _target(np.asarray(t), net.n_out)))
    elif X is not None:
        run.predict(X)
    layers = [layer for layer in run.layers if _is_dense(layer)]
    columns, links = [], []
    starts = [i for i, layer in enumerate(run.layers) if _is_dense(layer)]
    for number, (start, end) in enumerate(pairwise([-1, *starts, len(run.layers)])):
        width = run.layers[start].n_out if number else net.n_in
        words = _words(run.layers[start] if number else None, run.layers[start + 1 : end])
        values = X if end == 0 or X is None else outputs[end - 1]
        units = _unit_names(number, width, len(layers), end - 1, given)
        columns.append(Column(units, words, None if values is None else values[0].copy()))
        if number:
            links.append(_link(start, run.layers[start], loss is not None, given))
    targets = None if t is None else _one_hot(np.asarray(t), net.n_out)
    left_out = len(run.layers) > len(layers)
    return Diagram(columns, links, targets, loss, _AFTER_LAYERS if left_out else "")


def diagram_of_trace(trace: TraceRecord) -> Diagram:
    """Return the diagram of the network of a trace, before the step; of a batch, its first row.

    Raises
    ------
    ValueError
        If the network has no dense layer, or another layer changes the number of units.
    """
    check_offers("trace", trace, "a Trace", "inputs", "units", "errors", "updates", "blocks")
    units: dict[int, list[Any]] = {}
    for unit in trace.units:
        if unit.row == 0:
            units.setdefault(unit.layer, []).append(unit)
    starts = [layer for layer, (first, *_) in units.items() if first.inputs]
    if not starts:
        raise ValueError("trace: received no dense layer, expected at least one")
    blocks, n_rows = trace.blocks, trace.n_rows
    first_row = trace.inputs[: len(trace.inputs) // n_rows]
    columns, links = [], []
    for number, (start, end) in enumerate(pairwise([-1, *starts, len(blocks)])):
        outputs = (
            [(one.name, one.value) for one in blocks[end - 1].outputs[0]] if end else first_row
        )
        width = len(units[start]) if number else len(first_row)
        if len(outputs) != width:
            raise ValueError(
                f"trace: received {len(outputs)} outputs of {blocks[end - 1].name} for {width} "
                "inputs, expected the same number for layers other than Dense"
            )
        others = [
            units[k][0].activation if k in units else blocks[k].name.removesuffix("()")
            for k in range(start + 1, end)
        ]
        words = _lines(units[start][0].activation if number else "inputs", others)
        names, values = zip(*outputs, strict=True)
        columns.append(Column(names, words, np.array(values)))
        if number:
            updates = [one for one in trace.updates if one.layer == start]
            links.append(_traced_link(number, units[start], updates))
    targets = [error.target for error in trace.errors if error.row == 0]
    notes = [_AFTER_LAYERS] if len(blocks) > len(starts) else []
    notes += [f"units: row 1 of {n_rows}; gradients: of all rows"] if n_rows > 1 else []
    return Diagram(
        columns, links, np.array(targets) if targets else None, trace.loss, "; ".join(notes)
    )


def _traced_link(number: int, units: Sequence[Any], updates: Sequence[Any]) -> Link:
    """Return the weights into the units of one layer, with their gradients."""
    weights = np.array([[term.values[0] for term in unit.inputs] for unit in units]).T
    names: dict[tuple[int | None, int], str] = {
        (i, j): term.names[0] for j, u in enumerate(units) for i, term in enumerate(u.inputs)
    }
    names |= {(None, j): unit.bias_name for j, unit in enumerate(units)}
    gradients = np.empty_like(weights)
    of_biases = []
    for update in updates:
        if update.i is None:
            of_biases.append(update.gradient)
        else:
            gradients[update.i, update.j] = update.gradient
    bias = [unit.bias for unit in units] if units[0].bias_name else None
    if bias is not None and len({unit.bias_name for unit in units}) < len(units):
        bias = bias[:1]
    return Link(
        weights,
        None if bias is None else np.array(bias),
        gradients,
        np.array(of_biases) if of_biases else None,
        {place: name for place, name in names.items() if not _is_generated(name, number)},
    )


def _check_layers(net: Differentiable) -> None:
    if not any(map(_is_dense, net.layers)):
        raise ValueError(f"net: received {net!r}, expected a network with at least one Dense")
    width = net.n_in
    for i, layer in enumerate(net.layers):
        n_out = getattr(layer, "n_out", None) or width
        if n_out != width and not _is_dense(layer):
            raise ValueError(
                f"net: received {layer!r} at {i}, which makes {n_out} outputs of {width}, expected "
                "the same number for layers other than Dense"
            )
        width = n_out


def _recorded(layers: Sequence[Any]) -> list[Numbers | None]:
    """Return a list that holds a copy of the output of each layer after the next pass."""
    outputs: list[Numbers | None] = [None] * len(layers)

    def recorded(i: int, forward: Callable[..., Numbers]) -> Callable[..., Numbers]:
        def record(*args: Any) -> Numbers:
            A = forward(*args)
            outputs[i] = A.copy()
            return A

        return record

    for i, layer in enumerate(layers):
        layer.forward = recorded(i, layer.forward)
    return outputs


def _words(dense: Any | None, others: Sequence[Any]) -> str:
    """Return the names of an activation and of the layers after it, a line for each."""
    words = []
    for layer in others:
        activation = getattr(layer, "activation", None)
        own = shortened(layer).removesuffix("()")
        words.append(_name(activation) if activation is not None else own)
    return _lines("inputs" if dense is None else _name(dense.activation), words)


def _lines(first: str, others: Sequence[str]) -> str:
    """Return names line by line; an activation that does nothing is left out before others."""
    names = [] if first == "identity" and others else [first]
    return "\n".join(map(printable, [*names, *others]))


def _is_dense(layer: Any) -> bool:
    has_parts = all(hasattr(layer, name) for name in ("activation", "bias", "train_bias"))
    return has_parts and getattr(getattr(layer, "W", None), "ndim", 0) == 2


def _row(x: NDArray[Any], name: str, width: int) -> NDArray[Any]:
    """Return one sample as a row."""
    x = x[None] if x.ndim == 1 else x
    if x.ndim == 2 and len(x) != 1:
        raise ValueError(f"{name}: received {len(x)} samples, expected one, of shape ({width},)")
    return x


def _target(t: NDArray[Any], n_out: int) -> NDArray[Any]:
    """Return one target as a row, a label as it is."""
    return t if _is_label(t, n_out) else _row(t, "t", n_out)


def _is_label(t: NDArray[Any], n_out: int) -> bool:
    return n_out > 1 and t.shape == (1,) and t.dtype.kind in "iu"


def _one_hot(t: NDArray[Any], n_out: int) -> Numbers:
    """Return the target of each output, one-hot for a label."""
    if not _is_label(t, n_out):
        return np.asarray(t, dtype=np.float64).reshape(n_out)
    targets = np.zeros(n_out)
    targets[t[0]] = 1.0
    return targets


def _link(k: int, layer: Any, has_gradients: bool, given: Mapping[str, str]) -> Link:
    """Return the numbers and names of a dense layer of the copied network."""
    biased = layer.bias is not None
    at: dict[tuple[int | None, int], str] = {
        (i, j): f"w[{k}][{i},{j}]" for i, j in np.ndindex(layer.W.shape)
    }
    at |= {(None, j): _bias(k, j, layer) for j in range(layer.n_out)} if biased else {}
    return Link(
        layer.W,
        layer.b if biased else None,
        layer.dW if has_gradients else None,
        layer.db if has_gradients and biased and layer.train_bias else None,
        {place: given[name] for place, name in at.items() if name in given},
    )


def _given_names(
    names: Mapping[str, Place] | None, net: Differentiable, columns: Sequence[str] | None
) -> dict[str, str]:
    """Return the name at each place that has one, such as ``w[0][1,2]``, ``x[0]`` or ``a[1][2]``.

    Raises
    ------
    ValueError, TypeError
        If a place does not exist or has two names.
    """
    if not isinstance(names, Mapping | None):
        raise TypeError(f"names: received {names!r}, expected a mapping of str to (layer, i, j)")
    places, shapes, width = {f"x[{i}]" for i in range(net.n_in)}, {}, net.n_in
    for k, layer in enumerate(net.layers):
        width = getattr(layer, "n_out", None) or width
        places |= {f"a[{k}][{j}]" for j in range(width)}
        if _is_dense(layer):
            shapes[k] = layer.W.shape
            places |= {f"w[{k}][{i},{j}]" for i, j in np.ndindex(layer.W.shape)}
            places |= {_bias(k, j, layer) for j in range(width) if layer.bias is not None}
    found: dict[str, str] = {}
    for name, at in (names or {}).items():
        place = f"w[{at[0]}][{at[1]},{at[2]}]" if isinstance(at, tuple) and len(at) == 3 else at
        if not isinstance(place, str) or place not in places:
            raise ValueError(
                f"names: received {name!r} for {at}, expected (layer, i, j) of a weight or a place "
                f"such as 'x[0]', 'a[0][1]' or 'b[0][1]'; the dense layers have the shapes {shapes}"
            )
        if place in found:
            raise ValueError(
                f"names: received {found[place]!r} and {name!r} for {at}, expected one"
            )
        found[place] = name
    return {f"x[{i}]": name for i, name in enumerate(columns or ())} | found


def _bias(k: int, j: int, layer: Any) -> str:
    """Return the place of the bias of unit j; one that all units share has no index."""
    return f"b[{k}]" if layer.share_bias else f"b[{k}][{j}]"


def _unit_names(column: int, n: int, links: int, last: int, given: Mapping[str, str]) -> list[str]:
    """Return the given or textbook names of the units of a column: x1, h1 or h2_1, o1.

    Units hold the outputs of ``layers[last]``.
    """
    if column == 0:
        stem = "x"
    elif column == links:
        stem = "o"
    else:
        stem = "h" if links == 2 else f"h{column}_"
    head = f"a[{last}]" if column else "x"
    return [given.get(f"{head}[{j}]", f"{stem}{j + 1}") for j in range(n)]


def _is_generated(name: str, link: int) -> bool:
    """Return whether a weight or bias has no name but its place or that of its unit or layer."""
    return _GENERATED.fullmatch(name) is not None or name in ("", f"b{link}")


def _name(part: object) -> str:
    return str(getattr(part, "name", type(part).__name__))
