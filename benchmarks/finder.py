"""Compare the rates that find_learning_rate suggests with the best of 16, on 20 problems.

python benchmarks/finder.py [--optimizer sgd] [--epochs 20] [--out benchmarks/FINDER.md]

Each problem is trained with the suggested rate and with 16 others, five a decade, around the best
of a coarse sweep. All start from the same weights; the order of the batches is another one than in
the finder. The constants of the finder were chosen on other problems than these.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from unittest.mock import patch

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from report import table

import mlp

COARSE = np.geomspace(1e-12, 10.0, 27)  # two a decade
AROUND = 10.0 ** np.linspace(-1.5, 1.5, 16)
ALSO = (10, 50)  # further lengths of the fit
ORDERS, THREE = (0, 2, 3), ", median of three orders"  # of the batches; the finder has another


class Problem(NamedTuple):
    """Some data, and a network for them."""

    name: str
    X: np.ndarray
    Y: np.ndarray
    net: mlp.MLP

    @property
    def variance(self) -> float:
        """The loss of the best constant output: for squared errors the variance of the targets."""
        Y = np.eye(self.net.n_out)[self.Y] if self.Y.ndim == 1 else self.Y
        mean = np.tile(Y.mean(axis=0), (len(Y), 1))
        rows = np.empty(len(Y))
        self.net.loss.rows(mean, Y.astype(float), out=rows)
        return float(rows.mean())


FUNCTIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "linear": lambda X, w: X @ w,
    "waves": lambda X, w: np.sin(1.5 * X[:, 0]) + np.cos(X[:, 1] + X @ w),
    "product": lambda X, w: X[:, 0] * X[:, 1] + X @ w,
    "hinges": lambda X, w: np.maximum(X @ w, 0.0) - np.abs(X[:, 0]),
}

RAW: list[tuple[str, int, list[int], str, float, float, float]] = [
    # function, rows, sizes, hidden, and of the targets offset and scale, of the inputs scale
    ("linear", 500, [6, 64, 32, 1], "relu", 100.0, 1.0, 1.0),
    ("waves", 800, [5, 32, 1], "tanh", 1000.0, 10.0, 1.0),
    ("hinges", 600, [3, 32, 16, 1], "relu", 0.0, 1e-3, 1.0),
    ("product", 400, [4, 48, 1], "relu", 0.0, 1e5, 1.0),
    ("product", 700, [7, 32, 16, 1], "tanh", 10.0, 0.1, 10.0),
    ("linear", 900, [5, 32, 1], "relu", 300.0, 100.0, 10.0),
    ("waves", 500, [3, 64, 1], "relu", 0.0, 1e4, 10.0),
    ("hinges", 1000, [6, 48, 24, 1], "relu", 1000.0, 1e3, 100.0),
    ("linear", 450, [4, 32, 1], "tanh", 30.0, 10.0, 100.0),
    ("product", 750, [2, 24, 1], "relu", 1.0, 0.01, 100.0),
]


def regression(
    function: str, n: int, n_in: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return standard normal inputs, and targets of mean 0 and deviation 1 with some noise."""
    X = rng.normal(size=(n, n_in))
    y = FUNCTIONS[function](X, rng.normal(size=n_in) / n_in**0.5)
    y += 0.1 * y.std() * rng.normal(size=n)
    return X, ((y - y.mean()) / y.std())[:, None]


def raw_problems() -> Iterator[Problem]:
    for i, (function, n, sizes, hidden, offset, scale, x_scale) in enumerate(RAW):
        X, y = regression(function, n, sizes[0], np.random.default_rng([21, i]))
        name = f"{offset:g} + {scale:g} {function}, inputs x {x_scale:g}"
        net = mlp.MLP.from_sizes(sizes, hidden, "identity", "mse", seed=20 + i)
        yield Problem(name, x_scale * X, offset + scale * y, net)


def other_problems() -> Iterator[Problem]:
    def classifier(name: str, X: np.ndarray, y: np.ndarray, hidden: list[int]) -> Problem:
        sizes = [X.shape[1], *hidden, int(y.max()) + 1]
        net = mlp.MLP.from_sizes(sizes, "relu", "softmax", "cross_entropy", seed=0)
        return Problem(name, X, y, net)

    rng = np.random.default_rng(12)
    digits = mlp.datasets.load_digits()
    yield classifier("digits", digits.X, digits.y, [32])
    spirals = mlp.datasets.spirals(200, n_classes=4, seed=12)
    yield classifier("spirals", spirals.X, spirals.y, [32, 32])
    for x_scale, n_classes in ((10.0, 5), (100.0, 3)):
        y = rng.integers(0, n_classes, 700)
        X = rng.normal(size=(n_classes, 8))[y] + rng.normal(size=(700, 8))
        yield classifier(f"{n_classes} clouds, inputs x {x_scale:g}", x_scale * X, y, [24])
    X = rng.uniform(-1.0, 1.0, (600, 2))
    fields = np.floor(2.0 * X).sum(axis=1).astype(int) % 2
    yield classifier("chessboard, inputs x 10", 10.0 * X, fields, [32, 16])
    net = mlp.MLP.from_sizes([2, 24, 1], "tanh", "sigmoid", "binary_cross_entropy", seed=0)
    yield Problem("disc, sigmoid", X, (np.hypot(*X.T) < 0.7)[:, None].astype(float), net)
    for function, n, hidden in (("waves", 800, "tanh"), ("hinges", 1500, "relu")):
        X, y = regression(function, n, 5, rng)
        net = mlp.MLP.from_sizes([5, 32, 1], hidden, "identity", "mse", seed=0)
        yield Problem(f"{function}, standardised", X, y, net)
    X = rng.normal(size=(600, 6))
    Y = np.tanh(X @ rng.normal(size=(6, 3))) + 0.1 * rng.normal(size=(600, 3))
    net = mlp.MLP.from_sizes([6, 32, 16, 3], "relu", "identity", "squared_error", seed=0)
    yield Problem("three outputs, standardised", X, Y, net)
    counts = rng.poisson(np.exp(0.5 * X[:, :1] - 0.3 * X[:, 1:2])).astype(float)
    net = mlp.MLP.from_sizes([6, 16, 1], "relu", "softplus", "poisson", seed=0)
    yield Problem("counts, poisson", X, counts, net)


def cost(problem: Problem, optimizer: str) -> tuple[Any, float, float]:
    """Return what is found and its cost in fits of ten epochs: gradients of rows, and time."""
    rows, plain = [0], mlp.MLP._loss_and_grad

    def counting(net: mlp.MLP, X: np.ndarray, *rest: Any) -> Any:
        rows[0] += len(X) * (net.replicas or 1)
        return plain(net, X, *rest)

    with patch.object(mlp.MLP, "_loss_and_grad", counting):
        began = time.process_time()
        found = mlp.find_learning_rate(
            problem.net, problem.X, problem.Y, optimizer=optimizer, seed=1
        )
        seconds = time.process_time() - began
        began = time.process_time()
        trainer = mlp.Trainer(problem.net.copy(), mlp.SGD(1e-12))
        if optimizer == "adam":
            trainer = mlp.Trainer(problem.net.copy(), mlp.Adam(1e-12))
        trainer.fit(problem.X, problem.Y, epochs=10)
    return found, rows[0] / (10 * len(problem.X)) - 1.0, seconds / (time.process_time() - began)


def measure(problem: Problem, optimizer: str, epochs: int) -> dict[str, Any]:
    """Return the ratios of the losses, by the number of epochs, and the cost."""
    found, gradients, seconds = cost(problem, optimizer)
    data = (problem.net, problem.X, problem.Y)
    options: dict[str, Any] = {"batch_size": 32, "optimizer": optimizer}
    middle = mlp.learning_rate_sweep(*data, COARSE, epochs, seed=0, **options).best
    rates = np.unique([*(middle * AROUND), found.suggestion])
    ours = int(np.flatnonzero(rates == found.suggestion)[0])
    orders = [
        mlp.learning_rate_sweep(*data, rates, max(epochs, *ALSO), seed=seed, **options).loss
        for seed in ORDERS
    ]
    of_three = np.median(np.nan_to_num(orders, nan=np.inf), axis=0)
    ratios = {}
    for n in (epochs, *ALSO):
        for kind, losses in (("", np.nan_to_num(orders[0], nan=np.inf)), (THREE, of_three)):
            for little, name in ((0.0, "raw"), (0.01, "with 1 % of the variance")):
                added = losses[:, n] + little * problem.variance
                ratios[n, name + kind] = float(added[ours] / added.min())
    return {
        "name": problem.name,
        "found": found,
        "best": float(rates[np.nanargmin(orders[0][:, epochs])]),
        "ratios": ratios,
        "floor": float(np.nanmin(orders[0][:, epochs])) / problem.variance,
        "cost": (gradients, seconds),
    }


def text_of(results: list[dict[str, Any]], optimizer: str, epochs: int) -> str:
    head = ["problem", "suggested", "best of 16", "best loss / variance", "ratio", "with 1 %"]
    head += ["cost: gradients", "cost: time"]
    lines = []
    for r in results:
        both = (r["ratios"][epochs, name] for name in ("raw", "with 1 % of the variance"))
        numbers = [r["found"].suggestion, r["best"], r["floor"], *both, *r["cost"]]
        formats = (".2g", ".2g", ".2g", ".2f", ".2f", ".1f", ".1f")
        lines.append([r["name"], *(f"{x:{f}}" for x, f in zip(numbers, formats, strict=True))])
    summary = []
    for n, name in results[0]["ratios"]:
        ratios = sorted(r["ratios"][n, name] for r in results)
        row = [median(ratios), ratios[-(len(ratios) // 10) - 1], ratios[-1]]
        summary.append([f"{n} epochs, {name}", *(f"{x:.2f}" for x in row)])
    first, second = (median(r["cost"][i] for r in results) for i in (0, 1))
    return f"""\
## {optimizer}

{table(["fit", "median", "nine of ten below", "highest"], summary)}

Cost at the median: the gradients of {first:.1f} fits of ten epochs, in the time of {second:.1f}.

{table(head, lines)}
"""


INTRODUCTION = """\
# Results: the learning-rate finder

One run of `benchmarks/finder.py`: 20 problems, ten of them regressions on raw data. Each is trained
for {epochs} epochs in batches of 32 with the rate that `find_learning_rate` suggests, and with 16
others, five a decade, around the best of a coarse sweep (27 rates from 1e-12 to 10). *Ratio* is
the training loss with the suggestion over the lowest of all these losses, raw, and with 1 % of the
*variance* added to both (for losses other than squared errors, of the loss of the best constant
output). *Cost* is that of the finder in fits of ten epochs: by number of rows whose gradient is
computed, and by time on one core, which is less because the runs are replicas of one network. The
finder and the fits see the batches in different orders. A loss at the end of an epoch varies; the
rows *median of three orders* compare, for each rate, the median of three fits. The constants of
the finder were chosen on other problems, with SGD.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimizers", nargs="+", default=["sgd", "adam"])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/FINDER.md"))
    options = parser.parse_args()
    texts = [INTRODUCTION.format(epochs=options.epochs)]
    for optimizer in options.optimizers:
        results = []
        for problem in (*raw_problems(), *other_problems()):
            results.append(measure(problem, optimizer, options.epochs))
            print(text_of(results, optimizer, options.epochs).splitlines()[-1], flush=True)
        texts.append(text_of(results, optimizer, options.epochs))
        options.out.write_text("\n".join(texts), encoding="utf-8")
    print("\n".join(texts))


if __name__ == "__main__":
    main()
