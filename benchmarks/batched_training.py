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

import argparse
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from cases import ALL_CASES, QUICK_CASES, Case
from charts import curve_chart, ratio_chart
from machine import choose_kernels, describe
from measure import Entry, Worker, WorkerError, runners, start_workers, take_turns
from report import machine_lines, write
from training_tables import curve_table, ratio_table, ratios, time_table

MLP = Entry("mlp", "competitors.mlp_:Mlp", ("numpy",), uses_openblas=True)
OTHERS = (
    Entry("scikit-learn", "competitors.sklearn_:Sklearn", ("sklearn",), uses_openblas=True),
    Entry("PyTorch", "competitors.torch_:Eager", ("torch",)),
    Entry("torch.compile", "competitors.torch_:Compiled", ("torch",), needs_compiler=True),
    Entry("JAX", "competitors.jax_:Jax", ("jax",)),
    Entry("floor", "competitors.floor:Floor", ("numpy",), uses_openblas=True),
)
ENTRIES = (MLP, *OTHERS)
CHECKED_EPOCHS = 3
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}


def check_losses(
    workers: dict[str, Worker], about: dict[str, dict[str, Any]], case: Case
) -> dict[str, str]:
    """Compare everybody's losses with those of the first; drop and return who differs."""
    failures: dict[str, str] = {}
    expected: list[float] = []
    for name, worker in workers.items():
        try:
            losses = worker.ask("losses", epochs=CHECKED_EPOCHS)["losses"]
        except WorkerError as error:
            failures[name] = str(error)
            continue
        if name.startswith("floor"):
            continue
        expected = expected or losses
        tolerance = TOLERANCE[case.dtype]
        differences = [abs(a / b - 1.0) for a, b in zip(losses, expected, strict=True)]
        worst = max(differences)
        about[name] |= {"losses": losses, "loss_difference": worst}
        if not worst <= tolerance or not all(map(math.isfinite, losses)):
            failures[name] = f"losses {losses}, expected {expected} to {tolerance:g}"
    for name in failures:
        workers.pop(name).close()
    return failures


def run_case(
    case: Case, found: Mapping[str, tuple[Entry, str]], repeats: int, at_least: float
) -> dict[str, Any]:
    """Check and measure one case."""
    workers, about, failures = start_workers(found, asdict(case))
    wrong: dict[str, str] = {}
    seconds: dict[str, list[float]] = {}
    try:
        wrong = check_losses(workers, about, case)
        if workers:
            seconds, last = take_turns(workers, repeats, at_least)
            for name, values in last.items():
                about[name] |= values
    finally:
        for worker in workers.values():
            worker.close()
    return {
        "case": asdict(case),
        "updates": case.n_updates,
        "seconds": seconds,
        "about": about,
        "left_out": failures,
        "wrong": wrong,
    }


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


def choose_cases(patterns: Sequence[str], quick: bool) -> list[Case]:
    """Return the cases whose names fit a pattern; by default all, or the few of --quick."""
    if patterns:
        wanted = [c for c in ALL_CASES if any(fnmatch(c.name, p) for p in patterns)]
        if not wanted:
            raise SystemExit(f"--cases: received {' '.join(patterns)}, expected some of --list")
        return wanted
    return [c for c in ALL_CASES if not quick or c.name in QUICK_CASES]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few cases, 3 rounds: two minutes")
    parser.add_argument("--kernel", choices=("default", "tuned", "both"), default="both")
    parser.add_argument("--cases", nargs="+", default=[], metavar="PATTERN", help="e.g. '784-*'")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    options = parser.parse_args()
    if options.list:
        print("\n".join(case.name for case in ALL_CASES))
        return 0

    started = time.perf_counter()
    cases = choose_cases(options.cases, options.quick)
    kernels, notes = choose_kernels(options.kernel)
    machine = describe()
    missing = {e.label: e.missing() for e in ENTRIES if e.missing()}
    notes += [f"{label}: left out, {why}" for label, why in missing.items()]
    if options.quick:
        os.environ["BENCHMARK_COMPILE_MODE"] = "default"  # autotuning takes a minute
        notes.append("--quick: few cases, no curves, torch.compile without its autotuning")
    head = ["# Batched training", "", *machine_lines(machine, kernels), *notes, ""]
    print("\n".join(head), flush=True)

    found = runners(ENTRIES, kernels)
    results, sections = [], []
    for i, case in enumerate(cases, 1):
        is_curve = case.group != "size"
        repeats = 3 if options.quick or is_curve else 7
        result = run_case(case, found, repeats, 0.1 if options.quick else 0.2)
        results.append(result)
        section = [f"## {case.name}", "", time_table(result)]
        section += [f"{n}: left out, {why}" for n, why in result["left_out"].items()]
        section += [f"{n}: NOT EQUAL, {why}" for n, why in result["wrong"].items()]
        sections += [*section, ""]
        print("\n".join(section), f"\n[{i}/{len(cases)}]\n", flush=True)

    tables = summary(results, kernels)
    print("\n".join(tables))
    data = {"machine": machine, "kernels": kernels, "notes": notes, "results": results}
    data["seconds"] = time.perf_counter() - started
    text = "\n".join([*head, *tables, *sections])
    paths = write(options.out, "batched_training", text, data)
    paths += draw(results, kernels, options.out)
    print(f"{data['seconds']:.0f} s; written:", *paths, sep="\n  ")
    return 1 if any(result["wrong"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
