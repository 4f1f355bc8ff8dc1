"""Measures a sweep of 1,000 runs: `mlp.sweep`, one run after the other, and JAX's vmap.

200 rates with 5 initialisations each: Adam, digits 64-32-10, 20 epochs of 44 batches, float64, the
loss on validation data after every epoch. All see the same batches in the same order; their losses
are compared first. Of the runs one after the other 20 are made and their seconds scaled; JAX
compiles before the clock starts. The rounds take turns; everything has one thread.

A second table has ensembles of 8 networks 30-64-32-2 (Adam, batches of 256) beside 8 in a row.

    python benchmarks/any_sweep.py --quick
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is loaded
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np

import mlp

BATCH, SEEDS, MADE = 32, 5, 20
ROWS = 44 * BATCH
TOLERANCE = 1e-9


class Problem:
    """The data, the rates and the first weights."""

    def __init__(self, n_rates: int, epochs: int) -> None:
        train, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
        self.X, self.Y = train.X[:ROWS], train.y[:ROWS]
        self.validation = (held_out.X, held_out.y)
        self.rates, self.epochs = np.geomspace(1e-4, 1e-1, n_rates), epochs
        self.nets = [self.network()]
        for seed in range(1, SEEDS):
            self.nets.append(self.network())
            self.nets[-1].initialize(np.random.default_rng([0, seed]))

    def network(self) -> mlp.MLP:
        sizes = [64, 32, 10]
        return mlp.MLP.from_sizes(sizes, output="softmax", loss="cross_entropy", seed=0)

    def swept(self) -> np.ndarray:
        runs = mlp.sweep(
            self.nets[0],
            self.X,
            self.Y,
            {"lr": self.rates},
            self.epochs,
            BATCH,
            "adam",
            seeds=SEEDS,
            validation=self.validation,
        )
        return runs.columns["val_loss"]

    def in_a_row(self) -> np.ndarray:
        found = []
        for rate in self.rates[:: max(1, len(self.rates) * SEEDS // MADE)]:
            for net in self.nets:
                trainer = mlp.Trainer(net.copy(), mlp.Adam(rate), batch_size=BATCH)
                history = trainer.fit(self.X, self.Y, self.epochs, validation=self.validation)
                found.append(history["val_loss"])
        return np.array(found)


def jax_sweep(problem: Problem) -> Callable[[], np.ndarray]:
    """Return ``jit(vmap(run))``, compiled; a run is a scan over epochs of a scan over batches."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(ROWS).reshape(-1, BATCH) for _ in range(problem.epochs)]
    data = jnp.asarray(problem.X), jnp.asarray(problem.Y)
    held_out = tuple(map(jnp.asarray, problem.validation))

    def loss_of(theta, X, Y):
        (W1, b1), (W2, b2) = theta
        Z = jax.nn.relu(X @ W1 + b1) @ W2 + b2
        return -jnp.take_along_axis(jax.nn.log_softmax(Z), Y[:, None], axis=1).mean()

    def run(rate, theta, orders, data, held_out):
        def step(state, rows):
            theta, m, v, t = state
            grad = jax.grad(loss_of)(theta, data[0][rows], data[1][rows])
            m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grad)
            v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grad)
            t = t + 1.0
            m_hat, v_hat = 1.0 - 0.9**t, 1.0 - 0.999**t
            theta = jax.tree.map(
                lambda p, m, v: p - rate * (m / m_hat) / (jnp.sqrt(v / v_hat) + 1e-8), theta, m, v
            )
            return (theta, m, v, t), None

        def epoch(state, batches):
            state, _ = jax.lax.scan(step, state, batches)
            return state, loss_of(state[0], *held_out)

        zeros = jax.tree.map(jnp.zeros_like, theta)
        return jax.lax.scan(epoch, (theta, zeros, zeros, 0.0), orders)[1]

    of_seeds = jax.vmap(run, in_axes=(None, 0, None, None, None))
    compiled = jax.jit(jax.vmap(of_seeds, in_axes=(0, None, None, None, None)))
    layers = [[(layer.W, layer.b) for layer in net.layers] for net in problem.nets]
    theta = jax.tree.map(lambda *parts: jnp.stack(parts), *layers)
    arguments = (jnp.asarray(problem.rates), theta, jnp.asarray(orders), data, held_out)

    def sweep() -> np.ndarray:
        return np.asarray(compiled(*arguments)).reshape(-1, problem.epochs)

    sweep()
    return sweep


ENSEMBLE_SIZES, ENSEMBLE_BATCH, MEMBERS = [30, 64, 32, 2], 256, 8


def ensemble_table(rounds: int, epochs: int) -> str:
    """Return the seconds of ensembles, and their share of those of the members in a row."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(16 * ENSEMBLE_BATCH, 30)), rng.integers(0, 2, 16 * ENSEMBLE_BATCH)
    lines = [f"| {MEMBERS} networks 30-64-32-2, {epochs} epochs | seconds | of 8 in a row |"]
    lines.append("|---|---|---|")
    for dtype in ("float64", "float32"):
        net = mlp.MLP.from_sizes(
            ENSEMBLE_SIZES, output="softmax", loss="cross_entropy", dtype=dtype, seed=0
        )
        seconds: dict[str, list[float]] = {"in a row": [], "independent": [], "shared": []}
        for _ in range(rounds):
            began = time.perf_counter()
            alone = [net.copy() for _ in range(MEMBERS)]
            for k, one in enumerate(alone):
                if k:
                    one.initialize(np.random.default_rng([0, k]))
                mlp.Trainer(one, "adam", batch_size=ENSEMBLE_BATCH).fit(X, y, epochs)
            seconds["in a row"].append(time.perf_counter() - began)
            for members in ("independent", "shared"):
                began = time.perf_counter()
                ensemble = mlp.Ensemble(net, MEMBERS, members=members)
                ensemble.fit(X, y, epochs, "adam", batch_size=ENSEMBLE_BATCH)
                seconds[members].append(time.perf_counter() - began)
                if members == "independent":
                    same = [
                        np.array_equal(ensemble.replica(k).theta, one.theta)
                        for k, one in enumerate(alone)
                    ]
                    if not all(same):
                        raise RuntimeError("a member is not its run alone")
        for name, values in seconds.items():
            shares = [a / b for a, b in zip(values, seconds["in a row"], strict=True)]
            times = f"{median(values):.2f} [{min(values):.2f} .. {max(values):.2f}]"
            lines.append(f"| {name}, {dtype} | {times} | {median(shares):.2f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 runs of 4 epochs")
    parser.add_argument("--out", type=Path, help="folder for any_sweep.md, the table")
    parser.add_argument("--rounds", type=int, default=3, help="how often all take turns (3)")
    options, _ = parser.parse_known_args()
    problem = Problem(20, 4) if options.quick else Problem(200, 20)
    ways: dict[str, Callable[[], np.ndarray]] = {"mlp.sweep": problem.swept}
    ways["mlp, one after the other"] = problem.in_a_row
    try:
        ways["JAX, vmap"] = jax_sweep(problem)
    except ImportError:
        print("JAX is not installed: it is left out.")

    n_runs = len(problem.rates) * SEEDS
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    losses = {}
    for _ in range(options.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            losses[name] = way()
            took = time.perf_counter() - began
            seconds[name].append(took * n_runs / len(losses[name]))
    rows = np.arange(n_runs).reshape(-1, SEEDS)[:: max(1, n_runs // MADE)].ravel()
    if not np.array_equal(losses["mlp.sweep"][rows], losses["mlp, one after the other"]):
        raise RuntimeError("the runs of the sweep are not those made one after the other")
    early = losses.get("JAX, vmap", losses["mlp.sweep"])[:, 0]
    gap = float(np.abs(early - losses["mlp.sweep"][:, 0]).max())
    if gap > TOLERANCE:
        raise RuntimeError(f"JAX's losses after an epoch differ by {gap:g}")

    alone = median(seconds["mlp, one after the other"])
    lines = [f"| {n_runs:,} runs, {problem.epochs} epochs | seconds | of one after the other |"]
    lines += ["|---|---|---|"]
    for name, values in seconds.items():
        times = f"{median(values):.1f} [{min(values):.1f} .. {max(values):.1f}]"
        lines.append(f"| {name} | {times} | {median(values) / alone:.2f} |")
    text = "\n".join(lines) + f"\n\nJAX's losses after the first epoch differ by {gap:.0e}.\n"
    text += "\n" + ensemble_table(2 * options.rounds + 1, 5 if options.quick else 20)
    print(text)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "any_sweep.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
