"""PyTorch: `torch.func.vmap` over `grad_and_value`, eager and compiled."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from competitors.base import fastest
from numpy.typing import NDArray
from sweep_cases import SweepCase
from torch import Tensor
from torch.func import grad_and_value, vmap

from sweep_competitors.base import Sweep

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
Theta = list[Tensor]


class Eager(Sweep):
    """All K networks in stacked tensors ``(K, n_in, n_out)``; a step is one vmapped call.

    With the full batch the loss of a step is the loss before its update, so that it is not
    computed again. A trial chooses the threads.
    """

    def __init__(self, case: SweepCase, trial: bool = True) -> None:
        super().__init__(case, trial)
        X, Y = case.data()
        self.X, self.Y = torch.from_numpy(X), torch.from_numpy(Y)
        weights = case.weights()
        self.has_bias = weights[0][1] is not None
        arrays = [W for W, _ in weights] + [b for _, b in weights if b is not None]
        self.first = [torch.from_numpy(array) for array in arrays]
        self.rates = torch.from_numpy(case.rates)
        self.step = self.wrap(self._step)
        self.full_loss = self.wrap(self._full_loss)
        self.threads = CORES
        if trial:
            self.threads = self.best_threads()
        torch.set_num_threads(self.threads)

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    def best_threads(self) -> int:
        def run(threads: int) -> None:
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)
            self.sweep()

        return fastest(sorted({1, CORES}), run)

    def _mean_loss(self, theta: Theta, X: Tensor, Y: Tensor) -> Tensor:
        n = 2
        Z = X @ theta[0] + theta[n] if self.has_bias else X @ theta[0]
        if self.case.problem == "2-2-2":
            return 0.5 * ((Z.sigmoid() @ theta[1]).sigmoid() - Y).square().sum(-1).mean()
        return F.cross_entropy(Z.relu() @ theta[1] + theta[n + 1], Y)

    def _step(self, theta: Theta, rates: Tensor, X: Tensor, Y: Tensor) -> tuple[Theta, Tensor]:
        grads, losses = vmap(grad_and_value(self._mean_loss), in_dims=(0, None, None))(theta, X, Y)
        moved = [
            p - rates.view(-1, *[1] * (p.ndim - 1)) * grad
            for p, grad in zip(theta, grads, strict=True)
        ]
        return moved, losses

    def _full_loss(self, theta: Theta, X: Tensor, Y: Tensor) -> Tensor:
        return vmap(self._mean_loss, in_dims=(0, None, None))(theta, X, Y)

    @torch.no_grad()
    def sweep(self) -> NDArray[np.float64]:
        K, X, Y = self.case.K, self.X, self.Y
        theta = [p.expand(K, *p.shape).contiguous() for p in self.first]
        losses = []
        if self.case.batch is None:
            for _ in range(self.case.epochs):
                theta, before = self.step(theta, self.rates, X, Y)
                losses.append(before)
        else:
            for batches in torch.from_numpy(self.case.orders(self.shuffle)):
                losses.append(self.full_loss(theta, X, Y))
                for rows in batches:
                    theta, _ = self.step(theta, self.rates, X[rows], Y[rows])
        losses.append(self.full_loss(theta, X, Y))
        return torch.stack(losses, dim=1).numpy()


class Compiled(Eager):
    """The same step as one graph of `torch.compile`; the threads are those best for `Eager`."""

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return torch.compile(function, fullgraph=True, dynamic=False)

    def best_threads(self) -> int:
        return Eager(self.case).threads or CORES
