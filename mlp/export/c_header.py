"""Networks as one C99 header without dependencies and without allocation."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._atomic import write_file
from mlp._checks import check_bool, check_inputs, check_path
from mlp._names import shortened
from mlp._version import __version__
from mlp.core import MLP
from mlp.export import c_source as source
from mlp.export.steps import Step, steps_of
from mlp.export.table import Target, check_table
from mlp.tables import ClassTarget, InputEncoder, RobustScaler

# fmt: off
_KEYWORDS = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
    "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
    "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union",
    "unsigned", "void", "volatile", "while",
}
# fmt: on
_ROWS = 1000
_LONGEST_WORD = 4000  # C99 promises 4095 characters in a literal


class Int8Error(NamedTuple):
    """How far outputs with int8 weights are from those of the network.

    Attributes
    ----------
    largest, mean : float
        The largest and the mean absolute difference.
    rows : str
        The rows on which they were measured.
    """

    largest: float
    mean: float
    rows: str


def to_c(
    net: MLP,
    path: str | os.PathLike[str],
    *,
    name: str = "model",
    inputs: InputEncoder | None = None,
    target: Target | None = None,
    int8: bool = False,
    X: ArrayLike | None = None,
) -> Int8Error | None:
    """Write a network as a C99 header: constant tables and ``NAME_predict(x, y)``.

    The header needs only the mathematical functions of the C library. Numbers are ``float`` or
    ``double``, as in the network. Compiled with ``-D NAME_MAIN``, it is a program that reads rows
    from standard input.

    Parameters
    ----------
    net : MLP
        The network.
    path : path
        The file; end it in ``.h``.
    name : str, default "model"
        The prefix of all names.
    inputs : InputEncoder, optional
        Encodes rows, as in a model of ``mlp train``: ``NAME_encode(columns, x)``.
    target : ClassTarget or NumberTarget, optional
        Decodes outputs: ``NAME_classes[NAME_class(y)]``, or ``NAME_decode(y, numbers)``.
    int8 : bool, default False
        Whether weights are stored as 8-bit integers, with a scale for each unit.
    X : array_like (n, n_in), optional
        Inputs on which the error of int8 weights is measured; by default, 1000 rows of standard
        normal numbers.

    Returns
    -------
    Int8Error or None
        With int8, how far the outputs are from those of the network, as the header states too.

    Raises
    ------
    TypeError
        If a layer or an activation is custom; the message names the layer.
    ValueError
        If the network has replicas, or an argument does not fit.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import mlp
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> net = mlp.MLP.from_sizes([2, 3, 1], "tanh", seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     to_c(net, f"{folder}/model.h")
    ...     header = Path(folder, "model.h").read_text()
    >>> "static inline void model_predict(const double *x, double *y)" in header
    True
    """
    check_path("path", path)
    _check_name(name)
    steps = steps_of(net)
    check_table(net, inputs, target)
    error = _int8_error(net, X) if check_bool("int8", int8) else None
    if X is not None and not int8:
        raise ValueError("X: received rows to measure an error on, expected int8=True with them")
    text = _Header(net, steps, name, inputs, target, error).text()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode("ascii"))
    return error


def _check_name(name: object) -> None:
    is_identifier = isinstance(name, str) and re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,40}", name)
    if not is_identifier or name in _KEYWORDS:
        kind = ValueError if isinstance(name, str) else TypeError
        raise kind(f"name: received {shortened(name)}, expected an identifier of C")


def _int8_error(net: MLP, X: ArrayLike | None) -> Int8Error:
    """Return how far the outputs of int8 weights are from those of the network."""
    if X is None:
        rows = f"{_ROWS} rows of standard normal inputs"
        X = np.random.default_rng(0).normal(size=(_ROWS, net.n_in))
    else:
        X = check_inputs(X, net.n_in, net.dtype, names=net.feature_names)
        rows = f"{len(X)} given rows"
    rounded = net.copy()
    for layer in rounded.layers:
        if "W" in layer.params:
            w, scale = _quantized(layer.params["W"])
            layer.params["W"][...] = w * scale
    difference = np.abs(rounded.predict(X) - net.predict(X))
    return Int8Error(float(difference.max()), float(difference.mean()), rows)


def _quantized(W: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[Any]]:
    """Return whole numbers from -127 to 127 and a scale for each unit, W = w * scale."""
    scale = np.abs(W).max(axis=0) / np.asarray(127.0, W.dtype)
    scale[scale == 0.0] = 1.0
    return np.rint(W / scale).astype(np.int8), scale


class _Header:
    """The text of a header, put together part by part."""

    def __init__(
        self,
        net: MLP,
        steps: list[Step],
        name: str,
        inputs: InputEncoder | None,
        target: Target | None,
        error: Int8Error | None,
    ) -> None:
        self.net, self.steps, self.name = net, steps, name
        self.inputs, self.target, self.error = inputs, target, error
        self.real = "float" if net.dtype == np.float32 else "double"
        self.tables: list[str] = []
        self.n_bytes = 0

    def text(self) -> str:
        """Return the header."""
        predict = self._predict()  # fills the tables
        kinds = dict.fromkeys(step.kind for step in self.steps)
        functions = [source.STEPS[kind] for kind in kinds if kind != "dense"]
        if "dense" in kinds:
            functions.insert(0, source.DENSE_INT8 if self.error else source.DENSE)
        n_columns = self.net.n_in if self.inputs is None else len(self.inputs.columns)
        sizes = {"N_IN": self.net.n_in, "N_OUT": self.net.n_out, "N_COLUMNS": n_columns}
        parts = [
            "#ifndef NAME_H\n#define NAME_H\n\n#include <math.h>",
            *(["#include <stdint.h>"] if self.error else []),
            "",
            *(f"#define NAME_{key} {value}" for key, value in sizes.items()),
            "",
            *self.tables,
            *functions,
            predict,
            *self._encoding(),
            *self._decoding(),
            self._main(),
            "#endif",
            "",
        ]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(parts))
        return self._comment() + source.rendered(text, self.name, self.real)

    def _comment(self) -> str:
        """Return the first lines: what this is, and what it needs."""
        products = sum(step.n_in * step.n_out for step in self.steps if step.kind == "dense")
        sizes = f"{self.net.n_in} inputs and {self.net.n_out} outputs"
        tables = f"Tables: {self.n_bytes} bytes. Stack: {self._stack()} bytes."
        lines = [
            f"A network of {sizes}. Written by mlp {__version__}.",
            *repr(self.net).replace("), ", "),\n    ").split("\n"),
            "",
            f"{tables} One row: {products} multiply-adds.",
        ]
        if self.error is not None:
            lines.append(
                f"Weights are int8: outputs differ by at most {self.error.largest:.2g}, on average "
                f"by {self.error.mean:.2g} ({self.error.rows})."
            )
        return "\n".join(
            ["/* " + lines[0], *(f" * {line}".rstrip() for line in lines[1:]), " */\n"]
        )

    def _stack(self) -> int:
        return sum(self._buffers().values()) * self.net.dtype.itemsize

    def _buffers(self) -> dict[str, int]:
        """Return the size of each array that holds the outputs of layers but the last."""
        sizes: dict[str, int] = {}
        for step, _, to in self._flow():
            if to != "y":
                sizes[to] = max(sizes.get(to, 0), step.n_out)
        return sizes

    def _flow(self) -> list[tuple[Step, str, str]]:
        """Return each step with the arrays that it reads and writes."""
        denses = [i for i, step in enumerate(self.steps) if step.kind == "dense"]
        flow, at, count = [], "x", 0
        for i, step in enumerate(self.steps):
            to = at
            if step.kind == "dense" or at == "x":
                to = "y" if i == denses[-1] else "ab"[count % 2]
                count += 1
            flow.append((step, at, to))
            at = to
        return flow

    def _predict(self) -> str:
        """Return the function that computes the outputs; its tables are added to `tables`."""
        lines = [f"    REAL {name}[{size}];" for name, size in sorted(self._buffers().items())]
        described = -1
        for i, (step, at, to) in enumerate(self._flow()):
            if step.layer != described:
                described = step.layer
                lines.append(f"    /* layers[{described}]: {self.net.layers[described]!r} */")
            if at != to and step.kind != "dense":
                lines.append(f"    for (int j = 0; j < {step.n_in}; j++)")
                lines.append(f"        {to}[j] = x[j];")
            arguments = [*self._arrays(step, i), *map(self._number, self._settings(step))]
            if step.kind == "dense":
                arguments = [at, str(step.n_in), *arguments, to, str(step.n_out)]
            else:
                arguments = [to, str(step.n_out), *arguments]
            lines.append(f"    NAME_{step.kind}({', '.join(arguments)});")
        head = "\n/* y = the outputs for the inputs x */\n"
        head += "static inline void NAME_predict(const REAL *x, REAL *y)\n{\n"
        return head + "\n".join(lines) + "\n}\n"

    def _settings(self, step: Step) -> list[float]:
        kept = () if step.kind == "batch_norm" else ("slope", "alpha", "eps")
        return [value for name, value in step.settings.items() if name in kept]

    def _arrays(self, step: Step, i: int) -> list[str]:
        """Add the tables of a step; return their names, in the order of the arguments."""
        arrays = dict(step.arrays)
        if step.kind == "dense":
            W, b = arrays["W"], arrays.get("b")
            names = [self._table(f"b{i}", b)] if b is not None else ["0"]
            if self.error is None:
                return [self._table(f"W{i}", W), *names]
            w, scale = _quantized(W)
            return [self._table(f"W{i}", w), self._table(f"scale{i}", scale), *names]
        if step.kind == "batch_norm":
            scale = arrays["gamma"] / np.sqrt(arrays["running_var"] + step.settings["eps"])
            arrays = {"mean": arrays["running_mean"], "scale": scale, "beta": arrays["beta"]}
        return [self._table(f"{name}{i}", array) for name, array in arrays.items()]

    def _table(self, name: str, array: NDArray[Any]) -> str:
        """Add a table; return its name."""
        kind = "int8_t" if array.dtype == np.int8 else "REAL"
        self.tables.append(self._definition(name, array, kind))
        return f"NAME_{name}"

    def _definition(self, name: str, array: NDArray[Any], kind: str) -> str:
        """Return a table, and count its bytes."""
        flat = array.ravel()
        write = str if array.dtype.kind == "i" else self._number if kind == "REAL" else repr
        numbers = [write(value) for value in flat.tolist()]
        lines = [", ".join(numbers[k : k + 8]) for k in range(0, len(numbers), 8)]
        body = ",\n    ".join(lines)
        self.n_bytes += array.nbytes
        return f"static const {kind} NAME_{name}[{len(flat)}] = {{\n    {body}\n}};"

    def _number(self, value: float) -> str:
        """Return a literal that is exactly this number."""
        if self.real == "double":
            return repr(float(value))
        text = f"{np.float32(value):.9g}"
        return f"{text}f" if re.search("[.e]", text) else f"{text}.0f"

    def _encoding(self) -> list[str]:
        """Return the tables and the function that encode a row of columns."""
        if self.inputs is None:
            return []
        encoder = self.inputs
        words = {c: encoder.categories.get(name) for c, name in enumerate(encoder.columns)}
        parts = [_strings("NAME_columns", encoder.columns)]
        parts += [_strings(f"NAME_words_{c}", known.names) for c, known in words.items() if known]
        pointers = ", ".join(f"NAME_words_{c}" if known else "0" for c, known in words.items())
        counts = ", ".join(str(len(known)) if known else "0" for known in words.values())
        parts += [
            f"static const char *const *const NAME_words[{len(words)}] = {{{pointers}}};",
            f"static const int NAME_n_words[{len(words)}] = {{{counts}}};",
        ]
        known = encoder.standardizer
        arrays = {"fill": encoder.fill}
        arrays |= {} if known is None else {"mean": known.mean, "scale": known.scale}
        parts += [
            self._definition(name, array.astype(np.float64), "double")
            for name, array in arrays.items()
            if array is not None
        ]
        text = source.ENCODE.replace("FILL\n", "" if encoder.fill is None else source.FILL)
        scaled = source.SCALED if known else ""
        if isinstance(known, RobustScaler):
            scaled += source.CLIPPED.replace("LIMIT", repr(known.limit))
        return [*parts, text.replace("SCALED\n", scaled)]

    def _decoding(self) -> list[str]:
        """Return the tables and the function that decode outputs."""
        if self.target is None:
            return []
        if isinstance(self.target, ClassTarget):
            text = source.CLASS_OF_TWO if self.net.n_out == 1 else source.CLASS
            return [_strings("NAME_classes", self.target.labels.names), text]
        n = self.net.n_out
        known = self.target.standardizer
        mean, scale = (np.zeros(n), np.ones(n)) if known is None else (known.mean, known.scale)
        return [
            _strings("NAME_targets", self.target.names),
            self._definition("target_mean", mean, "double"),
            self._definition("target_scale", scale, "double"),
            source.DECODE,
        ]

    def _main(self) -> str:
        """Return the program that reads rows."""
        is_plain = self.inputs is None
        has_numbers = self.target is not None and not isinstance(self.target, ClassTarget)
        text = source.MAIN.replace("READ_WORD\n", "" if is_plain else source.READ_WORD)
        text = text.replace("EXPECTED\n", "" if is_plain else source.EXPECTED)
        text = text.replace("HEAD\n", source.HEAD if has_numbers else "")
        prepare = source.COPY if is_plain else "        NAME_encode(columns, x);\n"
        shown = source.PRINT.replace("NUMBERS", "y")
        if isinstance(self.target, ClassTarget):
            shown = '        printf("%s\\n", NAME_classes[NAME_class(y)]);\n'
        elif has_numbers:
            shown = "        double numbers[NAME_N_OUT];\n        NAME_decode(y, numbers);\n"
            shown += source.PRINT.replace("NUMBERS", "numbers")
        return text.replace("PREPARE\n", prepare).replace("PRINT\n", shown)


def _strings(name: str, texts: Any) -> str:
    """Return a table of strings; ValueError for one that C does not promise to hold."""
    for text in texts:
        if len(text.encode("utf-8", "surrogatepass")) > _LONGEST_WORD or "\0" in text:
            raise ValueError(
                f"{name.removeprefix('NAME_')}: received {shortened(text)}, expected at most "
                f"{_LONGEST_WORD} bytes without a null"
            )
    items = ", ".join(f'"{_escaped(text)}"' for text in texts)
    return f"static const char *const {name}[{len(texts)}] = {{{items}}};"


def _escaped(text: str) -> str:
    """Return text in ASCII for a string of C: all but the plainest characters in octal."""
    octets = text.encode("utf-8", "surrogatepass")
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.,:;=+-*()<>"
    return "".join(chr(o) if o in plain else f"\\{o:03o}" for o in octets)
