"""PyTorch: eager with autograd and torch.optim, and the whole step through torch.compile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product

import torch
import torch.nn.functional as F
from cases import BETAS, EPS, Case
from torch import Tensor, nn
from torch.func import grad_and_value

from competitors.base import Competitor, fastest

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
THREADS = sorted({1, CORES})


class _Torch(Competitor):
    """The data as tensors, and the batches of an epoch as rows of one permutation."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.dtype = getattr(torch, case.dtype)
        X, Y = case.data()
        self.X, self.Y = torch.from_numpy(X), torch.from_numpy(Y)
        self.shuffle = False
        self.most_updates: int | None = None  # a trial need not go through an epoch

    def batches(self) -> Iterator[Tensor]:
        """Yield the indices of each batch of an epoch."""
        rows, batch = self.case.rows, self.case.batch
        order = torch.randperm(rows) if self.shuffle else torch.arange(rows)
        yield from order.view(-1, batch)[: self.most_updates].unbind()

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        if self.case.task == "classes":
            return F.cross_entropy(output, target)
        if self.case.task == "sigmoid":
            output = output.sigmoid()
        return 0.5 * (output - target).square().sum(-1).mean()


class Eager(_Torch):
    """``nn.Sequential``, autograd and a fused or plain optimizer.

    Gradients are dropped (``set_to_none``), not cleared; the loss stays a tensor until the end of
    an epoch. A trial chooses the threads, all cores or one, and the optimizer's form.
    """

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        hidden = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}[case.hidden]
        modules: list[nn.Module] = []
        for W, _ in case.weights():
            modules += [nn.Linear(*W.shape, dtype=self.dtype), hidden()]
        self.net = nn.Sequential(*modules[:-1])
        self.options = {"fused": True}
        forms = list(product(THREADS, ({"fused": True}, {"foreach": False})))
        self.most_updates = 64
        self.threads, self.options = fastest(forms, self._try)
        self.most_updates = None
        torch.set_num_threads(self.threads)
        self.form = f"{', '.join(f'{k}={v}' for k, v in self.options.items())}"

    def _try(self, form: tuple[int, dict[str, bool]]) -> None:
        threads, self.options = form
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        self.start(True)
        self.train(1)

    def start(self, shuffle: bool) -> None:
        self.shuffle = shuffle
        linear = [module for module in self.net if isinstance(module, nn.Linear)]
        with torch.no_grad():
            for module, (W, b) in zip(linear, self.case.weights(), strict=True):
                module.weight.copy_(torch.from_numpy(W).T)
                module.bias.copy_(torch.from_numpy(b))
        parameters = list(self.net.parameters())
        if self.case.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(parameters, self.case.lr, **self.options)
        else:
            self.optimizer = torch.optim.Adam(
                parameters, self.case.lr, betas=BETAS, eps=EPS, **self.options
            )

    def train(self, epochs: int) -> list[float]:
        losses = []
        for _ in range(epochs):
            total = torch.zeros((), dtype=self.dtype)
            for rows in self.batches():
                loss = self.loss(self.net(self.X.index_select(0, rows)), self.Y[rows])
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self.optimizer.step()
                total += loss.detach()
            losses.append(total.item() / self.case.n_updates)
        return losses


class Compiled(_Torch):
    """One graph for the whole step: gather, loss, gradient and update.

    ``torch.func.grad_and_value`` inside ``torch.compile(fullgraph=True)`` leaves no autograd to
    run; parameters are updated in place. The threads are those that were best for `Eager`.
    """

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.threads = Eager(case).threads
        torch.set_num_threads(self.threads)
        mode = os.environ.get("BENCHMARK_COMPILE_MODE", "max-autotune-no-cudagraphs")
        self.form = f"mode={mode}"
        self.step = torch.compile(self._step, fullgraph=True, dynamic=False, mode=mode)
        self.first = [
            torch.from_numpy(array)
            for arrays in zip(*case.weights(), strict=True)
            for array in arrays
        ]  # all W, then all b
        self.theta = [torch.empty_like(p) for p in self.first]
        self.state = [torch.zeros_like(p) for p in self.theta * 2]
        self.total, self.steps = (torch.zeros(1, dtype=self.dtype) for _ in range(2))
        self.start(True)
        self.train(1)

    def _output(self, theta: list[Tensor], A: Tensor) -> Tensor:
        n_layers = len(theta) // 2
        for i in range(n_layers):
            A = torch.addmm(theta[n_layers + i], A, theta[i])
            if i < n_layers - 1:
                A = A.relu() if self.case.hidden == "relu" else A.sigmoid()
        return A

    def _step(
        self,
        theta: list[Tensor],
        state: list[Tensor],
        total: Tensor,
        steps: Tensor,
        X: Tensor,
        Y: Tensor,
        rows: Tensor,
    ) -> None:
        def mean_loss(theta: list[Tensor], X: Tensor, Y: Tensor) -> Tensor:
            return self.loss(self._output(theta, X), Y)

        grads, loss = grad_and_value(mean_loss)(theta, X[rows], Y[rows])
        total.add_(loss)
        if self.case.optimizer == "sgd":
            for p, grad in zip(theta, grads, strict=True):
                p.sub_(self.case.lr * grad)
            return
        beta1, beta2 = BETAS
        steps.add_(1.0)
        m_scale, v_scale = 1.0 - beta1**steps, 1.0 - beta2**steps
        moments = zip(state[: len(theta)], state[len(theta) :], strict=True)
        for p, grad, (m, v) in zip(theta, grads, moments, strict=True):
            m.mul_(beta1).add_((1.0 - beta1) * grad)
            v.mul_(beta2).add_((1.0 - beta2) * grad * grad)
            p.sub_(self.case.lr * (m / m_scale) / ((v / v_scale).sqrt() + EPS))

    def start(self, shuffle: bool) -> None:
        self.shuffle = shuffle
        for p, first in zip(self.theta, self.first, strict=True):
            p.copy_(first)
        for array in (*self.state, self.steps):
            array.zero_()

    @torch.no_grad()
    def train(self, epochs: int) -> list[float]:
        losses = []
        for _ in range(epochs):
            self.total.zero_()
            for rows in self.batches():
                self.step(self.theta, self.state, self.total, self.steps, self.X, self.Y, rows)
            losses.append(self.total.item() / self.case.n_updates)
        return losses
