"""Measures sweeps over K learning rates: one replicated run of mlp, and how else it is done.

The others are K runs of mlp in a row, the same in as many processes as there are cores,
`torch.func` (vmap) eager and compiled, and JAX (vmap over `lax.scan`). All work in float64 and
record the full training loss of every rate before training and after every epoch; they are
compared first, rows in order, and whoever differs is not measured.

Steady state: everything is imported, compiled and started; the median of rounds in which all
take turns, each a measurement of at least 0.2 s. Whole: a new process from its start to a chart
on disk, compilation with cold caches included. Of more than a hundred runs in a row or in
processes a hundred are made and their seconds scaled; there is no whole process of these.

    python benchmarks/sweep.py --quick
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from statistics import median
from typing import Any

from charts import sweep_chart
from machine import choose_kernels, describe, kernel_environment
from measure import Entry, WorkerError, python_path, runners, start_workers, take_turns
from report import duration, machine_lines, spread, table, three_digits, write
from sweep_cases import ALL_SWEEPS, QUICK_SWEEPS, SweepCase

ENTRIES = (
    Entry("mlp, replicated", "sweep_competitors.mlp_:Replicated", (), uses_openblas=True),
    Entry("mlp, in a row", "sweep_competitors.mlp_:InARow", (), uses_openblas=True),
    Entry("mlp, processes", "sweep_competitors.mlp_:Processes", (), uses_openblas=True),
    Entry("torch.func", "sweep_competitors.torch_:Eager", ("torch",)),
    Entry(
        "torch.func compiled", "sweep_competitors.torch_:Compiled", ("torch",), needs_compiler=True
    ),
    Entry("JAX", "sweep_competitors.jax_:Jax", ("jax",)),
)
TOLERANCE = 1e-9


def steady(
    case: SweepCase, found: Mapping[str, tuple[Entry, str]], repeats: int, at_least: float
) -> dict[str, Any]:
    """Check and measure one case."""
    workers, about, left_out = start_workers(found, asdict(case))
    wrong: dict[str, str] = {}
    expected: list[float] = []
    try:
        for name, worker in workers.items():
            try:
                losses = worker.ask("losses", epochs=1)["losses"]
            except WorkerError as error:
                wrong[name] = str(error)
                continue
            expected = expected or losses
            pairs = zip(losses, expected, strict=True)
            about[name]["loss_difference"] = max(abs(a / b - 1.0) for a, b in pairs)
            if not about[name]["loss_difference"] <= TOLERANCE or math.isnan(sum(losses)):
                wrong[name] = f"loss differs by {about[name]['loss_difference']:.1e}"
        for name in wrong:
            workers.pop(name).close()
        seconds, last = take_turns(workers, repeats, at_least) if workers else ({}, {})
        for name, values in last.items():
            about[name] |= values
    finally:
        for worker in workers.values():
            worker.close()
    return {
        "case": {"name": case.name, **asdict(case)},
        "seconds": seconds,
        "about": about,
        "left_out": left_out,
        "wrong": wrong,
    }


def whole(
    case: SweepCase, runner: tuple[Entry, str], repeats: int
) -> tuple[list[float], list[float]]:
    """Return the seconds from the start of a process to its end, and its peak memory in MB."""
    entry, kernel = runner
    script = str(Path(__file__).with_name("whole_sweep.py"))
    seconds, memory = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            environment = kernel_environment(kernel)
            environment |= {"PYTHONPATH": python_path(), "TORCHINDUCTOR_CACHE_DIR": folder}
            chart = str(Path(folder, "chart.png"))
            command = [sys.executable, script, entry.target, case.problem, str(case.K), chart]
            start = time.perf_counter()
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
            seconds.append(time.perf_counter() - start)
            memory.append(float(done.stdout.split()[-1]))
    return seconds, memory


def measure_whole(
    case: SweepCase,
    result: dict[str, Any],
    found: Mapping[str, tuple[Entry, str]],
    repeats: int,
) -> None:
    """Add the whole processes of everybody who sweeps all K."""
    result["whole"], result["whole_memory"] = {}, {}
    for name in result["seconds"]:
        if result["about"][name]["scale"] == 1.0:
            times, memory = whole(case, found[name], repeats)
            result["whole"][name], result["whole_memory"][name] = times, memory


def case_table(result: Mapping[str, Any]) -> str:
    """Return the times and ratios of one case."""
    ours = next((name for name in result["seconds"] if name.startswith("mlp, replicated")), "")
    rows = []
    for name, values in result["seconds"].items():
        about, whole_times = result["about"][name], result["whole"].get(name)
        reference = ours.replace("(default)", "(tuned)") if name.endswith("(tuned)") else ours
        cells = [name, spread(values)]
        cells.append(
            three_digits(median(values) / median(result["seconds"].get(reference, values)))
        )
        if whole_times:
            base = result["whole"].get(reference, whole_times)
            cells += [spread(whole_times), three_digits(median(whole_times) / median(base))]
            cells.append(f"{max(result['whole_memory'][name]):.0f}")
        else:
            cells += ["-", "-", "-"]
        threads = f" threads={about['threads']}" if about["threads"] else ""
        rows.append([*cells, f"{about['loss_difference']:.1e}", about["form"] + threads])
    head = ["", "steady: median [min .. max]", "x mlp's", "whole process", "x mlp's", "peak MB"]
    return table([*head, "loss differs by", "form"], rows)


def overview(results: Sequence[Mapping[str, Any]], kind: str, title: str) -> str:
    """Return the medians of all cases, a column for each competitor."""
    names = list(dict.fromkeys(name for result in results for name in result[kind]))
    rows = [
        [
            result["case"]["name"],
            *(duration(median(result[kind][n])) if n in result[kind] else "-" for n in names),
        ]
        for result in results
    ]
    return table([title, *names], rows)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three cases, 3 rounds")
    parser.add_argument("--kernel", choices=("default", "tuned", "both"), default="both")
    parser.add_argument("--cases", nargs="+", default=[], metavar="PATTERN", help="e.g. 'digits*'")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    options = parser.parse_args()
    if options.list:
        print("\n".join(case.name for case in ALL_SWEEPS))
        return 0

    started = time.perf_counter()
    patterns = options.cases or (QUICK_SWEEPS if options.quick else ["*"])
    cases = [case for case in ALL_SWEEPS if any(fnmatch(case.name, p) for p in patterns)]
    if not cases:
        parser.error(f"--cases: received {' '.join(patterns)}, expected some of --list")
    kernels, notes = choose_kernels(options.kernel)
    machine = describe()
    notes += [f"{e.label}: left out, {e.missing()}" for e in ENTRIES if e.missing()]
    head = ["# Sweeps over learning rates", "", *machine_lines(machine, kernels), *notes, ""]
    print("\n".join(head), flush=True)

    found = runners(ENTRIES, kernels)
    results, sections = [], []
    for i, case in enumerate(cases, 1):
        result = steady(case, found, 3 if options.quick else 7, 0.1 if options.quick else 0.2)
        measure_whole(case, result, found, 1 if options.quick else 3)
        results.append(result)
        section = [f"## {case.name}, {case.epochs} epochs", "", case_table(result)]
        section += [f"{n}: left out, {why}" for n, why in result["left_out"].items()]
        section += [f"{n}: NOT EQUAL, {why}" for n, why in result["wrong"].items()]
        sections += [*section, ""]
        print("\n".join(section), f"\n[{i}/{len(cases)}]\n", flush=True)

    tables = ["## Medians", "", overview(results, "seconds", "steady state"), ""]
    tables += [overview(results, "whole", "whole process"), ""]
    print("\n".join(tables))
    data = {"machine": machine, "kernels": kernels, "notes": notes, "results": results}
    data["seconds"] = time.perf_counter() - started
    paths = write(options.out, "sweep", "\n".join([*head, *tables, *sections]), data)
    paths.append(options.out / "sweep.png")
    sweep_chart(results, paths[-1])
    print(f"{data['seconds']:.0f} s; written:", *paths, sep="\n  ")
    return 1 if any(result["wrong"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
