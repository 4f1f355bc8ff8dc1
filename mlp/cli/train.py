"""Train a network on a table and save it for `mlp predict`.

Start with `mlp train FILE --target COLUMN`: the error message names all options that the table
needs. Writes model.npz; history.json, .csv and .png; held_out.csv, the rows that measured the
result with their predictions; and the pictures of --plot.
"""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path
from typing import Any

from mlp._checks import check_count
from mlp._names import listed, printable
from mlp.cli.data import DATA_HELP, Data, add_data_arguments, read_data
from mlp.cli.options import add_layer_arguments, check_folder, explained, parse_hidden
from mlp.cli.output import print_json
from mlp.cli.preset import add_preset_arguments, check_preset, run_preset
from mlp.cli.report import ANIMATIONS, FILES, PICTURES, TrainReport, check_pictures, parse_pictures
from mlp.cli.task import TableTask, make_task, metadata_of
from mlp.cli.trainer import (
    add_training_arguments,
    check_ensemble,
    class_weight_of,
    make_trainer,
    test_share,
)
from mlp.core import MLP
from mlp.core.structure import NORMALIZATIONS
from mlp.datasets import ClassTarget
from mlp.studies.ensemble import Ensemble
from mlp.training import Trainer, TrainingDiverged
from mlp.training.checkpoint.checkpoint import progress_of, read_run
from mlp.training.class_weights import ClassWeight

USAGE = "DATA --target COLUMNS [options]"

HELP = "train a network on a table and save it"

EPILOG = """\
examples:
  mlp train cancer.csv --target diagnosis --layers 64,32 --out results
  mlp train houses.csv --target price --ignore id --one-hot all --dates sold \\
            --missing mean --missing-target drop --early-stopping 10 --out results
  mlp train cancer.csv --target diagnosis --ensemble 8 --member-rows bootstrap --out results
  mlp train houses.csv --target price --preset tabular --out results
  mlp train digits --epochs 50 --checkpoint results/run.npz --resume --out results

With --checkpoint and --resume the same command continues an interrupted run, even after kill -9.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp train``."""
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    add_data_arguments(parser)
    network = parser.add_argument_group("network")
    network.add_argument(
        "--layers", type=parse_hidden, default=[64, 32], metavar="64,32",
        help="widths of the hidden layers, or none (64,32)",
    )  # fmt: skip
    network.add_argument(
        "--dropout",
        type=float,
        default=0.0,
        metavar="RATE",
        help="after each hidden layer (%(default)s)",
    )
    network.add_argument(
        "--normalize", type=str.lower, choices=tuple(NORMALIZATIONS),
        help="normalise before each hidden activation: over the batch, or over the layer",
    )  # fmt: skip
    add_layer_arguments(network)
    add_training_arguments(parser)
    out = parser.add_argument_group("results")
    out.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="folder for the files (.)"
    )
    out.add_argument(
        "--plot", type=parse_pictures, default=[], metavar="NAMES",
        help=f"also draw {', '.join(PICTURES)} (comma-separated); layers are recorded from the "
        "first epoch on, so a resumed run needs the same choice",
    )  # fmt: skip
    out.add_argument(
        "--animate", action="store_true",
        help="also write boundary.gif or weights.gif, of the picture at each epoch (with --plot)",
    )  # fmt: skip
    out.add_argument("--checkpoint", metavar="PATH", help="save the run there every few seconds")
    out.add_argument(
        "--resume", action="store_true", help="continue the run in the checkpoint, if there is one"
    )
    out.add_argument("--json", action="store_true", help="print JSON instead of a summary")
    add_preset_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Train, write the files and print the result."""
    _check_options(options)
    if options.preset is not None:
        with explained("nothing was kept"):
            report, metadata = run_preset(options)
        files = _write(options, report, metadata)
        if report.trainer.history.status == "interrupted":
            raise KeyboardInterrupt(_done(report.trainer, files, options))
        return
    data = read_data(options)
    task = make_task(options, data, options.validation, options.layers, test_share(options))
    if isinstance(task.target, ClassTarget):
        _check_loss(task.loss, len(task.target.labels))
    check_pictures(options.plot, task)
    class_weight = class_weight_of(options.class_weight, task.target)
    shares = {"fraction": options.validation, "test_fraction": test_share(options)}
    metadata = metadata_of(data, task, shares | {"seed": options.seed})
    trainer, model = make_trainer(options, data, task)
    try:
        _fit(options, trainer, task, class_weight)
    except TrainingDiverged:
        _report(options, data, task, trainer, model, metadata)
        raise
    files = _report(options, data, task, trainer, model, metadata)
    if trainer.history.status == "interrupted":
        raise KeyboardInterrupt(f"{_done(trainer, files, options)}; {_how_to_continue(options)}")


def _done(trainer: Trainer, files: list[Path], options: argparse.Namespace) -> str:
    """Return how far an interrupted run came, and what it has left."""
    kept = f"wrote {len(files)} files to {options.out}" if files else "nothing was kept"
    return f"after epoch {len(trainer.history.epochs)} of {trainer.epochs}, {kept}"


def _check_options(options: argparse.Namespace) -> None:
    """Reject options that contradict each other or the files, before the data is read."""
    check_folder(options.out)
    check_preset(options)
    check_ensemble(options)
    if options.animate and not {*ANIMATIONS} & {*options.plot}:
        raise ValueError(
            f"--animate: received --plot {','.join(options.plot) or 'of nothing'}, expected "
            f"{' or '.join(ANIMATIONS)}"
        )
    check_count("--epochs", options.epochs)
    for name, share in (("--validation", options.validation), ("--test", test_share(options))):
        if not 0.0 <= share < 1.0:
            raise ValueError(f"{name}: received {share}, expected 0 to below 1")
    if options.validation + test_share(options) >= 1.0:
        raise ValueError(
            f"--validation, --test: received {options.validation} and {test_share(options)}, "
            "expected less than 1 together"
        )
    if options.normalize is not None and not options.layers:
        raise ValueError(
            f"--normalize {options.normalize}: received no hidden layers, expected one at least "
            "(--layers)"
        )
    if options.checkpoint is None:
        if options.resume:
            raise ValueError("--resume: received no checkpoint, expected --checkpoint PATH with it")
        return
    path = Path(options.checkpoint)
    check_folder(path.parent)
    if path.resolve() in (
        (options.out / name).resolve()
        for name in (*FILES, *ANIMATIONS.values(), *chain(*PICTURES.values()))
    ):
        raise ValueError(f"--checkpoint: received {path}, which is one of the results")
    if path.exists() and not options.resume:
        epoch, last_epoch, is_over = progress_of(read_run(path)[1])
        if not is_over:
            raise ValueError(
                f"--checkpoint: {path} holds a run after epoch {epoch} of {last_epoch}: "
                "continue it with --resume, or remove the file to start anew"
            )


def _check_loss(loss: str, n_classes: int) -> None:
    """Reject a loss that does not give probabilities."""
    if loss == "binary_cross_entropy" and n_classes != 2:
        raise ValueError(f"--loss {loss}: received {n_classes} classes, expected 2")
    if loss not in ("cross_entropy", "binary_cross_entropy"):
        raise ValueError(
            f"--loss: received {loss!r}, expected cross_entropy or binary_cross_entropy "
            "for --task classify"
        )


def _fit(
    options: argparse.Namespace,
    trainer: Trainer,
    task: TableTask,
    class_weight: ClassWeight | None,
) -> None:
    settings: dict[str, Any] = {"validation": task.validation, "class_weight": class_weight}
    with explained(_how_to_continue(options)):  # a second Ctrl-C ends the run at once
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
    model: MLP | Ensemble,
    metadata: dict[str, Any],
) -> list[Path]:
    """Write the files and print the summary; nothing if no epoch is complete."""
    if not trainer.history.epochs:
        return []
    return _write(options, TrainReport(options, data, task, trainer, model), metadata)


def _write(
    options: argparse.Namespace, report: TrainReport, metadata: dict[str, Any]
) -> list[Path]:
    """Write the files and print the summary."""
    files = report.write(metadata)
    if options.json:
        print_json(report.to_dict() | {"files": [str(file) for file in files]})
    else:
        print(report.text())
        where = "this folder" if options.out == Path() else printable(str(options.out))
        print(f"\nWrote {listed([file.name for file in files])} to {where}.")
    return files


def _how_to_continue(options: argparse.Namespace) -> str:
    if options.checkpoint is None:
        return "with --checkpoint PATH it could be continued"
    return f"the same command with --resume continues {options.checkpoint}"
