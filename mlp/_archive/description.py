"""Descriptions: a tree as JSON, with the type and shape of each array in place of the array.

An array in a tree of dicts and lists is written as ``{"$array": "float64", "shape": [2, 3]}`` and
stored as the member named after its place: ``tree["layers"][0]["W"]`` is ``layers.0.W.npy``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlp._archive.container import Bytes, Member

MARK = "$array"
MOST_BYTES = 1 << 20
DEEPEST = 32
DTYPES = {
    "float64": "<f8",
    "float32": "<f4",
    "int64": "<i8",
    "int32": "<i4",
    "uint64": "<u8",
    "uint32": "<u4",
    "uint8": "|u1",
    "bool": "|b1",
}
_PART = re.compile(r"[A-Za-z0-9_]+")  # part of a member's name: no dots, no slashes
_LONGEST_NAME = 200
_LARGEST_INT = 1 << 128
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class Slot(NamedTuple):
    """The place of an array in a tree, and the array's description."""

    parent: Any
    key: str | int
    member: Member
    dtype: str
    shape: tuple[int, ...]

    def fill(self, data: Bytes) -> None:
        """Put the array with these bytes in its place."""
        if self.dtype == "bool" and data.size and data.max() > 1:
            raise ValueError(f"{self.member.name}: has bytes other than 0 and 1, expected booleans")
        array = data.view(DTYPES[self.dtype]).reshape(self.shape)
        self.parent[self.key] = array.astype(self.dtype, copy=False)  # in the machine's byte order


def to_text(tree: dict[str, Any]) -> tuple[bytes, list[tuple[Slot, NDArray[Any]]]]:
    """Return the description of a tree, and its arrays in order.

    Raises
    ------
    TypeError, ValueError
        If something in the tree cannot be described; the message gives its place.
    """
    arrays: list[tuple[Slot, NDArray[Any]]] = []
    described = _describe(tree, (), arrays)
    text = json.dumps(described, allow_nan=False).encode("ascii")
    if len(text) > MOST_BYTES:
        raise ValueError(
            f"description: received {len(text)} bytes of JSON, expected at most {MOST_BYTES}; "
            "put many numbers in an array"
        )
    return text, arrays


def _describe(value: Any, place: tuple[str, ...], arrays: list[tuple[Slot, NDArray[Any]]]) -> Any:
    where = ".".join(place) or "description"
    if len(place) >= DEEPEST:
        raise ValueError(f"{'.'.join(place[:5])}...: is nested deeper than {DEEPEST}")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key.startswith("$"):
                raise TypeError(f"{where}: received the key {key!r}, expected str without a $")
        return {key: _describe(item, (*place, key), arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_describe(item, (*place, str(i)), arrays) for i, item in enumerate(value)]
    if isinstance(value, np.ndarray):
        if value.dtype.name not in DTYPES:
            known = ", ".join(DTYPES)
            raise TypeError(f"{where}: received an array of {value.dtype}, expected {known}")
        declared = {MARK: value.dtype.name, "shape": list(value.shape)}
        arrays.append((_slot(None, "", place, declared), value))
        return declared
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and abs(value) >= _LARGEST_INT:
        raise ValueError(f"{where}: received an int beyond 128 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where}: received {value}, expected a finite number (or an array)")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"{where}: received {value!r}, expected None, bool, int, float, str, list, dict or an array"
    )


def from_text(text: bytes) -> tuple[dict[str, Any], list[Slot]]:
    """Return the tree of a description, and the slots in it that arrays fill.

    Raises
    ------
    ValueError
        If the description is not valid.
    """
    tree = parse(text.decode("ascii"))
    if MARK in tree:
        raise ValueError("description: is not an object of named values")
    return tree, list(_slots(tree, ()))


def parse(text: str) -> dict[str, Any]:
    """Return the object in a JSON text that is not trusted.

    Raises
    ------
    ValueError
        If it is not valid, nested too deeply, has a key twice or a number out of range.
    """
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        deepest = max(deepest, depth)
    if deepest > DEEPEST + 1:
        raise ValueError(f"description: is nested deeper than {DEEPEST}")
    tree = json.loads(
        text,
        object_pairs_hook=_unique,
        parse_int=_int,
        parse_float=_float,
        parse_constant=_float,
    )
    if not isinstance(tree, dict):
        raise ValueError("description: is not an object of named values")
    return tree


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"description: has a key twice in {sorted(found)[:10]}")
    return found


def _int(digits: str) -> int:
    if len(digits) > 40 or abs(int(digits)) >= _LARGEST_INT:
        raise ValueError("description: has an int beyond 128 bits")
    return int(digits)


def _float(digits: str) -> float:
    if not math.isfinite(float(digits)):
        raise ValueError(f"description: has {digits[:40]}, expected finite numbers")
    return float(digits)


def _slots(node: Any, place: tuple[str, ...]) -> Iterator[Slot]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict) and MARK in value:
            yield _slot(node, key, (*place, str(key)), value)
        elif isinstance(value, dict | list):
            yield from _slots(value, (*place, str(key)))


def _slot(parent: Any, key: str | int, place: tuple[str, ...], declared: dict[str, Any]) -> Slot:
    """Return the slot of an array, after checking its declaration."""
    where = ".".join(place)[:_LONGEST_NAME]
    if not all(_PART.fullmatch(part) for part in place) or where != ".".join(place):
        raise ValueError(
            f"{where!r}: cannot name an array, expected at most {_LONGEST_NAME} of the "
            "characters A-Z, a-z, 0-9 and _ in its keys"
        )
    dtype, shape = declared[MARK], declared.get("shape")
    if len(declared) != 2 or not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{where}: is declared as {str(declared)[:200]}, expected a known array")
    if not isinstance(shape, list) or len(shape) > DEEPEST:
        raise ValueError(f"{where}: has the shape {str(shape)[:200]}, expected a list of sizes")
    if not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"{where}: has the shape {str(shape)[:200]}, expected sizes >= 0")
    item_size = np.dtype(dtype).itemsize
    if item_size * math.prod(max(n, 1) for n in shape) >= 1 << 63:
        raise ValueError(f"{where}: has the shape {shape}, more than any memory holds")
    n_bytes = item_size * math.prod(shape)
    member = Member(f"{where}.npy", _npy_head(DTYPES[dtype], tuple(shape)), n_bytes)
    return Slot(parent, key, member, dtype, tuple(shape))


def _npy_head(descr: str, shape: tuple[int, ...]) -> bytes:
    """Return the header of an array in NumPy's format 1.0, padded to a multiple of 64 bytes."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    length = -(-(10 + len(text) + 1) // 64) * 64 - 10
    return b"\x93NUMPY\1\0" + length.to_bytes(2, "little") + text.ljust(length - 1).encode() + b"\n"
