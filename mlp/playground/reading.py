"""Records and tables as plain data for the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mlp.playground.settings import Rows
from mlp.studies.chain_rule import Trace, trace
from mlp.studies.chain_rule.records import Equation, Step
from mlp.studies.examples import Example
from mlp.tables import Labels, Table, TableError, Words, read_csv


def describe_weight(step: Step, layer: int, i: int, j: int) -> dict[str, Any]:
    """Return the update of ``W[i, j]`` of a layer: each factor of its gradient, and the step.

    Raises
    ------
    ValueError
        If the trace has no such weight.
    """
    for update in step.updates:
        if (update.layer, update.i, update.j) == (layer, i, j):
            return {
                "name": update.name,
                "value": update.value,
                "factors": [_factor(factor) for factor in update.factors],
                "gradient": update.gradient,
                "lr": step.lr,
                "step": update.step,
                "new_value": update.new_value,
                "loss": step.loss,
                "loss_after": step.loss_after,
            }
    raise ValueError(f"weight: received {(layer, i, j)}, expected a trained weight of the network")


def describe_unit(step: Step, layer: int, j: int) -> dict[str, Any]:
    """Return the formula of a unit and its numbers.

    Raises
    ------
    ValueError
        If the trace has no such unit.
    """
    for unit in step.units:
        if (unit.layer, unit.index) == (layer, j):
            return {
                "name": unit.name,
                "z_name": unit.z_name,
                "inputs": [
                    {"names": list(term.names), "values": list(term.values), "value": term.value}
                    for term in unit.inputs
                ],
                "bias_name": unit.bias_name,
                "bias": unit.bias,
                "activation": unit.activation,
                "formula": unit.formula,
                "z": unit.z,
                "a": unit.a,
                "factors": [_factor(factor) for factor in unit.delta],
                "dE_dz": unit.dE_dz,
            }
    raise ValueError(f"unit: received {(layer, j)}, expected a unit of the network")


def _factor(factor: Equation) -> dict[str, Any]:
    formula = factor.formula or " + ".join(" × ".join(term.names) for term in factor.terms)
    return {"name": factor.name, "value": factor.value, "formula": formula}


def describe_example(example: Example) -> dict[str, Any]:
    """Return the published numbers of a worked example beside the exact ones.

    Each row has what is published, what is exact, what the package computes here under the same
    name, and the cause of a difference; None where there is none.
    """
    step = trace(example.network, example.x, example.t, example.lr, names=example.weight_names)
    computed = _named_numbers(step)
    why = {erratum.where: erratum.why for erratum in example.errata}
    rows = [
        {
            "name": name,
            "published": _number(example.published.get(name)),
            "exact": _number(example.exact.get(name)),
            "computed": computed.get(name),
            "why": why.get(name, ""),
        }
        for name in dict.fromkeys([*example.published, *example.exact])
    ]
    return {
        "name": example.name,
        "title": example.title,
        "lr": example.lr,
        "rates": list(getattr(example, "rates", ())),
        "epochs": getattr(example, "epochs", None),
        "rows": [row for row in rows if row["published"] is not None or row["exact"] is not None],
        "formulas": [
            {"where": e.where, "printed": e.printed, "correct": e.correct, "why": e.why}
            for e in example.errata
            if isinstance(e.printed, str)
        ],
    }


def _number(value: Any) -> float | None:
    return None if value is None or np.ndim(value) else float(value)


def _named_numbers(step: Trace) -> dict[str, float]:
    """Return the numbers of a trace by the names that the documents use."""
    found = {"E_total": step.loss, "E_total+": step.loss_after}
    found |= {error.name: error.error for error in step.errors}
    for unit in step.units:
        found |= {unit.name: unit.a, unit.z_name: unit.z, f"dE/d{unit.z_name}": unit.dE_dz}
        found[unit.dE_da.name] = unit.dE_da.value
        found |= {factor.name: factor.value for factor in (*unit.chain, *unit.delta)}
    for update in step.updates:
        found |= {factor.name: factor.value for factor in update.factors}
        found |= {f"dE/d{update.name}": update.gradient, f"{update.name}+": update.new_value}
    return found


@contextmanager
def as_file(name: str, content: bytes = b"") -> Iterator[Path]:
    """Give content the path of a file; an error that names it names no folder.

    Examples
    --------
    >>> with as_file("table.csv", b"a,b") as path:
    ...     path.name, path.read_bytes()
    ('table.csv', b'a,b')
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        try:
            yield path
        except (ValueError, OSError) as error:
            if error.args and isinstance(error.args[0], str):
                error.args = (error.args[0].replace(str(path), name), *error.args[1:])
            raise


def read_rows(content: bytes, task: str | None) -> Rows:
    """Return a CSV file as rows: its last column is the target, all others are numbers.

    Parameters
    ----------
    content : bytes
        The file.
    task : {"classify", "regress"} or None
        What the last column holds; None tells it from the cells, and asks if they are doubtful.

    Raises
    ------
    ValueError
        If a cell is not a number, with line and column, or the table is too large.
    """
    with as_file("table.csv", content) as path:
        try:
            table = read_csv(path, targets=[-1], task=task)
        except TableError as error:  # its advice is for callers from Python
            hint = ""
            if any(remedy.argument == "task" for remedy in error.remedies):
                hint = "; choose what the last column holds: classes or numbers"
            raise ValueError(error.what + hint) from None
    *columns, target = table.names
    X = np.stack([table.numbers(name) for name in columns], axis=1) if columns else np.empty((0, 0))
    y, classes = _targets(table, target)
    plain = {"X": X.tolist(), "y": y, "columns": columns, "classes": classes, "standardize": True}
    return Rows.from_dict(plain)


def _targets(table: Table, name: str) -> tuple[list[Any], list[str]]:
    column = table[name]
    if not isinstance(column, Words):
        return column.tolist(), []
    words = [column.values[code] for code in column.codes]
    labels = Labels.of(words)
    return labels.encode(words).tolist(), list(labels.names)
