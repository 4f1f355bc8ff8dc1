"""Train a network on a table and write it to a file, with which `mlp predict` predicts.

Writes model.npz; history.json, .csv and .png; and held_out.csv, the rows that were held out with
what was predicted for them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlp.cli.data import Data, add_data_arguments, read_data
from mlp.cli.interrupt import explained
from mlp.cli.model_file import metadata_of
from mlp.cli.network import add_ends_arguments, batch_size_of, make_network, parse_hidden
from mlp.cli.output import check_folder
from mlp.cli.task import TableTask, make_task
from mlp.cli.train_report import FILES, TrainReport
from mlp.core.validation import check_count
from mlp.datasets import ClassTarget, NumberTarget, is_number
from mlp.optim import OPTIMIZERS, SCHEDULES, Optimizer, make_optimizer, make_schedule
from mlp.training import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ProgressBar,
    ReduceLROnPlateau,
    Trainer,
    TrainingDiverged,
)
from mlp.training.class_weights import ClassWeight
from mlp.training.run_file import progress_of, read_run

_PRIOR = 3.0
"""The penalty that weights get where none is asked for, in rows: the more there are, the less.

On ten tables of 100 to 1400 rows (benchmarks/ACCURACY.md) 1 to 5 do well, and 0 overfits.
"""

_SECONDS = 5.0
"""How often a checkpoint is written: kill -9 costs no more than these."""

HELP = "train a network on a table and keep it in a file"

EPILOG = """\
examples:
  mlp train cancer.csv --target diagnosis --layers 64,32 --standardize --out results
  mlp train houses.csv --target price --ignore id --one-hot district --missing mean \\
            --standardize --early-stopping 10 --out results
  mlp train digits --epochs 50 --checkpoint results/run.npz --resume --out results

With --checkpoint and --resume the same command continues what was ended, by kill -9 or otherwise.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp train``."""
    parser.add_argument("data", metavar="DATA", help="FILE.csv, FILE.npz, digits, spirals or xor")
    add_data_arguments(parser)
    network = parser.add_argument_group("the network")
    network.add_argument(
        "--layers", type=parse_hidden, default=[64, 32], metavar="64,32",
        help="the widths of the hidden layers, or none (64,32)",
    )  # fmt: skip
    network.add_argument("--dropout", type=float, default=0.0, metavar="RATE", help="(%(default)s)")
    add_ends_arguments(network)
    _add_training_arguments(parser)
    out = parser.add_argument_group("results")
    out.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="for the files (.)")
    out.add_argument("--checkpoint", metavar="PATH", help="write the run there every few seconds")
    out.add_argument(
        "--resume", action="store_true", help="continue the run in the checkpoint, if it is there"
    )
    out.add_argument("--json", action="store_true", help="print JSON instead of a summary")


def _add_training_arguments(parser: argparse.ArgumentParser) -> None:
    own = parser.add_argument_group("the training")
    own.add_argument("--epochs", type=int, default=200, help="at most (%(default)s)")
    own.add_argument("--optimizer", default="adam", help=f"{', '.join(OPTIMIZERS)} (%(default)s)")
    own.add_argument("--lr", type=float, help="the learning rate (the optimizer's own)")
    own.add_argument("--schedule", metavar="NAME", help=", ".join(SCHEDULES))
    own.add_argument("--momentum", type=float, help="of sgd and rmsprop")
    own.add_argument("--weight-decay", type=float, help="of adamw")
    own.add_argument("--l2", type=float, help=f"penalty on the weights ({_PRIOR:g} / rows)")
    own.add_argument("--l1", type=float, default=0.0, help="penalty on the weights (%(default)s)")
    own.add_argument("--clip-norm", type=float, help="the greatest norm of the gradient")
    own.add_argument(
        "--class-weight", action="append", metavar="WEIGHT",
        help="balanced; or LABEL=WEIGHT, given for each class that does not count 1",
    )  # fmt: skip
    own.add_argument(
        "--validation", type=float, default=0.2, metavar="SHARE",
        help="of the rows, of each class, to hold out; 0 for none (%(default)s)",
    )  # fmt: skip
    own.add_argument(
        "--early-stopping", type=int, metavar="N",
        help="stop when N epochs brought nothing better, and keep the best weights",
    )  # fmt: skip
    own.add_argument(
        "--reduce-lr", type=int, metavar="N",
        help="a tenth of the learning rate when N epochs brought nothing better",
    )  # fmt: skip
    own.add_argument("--seed", type=int, default=0, help="of all random draws (%(default)s)")


def run(options: argparse.Namespace) -> None:
    """Train, write the files and print what came out."""
    _check_options(options)
    data = read_data(options)
    task = make_task(options, data, options.validation, options.layers)
    if isinstance(task.target, ClassTarget):
        _check_loss(task.loss, len(task.target.labels))
    class_weight = _class_weight(options.class_weight, task.target)
    metadata = metadata_of(data, task, options.validation, options.seed)
    trainer = _make_trainer(options, task)
    try:
        _fit(options, trainer, task, class_weight)
    except TrainingDiverged:
        _report(options, data, task, trainer, metadata)
        raise
    files = _report(options, data, task, trainer, metadata)
    if trainer.history.status == "interrupted":
        done = f"after epoch {len(trainer.history.epochs)} of {options.epochs}"
        kept = f"wrote {len(files)} files to {options.out}" if files else "nothing was kept"
        raise KeyboardInterrupt(f"{done}, {kept}; {_how_to_continue(options)}")


def _check_options(options: argparse.Namespace) -> None:
    """Refuse what cannot be done, before the data are read."""
    check_folder(options.out)
    check_count("--epochs", options.epochs)
    if not 0.0 <= options.validation < 1.0:
        raise ValueError(f"--validation: received {options.validation}, expected 0 to below 1")
    if options.checkpoint is None:
        if options.resume:
            raise ValueError("--resume continues a checkpoint: add --checkpoint PATH")
        return
    path = Path(options.checkpoint)
    if path.resolve() in ((options.out / name).resolve() for name in FILES):
        raise ValueError(f"--checkpoint: received {path}, which is one of the results")
    if path.exists() and not options.resume:
        epoch, last_epoch, is_over = progress_of(read_run(path)[1])
        if not is_over:
            raise ValueError(
                f"--checkpoint: {path} holds a run after epoch {epoch} of {last_epoch}: "
                "--resume continues it; without the file a new one begins"
            )


def _check_loss(loss: str, n_classes: int) -> None:
    """Refuse a loss of which no probabilities come."""
    if loss == "binary_cross_entropy" and n_classes != 2:
        raise ValueError(f"--loss {loss}: received {n_classes} classes, expected 2")
    if loss not in ("cross_entropy", "binary_cross_entropy"):
        raise ValueError(
            f"--loss: received {loss!r}, expected cross_entropy or binary_cross_entropy "
            "for --task classify"
        )


def _class_weight(
    given: Sequence[str] | None, target: ClassTarget | NumberTarget
) -> ClassWeight | None:
    """Return the weights of the classes as the trainer takes them."""
    if given is None:
        return None
    if not isinstance(target, ClassTarget):
        raise ValueError("--class-weight is about classes; these are numbers (--task regress)")
    if list(given) == ["balanced"]:
        return "balanced"
    weights = dict.fromkeys(range(len(target.labels)), 1.0)
    for word in given:
        label, equals, weight = word.rpartition("=")
        if not (equals and is_number(weight)):
            raise ValueError(
                f"--class-weight: received {word!r}, expected balanced or LABEL=WEIGHT"
            )
        weights[int(target.labels.encode([label])[0])] = float(weight)
    return weights


def _make_trainer(options: argparse.Namespace, task: TableTask) -> Trainer:
    batch_size = batch_size_of(options)
    batches = 1 if batch_size is None else -(-len(task.X) // batch_size)
    return Trainer(
        make_network(options, task, options.dropout),
        _make_optimizer(options, options.epochs * batches),
        batch_size=batch_size,
        seed=options.seed,
        l1=options.l1,
        l2=_PRIOR / len(task.X) if options.l2 is None else options.l2,
        clip_norm=options.clip_norm,
        metrics=["accuracy" if isinstance(task.target, ClassTarget) else "r2"],
        callbacks=_callbacks(options, task.validation is not None),
    )


def _make_optimizer(options: argparse.Namespace, steps: int) -> Optimizer:
    names = ("lr", "momentum", "weight_decay")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    optimizer = make_optimizer(options.optimizer, **given)
    if options.schedule is not None:
        optimizer.lr = make_schedule(options.schedule, optimizer.lr, steps)  # type: ignore[arg-type]
    return optimizer


def _callbacks(options: argparse.Namespace, has_validation: bool) -> list[Callback]:
    monitor = "val_loss" if has_validation else "loss"
    callbacks: list[Callback] = [
        LambdaCallback(on_start=lambda trainer: _begin(options, trainer)),
        CSVLogger(options.out / "history.csv"),
        ProgressBar(),
    ]
    if options.early_stopping is not None:
        callbacks.append(EarlyStopping(monitor, options.early_stopping))
    if options.reduce_lr is not None:
        callbacks.append(ReduceLROnPlateau(monitor, patience=options.reduce_lr))
    if options.checkpoint is not None:
        callbacks.append(Checkpoint(options.checkpoint, every=None, every_seconds=_SECONDS))
    return callbacks


def _begin(options: argparse.Namespace, trainer: Trainer) -> None:
    """Make the folder, now that the training can begin, and say where it begins."""
    options.out.mkdir(parents=True, exist_ok=True)
    if options.resume:
        where = f"continues after epoch {trainer.epoch}" if trainer.is_resumed else "begins"
        print(f"{options.prog}: {options.checkpoint}: the run {where}", file=sys.stderr)


def _fit(
    options: argparse.Namespace,
    trainer: Trainer,
    task: TableTask,
    class_weight: ClassWeight | None,
) -> None:
    settings: dict[str, Any] = {"validation": task.validation, "class_weight": class_weight}
    with explained(_how_to_continue(options)):  # a second Ctrl-C ends it at once
        if options.resume:
            path = options.checkpoint
            trainer.resume(path, task.X, task.Y, options.epochs, missing_ok=True, **settings)
        else:
            trainer.fit(task.X, task.Y, options.epochs, **settings)


def _report(
    options: argparse.Namespace,
    data: Data,
    task: TableTask,
    trainer: Trainer,
    metadata: dict[str, Any],
) -> list[Path]:
    """Write the files and print the summary; nothing where no epoch has come to its end."""
    if not trainer.history.epochs:
        return []
    report = TrainReport(options, data, task, trainer)
    files = report.write(metadata)
    if options.json:
        print(json.dumps(report.to_dict() | {"files": [str(file) for file in files]}))
    else:
        print(report.text())
        print(f"\nWrote {', '.join(file.name for file in files)} to {options.out}.")
    return files


def _how_to_continue(options: argparse.Namespace) -> str:
    if options.checkpoint is None:
        return "with --checkpoint PATH it could be continued"
    return f"the same command with --resume continues {options.checkpoint}"
