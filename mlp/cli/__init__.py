"""The command line: ``mlp train``, ``predict``, ``sweep``, ``find-lr``, ``trace`` and so on.

``python -m mlp`` is the same program.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mlp._version import __version__
from mlp.cli import find_lr, info, playground, predict, sweep, trace, train

COMMANDS = (train, predict, sweep, find_lr, trace, playground, info)


class Parser(argparse.ArgumentParser):
    """A parser that prints each error on one line."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with code 2."""
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        The arguments after the program's name, by default those of the command line.

    Returns
    -------
    int
        0 on success, 1 if the training diverged, 2 for bad usage or data, 130 after Ctrl-C,
        141 if the reader of the output closed it, as ``head`` does.
    """
    parser = Parser(
        prog="mlp", description="Multilayer perceptrons in NumPy: readable, exact, and fast."
    )
    parser.add_argument("--version", action="version", version=f"mlp {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2].replace("_", "-")
        subparser = subparsers.add_parser(
            name,
            help=command.HELP,
            description=command.__doc__,
            epilog=command.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run, prog=f"mlp {name}")
    options = parser.parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes at exit
        return 141
    except (ValueError, TypeError, OSError) as error:
        print(f"{options.prog}: error: {error}", file=sys.stderr)
        return 2
    except ArithmeticError as error:  # TrainingDiverged
        print(f"{options.prog}: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(": ".join([options.prog, "interrupted", *interrupt.args]), file=sys.stderr)
        return 130
    return 0
