"""Show what NumPy computes with: BLAS, kernel and threads, and what would make it faster."""

from __future__ import annotations

import argparse

from mlp.cli.output import print_json
from mlp.machine import describe, show_config

HELP = "versions, BLAS kernel, threads and speed of this machine"

EPILOG = """\
examples:
  mlp info
  mlp info --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp info``."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(options: argparse.Namespace) -> None:
    """Print the table or JSON."""
    if options.json:
        print_json(describe())
    else:
        show_config()
