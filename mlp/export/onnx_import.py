"""Networks from ONNX files that are a chain of layers."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp._archive import FileFormatError, format_errors
from mlp._checks import check_choice, check_path
from mlp.core import LOSSES, MLP
from mlp.core.activations import SELU
from mlp.export.onnx_steps import FLOAT32, FLOAT64, Emit, gelu_by_erf, mish_by_softplus
from mlp.export.steps import Step, network_of

_LEAST_OPSET = 13
_DTYPES = {1: "<f4", 11: "<f8", 7: "<i8"}  # of onnx.TensorProto
_MOST_BYTES = 1 << 31  # of a protocol buffer
_MOST_NODES = 10_000
_ROUNDED = 1e-6  # how far a constant of another exporter may be from ours


def from_onnx(path: str | os.PathLike[str], loss: str = "squared_error") -> MLP:
    """Return the network in an ONNX file that is a chain of layers.

    Layers are Gemm, or MatMul and Add; activations; BatchNormalization and LayerNormalization;
    Mul by a constant; Dropout and Identity.

    Parameters
    ----------
    path : path
        The file.
    loss : str, default "squared_error"
        The loss of the network, which a file does not hold.

    Raises
    ------
    FileFormatError
        If the file is corrupted or hostile, has numbers in other files, or is not such a chain; the
        message names the first operator that does not belong to one.
    TypeError, ValueError
        If `path` is not a path, or the loss is unknown.
    ImportError
        If the package ``onnx`` is not installed.
    OSError
        If there is no such file or it cannot be read.
    """
    check_choice("loss", loss, list(LOSSES))
    status = os.stat(check_path("path", path))
    if not stat.S_ISREG(status.st_mode) or status.st_size >= _MOST_BYTES:
        raise FileFormatError(path, f"is not a regular file of less than {_MOST_BYTES} bytes")
    import onnx
    from google.protobuf.message import DecodeError

    with open(path, "rb") as file, format_errors(path):
        model = onnx.ModelProto()
        try:
            model.ParseFromString(file.read())
        except DecodeError as error:
            raise ValueError(f"is not an ONNX file ({error})") from error
        return _network(model, loss)


def _network(model: Any, loss: str) -> MLP:
    """Return the network of a model; ValueError if there is none."""
    opsets = [opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")]
    if len(opsets) != 1 or opsets[0] < _LEAST_OPSET:
        raise ValueError(f"has the opsets {opsets[:4]}, expected {_LEAST_OPSET} or later")
    graph = model.graph
    if len(graph.node) > _MOST_NODES:
        raise ValueError(f"has {len(graph.node)} operators, expected at most {_MOST_NODES}")
    if graph.sparse_initializer or model.functions:
        raise ValueError("has sparse constants or functions, expected none")
    constants = _constants(graph)
    names = [value.name for value in graph.input if value.name not in constants]
    if len(names) != 1 or len(graph.output) != 1:
        raise ValueError(
            f"has the inputs {names[:8]} and {len(graph.output)} outputs, expected one of each"
        )
    nodes = [node for node in graph.node if node.op_type != "Constant"]
    for node in nodes:
        if not node.output:
            raise ValueError(f"{_named(node)}: has no output, expected one")
    chain = _Chain(nodes, constants)
    steps, last = chain.steps(names[0])
    if graph.output[0].name != last:
        raise ValueError(f"has the output {graph.output[0].name!r:.80}, expected {last!r:.80}")
    dtypes = {a.dtype.name for s in steps for a in s.arrays.values()}
    if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
        raise ValueError(f"has parameters of {sorted(dtypes)}, expected one of float32, float64")
    kept = [step for step in steps if step.kind != "identity"]
    return network_of(kept, loss, dtypes.pop())


def _constants(graph: Any) -> dict[str, NDArray[Any]]:
    """Return the constants of a graph by name."""
    found: dict[str, NDArray[Any]] = {}
    tensors = [(tensor.name, tensor) for tensor in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant":
            values = [a.t for a in node.attribute if a.name == "value"]
            if len(values) != 1 or len(node.output) != 1:
                raise ValueError(f"{_named(node)}: has no tensor, expected one")
            tensors.append((node.output[0], values[0]))
    for name, tensor in tensors:
        if name in found:
            raise ValueError(f"has the constant {name!r:.80} twice")
        found[name] = _array(name, tensor)
    return found


def _array(name: str, tensor: Any) -> NDArray[Any]:
    """Return the numbers of a tensor, whose size is checked before."""
    where = f"constant {name!r:.80}"
    if tensor.data_location or tensor.external_data:
        raise ValueError(f"{where}: is stored in another file, expected its numbers here")
    if tensor.data_type not in _DTYPES:
        raise ValueError(f"{where}: has type {tensor.data_type}, expected float, double or int64")
    dtype = np.dtype(_DTYPES[tensor.data_type])
    shape = tuple(tensor.dims)
    listed = {1: tensor.float_data, 11: tensor.double_data, 7: tensor.int64_data}
    data = tensor.raw_data or np.array(listed[tensor.data_type], dtype).tobytes()
    if (
        len(shape) > 2
        or min(shape, default=0) < 0
        or math.prod(shape) * dtype.itemsize != len(data)
    ):
        raise ValueError(f"{where}: has the shape {shape[:8]} and {len(data)} bytes of numbers")
    array = np.frombuffer(data, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def _named(node: Any) -> str:
    """Return how an error message calls a node."""
    domain = f"{node.domain}." if node.domain else ""
    return f"operator {domain}{node.op_type} {node.name!r:.80}"


class _Match(NamedTuple):
    """Nodes that are a step: how many, the name of their output, and the step."""

    n_nodes: int
    output: str
    step: Step


class _Chain:
    """The nodes of a graph, read one step after another."""

    def __init__(self, nodes: list[Any], constants: Mapping[str, NDArray[Any]]) -> None:
        self.nodes, self.constants = nodes, constants

    def steps(self, A: str) -> tuple[list[Step], str]:
        """Return the steps from the name of the input, and the name of the output.

        Raises
        ------
        ValueError
            If a node belongs to no step; the message names it.
        """
        steps: list[Step] = []
        i, width = 0, 0
        while i < len(self.nodes):
            match = self._match(i, A, width)
            steps.append(match.step)
            i, A, width = i + match.n_nodes, match.output, match.step.n_out
        return steps, A

    def _match(self, i: int, A: str, width: int) -> _Match:
        node = self.nodes[i]
        place = _named(node)
        if node.domain not in ("", "ai.onnx") or A not in node.input:
            raise ValueError(f"{place}: does not continue the chain of layers")
        for kind, emit in _PATTERNS:
            pattern = _Pattern(self.nodes, i, self.constants)
            try:
                output = emit(pattern, A, _ARRAYS, _SETTINGS)
            except _NoMatchError:
                continue
            arrays = {key: v.ravel() for key, v in pattern.found.items() if key in _ARRAYS}
            settings = {k: float(v) for k, v in pattern.found.items() if k in _SETTINGS}
            return _Match(pattern.at - i, output, Step(kind, 0, width, width, arrays, settings))
        if node.op_type in ("Gemm", "MatMul"):
            return self._dense(i, A, place)
        if node.op_type in _SINGLE and node.input[0] == A:
            kind, settings, parameters = _SINGLE[node.op_type](_attributes(node), place)
            arrays = self._parameters(node, parameters, place)
            if kind == "dropout" and len(node.input) > 1 and node.input[1] in self.constants:
                settings = {"rate": float(self.constants[node.input[1]].sum())}
            return _Match(1, node.output[0], Step(kind, 0, width, width, arrays, settings))
        raise ValueError(f"{place}: is not a layer, expected a dense one, an activation or similar")

    def _parameters(self, node: Any, names: tuple[str, ...], place: str) -> dict[str, Any]:
        """Return the parameters among the inputs of a node."""
        given = list(node.input[1:])
        if names and any(name not in self.constants for name in given):
            raise ValueError(f"{place}: has inputs that are not constants")
        return dict(zip(names, (self.constants[name] for name in given if names), strict=False))

    def _dense(self, i: int, A: str, place: str) -> _Match:
        node, attributes = self.nodes[i], _attributes(self.nodes[i])
        W = self.constants.get(node.input[1]) if len(node.input) > 1 else None
        is_plain = attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0
        if node.input[0] != A or W is None or W.ndim != 2 or not is_plain:
            raise ValueError(f"{place}: expected A @ W with a constant matrix W")
        if attributes.get("transA", 0) not in (0, None):
            raise ValueError(f"{place}: has transA=1, expected 0")
        if node.op_type == "Gemm" and attributes.get("transB", 0):
            W = W.T
        n_nodes, output, bias = 1, node.output[0], None
        if len(node.input) > 2 and node.input[2]:
            bias = self.constants.get(node.input[2])
            if bias is None:
                raise ValueError(f"{place}: has a bias that is not a constant")
        elif i + 1 < len(self.nodes) and self.nodes[i + 1].op_type == "Add":
            after = list(self.nodes[i + 1].input)
            others = [name for name in after if name != output]
            if len(after) == 2 and len(others) == 1 and others[0] in self.constants:
                bias, n_nodes = self.constants[others[0]], 2
                output = self.nodes[i + 1].output[0]
        n_in, n_out = W.shape
        arrays = {"W": W}
        if bias is not None:
            if bias.size not in (1, n_out) or (bias.ndim == 2 and bias.shape[0] != 1):
                raise ValueError(f"{place}: has a bias of shape {bias.shape}, expected ({n_out},)")
            arrays["b"] = np.broadcast_to(bias.ravel(), (n_out,))
        return _Match(n_nodes, output, Step("dense", 0, n_in, n_out, arrays, {}))


class _NoMatchError(Exception):
    """The nodes are not those of a pattern."""


class _Hole(NamedTuple):
    """A constant of a pattern that may have any value."""

    name: str


_ARRAYS = {name: _Hole(name) for name in ("gamma", "beta", "scale")}
_SETTINGS = {name: _Hole(name) for name in ("slope", "alpha", "eps")}


class _Pattern:
    """Compares nodes with those that a step would emit; a `Builder`."""

    def __init__(self, nodes: list[Any], start: int, constants: Mapping[str, NDArray[Any]]) -> None:
        self.nodes, self.at, self.constants = nodes, start, constants
        self.found: dict[str, NDArray[Any]] = {}

    def constant(self, values: Any) -> Any:
        """Return what stands for a constant in a pattern."""
        return values if isinstance(values, _Hole) else np.asarray(values)

    def add(self, operator: str, *inputs: Any, **attributes: Any) -> str:
        """Compare the next node; return its output."""
        if self.at == len(self.nodes):
            raise _NoMatchError
        node = self.nodes[self.at]
        self.at += 1
        there = list(node.input)
        orders = [there, there[::-1]] if operator in ("Add", "Mul", "Max", "Min") else [there]
        if (
            node.op_type != operator
            or node.domain not in ("", "ai.onnx")
            or _attributes(node) != attributes
            or len(node.output) != 1
            or not any(self._fits(order, inputs) for order in orders)
        ):
            raise _NoMatchError
        output: str = node.output[0]
        return output

    def _fits(self, names: list[str], inputs: tuple[Any, ...]) -> bool:
        if len(names) != len(inputs):
            return False
        found = {}
        for name, wanted in zip(names, inputs, strict=True):
            if not isinstance(wanted, _Hole | np.ndarray):  # a name: bytes, if it is not UTF-8
                if name != wanted:
                    return False
                continue
            value = self.constants.get(name)
            if value is None:
                return False
            if isinstance(wanted, _Hole):
                if value.size != 1 and wanted.name in _SETTINGS:
                    return False
                found[wanted.name] = value
            elif value.size != wanted.size or not np.allclose(
                value.ravel(), wanted.ravel(), rtol=_ROUNDED, atol=0.0
            ):
                return False
        self.found |= found
        return True


def _attributes(node: Any) -> dict[str, Any]:
    """Return the numbers and texts among the attributes of a node; None for all others."""
    found: dict[str, Any] = dict.fromkeys(a.name for a in node.attribute)
    for a in node.attribute:
        if a.type in _ATTRIBUTES:
            found[a.name] = _ATTRIBUTES[a.type](a)
    return found


_ATTRIBUTES: dict[int, Callable[[Any], Any]] = {
    1: lambda a: a.f,
    2: lambda a: a.i,
    3: lambda a: a.s.decode("utf-8", "replace"),
}
"""How numbers and texts are read, by onnx.AttributeProto.type."""


_PATTERNS: list[tuple[str, Emit]] = [
    ("gelu", FLOAT64["gelu"]),
    ("layer_norm", FLOAT64["layer_norm"]),
    ("gelu_tanh", FLOAT64["gelu_tanh"]),
    ("softplus", FLOAT64["softplus"]),
    ("selu", FLOAT64["selu"]),
    ("mish", FLOAT64["mish"]),
    ("elu", FLOAT64["elu"]),
    ("gelu", gelu_by_erf),
    ("mish", mish_by_softplus),
    ("leaky_relu", FLOAT64["leaky_relu"]),
    ("silu", FLOAT32["silu"]),
    ("scale", FLOAT32["scale"]),
]
"""The steps of several nodes, the longest first."""


Reading = tuple[str, dict[str, float], tuple[str, ...]]
"""The kind of a step, its settings, and the names of its parameters in order."""


def _plain(kind: str) -> Any:
    return lambda attributes, place: (kind, {}, ())


def _with(kind: str, theirs: str, ours: str, default: float) -> Any:
    return lambda attributes, place: (kind, {ours: attributes.get(theirs, default)}, ())


def _gelu(attributes: dict[str, Any], place: str) -> Reading:
    return ("gelu_tanh" if attributes.get("approximate") == "tanh" else "gelu"), {}, ()


def _selu(attributes: dict[str, Any], place: str) -> Reading:
    for name, value in (("alpha", SELU.alpha), ("gamma", SELU.scale)):
        found = attributes.get(name, value)
        if not math.isclose(found, value, rel_tol=1e-6):
            raise ValueError(f"{place}: has {name} {found:g}, expected {value:g}")
    return "selu", {}, ()


def _softmax(attributes: dict[str, Any], place: str) -> Reading:
    if attributes.get("axis", -1) not in (1, -1):
        raise ValueError(f"{place}: has the axis {attributes['axis']}, expected -1")
    return "softmax", {}, ()


def _batch_norm(attributes: dict[str, Any], place: str) -> Reading:
    if attributes.get("training_mode", 0):
        raise ValueError(f"{place}: is in training mode, expected the running statistics")
    momentum = 1.0 - attributes.get("momentum", 0.9)
    settings = {"eps": attributes.get("epsilon", 1e-5), "momentum": momentum}
    return "batch_norm", settings, ("gamma", "beta", "running_mean", "running_var")


def _layer_norm(attributes: dict[str, Any], place: str) -> Reading:
    if attributes.get("axis", -1) not in (1, -1):
        raise ValueError(f"{place}: has the axis {attributes['axis']}, expected -1")
    return "layer_norm", {"eps": attributes.get("epsilon", 1e-5)}, ("gamma", "beta")


_SINGLE = {
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    "Relu": _plain("relu"),
    "Softplus": _plain("softplus"),
    "Mish": _plain("mish"),
    "Selu": _selu,
    "Identity": _plain("identity"),
    "Dropout": lambda attributes, place: ("dropout", {"rate": 0.5}, ()),
    "LeakyRelu": _with("leaky_relu", "alpha", "slope", 0.01),
    "Elu": _with("elu", "alpha", "alpha", 1.0),
    "Gelu": _gelu,
    "Softmax": _softmax,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
}
"""The operators that are a step: ``reader(attributes, place) -> Reading``."""
