"""How the settings of two runs differ, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def differences(received: Any, expected: Any, place: str = "") -> list[str]:
    """Return how two trees of settings differ, each in the form ``name: received X, expected Y``.

    Examples
    --------
    >>> differences({"lr": 0.1, "l2": 0.0}, {"lr": 0.2, "l2": 0.0}, "optimizer")
    ['optimizer.lr: received 0.1, expected 0.2']
    """
    if isinstance(received, Mapping) and isinstance(expected, Mapping):
        return _of_mappings(received, expected, place)
    if _is_list(received) and _is_list(expected) and len(received) == len(expected):
        pairs = enumerate(zip(received, expected, strict=True))
        return [d for i, pair in pairs for d in differences(*pair, _item(place, i, pair[0]))]
    if _is_same(received, expected):
        return []
    return [f"{place}: received {_short(received)}, expected {_short(expected)}"]


def _item(place: str, index: int, value: Any) -> str:
    """Name an item of a list; a callback by its class."""
    is_callback = place == "callbacks" and isinstance(value, Mapping)
    return str(value["class"]) if is_callback else f"{place}[{index}]"


def _is_same(received: Any, expected: Any) -> bool:
    if _is_number(received) and _is_number(expected):
        return bool(received == expected)
    return type(received) is type(expected) and np.array_equal(received, expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _of_mappings(received: Mapping[str, Any], expected: Mapping[str, Any], place: str) -> list[str]:
    if "checksum" in received and "checksum" in expected:
        return _of_fingerprints(received, expected, place)
    found: list[str] = []
    dot = f"{place}." if place else ""
    for key in dict.fromkeys(["class", *expected, *received]):
        found += differences(received.get(key), expected.get(key), f"{dot}{key}")
        if found and key == "class":
            break  # which explains the rest
    return found


def _of_fingerprints(
    received: Mapping[str, Any], expected: Mapping[str, Any], place: str
) -> list[str]:
    if received.get("shape") != expected.get("shape"):
        return [f"{place}: received {_short(received)}, expected {_short(expected)}"]
    one, other = received["checksum"], expected["checksum"]
    if one == other or None in (one, other):  # of what is read a batch at a time there is none
        return []
    return [f"{place}: received other numbers than before"]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _short(value: Any) -> str:
    """Return a value, or what is most telling of it, in a few words."""
    if isinstance(value, Mapping) and "class" in value:
        return _cut(str(value["class"]))
    if isinstance(value, Mapping):
        inner = value.get("X", value)
        shape = inner.get("shape", ()) if isinstance(inner, Mapping) else ()
        return _cut(f"shape {tuple(shape) if _is_list(shape) else shape}")
    if _is_list(value) and value and isinstance(value[0], Mapping):
        return _cut(f"[{', '.join(map(_short, value))}]")
    return _cut(repr(value.tolist() if isinstance(value, np.ndarray) else value))


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."
