"""The model file of `mlp train`: a network, and the columns of its inputs and outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

from mlp._archive import description
from mlp.cli.data import Data
from mlp.cli.task import TableTask
from mlp.core import MLP
from mlp.datasets import ClassTarget, InputEncoder, NumberTarget, target_from_dict
from mlp.files import FileFormatError, format_errors, read_model

_KEYS = {"task", "inputs", "target", "ignored", "split"}


class Model(NamedTuple):
    """A network and the columns that it reads and predicts."""

    net: MLP
    inputs: InputEncoder
    target: ClassTarget | NumberTarget
    ignored: list[str]


def metadata_of(data: Data, task: TableTask, fraction: float, seed: int) -> dict[str, Any]:
    """Return the metadata of a network, before it is trained.

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
        "split": {
            "fraction": fraction,
            "seed": seed,
            "training": len(task.training),
            "held_out": len(task.held_out),
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
    if set(metadata) != _KEYS:
        raise FileFormatError(
            path, "holds a network without the columns of its data, expected a model of mlp train"
        )
    with format_errors(path):
        model = Model(
            net,
            InputEncoder.from_dict(metadata["inputs"]),
            target_from_dict(metadata["target"]),
            metadata["ignored"],
        )
        _check(model)
    return model


def _check(model: Model) -> None:
    """Raise TypeError or ValueError if the parts of a model do not fit together."""
    net, target, ignored = model.net, model.target, model.ignored
    n_out = len(target.labels if isinstance(target, ClassTarget) else target.names)
    fits = net.n_out == n_out or (isinstance(target, ClassTarget) and (net.n_out, n_out) == (1, 2))
    if net.replicas is not None or net.n_in != model.inputs.n_in or not fits:
        raise ValueError(
            f"metadata: has {model.inputs.n_in} inputs and {n_out} outputs, "
            f"expected {net.n_in} and {net.n_out} of one network"
        )
    if not isinstance(ignored, list) or not all(isinstance(name, str) for name in ignored):
        raise TypeError(f"metadata.ignored: received {ignored!r:.80}, expected a list of strings")
