"""Networks as ONNX files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._checks import check_path
from mlp._version import __version__
from mlp.core import MLP
from mlp.export.description import DESCRIPTION, describe_structure
from mlp.export.onnx_steps import FLOAT32, FLOAT64, OPSET
from mlp.export.steps import steps_of
from mlp.export.table import Target, check_table
from mlp.tables import ClassTarget, InputEncoder, NumberTarget, RobustScaler

_IR_VERSION = 9
_TYPES = {"float32": 1, "float64": 11, "int64": 7, "text": 8}  # of onnx.TensorProto


def to_onnx(
    net: MLP,
    path: str | os.PathLike[str],
    *,
    inputs: InputEncoder | None = None,
    target: Target | None = None,
) -> None:
    """Write a network as an ONNX file of operators of the main domain, for any number of rows.

    The input ``X`` is ``(n, n_in)`` in the dtype of the network, the output ``A`` ``(n, n_out)``.

    With an encoder, ``X`` holds the columns of numbers in float64, and ``words``, a matrix of
    text, those of words, if there are any. With a target, ``A`` holds the predicted numbers in
    the units of their columns; for classes, there are ``label`` ``(n,)``, their names, and
    ``probabilities`` ``(n, n_classes)`` instead.

    Parameters
    ----------
    net : MLP
        The network.
    path : path
        The file; end it in ``.onnx``.
    inputs : InputEncoder, optional
        Encodes rows, as in a model of ``mlp train``.
    target : ClassTarget or NumberTarget, optional
        Decodes outputs.

    Raises
    ------
    TypeError
        If a layer, activation or loss is custom; the message names the layer.
    ValueError
        If the network has replicas, or the encoder or the target does not fit it.
    ImportError
        If the package ``onnx`` is not installed.
    OSError
        If the file cannot be written.

    Notes
    -----
    A graph cannot reject a row. A word that is not known, or not spelled exactly so, becomes
    zeros. A missing number (NaN) or word ("") is filled in if the encoder does so; otherwise the
    outputs are NaN, or those of an unknown word.

    Operators are those of opset 20. In float64, activations that runtimes lack are put together
    from simpler operators.

    Examples
    --------
    >>> import mlp
    >>> from tempfile import TemporaryDirectory
    >>> net = mlp.MLP.from_sizes([2, 3, 1], "gelu", seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     to_onnx(net, f"{folder}/net.onnx")
    ...     same = mlp.export.from_onnx(f"{folder}/net.onnx")
    >>> same
    MLP([Dense(2, 3, 'gelu'), Dense(3, 1, 'identity')], loss='squared_error')
    """
    check_path("path", path)
    described = describe_structure(net)
    steps = steps_of(net)
    check_table(net, inputs, target)
    graph = _Graph(net.dtype)
    A = "X" if inputs is None else _encode(graph, inputs)
    emitters = FLOAT32 if net.dtype == np.float32 else FLOAT64
    for step in steps:
        graph.prefix = f"layers.{step.layer}."
        A = emitters[step.kind](graph, A, step.arrays, step.settings)
    graph.prefix = ""
    outputs = _decode(graph, A, net, target)
    X = ("X", net.dtype.name, net.n_in)
    columns = [X] if inputs is None else _columns(inputs)
    if inputs is not None:
        described |= {"columns": list(inputs.numbers), "words": list(inputs.categories)}
    model = graph.model(columns, outputs, described)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_file(path, model)


class _Graph:
    """A graph that grows node by node.

    Parameters
    ----------
    dtype : numpy dtype
        That of numbers among the constants.

    Attributes
    ----------
    prefix : str
        What names of nodes and constants begin with.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        import onnx

        self._onnx = onnx
        self.dtype, self.prefix = dtype, ""
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        output = f"{self.prefix}{operator}.{len(self.nodes)}"
        node = self._onnx.helper.make_node(operator, inputs, [output], output, **attributes)
        self.nodes.append(node)
        return output

    def constant(self, values: Any) -> str:
        """Add a constant and return its name: text, whole numbers, or numbers of the dtype."""
        name = f"{self.prefix}constant.{len(self.constants)}"
        make: Any = self._onnx.helper.make_tensor
        array = np.asarray(values)
        if array.dtype.kind == "U":
            data = [str(text).encode("utf-8", "surrogatepass") for text in array.ravel()]
            self.constants[name] = make(name, _TYPES["text"], array.shape, data)
            return name
        array = array if array.dtype.kind == "i" else array.astype(self.dtype)
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
        self.constants[name] = make(name, _TYPES[array.dtype.name], array.shape, raw, raw=True)
        return name

    def named(self, value: str, name: str) -> None:
        """Give an output of the graph its name."""
        self.nodes.append(self._onnx.helper.make_node("Identity", [value], [name], name))

    def model(
        self,
        inputs: Sequence[tuple[str, str, int | None]],
        outputs: Sequence[tuple[str, str, int | None]],
        described: dict[str, Any],
    ) -> bytes:
        """Return the file; inputs and outputs are name, type and number of columns."""
        helper = self._onnx.helper
        values = [
            [
                helper.make_tensor_value_info(name, _TYPES[kind], ["n", n] if n else ["n"])
                for name, kind, n in group
            ]
            for group in (inputs, outputs)
        ]
        graph = helper.make_graph(self.nodes, "mlp", *values, list(self.constants.values()))
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=_IR_VERSION,
            producer_name="mlp",
            producer_version=__version__,
        )
        helper.set_model_props(model, {DESCRIPTION: json.dumps(described, allow_nan=False)})
        self._onnx.checker.check_model(model)
        data: bytes = model.SerializeToString(deterministic=True)
        return data


def _columns(encoder: InputEncoder) -> list[tuple[str, str, int | None]]:
    """Return the inputs of a graph that encodes rows."""
    numbers = [("X", "float64", len(encoder.numbers))] if encoder.numbers else []
    words = [("words", "text", len(encoder.categories))] if encoder.categories else []
    return [*numbers, *words]


def _encode(graph: _Graph, encoder: InputEncoder) -> str:
    """Return the inputs of the network; they are scaled in float64, as `InputEncoder` does."""
    dtype, graph.dtype = graph.dtype, np.dtype(np.float64)
    n_numbers = len(encoder.numbers)
    parts = []
    if n_numbers:
        parts.append(_filled(graph, "X", graph.add("IsNaN", "X"), encoder.fill, 0, n_numbers))
    start = n_numbers
    for i, known in enumerate(encoder.categories.values()):
        column = graph.add("Gather", "words", graph.constant(np.array([i])), axis=1)
        names = graph.constant(np.array([list(known.names)]))
        is_word = graph.add("Cast", graph.add("Equal", column, names), to=_TYPES["float64"])
        is_missing = graph.add("Equal", column, graph.constant(np.array([""])))
        parts.append(_filled(graph, is_word, is_missing, encoder.fill, start, len(known)))
        start += len(known)
    A = graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    if encoder.standardizer is not None:
        A = graph.add("Sub", A, graph.constant(encoder.standardizer.mean))
        A = graph.add("Div", A, graph.constant(encoder.standardizer.scale))
    if isinstance(encoder.standardizer, RobustScaler):
        x = graph.add("Div", A, graph.constant(encoder.standardizer.limit))
        x = graph.add("Min", graph.add("Abs", x), graph.constant(1e150))  # its square is finite
        square = graph.add("Add", graph.add("Mul", x, x), graph.constant(1.0))
        A = graph.add("Div", A, graph.add("Sqrt", square))
    graph.dtype = dtype
    return A if dtype == np.float64 else graph.add("Cast", A, to=_TYPES[dtype.name])


def _filled(
    graph: _Graph, A: str, is_missing: str, fill: NDArray[Any] | None, start: int, n: int
) -> str:
    if fill is None:
        return A
    return graph.add("Where", is_missing, graph.constant(fill[start : start + n]), A)


def _decode(
    graph: _Graph, A: str, net: MLP, target: Target | None
) -> list[tuple[str, str, int | None]]:
    """Add what follows the network; return the outputs of the graph."""
    kind = net.dtype.name
    if isinstance(target, ClassTarget):
        if net.n_out == 1:
            A = graph.add("Concat", graph.add("Sub", graph.constant(1.0), A), A, axis=1)
        code = graph.add("ArgMax", A, axis=1, keepdims=0)
        classes = graph.constant(np.array(target.labels.names))
        graph.named(graph.add("Gather", classes, code, axis=0), "label")
        graph.named(A, "probabilities")
        return [("label", "text", None), ("probabilities", kind, len(target.labels))]
    if isinstance(target, NumberTarget) and target.standardizer is not None:
        graph.dtype, kind = np.dtype(np.float64), "float64"
        A = graph.add("Cast", A, to=_TYPES["float64"])
        A = graph.add("Mul", A, graph.constant(target.standardizer.scale))
        A = graph.add("Add", A, graph.constant(target.standardizer.mean))
    graph.named(A, "A")
    return [("A", kind, net.n_out)]
