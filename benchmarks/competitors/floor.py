"""The floor: the matrix products of an epoch, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from cases import Case

from competitors.base import Competitor


class Floor(Competitor):
    """For each batch and layer ``A @ W``, ``A.T @ dZ`` and, but for the first, ``dZ @ W.T``.

    Every product writes into an array allocated in advance; batches are views of the data. There
    is no shuffling, bias, activation, loss or update: no NumPy program can be faster.
    """

    def __init__(self, case: Case) -> None:
        self.X = case.data()[0]
        self.case = case
        self.batches: list[list[Callable[[], object]]] = []
        weights = [W for W, _ in case.weights()]
        A = [np.maximum(self.X[: case.batch] @ weights[0], 0.0)]
        for W in weights[1:]:
            A.append(np.maximum(A[-1] @ W, 0.0))
        dZ = [0.01 * a for a in A]
        outs = [(np.empty_like(A[i]), np.empty_like(W)) for i, W in enumerate(weights)]
        for start in range(0, case.rows, case.batch):
            inputs = [self.X[start : start + case.batch], *A[:-1]]
            products: list[Callable[[], object]] = []
            for i, W in enumerate(weights):
                products.append(partial(np.matmul, inputs[i], W, outs[i][0]))
            for i, W in reversed(list(enumerate(weights))):
                products.append(partial(np.matmul, inputs[i].T, dZ[i], outs[i][1]))
                if i:
                    products.append(partial(np.matmul, dZ[i], W.T, outs[i - 1][0]))
            self.batches.append(products)

    def start(self, shuffle: bool) -> None:
        """Nothing is trained."""

    def train(self, epochs: int) -> list[float]:
        for _ in range(epochs):
            for products in self.batches:
                for product in products:
                    product()
        return []
