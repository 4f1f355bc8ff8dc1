"""Draws the results; figures are made without pyplot, so no display is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

Result = Mapping[str, Any]
COLORS = {
    "mlp": "#1b1b1b",
    "scikit-learn": "#f28e2b",
    "PyTorch": "#e15759",
    "torch.compile": "#b07aa1",
    "JAX": "#4e79a7",
    "floor": "#9c9c9c",
}
SWEEP_COLORS = ("#1b1b1b", "#76b7b2", "#59a14f", "#e15759", "#b07aa1", "#4e79a7")
GRID = "#e4e4e4"


def new_figure(n_rows: int, n_columns: int, size: tuple[float, float]) -> tuple[Figure, Any]:
    """Return a figure and its axes, a grid of them."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(n_rows, n_columns, squeeze=False)


def tidy(ax: Axes) -> None:
    """Give the axes a light frame."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)


def ratio_chart(
    cases: Sequence[str],
    found: Mapping[str, Sequence[Mapping[str, tuple[float, float, float]]]],
    path: Path,
) -> None:
    """Draw, for each kernel, how many times as fast as each other mlp is, with the spread.

    Parameters
    ----------
    cases : sequence of str
        The names, from top to bottom.
    found : mapping from kernel to, for each case, the ratios by label
    """
    figure, grid = new_figure(1, len(found), (1.5 + 5.0 * len(found), 1.6 + 0.42 * len(cases)))
    for ax, (kernel, rows) in zip(grid[0], found.items(), strict=True):
        for label in COLORS:
            offset = 0.13 * (list(COLORS).index(label) - 3)
            points = [(i, row[label]) for i, row in enumerate(rows) if label in row]
            if not points:
                continue
            middles = [values[0] for _, values in points]
            below = [max(0.0, values[0] - values[1]) for _, values in points]
            above = [max(0.0, values[2] - values[0]) for _, values in points]
            places = [i + offset for i, _ in points]
            ax.errorbar(
                middles, places, xerr=(below, above), fmt="o", ms=4.5, lw=1, color=COLORS[label],
                label=f"share of the {label}" if label == "floor" else label,
            )  # fmt: skip
        tidy(ax)
        ax.axvline(1.0, color="#333333", lw=1)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_ylim(len(cases) - 0.5, -0.5)
        ax.set_yticks(range(len(cases)), cases if ax is grid[0][0] else [""] * len(cases))
        ax.set_xlabel("times as fast as (right of 1: mlp is faster)")
        ax.set_title(f"OpenBLAS kernel: {kernel}", loc="left")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
    figure.savefig(path, dpi=150)


def curve_chart(groups: Mapping[str, Sequence[Result]], path: Path) -> None:
    """Draw throughput, and peak memory beside, against batch size and width."""
    figure, grid = new_figure(len(groups), 2, (12.0, 4.4 * len(groups)))
    for (group, results), axes in zip(groups.items(), grid, strict=True):
        names = list(dict.fromkeys(name for result in results for name in result["seconds"]))
        for name in names:
            label = name.split(" (")[0]
            points = [
                (
                    int(result["case"]["name"].rsplit("/", 1)[1]),
                    result["case"]["rows"] / median(result["seconds"][name]),
                    result["about"][name]["peak_memory"],
                )
                for result in results
                if name in result["seconds"]
            ]
            x, throughput, memory = zip(*points, strict=True)
            style = "--" if name.endswith("(tuned)") else "-"
            for ax, y in zip(axes, (throughput, memory), strict=True):
                ax.plot(x, y, style, marker="o", ms=3.5, lw=1.6, color=COLORS[label], label=name)
        for ax, what in zip(axes, ("rows per second", "peak memory (MB)"), strict=True):
            tidy(ax)
            ax.set_xscale("log", base=2)
            ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            ax.set_yscale("log")
            ax.set_xlabel("batch size" if group == "batch" else "width of both hidden layers")
            ax.set_title(what, loc="left")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    figure.savefig(path, dpi=150)


def sweep_chart(results: Sequence[Result], path: Path) -> None:
    """Draw the seconds of a sweep against K, steady and whole, for each problem."""
    problems = list(dict.fromkeys(result["case"]["problem"] for result in results))
    figure, grid = new_figure(len(problems), 2, (12.0, 4.4 * len(problems)))
    names = list(dict.fromkeys(name for result in results for name in result["seconds"]))
    labels = list(dict.fromkeys(name.split(" (")[0] for name in names))
    colors = dict(zip(labels, SWEEP_COLORS, strict=False))
    for problem, axes in zip(problems, grid, strict=True):
        of_problem = [result for result in results if result["case"]["problem"] == problem]
        for ax, kind in zip(axes, ("seconds", "whole"), strict=True):
            for name in names:
                points = [
                    (result["case"]["K"], median(result[kind][name]))
                    for result in of_problem
                    if name in result[kind]
                ]
                style = "--" if name.endswith("(tuned)") else "-"
                color = colors[name.split(" (")[0]]
                x, y = zip(*points, strict=True) if points else ((), ())
                ax.plot(x, y, style, marker="o", ms=3.5, lw=1.6, color=color, label=name)
            tidy(ax)
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.set_xlabel("K, learning rates at once")
            what = "steady state" if kind == "seconds" else "whole process, start to chart"
            ax.set_title(f"{problem}: seconds, {what}", loc="left")
    handles, legend = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, legend, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=150)
