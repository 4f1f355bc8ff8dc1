"""The trainer of `mlp train`, with the options that describe it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from mlp._checks import check_count
from mlp._names import printable
from mlp.cli.data import Data
from mlp.cli.options import batch_size_of, make_network
from mlp.cli.output import complain
from mlp.cli.task import TableTask
from mlp.core import MLP
from mlp.datasets import ClassTarget, NumberTarget
from mlp.optim import OPTIMIZERS, SCHEDULES, Optimizer, make_optimizer, make_schedule
from mlp.studies.ensemble import MEMBERS, ROWS, Ensemble
from mlp.tables.numbers import is_number
from mlp.training import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LayerRecorder,
    ProgressBar,
    ReduceLROnPlateau,
    Trainer,
    WeightRecorder,
)
from mlp.training.class_weights import ClassWeight

_PRIOR = 3.0
"""The default L2 penalty times the number of training rows.

Chosen on the tables of benchmarks/ACCURACY.md, where 1 to 5 do well and 0 overfits.
"""

_SECONDS = 5.0
"""The interval of checkpoints: the most that kill -9 can lose."""

_PROBE = 400
"""About how many training rows the recorder of the layers looks at."""


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the training."""
    group = parser.add_argument_group("training")
    group.add_argument("--epochs", type=int, default=200, help="maximum of epochs (%(default)s)")
    group.add_argument("--optimizer", default="adam", help=f"{', '.join(OPTIMIZERS)} (%(default)s)")
    group.add_argument("--lr", type=float, help="learning rate (the optimizer's default)")
    group.add_argument("--schedule", metavar="NAME", help=", ".join(SCHEDULES))
    group.add_argument("--momentum", type=float, help="for sgd and rmsprop")
    group.add_argument("--weight-decay", type=float, help="for adamw")
    group.add_argument("--l2", type=float, help=f"L2 penalty on the weights ({_PRIOR:g} / rows)")
    group.add_argument(
        "--l1", type=float, default=0.0, help="L1 penalty on the weights (%(default)s)"
    )
    group.add_argument("--clip-norm", type=float, help="largest norm of the gradient")
    group.add_argument(
        "--class-weight", action="append", metavar="WEIGHT",
        help="balanced, or LABEL=WEIGHT for each class whose weight is not 1; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--validation", type=float, default=0.2, metavar="SHARE",
        help="share of the rows (of each class) to hold out; 0 for none (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--test", type=float, metavar="SHARE",
        help="share of the rows to hold out only to measure the result (as --validation, if "
        "--early-stopping or --reduce-lr use the validation rows; otherwise 0)",
    )  # fmt: skip
    group.add_argument(
        "--early-stopping", type=int, metavar="N",
        help="stop after N epochs without improvement on the validation rows and keep the best "
        "weights",
    )  # fmt: skip
    group.add_argument(
        "--reduce-lr", type=int, metavar="N",
        help="divide the learning rate by ten after N epochs without improvement",
    )  # fmt: skip
    group.add_argument("--seed", type=int, default=0, help="seed of all random draws (%(default)s)")
    several = parser.add_argument_group("ensemble")
    several.add_argument(
        "--ensemble", type=int, metavar="K",
        help="train K networks at once; their mean predicts (one network)",
    )  # fmt: skip
    several.add_argument(
        "--members", choices=MEMBERS,
        help="with weights of their own (independent, the default), or sharing all but the last "
        "layer, with factors of their own (shared)",
    )  # fmt: skip
    several.add_argument(
        "--member-rows", choices=ROWS,
        help="rows that each is trained on: all (the default), a bootstrap sample, or all but a "
        "fold of its own",
    )  # fmt: skip


def test_share(options: argparse.Namespace) -> float:
    """Return the share of the test rows: by default that of the validation rows if they choose."""
    if options.test is not None:
        return float(options.test)
    is_chosen = options.early_stopping is not None or options.reduce_lr is not None
    return float(options.validation) if is_chosen else 0.0


def check_ensemble(options: argparse.Namespace) -> None:
    """Reject options of an ensemble that contradict each other or others."""
    if options.ensemble is not None:
        check_count("--ensemble", options.ensemble)
        for name in ("boundary", "weights", "layers"):
            if name in options.plot:
                raise ValueError(f"--plot {name}: received --ensemble, expected one network")
        return
    for name in ("members", "member_rows"):
        if getattr(options, name) is not None:
            raise ValueError(
                f"--{name.replace('_', '-')}: received without --ensemble, expected --ensemble K"
            )


def make_trainer(
    options: argparse.Namespace, data: Data, task: TableTask
) -> tuple[Trainer, MLP | Ensemble]:
    """Return the trainer, and the new network or ensemble that it trains, for this task."""
    batch_size = batch_size_of(options)
    batches = 1 if batch_size is None else -(-len(task.X) // batch_size)
    net = make_network(options, task, options.dropout, options.normalize)
    optimizer = _make_optimizer(options, options.epochs * batches)
    settings: dict[str, Any] = {
        "batch_size": batch_size,
        "seed": options.seed,
        "l1": options.l1,
        "l2": _PRIOR / len(task.X) if options.l2 is None else options.l2,
        "clip_norm": options.clip_norm,
        "metrics": ["accuracy" if isinstance(task.target, ClassTarget) else "r2"],
        "callbacks": _callbacks(options, data, task),
    }
    if options.ensemble is None:
        return Trainer(net, optimizer, **settings), net
    ensemble = Ensemble(
        net,
        options.ensemble,
        members=options.members or "independent",
        rows=options.member_rows or "all",
        seed=options.seed,
    )
    return ensemble.trainer(optimizer, **settings), ensemble


def _make_optimizer(options: argparse.Namespace, steps: int) -> Optimizer:
    names = ("lr", "momentum", "weight_decay")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    optimizer = make_optimizer(options.optimizer, **given)
    if options.schedule is not None:
        optimizer.lr = make_schedule(options.schedule, optimizer.lr, steps)  # type: ignore[arg-type]
    return optimizer


def _callbacks(options: argparse.Namespace, data: Data, task: TableTask) -> list[Callback]:
    has_scores = task.validation is not None or options.member_rows == "folds"
    monitor = "val_loss" if has_scores else "loss"
    callbacks: list[Callback] = [
        LambdaCallback(on_start=lambda trainer: _begin(options, data, trainer)),
        CSVLogger(options.out / "history.csv"),
        ProgressBar(),
    ]
    if options.early_stopping is not None:
        callbacks.append(EarlyStopping(monitor, options.early_stopping))
    if options.reduce_lr is not None:
        callbacks.append(ReduceLROnPlateau(monitor, patience=options.reduce_lr))
    if "layers" in options.plot:
        callbacks.append(LayerRecorder(task.X[:: -(-len(task.X) // _PROBE)]))
    if options.animate:
        callbacks.append(WeightRecorder())
    if options.checkpoint is not None:
        callbacks.append(Checkpoint(options.checkpoint, every=None, every_seconds=_SECONDS))
    return callbacks


def _begin(options: argparse.Namespace, data: Data, trainer: Trainer) -> None:
    """Create the folder, say how the data was read, and where a resumed run starts."""
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.json:
        print(*map(printable, data.lines()), sep="\n")
    if options.resume:
        done = len(trainer.history.epochs)
        where = f"continues after epoch {done}" if trainer.is_resumed else "begins"
        complain(options.prog, f"{options.checkpoint}: the run {where}")


def class_weight_of(
    given: Sequence[str] | None, target: ClassTarget | NumberTarget
) -> ClassWeight | None:
    """Return the class weights in the form that the trainer expects."""
    if given is None:
        return None
    if not isinstance(target, ClassTarget):
        raise ValueError("--class-weight: received a target of numbers, expected classes")
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
