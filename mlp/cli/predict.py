"""Predict with a model that `mlp train` wrote.

Columns are matched by name, in any order; others are ignored. If the data include the target
column, the predictions are scored.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._names import counted, printable
from mlp.cli.data import (
    DATA_HELP,
    add_file_arguments,
    cells_by_column,
    check_file_options,
    count_missing,
)
from mlp.cli.data.rows import Rows, read_rows
from mlp.cli.options import check_folder
from mlp.cli.output import complain, csv_text, print_data
from mlp.datasets import ClassTarget, Table
from mlp.studies._scores import confusion_text, score, score_line
from mlp.studies.ensemble import Ensemble
from mlp.studies.table_model import Outputs, TableModel, read_table_model
from mlp.tables import BadCell
from mlp.tables.numbers import PARTS
from mlp.tables.table import shortened

USAGE = "MODEL DATA [options]"

HELP = "predict with a model of mlp train"

EPILOG = """\
examples:
  mlp predict results/model.npz new.csv
  mlp predict results/model.npz new.csv --keep id,name --on-bad-row blank --out predictions.csv
  mlp predict results/model.npz test.csv --probabilities --json
  mlp predict results/model.npz new.csv --spread  # of a model of mlp train --ensemble
"""

_SHOWN = 5  # messages about bad rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp predict``."""
    parser.add_argument("model", metavar="MODEL", help="model.npz written by mlp train")
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    out = parser.add_argument_group("results")
    out.add_argument(
        "--keep", action="append", metavar="COLUMNS",
        help="columns to write beside the predictions and their line numbers: names or positions, "
        "separated by commas or repeated; all: every column",
    )  # fmt: skip
    out.add_argument(
        "--on-bad-row", choices=("fail", "blank", "skip"), default="fail",
        help="a row that cannot be predicted, because of a missing value or an unknown word, is an "
        "error (fail, the default), gets a blank prediction, or is left out (skip)",
    )  # fmt: skip
    out.add_argument(
        "--probabilities", action="store_true", help="add the probability of each class"
    )
    out.add_argument(
        "--spread", action="store_true",
        help="add the standard deviation over the members of an ensemble: of the prediction, or of "
        "the probability of each class",
    )  # fmt: skip
    out.add_argument("--out", type=Path, metavar="FILE", help="file for the predictions (printed)")
    out.add_argument("--json", action="store_true", help="print JSON instead of CSV")
    add_file_arguments(parser, of_model=True)


def run(options: argparse.Namespace) -> None:
    """Predict, and print or write the predictions."""
    if options.out is not None:
        check_folder(options.out.parent)
    check_file_options(options, options.data)
    model = read_table_model(options.model)
    if options.probabilities and not isinstance(model.target, ClassTarget):
        raise ValueError("--probabilities: received a model of numbers, expected one of classes")
    if options.spread and not isinstance(model.net, Ensemble):
        raise ValueError("--spread: received a single network, expected an ensemble")
    rows = read_rows(options, model, options.keep)
    outputs = model.outputs(rows.table, options.spread)
    if outputs.bad and options.on_bad_row == "fail":
        raise ValueError(_failure(outputs.bad))
    scores = _score(model, rows.table, outputs)
    columns = _columns(options, model, rows, outputs)
    filled = _filled(model, rows.table, outputs)
    unknown = {} if model.inputs.gaps is None else model.inputs.count_unknown(rows.table)
    if options.json:
        found = columns | {
            "scores": scores,
            "columns_not_used": list(rows.others),
            "bad_rows": [cell.message for cell in outputs.bad],
            "filled_cells": filled,
            "unknown_words": unknown,
        }
        text = json.dumps(found, default=lambda array: array.tolist()) + "\n"
    else:
        text = _as_csv(columns)
    if options.out is None:
        print_data(text)
    else:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        write_file(options.out, text.encode())
    # JSON that is printed holds all notes; beside JSON in a file they are told as beside CSV
    if options.json and options.out is None:
        return
    for line in _notes(options, model, rows, outputs, filled, unknown):
        complain(options.prog, line)
    if options.json:
        return
    if options.out is not None:
        where = printable(str(options.out))
        print(f"Wrote the predictions for {counted(len(outputs.rows), 'row')} to {where}.")
    if scores is not None:
        # stdout may be piped as CSV: the scores must not mix with it
        print(_score_text(scores), file=sys.stderr if options.out is None else sys.stdout)


def _failure(bad: list[BadCell]) -> str:
    """Return the message about rows that cannot be predicted."""
    more = f" (and {counted(len(bad) - 1, 'more such row')})" if len(bad) > 1 else ""
    return (
        f"{bad[0].message}{more}; --on-bad-row blank writes no prediction for such rows, "
        "--on-bad-row skip leaves them out"
    )


def _filled(model: TableModel, table: Table, outputs: Outputs) -> dict[str, int]:
    """Return the number of cells filled with means in each column that has any."""
    if model.inputs.fill is None:
        return {}
    parts = {f"{name}.{part}" for name in model.dates for part in PARTS}
    known = model.inputs.columns if model.inputs.gaps is None else model.inputs.numbers
    columns = [name for name in known if name not in parts]
    return count_missing(table, columns, outputs.rows)


def _notes(
    options: argparse.Namespace,
    model: TableModel,
    rows: Rows,
    outputs: Outputs,
    filled: dict[str, int],
    unknown: dict[str, int],
) -> Iterator[str]:
    """Yield lines about what was not used and not predicted."""
    if rows.others:
        yield f"{rows.table.source}: ignored columns: {shortened(rows.others)}"
    if filled:
        what = "means" if model.inputs.gaps is None else "medians"
        yield f"filled with {what}: {cells_by_column(filled)}"
    if unknown:
        yield f"words not seen in training, which count as none: {cells_by_column(unknown)}"
    bad = outputs.bad
    if bad:
        what = "left out" if options.on_bad_row == "skip" else "without a prediction"
        yield f"{len(bad)} of {counted(len(rows.table), 'row')} {what}:"
        yield from (cell.message for cell in bad[:_SHOWN])
        if len(bad) > _SHOWN:
            yield f"and {len(bad) - _SHOWN} more"


def _columns(
    options: argparse.Namespace, model: TableModel, rows: Rows, outputs: Outputs
) -> dict[str, Any]:
    """Return what is written: columns by kind and name, None where there is no prediction."""
    target, table = model.target, rows.table
    if isinstance(target, ClassTarget):
        predictions: dict[str, Any] = {target.names[0]: target.decode(outputs.values)}
    else:
        predictions = dict(zip(target.names, target.decode(outputs.values).T, strict=True))
    probabilities: dict[str, Any] = {}
    if options.probabilities and isinstance(target, ClassTarget):
        heads = [f"{target.names[0]}={label}" for label in target.labels.names]
        probabilities = dict(zip(heads, target.probabilities(outputs.values).T, strict=True))
    spread = {} if outputs.members is None else _spread(model, outputs.members)
    written = outputs.rows.tolist()
    if options.on_bad_row == "blank" and outputs.bad:
        place = {row: i for i, row in enumerate(written)}
        written = list(range(len(table)))
        for named in (predictions, probabilities, spread):
            for name, cells in named.items():
                named[name] = [cells[place[row]] if row in place else None for row in written]
    columns: dict[str, Any] = {"predictions": predictions, "probabilities": probabilities or None}
    if outputs.members is not None:
        columns["spread"] = spread
    if options.keep is not None or len(written) < len(table):
        columns["lines"] = {table.row_word: table.lines[written].tolist()}
        columns["kept"] = {
            name: [cells[row] for row in written] for name, cells in rows.kept.items()
        }
    return columns


def _spread(model: TableModel, members: NDArray[Any]) -> dict[str, Any]:
    """Return the standard deviation over the members of each class or number, by column."""
    target, spread = model.target, model.spread(members)
    heads = list(target.names)
    if isinstance(target, ClassTarget):
        heads = [f"{target.names[0]}={label}" for label in target.labels.names]
    return {f"spread {head}": column for head, column in zip(heads, spread.T, strict=True)}


def _as_csv(found: dict[str, Any]) -> str:
    """Return lines and columns that are kept, then predictions and probabilities, as CSV."""
    kept = found.get("kept", {})
    both = not kept.keys().isdisjoint(found["predictions"])
    named = [
        (f"file {name}" if name in kept else name, cells)
        for name, cells in found.get("lines", {}).items()
    ]
    named += kept.items()
    named += [
        (f"predicted {name}" if both else name, cells)
        for name, cells in found["predictions"].items()
    ]
    named += (found["probabilities"] or {}).items()
    named += found.get("spread", {}).items()
    columns = (["" if cell is None else str(cell) for cell in cells] for _, cells in named)
    return csv_text([[name for name, _ in named], *zip(*columns, strict=True)])


def _score(model: TableModel, table: Table, outputs: Outputs) -> dict[str, Any] | None:
    """Return the scores of the rows with a known target, None if there are none."""
    target = model.target
    if not set(target.names) <= set(table.names):
        return None
    is_known = target.is_known(table)[outputs.rows]
    rows = outputs.rows[is_known]
    if not len(rows):
        return None
    found = score(target, target.truth(table, rows), outputs.values[is_known])
    return {"rows": len(rows), "not_scored": len(table) - len(rows)} | found


def _score_text(scores: dict[str, Any]) -> str:
    missed = scores["not_scored"]
    rest = f" ({counted(missed, 'row')} not scored)" if missed else ""
    text = f"{counted(scores['rows'], 'row')} with a target: {score_line(scores)}{rest}"
    if "confusion" in scores:
        text += f"\n\n{confusion_text(scores['labels'], scores['confusion'])}"
    return text
