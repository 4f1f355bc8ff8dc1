"""Print every factor of every weight's gradient for one of the worked examples."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mlp._atomic import write_file
from mlp.cli.output import check_folder
from mlp.studies.chain_rule import trace
from mlp.studies.examples import EXAMPLES, load_example

HELP = "the chain rule of a worked example, weight by weight"

EPILOG = """\
examples:
  mlp trace mazur
  mlp trace document-001 --lr 0.1 --format markdown --out results
  mlp trace mazur --json
"""

_ENDINGS = {"text": "txt", "markdown": "md"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp trace``."""
    parser.add_argument(
        "example", nargs="?", default="mazur", help=f"one of {', '.join(EXAMPLES)} (%(default)s)"
    )
    parser.add_argument("--lr", type=float, help="the learning rate (the example's own)")
    parser.add_argument("--format", choices=tuple(_ENDINGS), default="text")
    parser.add_argument("--digits", type=int, default=9, help="significant digits (%(default)s)")
    out = parser.add_argument_group("results")
    out.add_argument("--out", type=Path, metavar="DIR", help="also write trace_EXAMPLE.txt or .md")
    out.add_argument("--json", action="store_true", help="print JSON, with every digit")


def run(options: argparse.Namespace) -> None:
    """Print the trace, and write the file."""
    example = load_example(options.example)
    lr = example.lr if options.lr is None else options.lr
    found = trace(example.network, example.x, example.t, lr, names=example.weight_names)
    render = found.text if options.format == "text" else found.markdown
    text = render(digits=options.digits)
    files = []
    if options.out is not None:
        check_folder(options.out)
        options.out.mkdir(parents=True, exist_ok=True)
        files = [options.out / f"trace_{example.name}.{_ENDINGS[options.format]}"]
        write_file(files[0], f"{text.rstrip()}\n".encode())
    if options.json:
        print(json.dumps(found.to_dict() | {"files": [str(file) for file in files]}))
        return
    print(text)
    if files:
        print(f"\nWrote {files[0]}.")
