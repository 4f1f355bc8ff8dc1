"""What `mlp train` leaves: its files, and the summary that it prints."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._atomic import write_file
from mlp.cli.data import Data
from mlp.cli.scores import confusion_text, number, score, score_line
from mlp.cli.task import TableTask
from mlp.datasets import ClassTarget, shortened
from mlp.plotting import save_figure
from mlp.training import EarlyStopping, Trainer

FILES = ("model.npz", "history.json", "history.csv", "history.png", "held_out.csv")
_LARGE = 10.0  # beside it, numbers of the size 1 are nothing


def report(
    options: argparse.Namespace,
    data: Data,
    task: TableTask,
    trainer: Trainer,
    metadata: dict[str, Any],
) -> list[Path]:
    """Write the files and print the summary; nothing where no epoch has come to its end."""
    if not trainer.history.epochs:
        return []
    with np.errstate(all="ignore"):  # of a run that diverged outputs may overflow
        outputs = trainer.net.predict(_scored(task)[0])
    files = _write(options.out, data, task, trainer, outputs, metadata)
    found = _summary(options, data, task, trainer, outputs)
    if options.json:
        print(json.dumps(found | {"files": [str(file) for file in files]}))
    else:
        print(_text(options, task, found))
        print(f"\nWrote {', '.join(file.name for file in files)} to {options.out}.")
    return files


def _scored(task: TableTask) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the rows that are scored: those held out, or else those trained on."""
    return task.validation or (task.X, task.Y)


def _write(
    out: Path,
    data: Data,
    task: TableTask,
    trainer: Trainer,
    outputs: NDArray[Any],
    metadata: dict[str, Any],
) -> list[Path]:
    model, history_json, history_csv, picture, held_out = (out / name for name in FILES)
    history = trainer.history
    trainer.net.save(model, metadata=metadata)
    history.to_json(history_json)
    files = [model, history_json, history_csv]
    if any(isfinite(loss) for loss in history["loss"]):
        files.append(save_figure(history.plot(), picture))
    if len(task.held_out):
        write_file(held_out, _held_out_text(data, task, outputs).encode())
        files.append(held_out)
    return files


def _held_out_text(data: Data, task: TableTask, outputs: NDArray[Any]) -> str:
    """Return the held-out rows as CSV: where they stand, what is true and what is predicted."""
    target, table = task.target, data.table
    if isinstance(target, ClassTarget):
        truth = target.truth(table, task.held_out)
        columns = [target.labels.decode(truth), target.decode(outputs)]
    else:
        pairs = zip(target.truth(table, task.held_out).T, target.decode(outputs).T, strict=True)
        columns = [column.tolist() for pair in pairs for column in pair]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads = [head for name in target.names for head in (name, f"predicted {name}")]
    writer.writerow([table.row_word, *heads])
    writer.writerows(zip(table.lines[task.held_out].tolist(), *columns, strict=True))
    return text.getvalue()


def _summary(
    options: argparse.Namespace,
    data: Data,
    task: TableTask,
    trainer: Trainer,
    outputs: NDArray[Any],
) -> dict[str, Any]:
    """Return all that the summary tells, as JSON can hold it."""
    history = trainer.history
    stoppings = [c for c in trainer.callbacks if isinstance(c, EarlyStopping)]
    X, Y = _scored(task)
    is_held_out = task.validation is not None
    rows = task.held_out if is_held_out else task.training
    truth = task.target.truth(data.table, rows)
    loss = float(trainer.net.evaluate(X, Y))
    return {
        "data": data.table.source,
        "task": data.task,
        "targets": list(task.target.names),
        "rows": {
            "training": len(task.training),
            "held_out": len(task.held_out),
            "dropped": data.n_dropped,
        },
        "sizes": list(task.sizes),
        "parameters": trainer.net.theta.size,
        "status": history.status,
        "epochs": len(history.epochs),
        "best_epoch": stoppings[0].best_epoch if stoppings else None,
        "seconds": sum(history["seconds"]),
        "training_loss": _finite(history["loss"][-1]),
        "scored_rows": "held out" if is_held_out else "training",
        "loss": _finite(loss),
        **{
            name: _finite(value) if isinstance(value, float) else value
            for name, value in score(task.target, truth, outputs).items()
        },
    }


def _finite(value: float) -> float | None:
    """Return a number as JSON can hold it: NaN and the infinities are none."""
    return value if isfinite(value) else None


def _text(options: argparse.Namespace, task: TableTask, found: dict[str, Any]) -> str:
    return "\n".join([*_head(options, task, found), "", *_scores(found)])


def _head(options: argparse.Namespace, task: TableTask, found: dict[str, Any]) -> Iterator[str]:
    """Yield what was trained on what, and how it went."""
    rows, target = found["rows"], task.target
    dropped = f", {rows['dropped']} with missing values left out" if rows["dropped"] else ""
    yield (
        f"{found['data']}: {rows['training']} rows to train on, "
        f"{rows['held_out']} held out{dropped}"
    )
    what = shortened(target.names)
    if isinstance(target, ClassTarget):
        what += f" of {len(target.labels)} classes"
    hidden = (options.hidden or "relu").lower()
    yield (
        f"network {'-'.join(map(str, task.sizes))} ({hidden}, {task.output}, {task.loss}), "
        f"{found['parameters']:,} parameters, for {what}"
    )
    best = f", best by its loss: epoch {found['best_epoch']}" if found["best_epoch"] else ""
    yield (
        f"{found['status']} after epoch {found['epochs']} of {options.epochs}, "
        f"{found['seconds']:.1f} s{best}"
    )
    yield from _hint(options, task)


def _hint(options: argparse.Namespace, task: TableTask) -> Iterator[str]:
    """Tell where numbers are too large to be trained on as they are."""
    if options.standardize:
        return
    largest = max(np.abs(task.X).max(), np.abs(task.Y).max() if task.Y.ndim == 2 else 0.0)
    if largest > _LARGE:
        yield f"numbers as large as {largest:.3g} are hard to train on: try --standardize"


def _scores(found: dict[str, Any]) -> Iterator[str]:
    n = found["rows"]["training" if found["scored_rows"] == "training" else "held_out"]
    yield f"{n} {found['scored_rows']} rows: loss {number(found['loss'])}, {score_line(found)}"
    if "confusion" in found:
        yield ""
        yield confusion_text(found["labels"], found["confusion"])
