"""Print every factor of every weight's gradient, for a worked example or rows of a table.

A model of `mlp train` encodes and scales the rows by itself; several rows are one batch.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlp._atomic import write_file
from mlp._checks import check_count
from mlp._names import printable
from mlp.cli.data import DATA_HELP, add_file_arguments, check_file_options
from mlp.cli.data.rows import read_rows
from mlp.cli.options import check_folder
from mlp.cli.output import print_data, print_json
from mlp.datasets import ClassTarget, NumberTarget
from mlp.optim import OPTIMIZERS
from mlp.studies.chain_rule import Trace, trace
from mlp.studies.chain_rule.html import as_page
from mlp.studies.chain_rule.latex import as_document
from mlp.studies.chain_rule.tracing import Traces
from mlp.studies.ensemble import Ensemble
from mlp.studies.examples import EXAMPLES, load_example
from mlp.studies.table_model import read_table_model

USAGE = "[EXAMPLE | MODEL DATA] [options]"

HELP = "print the chain rule of one training step, weight by weight"

EPILOG = """\
examples:
  mlp trace mazur
  mlp trace document-001 --lr 0.1 --format markdown --out results
  mlp trace mazur --optimizer adam --lr 0.1
  mlp trace mazur --steps 3 --format html --out results
  mlp trace document-001 --plot network.svg
  mlp trace mazur --steps 20 --animate steps.gif
  mlp trace mazur --json
  mlp trace results/model.npz data.csv --row 3
  mlp trace results/model.npz data.csv --row 1-4 --lr 0.01 --l2 0.001
"""

_WHOLE = {"html": as_page, "latex": as_document}
_FRAMES = 10  # of an animation
_ENDINGS = {"text": "txt", "markdown": "md", "latex": "tex", "html": "html"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``mlp trace``."""
    parser.add_argument(
        "example", nargs="?", default="mazur", metavar="EXAMPLE or MODEL",
        help=f"one of {', '.join(EXAMPLES)} (%(default)s), or a model.npz of mlp train",
    )  # fmt: skip
    parser.add_argument("data", nargs="?", metavar="DATA", help=f"for a model: {DATA_HELP}")
    parser.add_argument(
        "--row", "--rows", type=parse_rows, metavar="N",
        help="rows of DATA, counted from 1: 3, or a batch such as 1-4 or 2,5,7 (1)",
    )  # fmt: skip
    parser.add_argument("--lr", type=float, help="learning rate (the example's; of a model 0.5)")
    parser.add_argument("--l1", type=float, default=0.0, help="l1 penalty on the weights (0)")
    parser.add_argument("--l2", type=float, default=0.0, help="l2 penalty on the weights (0)")
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
    add_file_arguments(parser, of_model=True)


def parse_rows(text: str) -> list[int]:
    """Return the rows in ``1-4,7``, counted from 0.

    Examples
    --------
    >>> parse_rows("1-3,7")
    [0, 1, 2, 6]
    """
    rows: list[int] = []
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            rows += range(int(first) - 1, int(last or first))
            if int(first) < 1 or int(last or first) < int(first):
                raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"received {text!r}, expected rows from 1, like 3, 1-4 or 2,5,7"
        ) from None
    return rows


def run(options: argparse.Namespace) -> None:
    """Print the trace and write the files."""
    if options.animate is not None:
        options.steps = _FRAMES if options.steps is None else options.steps
        check_count("--steps", options.steps, 2)
        from mlp.plotting.animation import check_animation  # heavy: `mlp --help` does without

        check_animation(options.animate, "--animate")
    name, what, names = _of_model(options) if options.data else _of_example(options)
    how: dict[str, Any] = {"names": names, "optimizer": options.optimizer}
    how |= {"l1": options.l1, "l2": options.l2}
    steps: Traces
    if options.steps is None:
        steps = Traces((trace(*what, **how),))
    else:
        steps = trace(*what, **how, steps=options.steps)
    text = _rendered(steps, options.format, options.digits)
    files = _write(options, name, text, steps)
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


def _of_example(options: argparse.Namespace) -> tuple[str, tuple[Any, ...], Mapping[str, Any]]:
    """Return the name of an example, its network, sample and rate, and the names of its weights."""
    if options.example.endswith(".npz"):
        raise ValueError(f"DATA: received none beside {options.example}, expected its rows")
    if options.row is not None:
        raise ValueError("--row applies only to a model with DATA")
    check_file_options(options, ".npz")
    example = load_example(options.example)
    lr = example.lr if options.lr is None else options.lr
    return example.name, (example.network, example.x, example.t, lr), example.weight_names


def _of_model(options: argparse.Namespace) -> tuple[str, tuple[Any, ...], Mapping[str, Any]]:
    """Return the name of a model, itself with the rows and the rate, and the names of its units."""
    check_file_options(options, options.data)
    model = read_table_model(options.example)
    if isinstance(model.net, Ensemble):
        raise ValueError(f"{options.example}: received an ensemble, expected a single network")
    table = read_rows(options, model).table
    target, rows = model.target, np.array([0] if options.row is None else options.row)
    if rows.max() >= len(table):
        raise ValueError(
            f"--row: received {rows.max() + 1}, expected 1 to {len(table)}, the rows of "
            f"{table.source}"
        )
    missing = [name for name in target.names if name not in table.names]
    if missing:
        raise ValueError(
            f"{table.source}: has no column {missing[0]!r}, expected the target: a step needs it"
        )
    X, _, bad = model.inputs.encode_valid(table, rows, dtype=model.net.dtype)
    if bad:
        raise ValueError(bad[0].message)
    names = {name: f"x[{i}]" for i, name in enumerate(model.inputs.names)}
    last = len(model.net.layers) - 1
    for j, name in enumerate(_outputs(target, model.net.n_out)):
        names.setdefault(name if name not in names else f"output {name}", f"a[{last}][{j}]")
    what = (model.net, X, target.encode(table, rows, model.net.dtype), options.lr)
    return Path(options.example).stem, what, names


def _outputs(target: ClassTarget | NumberTarget, n_out: int) -> list[str]:
    """Return the names of the outputs: the columns of numbers, or a column with each class."""
    if isinstance(target, NumberTarget):
        return list(target.names)
    return [f"{target.names[0]}={label}" for label in target.labels.names[-n_out:]]


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
