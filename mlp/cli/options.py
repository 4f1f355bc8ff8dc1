"""A network and its data, as the options of several commands describe them."""

from __future__ import annotations

import argparse

from mlp.cli.data import DESCRIBE_DATA, add_data_arguments
from mlp.cli.task import Task
from mlp.core import MLP
from mlp.core.activations import ACTIVATIONS
from mlp.core.losses import LOSSES

DESCRIBE_A_NETWORK = ("layers", "hidden", "output", "loss", "batch_size", "dtype", *DESCRIBE_DATA)
"""The options that say nothing without data."""


def add_network_arguments(parser: argparse.ArgumentParser, default_data: str | None = None) -> None:
    """Declare the options that name data and describe a network."""
    own = parser.add_argument_group("a network and data of your own")
    data = "digits, xor, spirals, FILE.csv or FILE.npz"
    data += "" if default_data is None else f" ({default_data})"
    own.add_argument("--data", metavar="NAME", default=default_data, help=data)
    own.add_argument("--layers", type=parse_sizes, metavar="64,32,10", help="all widths")
    add_ends_arguments(own)
    add_data_arguments(parser)


def add_ends_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options that describe a network besides its widths."""
    parser.add_argument(
        "--hidden", "--activation", metavar="NAME", help=f"{', '.join(ACTIVATIONS)} (relu)"
    )
    parser.add_argument("--output", metavar="NAME", help="activation of the last layer")
    parser.add_argument("--loss", metavar="NAME", help=", ".join(LOSSES))
    parser.add_argument(
        "--batch-size", type=parse_batch_size, metavar="N", help="rows, or full (32)"
    )
    parser.add_argument("--dtype", choices=("float64", "float32"))


def make_network(
    options: argparse.Namespace,
    task: Task,
    dropout: float = 0.0,
    normalization: str | None = None,
) -> MLP:
    """Return the network that the options describe, for this task."""
    return MLP.from_sizes(
        task.sizes,
        options.hidden or "relu",
        task.output,
        task.loss,
        dropout=dropout,
        normalization=normalization,
        dtype=options.dtype or "float64",
        seed=options.seed,
    )


def batch_size_of(options: argparse.Namespace) -> int | None:
    """Return the rows of a batch, None for all."""
    return 32 if options.batch_size is None else options.batch_size or None


def parse_sizes(text: str) -> list[int]:
    """Return the widths that ``64,32,10`` stands for."""
    try:
        sizes = [int(size) for size in text.split(",")]
    except ValueError:
        sizes = []
    if len(sizes) < 2 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"received {text!r}, expected widths like 64,32,10")
    return sizes


def parse_hidden(text: str) -> list[int]:
    """Return the widths of hidden layers that ``64,32`` stands for, none for ``none``."""
    if text == "none":
        return []
    try:
        return parse_sizes(f"1,{text}")[1:]
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"received {text!r}, expected widths like 64,32, or none"
        ) from None


def parse_batch_size(text: str) -> int:
    """Return the number of rows, 0 for ``full``."""
    if text == "full":
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"received {text!r}, expected a number of rows, or full")
    return int(text)
