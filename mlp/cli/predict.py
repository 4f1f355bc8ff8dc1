"""Predict with a model that `mlp train` wrote.

Columns are matched by name, in any order. If the data has the target column too, the predictions
are scored.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp._names import printable
from mlp.cli import model_file
from mlp.cli.data import add_file_arguments, as_task, is_csv, is_npz
from mlp.cli.model_file import Model
from mlp.cli.options import check_folder
from mlp.cli.output import print_data
from mlp.cli.scores import confusion_text, score, score_line
from mlp.datasets import ClassTarget, CSVFile, Table, load, read_npz

HELP = "predict with a model of mlp train"

EPILOG = """\
examples:
  mlp predict results/model.npz new.csv
  mlp predict results/model.npz new.csv --probabilities --out predictions.csv
  mlp predict results/model.npz test.csv --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp predict``."""
    parser.add_argument("model", metavar="MODEL", help="model.npz written by mlp train")
    parser.add_argument("data", metavar="DATA", help="FILE.csv, FILE.npz, digits, spirals or xor")
    add_file_arguments(parser)
    out = parser.add_argument_group("results")
    out.add_argument(
        "--probabilities", action="store_true", help="add the probability of each class"
    )
    out.add_argument("--out", type=Path, metavar="FILE", help="file for the predictions (printed)")
    out.add_argument("--json", action="store_true", help="print JSON instead of CSV")


def run(options: argparse.Namespace) -> None:
    """Predict, and print or write the predictions."""
    if options.out is not None:
        check_folder(options.out.parent)
    model = model_file.read(options.model)
    table = _read_table(options, model)
    outputs = _outputs(model, table)
    scores = _score(model, table, outputs)
    predictions, probabilities = _predictions(model, outputs), {}
    if options.probabilities:
        probabilities = _probabilities(model, outputs)
    if options.json:
        columns = {"predictions": predictions, "probabilities": probabilities or None}
        text = json.dumps(columns | {"scores": scores}, default=np.ndarray.tolist) + "\n"
    else:
        text = _as_csv(predictions | probabilities)
    if options.out is None:
        print_data(text)
    else:
        write_file(options.out, text.encode())
        if not options.json:
            print(f"Wrote the predictions for {len(table)} rows to {printable(str(options.out))}.")
    if scores is not None and not options.json:
        # stdout may be piped as CSV: the scores must not mix with it
        print(_score_text(scores), file=sys.stderr if options.out is None else sys.stdout)


def _read_table(options: argparse.Namespace, model: Model) -> Table:
    """Return the columns of the model, and its targets if the data has them."""
    source, target = options.data, model.target
    if is_csv(source):
        table = _read_csv(options, model)
    else:
        if is_npz(source):
            several = len(target.names) > 1
            name = target.names[0].removesuffix("0") if several else target.names[0]
            table = read_npz(source, options.inputs, name, need_target=False)
        else:
            found = load(source)
            table = Table.from_arrays(found.X, found.y, found.name, found.feature_names)
        model.inputs.match(table.names, target.names, source)
    task = "classify" if isinstance(target, ClassTarget) else "regress"
    return as_task(table, [name for name in target.names if name in table.names], task)


def _read_csv(options: argparse.Namespace, model: Model) -> Table:
    inputs, target = model.inputs, model.target
    with CSVFile(options.data, options.delimiter) as file:
        inputs.match(file.names, (*target.names, *model.ignored), file.source)
        has_target = set(target.names) <= set(file.names)
        wanted = {*inputs.columns, *(target.names if has_target else ())}
        words = {*inputs.categories, *(target.names if isinstance(target, ClassTarget) else ())}
        places = list(enumerate(file.names, start=1))
        return file.read(
            text=[place for place, name in places if name in words & wanted],
            ignore=[place for place, name in places if name not in wanted],
            missing="keep",  # the model rejects missing inputs or fills them in
        )


def _outputs(model: Model, table: Table) -> NDArray[Any]:
    """Return the outputs of the network; ValueError if one is not finite."""
    X = model.inputs.encode(table, dtype=model.net.dtype)
    with np.errstate(all="ignore"):
        outputs = model.net.predict(X)
    is_finite = np.isfinite(outputs).all(axis=1)
    if not is_finite.all():
        line = table.lines[is_finite.argmin()]
        raise ValueError(
            f"{table.source}: {table.row_word} {line}: received numbers so large that the "
            "output is not finite"
        )
    return outputs


def _predictions(model: Model, outputs: NDArray[Any]) -> dict[str, Any]:
    """Return the predicted columns by name."""
    if isinstance(model.target, ClassTarget):
        return {model.target.names[0]: model.target.decode(outputs)}
    return dict(zip(model.target.names, model.target.decode(outputs).T, strict=True))


def _probabilities(model: Model, outputs: NDArray[Any]) -> dict[str, Any]:
    """Return a column for each class."""
    target = model.target
    if not isinstance(target, ClassTarget):
        raise ValueError("--probabilities: received a model of numbers, expected one of classes")
    heads = [f"{target.names[0]}={label}" for label in target.labels.names]
    return dict(zip(heads, target.probabilities(outputs).T, strict=True))


def _as_csv(columns: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(str, column) for column in columns.values()), strict=True))
    return text.getvalue()


def _score(model: Model, table: Table, outputs: NDArray[Any]) -> dict[str, Any] | None:
    """Return the scores of the rows with a known target, None if there are none."""
    target = model.target
    if not set(target.names) <= set(table.names):
        return None
    rows = np.flatnonzero(target.is_known(table))
    if not len(rows):
        return None
    return {"rows": len(rows)} | score(target, target.truth(table, rows), outputs[rows])


def _score_text(scores: dict[str, Any]) -> str:
    text = f"{scores['rows']} rows with a target: {score_line(scores)}"
    if "confusion" in scores:
        text += f"\n\n{confusion_text(scores['labels'], scores['confusion'])}"
    return text
