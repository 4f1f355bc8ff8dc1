"""Measures batched training: mlp beside scikit-learn, PyTorch, JAX and the limit of NumPy.

Everyone trains the same network on the same data with the same batches and number of updates,
in whole epochs: shuffling, gathering, the step, the recorded loss. The floor is the epoch's
matrix products alone, into preallocated arrays.

1. Each competitor sits in a process of its own and trains three epochs, rows in order, from the
   same first weights. Whoever's losses are not mlp's, to the tolerance of the dtype, is not
   measured, and the exit code is 1.
2. They then take turns, shuffled, in rounds; a measurement trains from the first weights for at
   least 0.2 s. The table shows medians, the spread, and ratios of throughput: above 1, mlp is
   faster. Where one starts in a round rotates.
3. A process waits until its threads have stopped spinning before it gives the turn away.

    python benchmarks/batched_training.py --quick
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cases import ALL_CASES, QUICK_CASES, Case
from charts import curve_chart, ratio_chart
from measure import Entry, runners
from session import Session, check_and_measure, read_options
from training_tables import curve_table, ratio_table, ratios, time_table

MLP = Entry("mlp", "competitors.mlp_:Mlp", ("numpy",), uses_openblas=True)
OTHERS = (
    Entry("scikit-learn", "competitors.sklearn_:Sklearn", ("sklearn",), uses_openblas=True),
    Entry("PyTorch", "competitors.torch_:Eager", ("torch",)),
    Entry("torch.compile", "competitors.torch_:Compiled", ("torch",), needs_compiler=True),
    Entry("JAX", "competitors.jax_:Jax", ("jax",)),
    Entry("floor", "competitors.floor:Floor", ("numpy",), uses_openblas=True, trains=False),
)
ENTRIES = (MLP, *OTHERS)
CHECKED_EPOCHS = 3
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}


def run_case(case: Case, found: Mapping[str, tuple[Entry, str]], quick: bool) -> dict[str, Any]:
    """Check and measure one case."""
    check = (CHECKED_EPOCHS, TOLERANCE[case.dtype])
    rounds = (3 if quick or case.group != "size" else 7, 0.1 if quick else 0.2)
    return {**check_and_measure(asdict(case), found, check, rounds), "updates": case.n_updates}


def summary(results: Sequence[Mapping[str, Any]], kernels: Mapping[str, str]) -> list[str]:
    """Return the tables of ratios and the curves."""
    lines: list[str] = []
    labels = [entry.label for entry in OTHERS]
    sizes = [result for result in results if result["case"]["group"] == "size"]
    for kernel, name in kernels.items() if sizes else ():
        lines += [f"## Ratios of throughput, OpenBLAS kernel {kernel} ({name or 'unknown'})", ""]
        lines += [ratio_table(sizes, kernel, labels), ""]
    for group, title in (("batch", "batch size"), ("width", "width")):
        points = [result for result in results if result["case"]["group"] == group]
        if points:
            names = list(dict.fromkeys(name for point in points for name in point["seconds"]))
            lines += [f"## Throughput against {title}", ""]
            lines += [curve_table(points, title, names), ""]
    return lines


def draw(results: Sequence[Any], kernels: Mapping[str, str], out: Path) -> list[Path]:
    """Draw what there is to draw; return the files."""
    paths = []
    sizes = [result for result in results if result["case"]["group"] == "size"]
    if sizes:
        paths.append(out / "batched_training.png")
        names = [result["case"]["name"] for result in sizes]
        found = {kernel: [ratios(result, kernel) for result in sizes] for kernel in kernels}
        ratio_chart(names, found, paths[-1])
    curves = [result for result in results if result["case"]["group"] != "size"]
    if curves:
        paths.append(out / "batched_training_curves.png")
        groups: dict[str, list[Any]] = {}
        for result in curves:
            groups.setdefault(result["case"]["group"], []).append(result)
        curve_chart(groups, paths[-1])
    return paths


def main() -> int:
    quick = (QUICK_CASES, "few cases, 3 rounds: two minutes")
    options, cases = read_options(__doc__, ALL_CASES, quick, "784-*")
    notes = []
    if options.quick:
        os.environ["BENCHMARK_COMPILE_MODE"] = "default"  # autotuning takes a minute
        notes = ["--quick: few cases, no curves, torch.compile without its autotuning"]
    session = Session("Batched training", options.kernel, ENTRIES, notes)
    found = runners(ENTRIES, session.kernels)
    session.measure(
        cases,
        lambda case: run_case(case, found, options.quick),
        lambda case, result: (case.name, time_table(result)),
    )
    tables = summary(session.results, session.kernels)
    return session.report(
        options.out,
        "batched_training",
        tables,
        lambda: draw(session.results, session.kernels, options.out),
    )


if __name__ == "__main__":
    sys.exit(main())
