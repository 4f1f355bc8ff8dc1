"""Compares what `mlp train` reaches on tables with what scikit-learn's MLP reaches.

Each table is written as CSV. For each seed `mlp train FILE --standardize` holds out a fifth of the
rows and tells its accuracy or R2 on them; scikit-learn's `MLPClassifier` or `MLPRegressor`, as it
is by default, is trained and scored on the same rows with the same layers, standardised by
`StandardScaler`: for a regression on targets as they are, and on standardised ones.

    python benchmarks/accuracy.py --seeds 10 --out benchmarks
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np
from report import table, write
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlp.cli import main as mlp

PENALTIES = {"mlp train": [], "mlp train --l2 0": ["--l2", "0"]}


class Problem(NamedTuple):
    """A table, and whether its last column tells classes."""

    X: np.ndarray
    y: np.ndarray
    is_classes: bool


def problems() -> Iterator[tuple[str, Problem]]:
    """Yield tables by name: those of scikit-learn, and some that it draws."""
    for name in ("breast_cancer", "wine", "iris", "digits"):
        yield name, Problem(*getattr(datasets, f"load_{name}")(return_X_y=True), True)
    yield "moons, 1000 rows", Problem(*datasets.make_moons(1000, noise=0.25, random_state=0), True)
    yield "diabetes", Problem(*datasets.load_diabetes(return_X_y=True, scaled=False), False)
    for n in (200, 1000):
        drawn = datasets.make_friedman1(n, noise=1.0, random_state=0)
        yield f"friedman1, {n} rows", Problem(*drawn, False)


def write_csv(path: Path, problem: Problem) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{i}" for i in range(problem.X.shape[1])), "target"])
        for row, y in zip(problem.X.tolist(), problem.y.tolist(), strict=True):
            writer.writerow([*map(repr, row), f"class {y}" if problem.is_classes else repr(y)])


def train(path: Path, problem: Problem, words: list[str]) -> tuple[float, np.ndarray]:
    """Return what `mlp train` reaches, and which rows it held out."""
    task = "classify" if problem.is_classes else "regress"
    out, printed = path.parent / "out", io.StringIO()
    fixed = ["train", str(path), "--target", "target", "--task", task, "--standardize", "--json"]
    with redirect_stdout(printed):
        code = mlp([*fixed, "--out", str(out), *words])
    if code:
        raise RuntimeError(f"mlp train ended with {code}")
    with (out / "held_out.csv").open(newline="") as file:
        lines = [int(row["line"]) for row in csv.DictReader(file)]
    found = json.loads(printed.getvalue())
    return found["accuracy" if problem.is_classes else "r2"], np.array(lines) - 2


def others(layers: list[int], problem: Problem, seed: int) -> dict[str, Any]:
    """Return scikit-learn's estimators, by name."""
    if problem.is_classes:
        network = MLPClassifier(hidden_layer_sizes=layers, random_state=seed)
        return {"scikit-learn": make_pipeline(StandardScaler(), network)}
    network = make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=layers, random_state=seed)
    )
    scaled = TransformedTargetRegressor(network, transformer=StandardScaler())
    return {"scikit-learn": network, "scikit-learn, scaled target": scaled}


def compare(path: Path, problem: Problem, layers: list[int], seeds: int) -> dict[str, list[float]]:
    """Return the scores of all, by name, one for each seed."""
    scores: dict[str, list[float]] = {}
    for seed in range(seeds):
        options = ["--layers", ",".join(map(str, layers)), "--seed", str(seed)]
        for name, penalty in PENALTIES.items():
            reached, held_out = train(path, problem, [*options, *penalty])
            scores.setdefault(name, []).append(reached)
        is_held_out = np.isin(np.arange(len(problem.X)), held_out)
        for name, estimator in others(layers, problem, seed).items():
            estimator.fit(problem.X[~is_held_out], problem.y[~is_held_out])
            reached = estimator.score(problem.X[is_held_out], problem.y[is_held_out])
            scores.setdefault(name, []).append(float(reached))
    return scores


def text_of(results: Mapping[str, Mapping[str, list[float]]], seeds: int) -> str:
    """Return the table: means and standard deviations over the seeds, and how far mlp is ahead.

    That is the mean of the differences on the same rows, and its standard error.
    """
    names = list(dict.fromkeys(name for scores in results.values() for name in scores))
    head = ["table, hidden layers", *names, "mlp train ahead of scikit-learn"]
    rows = []
    for case, scores in results.items():
        cells = [
            f"{mean(scores[name]):.4f} ± {stdev(scores[name]):.4f}" if name in scores else "-"
            for name in names
        ]
        best = max((name for name in scores if "scikit" in name), key=lambda n: mean(scores[n]))
        gaps = [a - b for a, b in zip(scores["mlp train"], scores[best], strict=True)]
        error = stdev(gaps) / seeds**0.5
        rows.append([case, *cells, f"{mean(gaps):+.4f} ± {error:.4f}"])
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--layers", nargs="+", default=["64,32", "100"])
    parser.add_argument("--tables", nargs="+", help="some of them, by the starts of their names")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # that 200 epochs may not be enough for scikit-learn
    results = {}
    for name, problem in problems():
        if options.tables and not name.startswith(tuple(options.tables)):
            continue
        for layers in options.layers:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "table.csv")
                write_csv(path, problem)
                sizes = [int(size) for size in layers.split(",")]
                results[f"{name}, {layers}"] = compare(path, problem, sizes, options.seeds)
            print(text_of(results, options.seeds).splitlines()[-1], flush=True)
    text = f"# Accuracy and R2\n\n{text_of(results, options.seeds)}"
    write(options.out, "accuracy", text, {"results": results})


if __name__ == "__main__":
    main()
