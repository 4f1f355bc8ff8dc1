"""Which runs a sweep makes: a grid, lists side by side, or random draws.

Each function returns a list with the parameters of each run, a dict. Join lists with ``+``
for parameters that only some of the runs have.

>>> from mlp import search
>>> runs = search.grid({"optimizer": ["adam"], "lr": [0.01]})
>>> runs + search.grid({"optimizer": ["sgd"], "lr": [0.1, 1.0]})[:1]
[{'optimizer': 'adam', 'lr': 0.01}, {'optimizer': 'sgd', 'lr': 0.1}]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from mlp._checks import check_count, check_number, check_sequence, make_rng
from mlp._names import shortened
from mlp.studies.sweep.pruning import Halving

__all__ = ["Halving", "LogUniform", "Uniform", "grid", "log_uniform", "paired", "random", "uniform"]

Runs = list[dict[str, Any]]


class Uniform(NamedTuple):
    """Uniform draws from `low` to `high`."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """Return one of them."""
        return float(rng.uniform(self.low, self.high))


class LogUniform(NamedTuple):
    """Draws from `low` to `high` whose logarithms are uniform."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        """Return one of them."""
        return float(np.exp(rng.uniform(math.log(self.low), math.log(self.high))))


def uniform(low: float, high: float) -> Uniform:
    """Return a distribution for `random`; ValueError unless low < high."""
    return Uniform(*_bounds(low, high, -math.inf))


def log_uniform(low: float, high: float) -> LogUniform:
    """Return a distribution for `random`; ValueError unless 0 < low < high."""
    return LogUniform(*_bounds(low, high, 0.0))


def _bounds(low: float, high: float, above: float) -> tuple[float, float]:
    start = check_number("low", low, f"a number > {above:g}", lambda x: x > above)
    return start, check_number("high", high, f"a number > {start:g}", lambda x: x > start)


def grid(parameters: Mapping[str, Any]) -> Runs:
    """Return every combination; the last parameter changes fastest.

    Examples
    --------
    >>> grid({"lr": [0.1, 1.0], "l2": [0.0, 0.01]})[:2]
    [{'lr': 0.1, 'l2': 0.0}, {'lr': 0.1, 'l2': 0.01}]
    """
    values = _values(parameters)
    return [dict(zip(values, run, strict=True)) for run in product(*values.values())]


def paired(parameters: Mapping[str, Any]) -> Runs:
    """Return the first values of all parameters, then the second ones, and so on.

    ValueError if there are not equally many of each.

    Examples
    --------
    >>> paired({"lr": [0.1, 1.0], "batch_size": [32, 256]})
    [{'lr': 0.1, 'batch_size': 32}, {'lr': 1.0, 'batch_size': 256}]
    """
    values = _values(parameters)
    lengths = {name: len(column) for name, column in values.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"parameters: received {lengths} values, expected equally many of each")
    return [dict(zip(values, run, strict=True)) for run in zip(*values.values(), strict=True)]


def random(n: int, parameters: Mapping[str, Any], seed: int = 0) -> Runs:
    """Return n random runs; the first ones are the same for every n.

    Parameters
    ----------
    n : int
        The number of runs.
    parameters : mapping of str to sequence or distribution
        One value of a sequence is drawn, all alike, or one of `uniform` or `log_uniform`.
    seed : int, default 0
        The seed of the draws.

    Examples
    --------
    >>> random(2, {"lr": log_uniform(1e-4, 1.0), "hidden": [(32,), (64, 32)]})
    [{'lr': 0.0353..., 'hidden': (64, 32)}, {'lr': 0.00014..., 'hidden': (32,)}]
    """
    count, rng = check_count("n", n), make_rng(check_count("seed", seed, 0))
    known = (Uniform, LogUniform)
    check_parameters(parameters)
    lists = _values({k: v for k, v in parameters.items() if not isinstance(v, known)}, 0)
    runs: Runs = []
    for _ in range(count):
        run = {}
        for name, value in parameters.items():
            if isinstance(value, known):
                run[name] = value.draw(rng)
            else:
                run[name] = lists[name][int(rng.integers(len(lists[name])))]
        runs.append(run)
    return runs


def check_parameters(parameters: object) -> None:
    """Raise TypeError or ValueError unless it is a mapping with names and something in it."""
    if not isinstance(parameters, Mapping) or not all(isinstance(name, str) for name in parameters):
        raise TypeError(
            f"parameters: received {shortened(parameters)}, expected a dict of names and values"
        )
    if not parameters:
        raise ValueError("parameters: received none, expected at least one")


def _values(parameters: Mapping[str, Any], least: int = 1) -> dict[str, Sequence[Any]]:
    """Return the values of each parameter as a sequence of plain Python objects."""
    if least or parameters:
        check_parameters(parameters)
    found: dict[str, Sequence[Any]] = {}
    for name, values in parameters.items():
        if isinstance(values, np.ndarray):
            if values.ndim != 1:
                raise ValueError(f"{name}: received shape {values.shape}, expected a list")
            values = values.tolist()
        if isinstance(values, Uniform | LogUniform):
            raise TypeError(f"{name}: received {values!r}, expected a list; random draws from it")
        found[name] = check_sequence(name, values, "values")
        if not found[name]:
            raise ValueError(f"{name}: received no values, expected at least one")
    return found
