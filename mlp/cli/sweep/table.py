"""``mlp sweep FILE``: train on a table with each of several sets of parameters."""

from __future__ import annotations

import argparse
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from typing import Any

from mlp._checks import check_count
from mlp._names import printable
from mlp.cli.data import option, read_data
from mlp.cli.options import (
    batch_size_of,
    check_folder,
    explained,
    loss_of,
    parse_hidden,
    parse_rates,
)
from mlp.cli.output import print_json
from mlp.cli.task import TableTask, make_task, metadata_of
from mlp.core import MLP
from mlp.datasets import ClassTarget
from mlp.machine import end_with_parent
from mlp.optim import SCHEDULES
from mlp.studies.sweep.runs import SweepRuns
from mlp.studies.sweep.search import grid
from mlp.studies.sweep.sweep import sweep
from mlp.training import EarlyStopping

NUMBERS = (
    *("lr", "momentum", "beta1", "beta2", "eps", "alpha"),
    *("weight_decay", "l1", "l2", "clip_norm", "dropout"),
)
OF_TABLE = (
    *NUMBERS,
    "activation",
    "metric",
    "validation",
    "schedule",
    "early_stopping",
    "workers",
    "prune",
)
"""The options that mean nothing without FILE."""


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare FILE, and the options that apply to it."""
    parser.add_argument(
        "file", nargs="?", metavar="FILE",
        help="sweep over any parameters on this data, as for --data",
    )  # fmt: skip
    # --activation is a second name of --hidden, which here means widths
    group = parser.add_argument_group("with FILE", conflict_handler="resolve")
    for name in NUMBERS:
        group.add_argument(
            option(name), type=parse_numbers, metavar="0.1,0.2,...",
            help="values, or log:FROM:TO:N for N of them" if name == "lr" else "values",
        )  # fmt: skip
    group.add_argument(
        "--activation", metavar="NAMES", help="hidden activations, such as relu,tanh"
    )
    group.add_argument("--schedule", metavar="NAMES", help=", ".join(SCHEDULES))
    group.add_argument(
        "--metric", metavar="NAME", help="metric that decides (accuracy; for numbers, r2)"
    )
    group.add_argument(
        "--validation", type=float, metavar="SHARE", help="share of the rows to hold out (0.2)"
    )
    group.add_argument(
        "--early-stopping", type=int, metavar="N",
        help="stop a run after N epochs without improvement and keep its best weights",
    )  # fmt: skip
    group.add_argument("--prune", choices=("halving", "asha"), help="end the worse runs early")
    group.add_argument("--workers", type=int, metavar="N", help="worker processes (1)")


def parse_numbers(text: str) -> list[float]:
    """Return the numbers in ``0,0.1`` or ``log:1e-4:1:9``.

    Examples
    --------
    >>> parse_numbers("0,1e-4"), parse_numbers("log:0.01:1:3")
    ([0.0, 0.0001], [0.01, 0.1, 1.0])
    """
    return parse_rates(text).tolist()  # type: ignore[no-any-return]


def run_table(options: argparse.Namespace) -> None:
    """Train, write the files and print the result."""
    check_folder(options.out)
    if options.checkpoint is not None:
        check_folder(options.checkpoint.parent)
    hidden = _widths(options.hidden or "32")
    options.data = options.file
    share = 0.2 if options.validation is None else options.validation
    data = read_data(options)
    task = make_task(options, data, share, hidden[0])
    if data.is_file and not options.json:
        print(*map(printable, data.lines()), sep="\n", end="\n\n")
    metadata = metadata_of(
        data, task, {"fraction": share, "test_fraction": 0.0, "seed": options.seed}
    )
    is_class = isinstance(task.target, ClassTarget)
    metric = options.metric or ("accuracy" if is_class else "r2")
    with explained(kept_text(options)), _executor(options.workers) as executor:
        runs = sweep(
            _network(options, task),
            task.X,
            task.Y,
            _parameters(options, hidden),
            options.epochs,
            batch_size_of(options),
            "sgd" if "," in options.optimizer else options.optimizer,
            seeds=options.seeds,
            seed=options.seed,
            validation=task.validation,
            metrics=[metric],
            callbacks=_callbacks(options, task),
            prune=options.prune,
            executor=executor,
            checkpoint=options.checkpoint,
            progress=True,
        )
    name = metric if task.validation is None else f"val_{metric}"
    _report(options, runs, name if name in runs.modes else runs.quantity, metadata)


def _widths(text: str) -> list[tuple[int, ...]]:
    """Return the widths of the hidden layers in ``64,32/128``."""
    try:
        return [tuple(parse_hidden(part)) for part in text.split("/")]
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"--hidden: {error}") from None


def kept_text(options: argparse.Namespace) -> str:
    """Return what is left of a sweep after Ctrl-C, and how to continue."""
    if options.checkpoint is None:
        return "nothing was kept; with --checkpoint FILE the same command would continue"
    return f"the same command continues from {options.checkpoint}"


def _executor(workers: int | None) -> Any:
    """Return an executor with this number of processes, or None."""
    if workers is None or check_count("workers", workers) == 1:
        return nullcontext()
    context = get_context("spawn")
    pool: Executor = ProcessPoolExecutor(workers, context, initializer=end_with_parent)
    return pool


def _network(options: argparse.Namespace, task: TableTask) -> MLP:
    return MLP.from_sizes(
        task.sizes,
        "relu",
        task.output,
        loss_of(options, task.loss),
        dtype=options.dtype or "float64",
        seed=options.seed,
    )


def _parameters(options: argparse.Namespace, hidden: list[tuple[int, ...]]) -> list[dict[str, Any]]:
    """Return the parameters of each run; what has one value only is a parameter, too."""
    chosen: dict[str, Any] = {}
    for name in ("optimizer", "schedule", "activation"):
        text = getattr(options, name)
        if text is not None and (name != "optimizer" or "," in text):
            chosen[name] = text.split(",")
    if options.hidden is not None:
        chosen["hidden"] = hidden
    chosen |= {name: getattr(options, name) for name in NUMBERS if getattr(options, name)}
    return grid(chosen)


def _callbacks(options: argparse.Namespace, task: TableTask) -> list[EarlyStopping]:
    if options.early_stopping is None:
        return []
    monitor = "val_loss" if task.validation is not None else "loss"
    return [EarlyStopping(monitor, options.early_stopping)]


def _report(
    options: argparse.Namespace, runs: SweepRuns, name: str, metadata: dict[str, Any]
) -> None:
    """Write the records and the best network, and print the result."""
    options.out.mkdir(parents=True, exist_ok=True)
    csv, record, model = (options.out / name for name in ("runs.csv", "runs.json", "model.npz"))
    runs.to_csv(csv)
    runs.to_json(record)
    files = [csv, record]
    has_best = any(word in ("completed", "stopped") for word in runs.status)
    best = runs.best_by(name) if has_best else None
    if best is not None:
        runs.network(best.run).save(model, metadata)
        files.append(model)
    if options.json:
        found = None if best is None else best._asdict()
        print_json({"best": found, "files": list(map(str, files))})
        return
    print(runs)
    print()
    if best is None:
        print("No run is best: every run diverged.")
    else:
        values = ", ".join(f"{key}={value}" for key, value in best.parameters.items())
        print(f"Best: {values} ({best.reason}).")
    print(printable(f"Wrote {', '.join(map(str, files))}."))
