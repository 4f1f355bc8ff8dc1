"""The first calls of custom activations, losses and layers are checked; later ones cost nothing.

A method that returns its result instead of writing it leaves memory as it was found: with luck
old numbers, which look like a result. So the memory of a first call is filled with a NaN that no
computation gives, and what is left of it afterwards was not written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._types import Array

_UNWRITTEN: dict[int, Any] = {8: np.uint64(0x7FF8_5EED_0BAD_F00D), 4: np.uint32(0x7FC5_EEDB)}
"""The bits of a NaN for each size of a number; arithmetic keeps them, except for the sign."""
_ALL_BUT_SIGN: dict[int, Any] = {8: np.uint64(2**63 - 1), 4: np.uint32(2**31 - 1)}


def is_custom(thing: object) -> bool:
    """Return whether the class of an object is not the package's own."""
    return type(thing).__module__.partition(".")[0] != "mlp"


class CheckedOnce:
    """An activation or a loss by its methods, of which the first call of each is checked.

    Parameters
    ----------
    kind : str
        "activation" or "loss".
    thing : object
        The custom object.
    methods : sequence of str
        The methods, whose last argument is the keyword `out`.
    """

    def __init__(self, kind: str, thing: Any, methods: Sequence[str]) -> None:
        for name in methods:
            setattr(self, name, self._first(kind, thing, name))

    def _first(self, kind: str, thing: Any, name: str) -> Callable[..., None]:
        def first(*arrays: Array, out: Array) -> None:
            method = getattr(thing, name)
            call_writing(f"{kind}: received {type(thing).__name__}.{name}", method, arrays, out)
            setattr(self, name, method)  # from now on, it is called directly

        return first


def checked_once(kind: str, thing: Any, methods: Sequence[str]) -> Any:
    """Return the object itself, or for a custom one its methods, checked when first called."""
    return CheckedOnce(kind, thing, methods) if is_custom(thing) else thing


def call_writing(
    received: str, method: Callable[..., Any], arrays: Sequence[Array], out: Array
) -> None:
    """Call a method that writes into `out`.

    Raises
    ------
    TypeError
        If a number of `out` is left unwritten, or another array was changed.
    """
    memory = np.empty_like(out) if any(np.may_share_memory(out, a) for a in arrays) else out
    poison(memory)
    before = [array.copy() for array in arrays]
    result = method(*arrays, out=memory)
    if is_poisoned(memory).any():
        returned = "" if result is None or result is memory else "returned its result and "
        raise TypeError(
            f"{received}, which {returned}left numbers of `out` unwritten, expected it to write "
            "all of them, as out[...] = result does"
        )
    _require_same(received, arrays, before)
    if memory is not out:
        out[...] = memory


def check_first_calls(layer: Any) -> None:
    """Let the first calls of `forward` and `backward` of a layer be checked, if it is custom."""
    if is_custom(layer):
        for name in ("forward", "backward"):
            layer.__dict__[name] = partial(_first_of_layer, layer, name)


def _first_of_layer(layer: Any, name: str, A: Array, *args: Any, **options: Any) -> Any:
    """Call a method of a layer.

    Raises
    ------
    TypeError, ValueError
        If it gives no array of the right shape, leaves a gradient unwritten, or changes A.
    """
    is_forward = name == "forward"
    received = f"layers: received {type(layer).__name__}.{name}"
    grads = {} if is_forward else dict(layer.grads)
    for grad in grads.values():
        poison(grad)
    before = A.copy()
    result = getattr(type(layer), name)(layer, A, *args, **options)
    for key, grad in grads.items():
        if layer.grads.get(key) is not grad or is_poisoned(grad).any():
            raise TypeError(
                f"{received}, which left numbers of self.grads[{key!r}] unwritten, expected it to "
                f"write all of them, as self.grads[{key!r}][...] = result does"
            )
    if is_forward or next(iter((*args, *options.values())), True):  # else dA_in is not needed
        width = layer.n_out or layer.n_in if is_forward else layer.n_in
        _check_returned(received, result, (A.shape[-2], width or layer.width), layer.replicas)
    _require_same(received, [A], [before])
    layer.__dict__.pop(name, None)  # from now on, it is called directly
    return result


def _check_returned(
    received: str, result: Any, shape: tuple[int, int], replicas: int | None
) -> None:
    if type(result) is not np.ndarray or result.dtype.kind not in "buif":
        kind = getattr(result, "dtype", "")
        came = f"{type(result).__name__} {kind}".rstrip()
        raise TypeError(f"{received}, which returned {came}, expected an array of real numbers")
    if result.shape not in (shape, (replicas, *shape)):
        raise ValueError(
            f"{received}, which returned an array of shape {result.shape}, expected {shape}"
            + (f" or {(replicas, *shape)}" if replicas else "")
        )


def _require_same(received: str, arrays: Sequence[Array], before: Sequence[Array]) -> None:
    for array, copy in zip(arrays, before, strict=True):
        if not np.array_equal(array, copy, equal_nan=True):
            raise TypeError(f"{received}, which changed its arguments, expected them unchanged")


def poison(array: Array) -> None:
    """Fill an array with the NaN that says "not written"."""
    bits = _UNWRITTEN[array.itemsize]
    array.view(bits.dtype)[...] = bits


def is_poisoned(array: Array) -> NDArray[np.bool_]:
    """Return which numbers have not been written, or were computed from such."""
    bits = _UNWRITTEN[array.itemsize]
    unwritten: NDArray[np.bool_]
    unwritten = (array.view(bits.dtype) & _ALL_BUT_SIGN[array.itemsize]) == bits
    return unwritten
