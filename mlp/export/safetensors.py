"""Networks as safetensors files, which PyTorch's tools read too; written and read with NumPy alone.

A file is the length of a JSON header (8 bytes), the header, and the numbers. See
https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mlp._archive import FileFormatError, format_errors
from mlp._archive.container import check_holes
from mlp._archive.description import MOST_BYTES, parse
from mlp._atomic import replacing
from mlp._checks import check_path, require, require_keys
from mlp.core import MLP
from mlp.export.description import DESCRIPTION, describe_structure, restore_structure
from mlp.export.state_dict import load_state_dict, state_dict
from mlp.export.steps import check_network
from mlp.files import rebuild

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1"}
_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
_MOST_DIMENSIONS = 8


def to_safetensors(
    net: MLP, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a network to a safetensors file; `from_safetensors` reads it back, bit-identical.

    Tensors have the names and shapes of ``net.to_torch().state_dict()``; see `state_dict`. The
    file's metadata holds ``format: pt`` and, as JSON under ``mlp``, the layers and the loss.

    Parameters
    ----------
    net : MLP
        The network.
    path : path
        The file; end it in ``.safetensors``.
    metadata : mapping of str to str, optional
        More text to store with the network.

    Raises
    ------
    TypeError
        If a layer, activation or loss is custom, or the metadata is not text.
    ValueError
        If the network has replicas, or a parameter is not finite.
    OSError
        If the file cannot be written; an earlier file is unchanged.

    Examples
    --------
    >>> import mlp
    >>> from tempfile import TemporaryDirectory
    >>> net = mlp.MLP.from_sizes([2, 3, 1], seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     to_safetensors(net, f"{folder}/net.safetensors")
    ...     same = from_safetensors(f"{folder}/net.safetensors")
    >>> bool((same.theta == net.theta).all())
    True
    """
    check_path("path", path)
    check_network(net)
    if not isinstance(metadata, Mapping | None) or not all(
        isinstance(text, str) for item in (metadata or {}).items() for text in item
    ):
        raise TypeError(f"metadata: received {metadata!r:.100}, expected a dict of text")
    reserved = sorted({"format", DESCRIPTION} & set(metadata or {}))
    if reserved:
        raise ValueError(f"metadata: received {reserved}, expected other names")
    described = json.dumps(describe_structure(net), allow_nan=False)
    texts = {"format": "pt", DESCRIPTION: described, **(metadata or {})}
    tensors = state_dict(net)
    header: dict[str, Any] = {"__metadata__": texts}
    start = 0
    for name, array in tensors.items():
        end = start + array.nbytes
        dtype = _NAMES[array.dtype.newbyteorder("<")]
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode("ascii")
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    if len(text) > MOST_BYTES:
        raise ValueError(f"metadata: received {len(text)} bytes, expected at most {MOST_BYTES}")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())


def from_safetensors(path: str | os.PathLike[str], net: MLP | None = None) -> MLP:
    """Return the network in a safetensors file.

    Parameters
    ----------
    path : path
        The file.
    net : MLP, optional
        A network with the layers of the file, of which a copy receives the parameters; needed for
        files that `to_safetensors` has not written, since they do not name activations.

    Raises
    ------
    FileFormatError
        If the file is corrupted, hostile, or does not hold the network.
    TypeError, ValueError
        If `path` is not a path, or `net` is not a network without replicas.
    OSError
        If there is no such file or it cannot be read.
    """
    if net is not None:
        net = check_network(net).copy()
    tensors, metadata = read_safetensors(path)
    with format_errors(path):
        if net is not None:
            load_state_dict(net, tensors)
            return net
        if DESCRIPTION not in metadata:
            raise ValueError("does not describe its layers, expected a net to copy and fill")
        return rebuild(restore_structure(parse(metadata[DESCRIPTION]), tensors))


def read_safetensors(
    path: str | os.PathLike[str],
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the tensors of any safetensors file by name, and its metadata.

    The file is not trusted: the header is at most 1 MiB long; types, shapes and offsets are
    checked before a number is read, and memory is bounded by the size of the file.

    Raises
    ------
    FileFormatError
        If the file is corrupted or hostile, or a tensor has a type other than F64, F32, F16, I64,
        I32 or U8.
    TypeError
        If `path` is not a path.
    OSError
        If there is no such file or it cannot be read.

    Examples
    --------
    >>> import mlp
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     to_safetensors(mlp.MLP.from_sizes([2, 1], seed=0), f"{folder}/net.safetensors")
    ...     tensors, metadata = read_safetensors(f"{folder}/net.safetensors")
    >>> tensors["0.weight"].shape, metadata["format"]
    ((1, 2), 'pt')
    """
    if not stat.S_ISREG(os.stat(check_path("path", path)).st_mode):
        raise FileFormatError(path, "is not a regular file")
    with open(path, "rb") as file, format_errors(path):
        return _read(file)


def _read(file: BinaryIO) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > size - 8:
        raise ValueError("is truncated, or not a safetensors file")
    if length > MOST_BYTES:
        raise ValueError(f"has a header of {length} bytes, expected at most {MOST_BYTES}")
    header = parse(file.read(length).decode("utf-8"))
    metadata = require("__metadata__", header.pop("__metadata__", {}), dict)
    if not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("__metadata__: has values other than text")
    places = sorted((_place(name, node) for name, node in header.items()), key=lambda p: p[3])
    end = 0
    for name, _, _, start, stop in places:
        if start != end:
            raise ValueError(f"{name:.80}: begins at {start}, expected {end}: the tensors in a row")
        end = stop
    if end != size - 8 - length:
        raise ValueError(f"has {size - 8 - length} bytes of numbers, expected {end}")
    check_holes(file.fileno())
    tensors = {}
    for name, dtype, shape, start, stop in places:
        array = np.frombuffer(file.read(stop - start), DTYPES[dtype]).reshape(shape)
        tensors[name] = array.astype(array.dtype.newbyteorder("="))
    return {name: tensors[name] for name in header}, metadata


def _place(name: str, node: Any) -> tuple[str, str, tuple[int, ...], int, int]:
    """Return name, type, shape, start and end of a tensor, after checking its declaration."""
    where = name[:80]
    dtype, shape, offsets = require_keys(where, node, "dtype", "shape", "data_offsets")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(
            f"{where}: has the type {dtype!r:.40}, expected one of {', '.join(DTYPES)}"
        )
    _check_sizes(f"{where}.shape", shape)
    _check_sizes(f"{where}.data_offsets", offsets)
    if len(shape) > _MOST_DIMENSIONS or len(offsets) != 2:
        raise ValueError(f"{where}: has {len(shape)} dimensions and {len(offsets)} offsets")
    n_bytes = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if offsets[1] - offsets[0] != n_bytes:
        raise ValueError(f"{where}: has the offsets {offsets}, expected {n_bytes} bytes")
    return name, dtype, tuple(shape), *offsets


def _check_sizes(place: str, values: Any) -> None:
    require(place, values, list)
    if not all(type(n) is int and 0 <= n < 1 << 62 for n in values):
        raise ValueError(f"{place}: is {values!s:.80}, expected whole numbers >= 0")
