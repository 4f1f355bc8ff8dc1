"""Time `mlp.sklearn.MLPClassifier.fit` beside the same `Trainer` run and scikit-learn's `fit`.

python benchmarks/estimators.py [--rounds 15] [--epochs 20] [--quick]

The three take turns, so that a change of the machine's speed meets all of them; the ratios of each
round count, of which the median is printed.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from itertools import product
from statistics import median

import numpy as np
import sklearn.neural_network
from report import table
from sklearn.exceptions import ConvergenceWarning

import mlp
from mlp.sklearn import MLPClassifier

CASES = [  # widths, rows, rows of a batch
    ([64, 64, 10], 1437, 32),
    ([784, 128, 10], 4000, 64),
]


def fits(
    sizes: list[int], n: int, batch: int, solver: str, dtype: str, epochs: int
) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name: all train the same network for the same epochs."""
    rng = np.random.default_rng(0)
    X, y = rng.random((n, sizes[0])).astype(dtype), rng.integers(0, sizes[-1], n)
    settings = {
        "hidden_layer_sizes": sizes[1:-1],
        "solver": solver,
        "momentum": 0.0,
        "batch_size": batch,
        "max_iter": epochs,
        "tol": 0.0,
        "n_iter_no_change": epochs,
        "random_state": 0,
    }

    def run() -> object:
        net = mlp.MLP.from_sizes(sizes, output="softmax", loss="cross_entropy", dtype=dtype, seed=0)
        trainer = mlp.Trainer(net, solver, batch_size=batch, l2=1e-4 / batch)
        return trainer.fit(X, y, epochs)

    return {
        "Trainer": run,
        "mlp.sklearn": lambda: MLPClassifier(**settings).fit(X, y),
        "scikit-learn": lambda: sklearn.neural_network.MLPClassifier(**settings).fit(X, y),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="three rounds")
    arguments, _ = parser.parse_known_args()  # `make bench BENCH=...` gives those of all
    rounds = 3 if arguments.quick else arguments.rounds
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = []
    for (sizes, n, batch), solver, dtype in product(CASES, ("sgd", "adam"), ("float32", "float64")):
        timed = fits(sizes, n, batch, solver, dtype, arguments.epochs)
        seconds: dict[str, list[float]] = {name: [] for name in timed}
        for _ in range(rounds):
            for name, fit in timed.items():
                start = time.perf_counter()
                fit()
                seconds[name].append(time.perf_counter() - start)
        trainer, ours, theirs = (np.array(values) for values in seconds.values())
        rows.append(
            [
                f"{'-'.join(map(str, sizes))}, {batch}, {solver}, {dtype}",
                f"{median(ours) * 1e3:.0f}",
                f"{100 * (median(ours / trainer) - 1):+.1f} %",
                f"{median(theirs / ours):.1f}",
            ]
        )
    print(table(["network, batch", "ms", "over Trainer", "faster than scikit-learn"], rows))


if __name__ == "__main__":
    main()
