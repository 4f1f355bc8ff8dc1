"""Options that several commands share, and the network and batch size that they describe."""

from __future__ import annotations

import argparse
import errno
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.cli.data import DATA_HELP, DATA_OPTIONS, add_data_arguments, option
from mlp.cli.task import Task
from mlp.core import MLP
from mlp.core.activations import ACTIVATIONS
from mlp.core.losses import LOSSES, Loss, Pinball, Smoothing, make_loss

_LOSS_SETTINGS: dict[str, Any] = {"label_smoothing": Smoothing, "quantile": Pinball}
"""The options that set the one number of a loss, and its class."""

NETWORK_OPTIONS = (
    *("layers", "hidden", "output", "loss", "batch_size", "dtype"),
    *_LOSS_SETTINGS,
    *DATA_OPTIONS,
)
"""The options that mean nothing without --data."""


def add_network_arguments(parser: argparse.ArgumentParser, default_data: str | None = None) -> None:
    """Declare the options that name data and describe a network."""
    group = parser.add_argument_group("network and data")
    data = DATA_HELP + ("" if default_data is None else f" ({default_data})")
    group.add_argument("--data", metavar="NAME", default=default_data, help=data)
    group.add_argument(
        "--layers", type=parse_sizes, metavar="64,32,10", help="widths, from input to output"
    )
    add_layer_arguments(group)
    add_data_arguments(parser)


def add_layer_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options that describe a network besides its widths."""
    parser.add_argument(
        "--hidden",
        "--activation",
        metavar="NAME",
        help=f"hidden activation: {', '.join(ACTIVATIONS)} (relu)",
    )
    parser.add_argument("--output", metavar="NAME", help="activation of the last layer")
    parser.add_argument("--loss", metavar="NAME", help=", ".join(LOSSES))
    parser.add_argument(
        "--label-smoothing", type=float, metavar="SHARE",
        help="share of each target that is spread over the classes (0)",
    )  # fmt: skip
    parser.add_argument(
        "--quantile", type=float, metavar="Q", help="quantile that --loss pinball predicts (0.5)"
    )
    parser.add_argument(
        "--batch-size", type=parse_batch_size, metavar="N", help="rows per batch, or full (32)"
    )
    parser.add_argument("--dtype", choices=("float64", "float32"))


def add_chart_arguments(parser: argparse.ArgumentParser, axis: str) -> argparse._ArgumentGroup:
    """Declare the folder and the scale of a chart; return the group of the options of results."""
    group = parser.add_argument_group("results")
    group.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="folder for the files (.)"
    )
    group.add_argument(
        "--scale",
        choices=("linear", "log"),
        default="linear",
        help=f"scale of the {axis} axis (linear)",
    )
    return group


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
        loss_of(options, task.loss),
        dropout=dropout,
        normalization=normalization,
        dtype=options.dtype or "float64",
        seed=options.seed,
    )


def loss_of(options: argparse.Namespace, name: str) -> Loss:
    """Return the loss of that name, with the number that the options give it."""
    loss = make_loss(name)
    for setting, kind in _LOSS_SETTINGS.items():
        value = getattr(options, setting)
        if value is not None:
            if not isinstance(loss, kind):
                fitting = [name for name in LOSSES if isinstance(make_loss(name), kind)]
                raise ValueError(
                    f"{option(setting)} {value:g}: received the loss {name}, expected "
                    f"--loss {' or '.join(fitting)}"
                )
            loss = type(loss)(value)
    return loss


def batch_size_of(options: argparse.Namespace) -> int | None:
    """Return the number of rows per batch, None for all."""
    return 32 if options.batch_size is None else options.batch_size or None


def parse_sizes(text: str) -> list[int]:
    """Return the widths in ``64,32,10``."""
    try:
        sizes = [int(size) for size in text.split(",")]
    except ValueError:
        sizes = []
    if len(sizes) < 2 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"received {text!r}, expected widths like 64,32,10")
    return sizes


def parse_hidden(text: str) -> list[int]:
    """Return the widths of the hidden layers in ``64,32``, or none for ``none``."""
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


def check_folder(folder: Path) -> None:
    """Raise OSError if `folder` cannot be used or created; called before any computation.

    Examples
    --------
    >>> check_folder(Path("results"))
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "received a file, expected a folder", str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "received a read-only folder", str(there))


@contextmanager
def explained(kept: str) -> Iterator[None]:
    """Make Ctrl-C within this context report what was kept and how to continue.

    Examples
    --------
    >>> try:
    ...     with explained("nothing was kept"):
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt as interrupt:
    ...     print(interrupt)
    nothing was kept
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(kept) from error


def parse_rates(text: str) -> NDArray[np.float64]:
    """Return the rates in ``0.1,0.2`` or ``log:1e-3:10:25``.

    Examples
    --------
    >>> parse_rates("log:0.01:1:3").tolist()
    [0.01, 0.1, 1.0]
    """
    try:
        if text.startswith("log:"):
            _, low, high, n = text.split(":")
            if not (0 < float(low) < math.inf and 0 < float(high) < math.inf and int(n) >= 1):
                raise ValueError
            return np.geomspace(float(low), float(high), int(n))
        return np.array([float(rate) for rate in text.split(",")])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"received {text!r}, expected 0.1,0.2,... or log:FROM:TO:N with positive numbers"
        ) from None
