"""Write a network in a format that runs without mlp.

A model of mlp train keeps its columns, scaling and classes in Python, C, ONNX and JSON; PyTorch
and safetensors hold only the network, whose inputs are the encoded columns.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mlp._atomic import replacing
from mlp._names import printable
from mlp.cli.data import option
from mlp.cli.options import check_folder
from mlp.core import MLP
from mlp.export import to_c, to_json, to_onnx, to_python, to_safetensors, to_torch
from mlp.files import read_model
from mlp.studies.table_model import read_table_model

HELP = "write a network as Python, C, ONNX, PyTorch, safetensors or JSON"

EPILOG = """\
examples:
  mlp export results/model.npz --to python
  mlp export results/model.npz --to c --int8 --out src/model.h
  mlp export results/model.npz --to onnx
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp export``."""
    parser.add_argument("model", metavar="MODEL", help="model.npz of mlp train or MLP.save")
    parser.add_argument("--to", required=True, choices=FORMATS, help="file format")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="file to write (MODEL with another suffix)"
    )
    parser.add_argument("--replica", type=int, metavar="K", help="which replica to export")
    parser.add_argument("--name", default="model", help="prefix of all names in C (%(default)s)")
    parser.add_argument(
        "--int8", action="store_true", help="with --to c: weights as 8-bit integers"
    )
    parser.add_argument(
        "--weights-beside", action="store_true", help="with --to python: weights in a second file"
    )


def run(options: argparse.Namespace) -> None:
    """Write the file, and print what it holds."""
    for name, form in (("int8", "c"), ("weights_beside", "python")):
        if getattr(options, name) and options.to != form:
            raise ValueError(
                f"{option(name)}: received with --to {options.to}, expected --to {form}"
            )
    suffix, write = FORMATS[options.to]
    out = options.out or Path(options.model).with_suffix(suffix)
    check_folder(out.parent)
    net, metadata = read_model(options.model)
    if options.replica is not None:
        net = net.replica(options.replica)
    table: dict[str, Any] = {}
    if "inputs" in metadata:
        model = read_table_model(options.model)
        table = {"inputs": model.inputs, "target": model.target}
    try:
        note = write(net, out, table, options)
    except ImportError as error:
        raise ValueError(f"--to {options.to}: needs a package that is missing ({error})") from error
    size = out.stat().st_size
    print(f"Wrote {printable(str(out))}: {net.n_in} inputs, {net.n_out} outputs, {size:,} bytes.")
    if note:
        print(note)


def _python(net: MLP, out: Path, table: dict[str, Any], options: argparse.Namespace) -> str:
    to_python(net, out, **table, weights_beside=options.weights_beside)
    return ""


def _c(net: MLP, out: Path, table: dict[str, Any], options: argparse.Namespace) -> str:
    error = to_c(net, out, **table, name=options.name, int8=options.int8)
    if error is None:
        return ""
    return f"int8 weights change outputs by at most {error.largest:.2g} ({error.rows})."


def _onnx(net: MLP, out: Path, table: dict[str, Any], options: argparse.Namespace) -> str:
    to_onnx(net, out, **table)
    return ""


def _json(net: MLP, out: Path, table: dict[str, Any], options: argparse.Namespace) -> str:
    to_json(net, out, **table)
    return ""


def _safetensors(net: MLP, out: Path, table: dict[str, Any], options: argparse.Namespace) -> str:
    texts = {
        name: json.dumps(part.to_dict(), default=np.ndarray.tolist) for name, part in table.items()
    }
    to_safetensors(net, out, texts)
    return _NOT_ENCODED if table else ""


def _torch(net: MLP, out: Path, table: dict[str, Any], options: argparse.Namespace) -> str:
    import torch

    module = to_torch(net)
    with replacing(out) as file:
        torch.save(module.state_dict(), file)
    note = f"A state dict of\n{module}\nfor torch.load(..., weights_only=True)."
    return f"{note}\n{_NOT_ENCODED}" if table else note


_NOT_ENCODED = "Its inputs are the encoded columns: the file does not encode rows."
FORMATS: dict[str, tuple[str, Callable[..., str]]] = {
    "python": (".py", _python),
    "c": (".h", _c),
    "onnx": (".onnx", _onnx),
    "torch": (".pt", _torch),
    "safetensors": (".safetensors", _safetensors),
    "json": (".json", _json),
}
"""The suffix of each form, and what writes it."""
