"""Suggest a learning rate from short runs with many rates.

Writes learning_rate_finder.png and learning_rate_finder.csv.
"""

from __future__ import annotations

import argparse

from mlp._names import printable
from mlp.cli.options import (
    add_chart_arguments,
    add_network_arguments,
    batch_size_of,
    check_folder,
    explained,
    make_network,
)
from mlp.cli.output import print_json
from mlp.cli.task import load_task
from mlp.optim import OPTIMIZERS
from mlp.studies.finder.finder import find_learning_rate

HELP = "suggest a learning rate and chart the loss that each rate reaches"

EPILOG = """\
examples:
  mlp find-lr
  mlp find-lr --data spirals --layers 2,64,64,2 --optimizer adam --lr-max 1 --out results
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp find-lr``."""
    parser.add_argument("--optimizer", default="sgd", help=f"{', '.join(OPTIMIZERS)} (%(default)s)")
    parser.add_argument("--lr-min", type=float, default=1e-10, help="lowest rate (%(default)s)")
    parser.add_argument("--lr-max", type=float, default=10.0, help="highest rate (%(default)s)")
    parser.add_argument("--steps", type=int, help="updates in the last round (200 or one epoch)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of all random draws (%(default)s)"
    )
    add_network_arguments(parser, default_data="digits")
    out = add_chart_arguments(parser, "loss")
    out.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> None:
    """Search, write the files and print the result."""
    task = load_task(options)
    net = make_network(options, task)
    check_folder(options.out)
    with explained("nothing was kept"):
        found = find_learning_rate(
            net,
            task.X,
            task.Y,
            optimizer=options.optimizer,
            batch_size=batch_size_of(options),
            lr_min=options.lr_min,
            lr_max=options.lr_max,
            steps=options.steps,
            seed=options.seed,
        )
    options.out.mkdir(parents=True, exist_ok=True)
    chart = options.out / "learning_rate_finder.png"
    table = options.out / "learning_rate_finder.csv"
    found.plot(chart, scale=options.scale)
    found.to_csv(table)
    if options.json:
        print_json(found.to_dict() | {"files": [str(chart), str(table)]})
        return
    print(found)
    print(printable(f"Wrote {chart} and {table}."))
