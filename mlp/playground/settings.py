"""The settings of the playground: what a link holds and the page's controls show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from mlp._checks import (
    check_bool,
    check_count,
    check_fraction,
    check_names,
    check_not_negative,
    check_number,
    check_positive,
    check_sequence,
    require_keys,
)
from mlp._names import did_you_mean, find_name
from mlp.core import ACTIVATIONS, LOSSES
from mlp.optim import OPTIMIZERS
from mlp.studies.examples import EXAMPLES

DATA = ("xor", "spirals", "moons", "circles", "regression", "digits", "rows")
MOST_UNITS, MOST_LAYERS, MOST_ROWS, MOST_CELLS = 128, 6, 5_000, 200_000


@dataclass(frozen=True)
class Rows:
    """The user's points or table.

    Attributes
    ----------
    X : tuple of tuple of float
        The inputs, a tuple a row.
    y : tuple
        The class numbers, or numbers to predict.
    columns : tuple of str
        The names of the inputs.
    classes : tuple of str
        Empty if the targets are numbers.
    standardize : bool
        Whether the inputs, and targets that are numbers, are standardised.
    """

    X: tuple[tuple[float, ...], ...]
    y: tuple[float, ...]
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    standardize: bool = False

    @classmethod
    def from_dict(cls, plain: Any) -> Rows:
        """Return the rows of JSON data; ValueError or TypeError if they are not a table."""
        X, y, columns, classes, standardize = require_keys(
            "rows", plain, "X", "y", "columns", "classes", "standardize"
        )
        columns, classes = check_names("columns", columns), check_names("classes", classes)
        X, y = check_sequence("X", X, "rows"), check_sequence("y", y, "targets")
        n_cells = len(X) * max(len(columns), 1)
        if not 2 <= len(X) <= MOST_ROWS or n_cells > MOST_CELLS or len(y) != len(X):
            raise ValueError(
                f"rows: received {len(X):,} rows of {len(columns)} columns and {len(y):,} targets, "
                f"expected a target for each of 2 to {MOST_ROWS:,} rows, "
                f"and at most {MOST_CELLS:,} cells"
            )
        if not columns or len(classes) == 1:
            raise ValueError(
                f"rows: received {len(columns)} columns and {len(classes)} classes, "
                "expected a column, and two classes or numbers"
            )
        rows = tuple(_numbers("X", row, len(columns)) for row in X)
        if classes:
            targets: tuple[float, ...] = tuple(check_count("y", label, 0) for label in y)
            if max(targets) >= len(classes):
                raise ValueError(
                    f"y: received class {max(targets)}, expected 0 to {len(classes) - 1}"
                )
        else:
            targets = _numbers("y", y, len(X))
        return cls(
            rows, targets, tuple(columns), tuple(classes), check_bool("standardize", standardize)
        )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is trained, and how.

    Attributes
    ----------
    example : str
        A worked example, which brings its own network and data; empty for none.
    data : str
        One of `DATA`.
    n : int
        The number of points that are drawn.
    noise : float
        Their noise.
    rows : Rows or None
        The data if `data` is "rows".
    hidden : tuple of (int, str)
        Units and activation of each hidden layer.
    output, loss : str
        The last activation and the loss.
    dropout : float
    normalization : str
        "none", "batch" or "layer".
    optimizer : str
        A key of `mlp.optim.OPTIMIZERS`.
    lr : float
    batch_size : int
        0 for the full batch.
    l1, l2 : float
    held_out : float
        The share of rows that are held out.
    seed : int
        Of the points, the split, the first weights and the batches.
    """

    example: str = ""
    data: str = "xor"
    n: int = 100
    noise: float = 0.1
    rows: Rows | None = None
    hidden: tuple[tuple[int, str], ...] = ((8, "tanh"),)
    output: str = "sigmoid"
    loss: str = "binary_cross_entropy"
    dropout: float = 0.0
    normalization: str = "none"
    optimizer: str = "sgd"
    lr: float = 0.5
    batch_size: int = 10
    l1: float = 0.0
    l2: float = 0.0
    held_out: float = 0.0
    seed: int = 0

    @classmethod
    def from_dict(cls, plain: Any) -> Settings:
        """Return the settings of JSON data, as in a link; missing ones have their defaults.

        Raises
        ------
        ValueError, TypeError
            If a name or a value is invalid; the message names it.

        Examples
        --------
        >>> Settings.from_dict({"hidden": [[3, "relu"]], "lr": 0.1}).hidden
        ((3, 'relu'),)
        >>> Settings.from_dict({"hidden": [[10000, "relu"]]})
        Traceback (most recent call last):
        ValueError: units: received 10000, expected a whole number from 1 to 128
        """
        if not isinstance(plain, dict):
            raise TypeError(f"settings: received {type(plain).__name__}, expected a dict")
        known = {field.name for field in fields(cls)}
        for name in plain:
            if name not in known:
                hint = did_you_mean(str(name), known)
                raise ValueError(
                    f"settings: received {str(name)[:50]!r}, expected the name of a setting{hint}"
                )
        made = {name: _CHECKS[name](value) for name, value in plain.items()}
        settings = cls(**made)
        if (settings.data == "rows") != (settings.rows is not None):
            raise ValueError(f"rows: received with data {settings.data!r}, expected data 'rows'")
        return settings

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data from which `from_dict` makes equal settings."""
        return asdict(self)


def _numbers(name: str, values: object, n: int) -> tuple[float, ...]:
    """Return n numbers."""
    found = check_sequence(name, values, "numbers")
    if len(found) != n:
        raise ValueError(f"{name}: received {len(found)} numbers in a row, expected {n}")
    return tuple(check_number(name, value, "a finite number") for value in found)


def _within(name: str, value: object, least: int, most: int) -> int:
    count = check_count(name, value, least)
    if count > most:
        raise ValueError(
            f"{name}: received {count}, expected a whole number from {least} to {most:,}"
        )
    return count


def _hidden(value: object) -> tuple[tuple[int, str], ...]:
    layers = check_sequence("hidden", value, "(units, activation)")
    if len(layers) > MOST_LAYERS:
        raise ValueError(
            f"hidden: received {len(layers)} layers, expected at most {MOST_LAYERS} in the page"
        )
    made = []
    for layer in layers:
        pair = check_sequence("hidden", layer, "(units, activation)")
        if len(pair) != 2:
            raise ValueError(f"hidden: received {len(pair)} values, expected units and activation")
        units, activation = pair
        made.append(
            (
                _within("units", units, 1, MOST_UNITS),
                find_name("activation", activation, ACTIVATIONS),
            )
        )
    return tuple(made)


def _noise(value: object) -> float:
    return check_number("noise", value, "a number from 0 to 10", lambda x: 0.0 <= x <= 10.0)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "example": lambda value: value if value == "" else find_name("example", value, EXAMPLES),
    "data": lambda value: find_name("data", value, DATA),
    "n": lambda value: _within("n", value, 4, MOST_ROWS),
    "noise": _noise,
    "rows": lambda value: None if value is None else Rows.from_dict(value),
    "hidden": _hidden,
    "output": lambda value: find_name("output", value, ACTIVATIONS),
    "loss": lambda value: find_name("loss", value, LOSSES),
    "dropout": lambda value: check_fraction("dropout", value),
    "normalization": lambda value: find_name("normalization", value, ("none", "batch", "layer")),
    "optimizer": lambda value: find_name("optimizer", value, OPTIMIZERS),
    "lr": lambda value: check_positive("lr", value),
    "batch_size": lambda value: _within("batch_size", value, 0, MOST_ROWS),
    "l1": lambda value: check_not_negative("l1", value),
    "l2": lambda value: check_not_negative("l2", value),
    "held_out": lambda value: check_fraction("held_out", value),
    "seed": lambda value: _within("seed", value, 0, 2**32 - 1),
}
