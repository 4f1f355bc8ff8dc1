"""The trainer that the options of `mlp train` describe."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mlp.cli.network import batch_size_of, make_network
from mlp.cli.task import TableTask
from mlp.cli.train_pictures import recorder_of
from mlp.datasets import ClassTarget, NumberTarget
from mlp.optim import OPTIMIZERS, SCHEDULES, Optimizer, make_optimizer, make_schedule
from mlp.tables.numbers import is_number
from mlp.training import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ProgressBar,
    ReduceLROnPlateau,
    Trainer,
)
from mlp.training.class_weights import ClassWeight

_PRIOR = 3.0
"""The penalty that weights get where none is asked for, in rows: the more there are, the less.

Chosen on the tables of benchmarks/ACCURACY.md, where 1 to 5 do well and 0 overfits.
"""

_SECONDS = 5.0
"""How often a checkpoint is written: kill -9 costs no more than these."""


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how a network is trained."""
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


def make_trainer(options: argparse.Namespace, task: TableTask) -> Trainer:
    """Return the trainer of a new network for this task."""
    batch_size = batch_size_of(options)
    batches = 1 if batch_size is None else -(-len(task.X) // batch_size)
    return Trainer(
        make_network(options, task, options.dropout, options.normalize),
        _make_optimizer(options, options.epochs * batches),
        batch_size=batch_size,
        seed=options.seed,
        l1=options.l1,
        l2=_PRIOR / len(task.X) if options.l2 is None else options.l2,
        clip_norm=options.clip_norm,
        metrics=["accuracy" if isinstance(task.target, ClassTarget) else "r2"],
        callbacks=_callbacks(options, task),
    )


def _make_optimizer(options: argparse.Namespace, steps: int) -> Optimizer:
    names = ("lr", "momentum", "weight_decay")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    optimizer = make_optimizer(options.optimizer, **given)
    if options.schedule is not None:
        optimizer.lr = make_schedule(options.schedule, optimizer.lr, steps)  # type: ignore[arg-type]
    return optimizer


def _callbacks(options: argparse.Namespace, task: TableTask) -> list[Callback]:
    monitor = "val_loss" if task.validation is not None else "loss"
    callbacks: list[Callback] = [
        LambdaCallback(on_start=lambda trainer: _begin(options, trainer)),
        CSVLogger(options.out / "history.csv"),
        ProgressBar(),
    ]
    if options.early_stopping is not None:
        callbacks.append(EarlyStopping(monitor, options.early_stopping))
    if options.reduce_lr is not None:
        callbacks.append(ReduceLROnPlateau(monitor, patience=options.reduce_lr))
    if "layers" in options.plot:
        callbacks.append(recorder_of(task))
    if options.checkpoint is not None:
        callbacks.append(Checkpoint(options.checkpoint, every=None, every_seconds=_SECONDS))
    return callbacks


def _begin(options: argparse.Namespace, trainer: Trainer) -> None:
    """Make the folder, now that the training can begin, and say where it begins."""
    options.out.mkdir(parents=True, exist_ok=True)
    if options.resume:
        done = len(trainer.history.epochs)
        where = f"continues after epoch {done}" if trainer.is_resumed else "begins"
        print(f"{options.prog}: {options.checkpoint}: the run {where}", file=sys.stderr)


def class_weight_of(
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
