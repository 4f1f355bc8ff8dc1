"""``mlp sweep``: train with several learning rates at once, or go on to `table`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._names import printable
from mlp.cli.data import option
from mlp.cli.options import (
    NETWORK_OPTIONS,
    add_chart_arguments,
    add_network_arguments,
    batch_size_of,
    check_folder,
    explained,
    make_network,
    parse_rates,
)
from mlp.cli.output import print_json
from mlp.cli.sweep.table import OF_TABLE, add_table_arguments, kept_text, run_table
from mlp.cli.task import Task, load_task
from mlp.optim import OPTIMIZERS
from mlp.studies._scores import percent
from mlp.studies.examples import learning_rate_chart
from mlp.studies.rates.result import SweepResult
from mlp.studies.rates.sweep import DOCUMENT_RATES, learning_rate_sweep
from mlp.training.callbacks.progress import ProgressBar

HELP = "train with several learning rates, or sets of parameters, at once"

EPILOG = """\
examples:
  mlp sweep
  mlp sweep --published --out results
  mlp sweep --data digits --layers 64,32,10 --hidden relu --output softmax \\
            --loss cross_entropy --rates log:1e-3:10:12 --epochs 20 --batch-size 32 --seeds 3
  mlp sweep --data digits --epochs 2000 --checkpoint sweep.npz     # run again to continue
  mlp sweep digits --lr log:1e-3:1:7 --momentum 0,0.9 --hidden 64,32/128 --seeds 3 \\
            --epochs 10 --schedule cosine --workers 2 --out results   # any parameters
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp sweep``."""
    parser.add_argument(
        "--rates", type=parse_rates, metavar="0.1,0.2,...",
        help="learning rates, or log:FROM:TO:N for N rates evenly spaced on a log scale",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, default=100, help="epochs of each run (%(default)s)")
    parser.add_argument("--optimizer", default="sgd", help=f"{', '.join(OPTIMIZERS)} (%(default)s)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="initialisations per rate (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of all random draws (%(default)s)"
    )
    add_network_arguments(parser)
    out = add_chart_arguments(parser, "error")
    out.add_argument(
        "--checkpoint", type=Path, metavar="FILE",
        help="save the sweep there every few seconds; the same command continues from it, or, once "
        "the sweep is complete, prints and draws it again",
    )  # fmt: skip
    out.add_argument(
        "--published", action="store_true", help="add the two curves with wrong published values"
    )
    out.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_table_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Train, write the files and print the result."""
    if options.file is not None:
        _reject(options, ("rates", "data", "layers", "published"), "no FILE")
        run_table(options)
        return
    if options.data is not None and options.hidden is None:
        options.hidden, options.activation = options.activation, None
    _reject(options, OF_TABLE, "FILE, the table to train on,")
    if options.rates is None:
        options.rates = np.array(DOCUMENT_RATES)
    if options.data is None:
        given = [name for name in NETWORK_OPTIONS if getattr(options, name) is not None]
        if given:
            named = ", ".join(map(option, given))
            raise ValueError(f"{named}: received no data, expected --data NAME with it")
        example = learning_rate_chart()
        net, task, batch_size = example.network, Task(example.x, example.t), None
    else:
        if options.published:
            raise ValueError("--published applies only to the chart without --data")
        task = load_task(options)
        net, batch_size = make_network(options, task), batch_size_of(options)
    published = _published(options) if options.published else {}
    check_folder(options.out)
    if options.checkpoint is not None:
        check_folder(options.checkpoint.parent)
    with explained(kept_text(options)):
        result = learning_rate_sweep(
            net,
            task.X,
            task.Y,
            options.rates,
            options.epochs,
            batch_size,
            options.optimizer,
            seeds=options.seeds,
            seed=options.seed,
            validation=task.validation,
            callbacks=[ProgressBar(options.epochs)],
            checkpoint=options.checkpoint,
        )
    _report(options, task, result, published)


def _reject(options: argparse.Namespace, names: Sequence[str], expected: str) -> None:
    """Raise ValueError if one of these options was given."""
    given = [name for name in names if getattr(options, name) not in (None, False)]
    if given:
        named = ", ".join(map(option, given))
        raise ValueError(f"{named}: received it, expected {expected} with it")


def _published(options: argparse.Namespace) -> dict[str, Any]:
    """Return the published curves with wrong values, cut to the epochs that are trained."""
    chart = learning_rate_chart()
    wrong, rates = chart.wrong_series, options.rates.tolist()
    if not set(wrong) <= set(rates):
        raise ValueError(
            f"--published: received the rates {', '.join(f'{rate:g}' for rate in rates)}, "
            f"expected {' and '.join(f'{rate:g}' for rate in wrong)} among them"
        )
    series = {rate: column[: options.epochs + 1] for rate, column in wrong.items()}
    return {"published": series, "published_note": chart.published_note}


def _report(
    options: argparse.Namespace, task: Task, result: SweepResult, published: dict[str, Any]
) -> None:
    """Write the chart and the table, and print the result."""
    options.out.mkdir(parents=True, exist_ok=True)
    chart, table = options.out / "learning_rates.png", options.out / "learning_rates.csv"
    result.plot(chart, scale=options.scale, **published)
    result.to_csv(table)

    accuracy = _accuracy(task, result)
    extra = {} if accuracy is None else {"accuracy": accuracy}
    if options.json:
        found = result.to_dict() | {name: column.tolist() for name, column in extra.items()}
        print_json(found | {"files": [str(chart), str(table)]})
        return
    print(result.table(**extra))
    print()
    if np.isnan(result.best):
        print("No rate is best: every run diverged.")
    else:
        by = "loss on held-out data" if task.validation is not None else "error"
        right = ""
        if accuracy is not None:
            share = percent(accuracy[result.best_index])
            right = f"; accuracy {share} on the same rows, which chose the rate"
        print(f"Best rate: {result.best:g} (lowest {by}{right}).")
    print(printable(f"Wrote {chart} and {table}."))


def _accuracy(task: Task, result: SweepResult) -> NDArray[np.float64] | None:
    """Return the held-out accuracy of each rate, the median over its seeds."""
    if task.validation is None or task.validation_labels is None:
        return None
    with np.errstate(all="ignore"):
        outputs = result.networks.predict(task.validation[0])
    if outputs.shape[-1] == 1:
        labels = (outputs[..., 0] > 0.5).astype(np.intp)
    else:
        labels = outputs.argmax(axis=-1)
    right = (labels == task.validation_labels).mean(axis=-1)
    of_rate: NDArray[np.float64] = np.median(right.reshape(result.diverged_at.shape), axis=1)
    return of_rate
