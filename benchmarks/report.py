"""Turns results into tables for the terminal, Markdown and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> str:
    """Return a Markdown table whose columns also stand straight in a terminal."""
    lines = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def line(cells: Row) -> str:
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(lines[0]), line(rule), *map(line, lines[1:])])


def duration(seconds: float) -> str:
    """Return seconds with three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{three_digits(seconds / size)} {unit}"
    return f"{three_digits(seconds * 1e9)} ns"


def three_digits(x: float) -> str:
    """Return a number with about three digits: 1234, 123, 12.3, 1.23, 0.123."""
    if not math.isfinite(x):
        return "-"
    return f"{x:.{min(3, max(0, 2 - math.floor(math.log10(x)))) if x > 0 else 0}f}"


def spread(values: Sequence[float]) -> str:
    """Return the median and, in brackets, the least and the greatest."""
    return f"{duration(median(values))} [{duration(min(values))} .. {duration(max(values))}]"


def ratio(others: Sequence[float], ours: Sequence[float]) -> tuple[float, float, float]:
    """Return how many times as fast we are: of the medians, and the range of the rounds.

    Both were measured in the same rounds, so each round gives a ratio of neighbours in time.
    """
    rounds = [other / our for other, our in zip(others, ours, strict=True)]
    return median(others) / median(ours), min(rounds), max(rounds)


def machine_lines(machine: Mapping[str, Any], kernels: Mapping[str, str]) -> list[str]:
    """Return the lines that name the machine."""
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items())
    variables = ", ".join(f"{k}={v}" for k, v in machine["variables"].items()) or "none"
    cpu = (
        f"CPU: {machine['cpu']}, family {machine['family']}, model {machine['model']}, "
        f"{machine['cores']} cores; {machine['system']}; Python {machine['python']}"
    )
    names = ", ".join(f"{kernel} = {name or 'unknown'}" for kernel, name in kernels.items())
    return [
        cpu,
        f"Versions: {versions}",
        f"OpenBLAS kernels: {names}; variables of the environment: {variables}",
        f"Load average before the start: {machine['load_average']:.2f}"
        + (" (others use the machine: expect noise)" if machine["load_average"] > 0.3 else ""),
    ]


def write(out: Path, name: str, text: str, data: Mapping[str, Any]) -> list[Path]:
    """Write NAME.md and NAME.json; return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{name}.md", out / f"{name}.json"]
    paths[0].write_text(text + "\n", encoding="utf-8")
    paths[1].write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return paths
