"""What is swept: a network, its data, and K learning rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CHECKED_RUNS = 100

RATES_OF_SIX = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
N_RATES = {"2-2-2": (1, 6, 100, 1_000, 10_000), "digits": (1, 8, 32)}
EPOCHS = {"2-2-2": 100, "digits": 5}


@dataclass(frozen=True)
class SweepCase:
    """K learning rates on one problem, in float64.

    "2-2-2" is the textbook example: one sample, sigmoid, no bias, ``1/2 sum (A - Y)^2``, full
    batch. "digits" is 64-32-10, relu, softmax and cross-entropy in batches of 32 on the first
    1792 digits, 56 whole batches, so that nobody needs a second program for a short last one.
    """

    problem: str
    K: int

    @property
    def name(self) -> str:
        return f"{self.problem}/K={self.K}"

    @property
    def epochs(self) -> int:
        return EPOCHS[self.problem]

    @property
    def batch(self) -> int | None:
        return None if self.problem == "2-2-2" else 32

    @property
    def rates(self) -> Array:
        if self.problem == "digits":
            return np.geomspace(0.01, 0.5, self.K)
        return np.array(RATES_OF_SIX) if self.K == 6 else np.geomspace(0.1, 2.0, self.K)

    def data(self) -> tuple[Array, NDArray[np.int64] | Array]:
        """Return X and the targets, numbers or labels."""
        if self.problem == "2-2-2":
            return np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
        from mlp.datasets import load_digits

        X, y = load_digits()
        return X[:1792], y[:1792]

    def weights(self) -> list[tuple[Array, Array | None]]:
        """Return W ``(n_in, n_out)`` and b, None where there is none, of both layers."""
        if self.problem == "2-2-2":
            W1, W2 = ([0.15, 0.25], [0.20, 0.30]), ([0.40, 0.50], [0.45, 0.55])
            return [(np.array(W1), None), (np.array(W2), None)]
        rng = np.random.default_rng(2)
        return [
            (rng.normal(0.0, np.sqrt(2.0 / n_in), (n_in, n_out)), np.zeros(n_out))
            for n_in, n_out in ((64, 32), (32, 10))
        ]

    def orders(self, shuffle: bool) -> NDArray[np.int64]:
        """Return which rows each batch has, ``(epochs, batches, batch)``, the same for all K."""
        rng = np.random.default_rng(0)
        n, batch = (1, 1) if self.batch is None else (1792, self.batch)
        epochs = [rng.permutation(n) if shuffle else np.arange(n) for _ in range(self.epochs)]
        return np.array(epochs).reshape(self.epochs, -1, batch)


ALL_SWEEPS = tuple(SweepCase(problem, K) for problem, Ks in N_RATES.items() for K in Ks)
QUICK_SWEEPS = ("2-2-2/K=6", "2-2-2/K=1000", "digits/K=8")
