"""Networks as one Python file that needs only NumPy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from mlp._archive import write_archive
from mlp._atomic import write_file
from mlp._checks import check_bool, check_path
from mlp._version import __version__
from mlp.core import MLP
from mlp.core.layers import ActivatedLayer
from mlp.export import python_source as source
from mlp.export.steps import Step, steps_of
from mlp.export.table import Target, check_table
from mlp.tables import ClassTarget, InputEncoder, Standardizer

_TITLE = (
    "A network of {n_in} inputs and {n_out} outputs, written by mlp {version}; needs only NumPy."
)


def to_python(
    net: MLP,
    path: str | os.PathLike[str],
    *,
    inputs: InputEncoder | None = None,
    target: Target | None = None,
    weights_beside: bool = False,
) -> None:
    """Write a network as a Python module that needs only NumPy and is bit-identical.

    The module holds the forward pass, one line per step, and the parameters in decimal.
    ``predict(rows)`` takes an array ``(n, n_in)``, or dicts by the names in `feature_names`; with
    an encoder, rows of the columns of its table, as dicts or in the order of ``COLUMNS``.

    Parameters
    ----------
    net : MLP
        The network.
    path : path
        The file; end it in ``.py``.
    inputs : InputEncoder, optional
        Encodes rows, as in a model of ``mlp train``.
    target : ClassTarget or NumberTarget, optional
        Decodes outputs; for classes, ``predict`` returns names, and ``probabilities(rows)`` the
        outputs.
    weights_beside : bool, default False
        Whether the parameters go to a file beside it instead: ``model_weights.npz`` for
        ``model.py``.

    Raises
    ------
    TypeError
        If a layer or an activation is custom; the message names the layer.
    ValueError
        If the network has replicas, or the encoder or the target does not fit it.
    OSError
        If a file cannot be written.

    Notes
    -----
    Results are bit-identical with the same NumPy, BLAS and number of threads.

    Examples
    --------
    >>> import mlp, runpy
    >>> from tempfile import TemporaryDirectory
    >>> net = mlp.MLP.from_sizes([2, 3, 1], "tanh", seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     to_python(net, f"{folder}/model.py")
    ...     module = runpy.run_path(f"{folder}/model.py")
    >>> X = [[0.5, 1.0], [2.0, -1.0]]
    >>> bool((module["predict"](X) == net.predict(X)).all())
    True
    """
    check_path("path", path)
    check_bool("weights_beside", weights_beside)
    steps = steps_of(net)
    check_table(net, inputs, target)
    if weights_beside and Path(path).suffix != ".py":
        raise ValueError(f"path: received {os.fspath(path)!r}, expected it to end in .py")
    arrays = _named_arrays(steps)
    text = "\n".join(_sections(net, steps, inputs, target, arrays, weights_beside))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if weights_beside:
        beside = Path(path).with_name(f"{Path(path).stem}_weights.npz")
        write_archive(beside, "mlp-weights", 1, arrays)
    write_file(path, text.encode("ascii"))


def _sections(
    net: MLP,
    steps: list[Step],
    inputs: InputEncoder | None,
    target: Target | None,
    arrays: dict[str, Any],
    weights_beside: bool,
) -> list[str]:
    """Return the parts of the file."""
    kinds = {step.kind for step in steps}
    sizes = {"n_in": net.n_in, "n_out": net.n_out}
    parts = [
        f'"""{_TITLE.format(**sizes, version=__version__)}\n\n{_wrapped(repr(net))}\n"""\n',
        *(["import re"] if inputs is not None else []),
        *(["from pathlib import Path"] if weights_beside else []),
        *([""] if inputs is not None or weights_beside else []),
        "import numpy as np\n",
        f"DTYPE = np.{net.dtype.name}",
        *_constants(net, inputs, target),
        "",
        _forward(net, steps),
    ]
    if "product(" in parts[-1]:
        parts.append(source.PRODUCT)
    parts += source.functions_of(kinds, net.dtype.name)
    parts.append(source.OUTPUTS.format(**sizes, block=net._block))
    encode = source.NAMED if net.feature_names else source.PLAIN
    parts.append((encode if inputs is None else source.TABLE).format(**sizes))
    parts.append(_predict(net, target).format(**sizes, n_classes=max(net.n_out, 2)))
    if weights_beside:
        parts.append("\nPATH = Path(__file__)")
        parts.append('with np.load(PATH.with_name(f"{PATH.stem}_weights.npz")) as numbers:')
        parts += [f'    {name} = numbers["{name}"]' for name in arrays]
    else:
        parts.append("")
        parts += [f"{name} = {_literal(array)}" for name, array in arrays.items()]
    return [*parts, ""]


def _predict(net: MLP, target: Target | None) -> str:
    if target is None:
        return source.PREDICT_OUTPUTS
    if isinstance(target, ClassTarget):
        return source.PREDICT_TWO_CLASSES if net.n_out == 1 else source.PREDICT_CLASSES
    return source.PREDICT_NUMBERS


def _constants(net: MLP, inputs: InputEncoder | None, target: Target | None) -> list[str]:
    lines = []
    if inputs is None:
        if net.feature_names:
            lines.append(f"FEATURES = {net.feature_names!a}")
    else:
        words = {name: list(labels.names) for name, labels in inputs.categories.items()}
        lines += [f"COLUMNS = {list(inputs.columns)!a}", f"WORDS = {words!a}"]
        numeric = [name for name, labels in inputs.categories.items() if labels.are_numbers]
        lines.append(f"NUMERIC_WORDS = {numeric!a}")
        lines.append(f"FILL = {_optional(inputs.fill)}")
        lines += _moments("", inputs.standardizer)
        lines.append(f"CLIP = {getattr(inputs.standardizer, 'limit', None)!r}")
    if isinstance(target, ClassTarget):
        lines.append(f"CLASSES = {list(target.labels.names)!a}")
    elif target is not None:
        lines.append(f"TARGETS = {list(target.names)!a}")
        lines += _moments("TARGET_", target.standardizer)
    return lines


def _moments(prefix: str, known: Standardizer | None) -> list[str]:
    mean, scale = (None, None) if known is None else (known.mean, known.scale)
    return [f"{prefix}MEAN = {_optional(mean)}", f"{prefix}SCALE = {_optional(scale)}"]


def _optional(array: Any) -> str:
    return "None" if array is None else f"np.array({array.astype(np.float64).tolist()})"


def _forward(net: MLP, steps: list[Step]) -> str:
    """Return the function ``forward``, a line for each step."""
    last = net.layers[-1]
    is_fused = isinstance(last, ActivatedLayer) and last.fused is not None
    # the package keeps the outputs of a fused softmax with the rows next to each other
    units_first = is_fused and bool(steps) and steps[-1].kind == "softmax"
    lines = ["", "def forward(A):", '    """Return the outputs for a block of inputs A."""']
    for i, step in enumerate(steps):
        is_first = not i or step.layer != steps[i - 1].layer
        is_last_dense = step.kind == "dense" and step.layer == steps[-1].layer
        if units_first and is_first and i == len(steps) - 1:
            lines.append("    A = np.asfortranarray(A)  # rows next to each other, as in mlp")
        comment = f"  # layers[{step.layer}]: {net.layers[step.layer]!r}" if is_first else ""
        has_activation = i + 1 < len(steps) and step.layer == steps[i + 1].layer
        A = "A" if is_first else "Z"
        Z = "Z" if has_activation else "A"
        lines.append(f"    {Z} = {_value(step, i, A, units_first and is_last_dense)}{comment}")
    return "\n".join([*lines, "    return A", ""])


def _value(step: Step, i: int, A: str, units_first: bool) -> str:
    if step.kind == "dense":
        product = f"A @ W{i}"
        if step.n_in <= 2 or units_first:
            product = f"product(A, W{i}{', units_first=True' if units_first else ''})"
        return product + (f" + b{i}" if "b" in step.arrays else "")
    names = [f"{_short(name)}{i}" for name in step.arrays]
    settings = [f"{value!r}" for name, value in step.settings.items() if name != "momentum"]
    return f"{step.kind}({', '.join([A, *names, *settings])})"


def _short(name: str) -> str:
    return name.removeprefix("running_")


def _named_arrays(steps: list[Step]) -> dict[str, Any]:
    return {
        f"{_short(name)}{i}": array
        for i, step in enumerate(steps)
        for name, array in step.arrays.items()
    }


def _literal(array: Any) -> str:
    """Return an array as Python, a row on each line; its decimals are those numbers exactly."""
    if array.ndim == 1:
        return f"np.array({array.tolist()}, DTYPE)"
    rows = "".join(f"    {row},\n" for row in array.tolist())
    return f"np.array([\n{rows}], DTYPE)"


def _wrapped(text: str) -> str:
    return text.replace("), ", "),\n    ")
