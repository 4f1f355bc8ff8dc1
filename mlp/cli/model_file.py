"""The model file of `mlp train`: a network, and the columns of its inputs and outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

from mlp._archive import description
from mlp._checks import check_names
from mlp.cli.data import Data
from mlp.cli.task import TableTask
from mlp.core import MLP
from mlp.datasets import ClassTarget, InputEncoder, NumberTarget, target_from_dict
from mlp.files import FileFormatError, format_errors, read_model
from mlp.studies.ensemble import Ensemble
from mlp.tables import Dialect
from mlp.tables.numbers import PARTS

_KEYS = {"task", "inputs", "target", "ignored", "split"}
_LATER_KEYS = {"dates": [], "dialect": Dialect().to_dict()}  # older files lack them


class Model(NamedTuple):
    """A network or an ensemble, the columns it reads and predicts, and how files spell them."""

    net: MLP | Ensemble
    inputs: InputEncoder
    target: ClassTarget | NumberTarget
    ignored: list[str | int]
    dates: list[str]
    dialect: Dialect


def metadata_of(data: Data, task: TableTask, split: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a network, before it is trained; `split` says how rows were drawn.

    Raises
    ------
    ValueError
        If a file cannot hold so many names.
    """
    metadata = {
        "task": data.task,
        "inputs": task.inputs.to_dict(),
        "target": task.target.to_dict(),
        "ignored": list(data.ignored),
        "dates": list(data.dates),
        "dialect": data.dialect.to_dict(),
        "split": split
        | {
            "training": len(task.parts.training),
            "held_out": len(task.parts.validation),
            "test": len(task.parts.test),
        },
    }
    description.to_text({"metadata": metadata})
    return metadata


def read(path: str) -> Model:
    """Return the model in a file of `mlp train`.

    Raises
    ------
    FileFormatError
        If the file holds no network, or not the columns of its data.
    OSError
        If it cannot be read.
    """
    net, metadata = read_model(path)
    metadata = _LATER_KEYS | metadata
    if set(metadata) != _KEYS | set(_LATER_KEYS):
        raise FileFormatError(
            path, "holds a network without the columns of its data, expected a model of mlp train"
        )
    with format_errors(path):
        model = Model(
            net,
            InputEncoder.from_dict(metadata["inputs"]),
            target_from_dict(metadata["target"]),
            metadata["ignored"],
            check_names("metadata.dates", metadata["dates"]) if metadata["dates"] else [],
            Dialect.from_dict(metadata["dialect"]),
        )
        _check(model)
    return model


def _check(model: Model) -> None:
    """Raise TypeError or ValueError if the parts of a model do not fit together."""
    net, target, ignored = model.net, model.target, model.ignored
    n_out = len(target.labels if isinstance(target, ClassTarget) else target.names)
    fits = net.n_out == n_out or (isinstance(target, ClassTarget) and (net.n_out, n_out) == (1, 2))
    is_one = isinstance(net, Ensemble) or not net._lead
    if not is_one or net.n_in != model.inputs.n_in or not fits:
        raise ValueError(
            f"metadata: has {model.inputs.n_in} inputs and {n_out} outputs, "
            f"expected {net.n_in} and {net.n_out} of one network"
        )
    if not isinstance(ignored, list) or not all(type(name) in (str, int) for name in ignored):
        raise TypeError(
            f"metadata.ignored: received {ignored!r:.80}, expected a list of names and positions"
        )
    parts = {f"{name}.{part}" for name in model.dates for part in PARTS}
    if not {*model.dates, *parts} <= {*model.inputs.numbers}:
        raise ValueError(
            f"metadata.dates: received {model.dates!r:.80}, expected inputs with their parts"
        )
