"""Checks of arguments, made before anything is changed.

Each returns the value that it accepts, or raises TypeError or ValueError with a message of the
form ``NAME: received X, expected Y``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from mlp._names import shortened
from mlp._types import Array

_LONGEST = 100_000


def check_dtype(dtype: DTypeLike) -> np.dtype[np.floating[Any]]:
    """Return `dtype` if it is one that networks compute in."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name == "float64" and dtype is not None:  # to NumPy, None means float64
        return np.dtype(np.float64)
    if name == "float32":
        return np.dtype(np.float32)
    raise ValueError(f"dtype: received {shortened(dtype)}, expected 'float64' or 'float32'")


def check_count(name: str, value: object, least: int = 1) -> int:
    """Return `value` as an int of at least `least` that 64 bits hold; True is not 1."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: received {shortened(value)}, expected a whole number >= {least}")
    count = int(value)
    if not least <= count < 2**63:
        below = " and below 2**63" if count >= least else ""
        raise ValueError(
            f"{name}: received {shortened(value)}, expected a whole number >= {least}{below}"
        )
    return count


def check_number(
    name: str, value: object, expected: str, accepts: Callable[[float], bool] = lambda _: True
) -> float:
    """Return `value` as a finite float that `accepts` takes."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: received {shortened(value)}, expected {expected}")
    try:
        number = float(value)
    except OverflowError:  # of a whole number or a fraction
        number = math.inf
    if not (math.isfinite(number) and accepts(number)):
        raise ValueError(f"{name}: received {shortened(value)}, expected {expected}")
    return number


def check_fraction(name: str, value: object) -> float:
    """Return `value` as a float in [0, 1)."""
    return check_number(name, value, "a number from 0 to below 1", lambda x: 0.0 <= x < 1.0)


def check_not_negative(name: str, value: object) -> float:
    """Return `value` as a float >= 0."""
    return check_number(name, value, "a finite number >= 0", lambda x: x >= 0.0)


def check_positive(name: str, value: object) -> float:
    """Return `value` as a float > 0."""
    return check_number(name, value, "a finite number > 0", lambda x: x > 0.0)


def check_bool(name: str, value: object) -> bool:
    """Return `value` if it is True or False; words and numbers are not."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: received {shortened(value)}, expected True or False")
    return bool(value)


def check_path(name: str, path: object) -> str:
    """Return the name of a file as text."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name}: received {shortened(path)}, expected a path")
    return os.fsdecode(path)


def check_names(name: str, value: object, n: int | None = None) -> list[str]:
    """Return `value` as a list of `n` different strings, or of any number of them."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{name}: received {shortened(value)}, expected a list of strings")
    if len(set(value)) < len(value) or n not in (None, len(value)):
        raise ValueError(
            f"{name}: received {len(value)} strings, expected each once"
            + ("" if n is None else f" and {n} of them")
        )
    return list(value)


def require_keys(place: str, node: Any, *keys: str) -> list[Any]:
    """Return the values of `keys`, in this order, of a dict that has these keys and no others."""
    if not isinstance(node, dict):
        raise TypeError(f"{place}: received {shortened(node)}, expected {', '.join(keys)}")
    if set(node) != set(keys):
        found = shortened(sorted(map(str, node)))
        raise ValueError(f"{place}: received {found}, expected {', '.join(keys)}")
    return [node[key] for key in keys]


def require(place: str, value: Any, kind: type) -> Any:
    """Return `value` if it is of this type and of no subclass: True is not 1."""
    if type(value) is not kind:
        raise TypeError(f"{place}: received {shortened(value)}, expected {kind.__name__}")
    return value


def check_instance(name: str, value: Any, kind: type) -> Any:
    """Return `value` if it is of this type or of a subclass."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: received {shortened(value)}, expected a {kind.__name__}")
    return value


def check_offers(name: str, value: object, expected: str, *attributes: str) -> None:
    """Raise TypeError unless `value` has the attributes of what is expected."""
    if isinstance(value, type) or not all(hasattr(value, attribute) for attribute in attributes):
        raise TypeError(f"{name}: received {shortened(value)}, expected {expected}")


def check_choice(name: str, value: object, known: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of `known`, spelled exactly so."""
    if not isinstance(value, str) or value not in known:
        choices = ", ".join(known)
        raise ValueError(f"{name}: received {shortened(value)}, expected one of {choices}")


def check_sequence(name: str, values: object, of: str, most: int = _LONGEST) -> tuple[Any, ...]:
    """Return `values` as a tuple if they can be iterated over; `of` says what is expected."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name}: received {shortened(values)}, expected a sequence of {of}")
    found = tuple(islice(values, most + 1))
    if len(found) > most:
        raise ValueError(f"{name}: received more than {most:,}, expected a sequence of {of}")
    return found


def as_pair(name: str, data: Any) -> tuple[ArrayLike, ArrayLike]:
    """Return `data` if it is a tuple or list of two: inputs and targets."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        of = f" of {len(data)}" if isinstance(data, tuple | list) else ""
        raise TypeError(f"{name}: received {type(data).__name__}{of}, expected a tuple (X, Y)")
    return data[0], data[1]


def make_rng(seed: object) -> np.random.Generator:
    """Return the generator itself, or a new one: of a seed, or of fresh entropy for None."""
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    is_whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not is_whole or seed < 0:  # type: ignore[operator]
        error = ValueError if is_whole else TypeError
        raise error(
            f"seed: received {shortened(seed)}, "
            "expected a whole number >= 0, a numpy Generator or None"
        )
    return np.random.default_rng(seed)  # type: ignore[arg-type]


def numeric(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return `values` as an array of booleans, integers or real numbers.

    Whatever converts itself is converted: tensors, and the series and frames of other packages.

    Raises
    ------
    TypeError
        If they are no real numbers, or a sparse array.
    ValueError
        If an entry is masked, or the rows have different lengths.
    """
    array = values if type(values) is np.ndarray else _converted(name, values)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name}: received dtype {array.dtype}, expected real numbers")
    return array


def _converted(name: str, values: Any) -> NDArray[Any]:
    """Return `values` as an array of any dtype, made by their own conversion if they have one."""
    if hasattr(values, "toarray"):
        kind = type(values).__name__
        raise TypeError(
            f"{name}: received a sparse {kind}, expected an array; {name}.toarray() makes one"
        )
    if isinstance(values, np.ma.MaskedArray) and values.dtype.names is None and values.mask.any():
        raise ValueError(f"{name}: received masked entries, expected numbers; filled() sets them")
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        values = _elements(name, values)
    try:
        if hasattr(values, "to_numpy"):
            array = np.asarray(values.to_numpy())
        elif hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
            array = np.from_dlpack(values)
        else:
            array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name}: received rows that make no array ({error})") from None
    except (BufferError, OverflowError, RuntimeError, TypeError) as error:  # as for a GPU's tensor
        raise TypeError(
            f"{name}: received {type(values).__name__}, which makes no array ({error}), "
            "expected real numbers"
        ) from None
    if array.dtype == object and array.ndim == 2 and hasattr(values, "items"):
        return _columns(name, values)
    return array


def _elements(name: str, values: Sequence[Any], depth: int = 0) -> Sequence[Any]:
    """Return a sequence with elements that convert themselves as arrays: NumPy ignores masks."""
    kinds = set(map(type, values))
    if kinds <= _PLAIN or depth > 64:  # NumPy looks no deeper
        return values
    return [
        _elements(name, item, depth + 1)
        if isinstance(item, list | tuple)
        else _converted(name, item)
        if any(hasattr(item, name) for name in _CONVERSIONS) and not isinstance(item, np.generic)
        else item
        for item in values
    ]


_CONVERSIONS = ("__array__", "__dlpack__", "to_numpy", "toarray")
_PLAIN = {float, int, bool, np.float64, np.float32, np.int64, np.ndarray}


def _columns(name: str, frame: Any) -> NDArray[Any]:
    """Return a frame whose columns have several dtypes, converted one at a time."""
    columns = []
    for label, column in frame.items():
        columns.append(np.asarray(column.to_numpy()))
        if columns[-1].dtype.kind not in "buif":
            raise TypeError(
                f"{name}: received dtype {column.dtype} in column {label!r}, expected real numbers"
            )
    return np.column_stack(columns)


def column_names(X: object) -> list[str] | None:
    """Return the names of a frame's columns; None for an array, and for names that are no text.

    Examples
    --------
    >>> column_names([[1.0, 2.0]])
    """
    for attribute in ("column_names", "columns"):  # of a table of Arrow, of all other frames
        names = getattr(X, attribute, None)
        if isinstance(names, Iterable) and not isinstance(names, str):
            found = list(names)
            if found and all(isinstance(item, str) for item in found):
                return found if len(set(found)) == len(found) else None
    return None


def check_columns(name: str, X: object, expected: Sequence[str] | None) -> None:
    """Raise ValueError if X is a frame whose columns are not the expected ones, in this order."""
    if expected is None or type(X) is np.ndarray:
        return
    names = column_names(X)
    if names is None or names == list(expected):
        return
    missing = [item for item in expected if item not in names]
    unknown = [item for item in names if item not in expected]
    if missing or unknown:
        came = [f"no column {shortened(missing)}"] * bool(missing)
        came += [f"the unknown {shortened(unknown)}"] * bool(unknown)
        raise ValueError(
            f"{name}: received {' and '.join(came)}, expected the columns of the training data"
        )
    raise ValueError(
        f"{name}: received the columns {shortened(names)}, expected the order of the training "
        f"data, {shortened(list(expected))}; {name}[net.feature_names] restores it"
    )


def finite_numbers(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return `values` as an array of booleans, integers or finite real numbers."""
    array = numeric(name, values)
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: received NaN or infinity, expected finite numbers")
    return array


def as_floats(name: str, values: NDArray[Any], dtype: np.dtype[np.floating[Any]]) -> Array:
    """Return `values` as finite numbers of `dtype`, in C order, copied only where they must be.

    Numbers that are not aligned in memory are copied: BLAS would add them in another order.
    """
    array: Array = values
    if values.dtype != dtype or not (values.flags.c_contiguous and values.flags.aligned):
        with np.errstate(over="ignore", invalid="ignore"):  # invalid: a signaling NaN
            array = np.require(values, dtype, ["C", "ALIGNED"])
    if not _is_finite(array):
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name}: received {values[where]!s} at {list(where)}, expected finite {dtype} numbers"
        )
    return array


def _is_finite(array: Array, rows: int = 4096) -> bool:
    """Return whether all is finite; a large array is looked at a part at a time."""
    if array.ndim < 2 or len(array) <= rows:
        return bool(np.isfinite(array).all())
    return all(np.isfinite(array[i : i + rows]).all() for i in range(0, len(array), rows))


def check_inputs(
    X: ArrayLike,
    n_in: int,
    dtype: np.dtype[np.floating[Any]],
    replicas: int | None = None,
    names: Sequence[str] | None = None,
) -> Array:
    """Return X as ``(batch, n_in)``, or ``(K, batch, n_in)`` for a network of K replicas.

    If X is a frame, its columns must have these names.
    """
    if names is not None:
        check_columns("X", X, names)
    array = numeric("X", X)
    shapes = f"(n, {n_in})" + (f" or ({replicas}, n, {n_in})" if replicas else "")
    lead_fits = array.ndim == 2 or (
        replicas is not None and array.ndim == 3 and array.shape[0] == replicas
    )
    if not lead_fits or array.shape[-1] != n_in:
        hint = "; one sample is X[None, :]" if array.ndim == 1 else ""
        raise ValueError(f"X: received shape {array.shape}, expected {shapes}{hint}")
    if array.shape[-2] == 0:
        raise ValueError(f"X: received no rows (shape {array.shape}), expected at least one")
    return as_floats("X", array, dtype)


def check_targets(
    Y: ArrayLike, loss: object, n_rows: int, n_out: int, dtype: np.dtype[np.floating[Any]]
) -> Array | NDArray[np.intp]:
    """Return Y as ``(n_rows, n_out)``, or labels ``(n_rows,)`` where the loss takes them.

    For one output, Y may be ``(n_rows,)``.
    """
    array = numeric("Y", Y)
    takes_labels = getattr(loss, "takes_labels", False)
    if takes_labels and array.ndim == 1 and array.dtype.kind in "bui":
        return _check_labels(array, n_rows, n_out)
    if n_out == 1 and array.shape == (n_rows,) and not takes_labels:
        array = array[:, None]
    if array.shape != (n_rows, n_out):
        expected = f"({n_rows}, {n_out})"
        if takes_labels:
            expected += f" or integer labels of shape ({n_rows},)"
        elif n_out == 1:
            expected += f" or ({n_rows},)"
        raise ValueError(f"Y: received shape {array.shape} of {array.dtype}, expected {expected}")
    floats = as_floats("Y", array, dtype)
    check_values = getattr(loss, "check_targets", None)
    if callable(check_values):
        check_values(floats)
    return floats


def _check_labels(labels: NDArray[Any], n_rows: int, n_out: int) -> NDArray[np.intp]:
    if labels.shape != (n_rows,):
        raise ValueError(f"Y: received {labels.size} labels, expected {n_rows}, one for each row")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_out:
        raise ValueError(
            f"Y: received labels from {low} to {high}, expected labels from 0 to {n_out - 1}"
        )
    return labels.astype(np.intp)


def one_hot(
    targets: Array | NDArray[np.intp], n_out: int, dtype: np.dtype[np.floating[Any]]
) -> Array:
    """Return labels ``(n,)`` as one-hot rows ``(n, n_out)``; rows are returned as they are.

    Examples
    --------
    >>> one_hot(np.array([2, 0]), 3, np.dtype("float64"))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    if targets.ndim == 1:
        return np.eye(n_out, dtype=dtype)[targets]
    return targets  # type: ignore[return-value]


def check_weights(
    sample_weight: ArrayLike | None,
    n_rows: int,
    dtype: np.dtype[np.floating[Any]],
    *copies: int | None,
) -> Array | None:
    """Return the weights of the rows, at least zero, or None for none.

    They are ``(n_rows,)``, or with K `copies`, replicas or members, also ``(K, n_rows)``.
    """
    if sample_weight is None:
        return None
    array = numeric("sample_weight", sample_weight)
    shapes = [(n_rows,), *((K, n_rows) for K in copies if K)]
    if array.shape not in shapes:
        expected = " or ".join(map(str, shapes))
        raise ValueError(f"sample_weight: received shape {array.shape}, expected {expected}")
    weights = as_floats("sample_weight", array, dtype)
    if (weights < 0).any():
        raise ValueError(f"sample_weight: received {weights.min():g}, expected numbers >= 0")
    return weights


def check_data(
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None,
    loss: object,
    sizes: tuple[int, int],
    dtype: np.dtype[np.floating[Any]],
    copies: tuple[int | None, int | None] = (None, None),
    names: Sequence[str] | None = None,
) -> tuple[Array, Array, Array | None]:
    """Return inputs, targets (labels as one-hot rows) and weights for a network of these sizes.

    Its `copies` are its numbers of replicas and of members.
    """
    inputs = check_inputs(X, sizes[0], dtype, copies[0], names)
    n, n_out = inputs.shape[-2], sizes[1]
    targets = check_targets(Y, loss, n, n_out, dtype)
    return inputs, one_hot(targets, n_out, dtype), check_weights(sample_weight, n, dtype, *copies)
