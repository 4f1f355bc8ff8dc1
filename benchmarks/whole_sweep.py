"""A whole process: imports, one sweep, a chart. Started by ``sweep.py``.

``python whole_sweep.py MODULE:CLASS PROBLEM K CHART`` prints its peak memory in MB. Everybody
draws the same chart, so that the libraries alone make the difference.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
from machine import peak_memory
from numpy.typing import NDArray
from sweep_cases import SweepCase

MOST_CURVES = 100


def draw(rates: NDArray[np.float64], losses: NDArray[np.float64], path: Path) -> None:
    """Draw at most a hundred of the curves, and the last loss of every rate."""
    from charts import new_figure, tidy
    from matplotlib.collections import LineCollection

    figure, axes = new_figure(1, 2, (11.0, 4.5))
    left, right = axes[0]
    some = np.unique(np.linspace(0, len(rates) - 1, min(MOST_CURVES, len(rates))).astype(int))
    epochs = np.arange(losses.shape[1])
    curves = [np.column_stack([epochs, losses[k]]) for k in some]
    left.add_collection(LineCollection(curves, array=rates[some], cmap="viridis", linewidths=1.0))
    left.autoscale()
    left.set_xlabel("epoch")
    right.plot(rates, losses[:, -1], "o", ms=3)
    right.set_xscale("log")
    right.set_xlabel("learning rate")
    for ax in (left, right):
        ax.set_ylabel("loss")
        tidy(ax)
    figure.savefig(path, dpi=100)


def main() -> None:
    target, problem, K, chart = sys.argv[1:]
    module_name, class_name = target.split(":")
    case = SweepCase(problem, int(K))
    competitor = getattr(import_module(module_name), class_name)(case, trial=False)
    draw(case.rates, competitor.sweep(), Path(chart))
    print(peak_memory())


if __name__ == "__main__":
    main()
