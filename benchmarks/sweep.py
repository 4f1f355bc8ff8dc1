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

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from charts import sweep_chart
from machine import kernel_environment
from measure import Entry, python_path, runners
from report import duration, spread, table, three_digits
from session import Session, check_and_measure, read_options
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


def run_case(
    case: SweepCase, found: Mapping[str, tuple[Entry, str]], quick: bool
) -> dict[str, Any]:
    """Check and measure one case, in the steady state and as whole processes."""
    rounds = (3, 0.1) if quick else (7, 0.2)
    result = check_and_measure(asdict(case), found, (1, TOLERANCE), rounds)
    result["case"] = {"name": case.name, **result["case"]}
    measure_whole(case, result, found, 1 if quick else 3)
    return result


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
    quick = (QUICK_SWEEPS, "three cases, 3 rounds")
    options, cases = read_options(__doc__, ALL_SWEEPS, quick, "digits*")
    session = Session("Sweeps over learning rates", options.kernel, ENTRIES)
    found = runners(ENTRIES, session.kernels)
    session.measure(
        cases,
        lambda case: run_case(case, found, options.quick),
        lambda case, result: (f"{case.name}, {case.epochs} epochs", case_table(result)),
    )
    tables = ["## Medians", "", overview(session.results, "seconds", "steady state"), ""]
    tables += [overview(session.results, "whole", "whole process"), ""]

    def draw() -> list[Path]:
        path: Path = options.out / "sweep.png"
        sweep_chart(session.results, path)
        return [path]

    return session.report(options.out, "sweep", tables, draw)


if __name__ == "__main__":
    sys.exit(main())
