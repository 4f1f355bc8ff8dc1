"""Print every factor of every weight's gradient for one of the worked examples."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlp._atomic import write_file
from mlp._checks import check_count
from mlp._names import printable
from mlp.cli.options import check_folder
from mlp.cli.output import print_data, print_json
from mlp.optim import OPTIMIZERS
from mlp.studies.chain_rule import Trace, trace
from mlp.studies.chain_rule.html import as_page
from mlp.studies.chain_rule.latex import as_document
from mlp.studies.chain_rule.tracing import Traces
from mlp.studies.examples import EXAMPLES, load_example

HELP = "print the chain rule of a worked example, weight by weight"

EPILOG = """\
examples:
  mlp trace mazur
  mlp trace document-001 --lr 0.1 --format markdown --out results
  mlp trace mazur --optimizer adam --lr 0.1
  mlp trace mazur --steps 3 --format html --out results
  mlp trace document-001 --plot network.svg
  mlp trace mazur --steps 20 --animate steps.gif
  mlp trace mazur --json
"""

_WHOLE = {"html": as_page, "latex": as_document}
_FRAMES = 10  # of an animation
_ENDINGS = {"text": "txt", "markdown": "md", "latex": "tex", "html": "html"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp trace``."""
    parser.add_argument(
        "example", nargs="?", default="mazur", help=f"one of {', '.join(EXAMPLES)} (%(default)s)"
    )
    parser.add_argument("--lr", type=float, help="learning rate (the example's)")
    parser.add_argument("--optimizer", default="sgd", help=f"{', '.join(OPTIMIZERS)} (%(default)s)")
    parser.add_argument("--steps", type=int, metavar="N", help="trace N consecutive steps")
    parser.add_argument("--format", choices=tuple(_ENDINGS), default="text")
    parser.add_argument("--digits", type=int, default=9, help="significant digits (%(default)s)")
    out = parser.add_argument_group("results")
    out.add_argument(
        "--out", type=Path, metavar="DIR", help="also write trace_EXAMPLE.* to this folder"
    )
    out.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the network before the last step (.png, .svg or .pdf)",
    )
    out.add_argument(
        "--animate",
        type=Path,
        metavar="FILE",
        help=f"animate the steps, {_FRAMES} unless --steps says otherwise (.gif or .html)",
    )
    out.add_argument("--json", action="store_true", help="print JSON, with all digits")


def run(options: argparse.Namespace) -> None:
    """Print the trace and write the files."""
    example = load_example(options.example)
    lr = example.lr if options.lr is None else options.lr
    what = (example.network, example.x, example.t, lr)
    how: dict[str, Any] = {"names": example.weight_names, "optimizer": options.optimizer}
    steps: Traces
    if options.animate is not None:
        options.steps = _FRAMES if options.steps is None else options.steps
        check_count("--steps", options.steps, 2)
        from mlp.plotting.animation import check_animation  # heavy: `mlp --help` does without

        check_animation(options.animate, "--animate")
    if options.steps is None:
        steps = Traces((trace(*what, **how),))
    else:
        steps = trace(*what, **how, steps=options.steps)
    text = _rendered(steps, options.format, options.digits)
    files = _write(options, example.name, text, steps)
    if options.json:
        plain = [step.to_dict() for step in steps]
        content = plain[0] if options.steps is None else {"steps": plain}
        print_json(content | {"files": [str(file) for file in files]})
        return
    if options.format == "text":
        print(text)
    else:
        print_data(f"{text}\n")
    if files:
        print()
        print(printable(f"Wrote {' and '.join(map(str, files))}."))


def _write(options: argparse.Namespace, name: str, text: str, steps: Traces) -> list[Path]:
    """Write the requested files and return their paths."""
    files = []
    for folder in (
        options.out,
        *(file and file.parent for file in (options.plot, options.animate)),
    ):
        if folder is not None:
            check_folder(folder)
    if options.plot is not None:
        steps[-1].plot(options.plot)
        files.append(options.plot)
    if options.animate is not None:
        files.append(steps.animate(options.animate))
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        files.append(options.out / f"trace_{name}.{_ENDINGS[options.format]}")
        write_file(files[-1], f"{text.rstrip()}\n".encode())
    return files


def _rendered(steps: Sequence[Trace], form: str, digits: int) -> str:
    """Return all steps as text in one of the formats."""
    if form in _WHOLE:
        return _WHOLE[form](steps, digits)
    return "\n\n".join(getattr(step, form)(digits) for step in steps)
