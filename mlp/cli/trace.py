"""Print every factor of every weight's gradient for one of the worked examples."""

from __future__ import annotations

import argparse

from mlp.studies.chain_rule import trace
from mlp.studies.examples import EXAMPLES, load_example

HELP = "the chain rule of a worked example, weight by weight"

EPILOG = """\
examples:
  mlp trace mazur
  mlp trace document-001 --lr 0.1 --format markdown
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp trace``."""
    parser.add_argument(
        "example", nargs="?", default="mazur", help=f"one of {', '.join(EXAMPLES)} (%(default)s)"
    )
    parser.add_argument("--lr", type=float, help="the learning rate (the example's own)")
    parser.add_argument("--format", choices=("text", "markdown"), default="text")
    parser.add_argument("--digits", type=int, default=9, help="significant digits (%(default)s)")


def run(options: argparse.Namespace) -> None:
    """Print the trace."""
    example = load_example(options.example)
    lr = example.lr if options.lr is None else options.lr
    found = trace(example.network, example.x, example.t, lr, names=example.weight_names)
    render = found.text if options.format == "text" else found.markdown
    print(render(digits=options.digits))
