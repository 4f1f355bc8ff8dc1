"""The tables of the training benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from report import duration, ratio, spread, table, three_digits

Result = Mapping[str, Any]
OURS, FLOOR = "mlp", "floor"

# The least throughput of mlp over the other's that the project aims at, with each kernel.
TARGETS = {
    "tuned": {"scikit-learn": 2.5, "PyTorch": 1.5, "torch.compile": 1.5, "JAX": 1.0},
    "default": {"scikit-learn": 1.4, "PyTorch": 1.15, "torch.compile": 1.15},
}
SKLEARN_AT_THE_LARGEST = {"tuned": 1.5, "default": 1.25}
FLOOR_TARGETS = {"784-128-10": 0.55, "784-256-128-10": 0.75, "784-1024-1024-10": 0.90}


def target(label: str, sizes: Sequence[int], kernel: str) -> float | None:
    """Return the ratio aimed at, None where there is none."""
    name = "-".join(map(str, sizes))
    if label == FLOOR:
        return FLOOR_TARGETS.get(name) if kernel == "tuned" else None
    if name == "2-2-2" and label == "JAX":
        return None
    if name == "784-1024-1024-10" and label == "scikit-learn":
        return SKLEARN_AT_THE_LARGEST[kernel]
    return TARGETS[kernel].get(label)


def same_kernel(name: str, kernel: str) -> bool:
    """Whether this competitor belongs beside ours with this kernel."""
    return name.endswith(f"({kernel})") or not name.endswith(")")


def label_of(name: str) -> str:
    """Return the name without the kernel."""
    return name.split(" (")[0]


def ratios(result: Result, kernel: str) -> dict[str, tuple[float, float, float]]:
    """Return, by label, how many times as fast as the other mlp is (for the floor: its share)."""
    seconds = result["seconds"]
    ours = seconds.get(f"{OURS} ({kernel})")
    if ours is None:
        return {}
    return {
        label_of(name): ratio(theirs, ours)
        for name, theirs in seconds.items()
        if same_kernel(name, kernel) and label_of(name) != OURS
    }


def ratio_table(results: Sequence[Result], kernel: str, labels: Sequence[str]) -> str:
    """Return the ratios of all cases for one kernel, with a mark below the target."""
    rows = []
    for result in results:
        found = ratios(result, kernel)
        cells = [result["case"]["name"]]
        for label in labels:
            if label not in found:
                cells.append("-")
                continue
            middle, low, high = found[label]
            goal = target(label, result["case"]["sizes"], kernel)
            mark = "" if goal is None else f" {'ok' if middle >= goal else 'below'} (>= {goal})"
            cells.append(
                f"{three_digits(middle)} [{three_digits(low)} .. {three_digits(high)}]{mark}"
            )
        rows.append(cells)
    return table(["how many times faster mlp is than", *labels], rows)


def time_table(result: Result) -> str:
    """Return the times, throughput and memory of one case."""
    rows = []
    for name, values in result["seconds"].items():
        about = result["about"][name]
        loss = about.get("loss_difference")
        rows.append(
            [
                name,
                spread(values),
                duration(median(values) / result["updates"]),
                f"{result['case']['rows'] / median(values):,.0f}",
                f"{about['peak_memory']:.0f} ({about['memory_imported']:.0f})",
                "-" if loss is None else f"{loss:.1e}",
                about["form"] + (f" threads={about['threads']}" if about["threads"] else ""),
            ]
        )
    head = ["", "epoch: median [min .. max]", "an update", "rows/s", "peak MB (imported)"]
    return table([*head, "loss differs by", "form"], rows)


def curve_table(results: Sequence[Result], group: str, names: Sequence[str]) -> str:
    """Return rows per second against batch size or width, peak memory in brackets."""
    rows = []
    for result in results:
        cells = [result["case"]["name"].rsplit("/", 1)[1]]
        for name in names:
            values = result["seconds"].get(name)
            if values is None:
                cells.append("-")
                continue
            peak = result["about"][name]["peak_memory"]
            cells.append(f"{result['case']['rows'] / median(values):,.0f} ({peak:.0f})")
        rows.append(cells)
    return table([f"{group}: rows/s (peak MB)", *names], rows)
