"""The command line: ``mlp train``, ``predict``, ``export``, ``sweep`` and more.

``python -m mlp`` is the same program.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from mlp._names import printable
from mlp._version import __version__
from mlp.cli import export, find_lr, info, playground, predict, sweep, trace, train
from mlp.cli.output import complain, plain_warnings, printing
from mlp.tables import TableError

COMMANDS = (train, predict, export, sweep, find_lr, trace, playground, info)


class Parser(argparse.ArgumentParser):
    """A parser that prints each error on one line."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with code 2."""
        self.exit(2, f"{self.prog}: error: {printable(message)} (see {self.prog} --help)\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help or an error; argparse would hide that nobody reads it."""
        print(message, end="", file=file, flush=True)


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
            usage=f"mlp {name} {command.USAGE}" if hasattr(command, "USAGE") else None,
            help=command.HELP,
            description=command.__doc__,
            epilog=command.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run, prog=f"mlp {name}")
    with printing():
        return _run(parser, arguments)


def _run(parser: Parser, arguments: Sequence[str] | None) -> int:
    """Parse the arguments, run the command and return the exit code."""
    program = parser.prog
    try:
        options = parser.parse_args(arguments)
        program = options.prog
        with plain_warnings(program):
            options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        return 141
    except (ValueError, TypeError, OSError, OverflowError, ImportError) as error:
        complain(program, f"error: {_message(error)}")
        return 2
    except MemoryError as error:
        complain(program, f"error: out of memory: {error or 'received more than fits'}")
        return 2
    except ArithmeticError as error:  # TrainingDiverged
        complain(program, f"error: {error}")
        return 1
    except KeyboardInterrupt as interrupt:
        complain(program, ": ".join(["interrupted", *interrupt.args]))
        return 130
    return 0


def _message(error: Exception) -> str:
    """Return an error as a user of the command line reads it."""
    if isinstance(error, TableError):
        return error.as_options()
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{error.filename}: no such file"
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror[0].lower()}{error.strerror[1:]}"
    return str(error)
