"""JAX: one jitted program an epoch, a `lax.scan` over its batches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from cases import BETAS, EPS, Case
from jax import Array

from competitors.base import Competitor, fastest

FORMS = ((True, 1), (True, 4), (False, 1))  # is a batch gathered within the scan; its unroll


class Jax(Competitor):
    """``lax.scan`` over the batches in one jitted epoch, its parameters donated.

    The permutation is NumPy's, drawn on the host while the device may still be busy (it is faster
    than `jax.random.permutation`), and losses are fetched when all epochs have been started. A
    trial chooses whether rows are gathered batch by batch or all before, and the scan's unroll.
    """

    def __init__(self, case: Case) -> None:
        jax.config.update("jax_enable_x64", case.dtype == "float64")
        self.case = case
        X, Y = case.data()
        targets = Y.astype(np.int32) if case.task == "classes" else Y
        self.X, self.Y = jnp.asarray(X), jnp.asarray(targets)
        epochs = {form: self._make_epoch(*form) for form in FORMS}
        self.epoch = epochs[FORMS[0]]

        def one_epoch(form: tuple[bool, int]) -> None:
            self.epoch = epochs[form]
            self.train(1)

        self.start(True)
        form = fastest(FORMS, one_epoch)
        self.epoch = epochs[form]
        self.form = f"gather {'in the scan' if form[0] else 'before'}, unroll {form[1]}"

    def _mean_loss(self, theta: Any, X: Array, Y: Array) -> Array:
        hidden = jax.nn.relu if self.case.hidden == "relu" else jax.nn.sigmoid
        A = X
        for W, b in theta[:-1]:
            A = hidden(A @ W + b)
        Z = A @ theta[-1][0] + theta[-1][1]
        if self.case.task == "classes":
            one_hot = jax.nn.one_hot(Y, Z.shape[-1], dtype=Z.dtype)
            return -(one_hot * jax.nn.log_softmax(Z)).sum(-1).mean()
        A = jax.nn.sigmoid(Z) if self.case.task == "sigmoid" else Z
        return 0.5 * jnp.square(A - Y).sum(-1).mean()

    def _update(self, carry: Any, X: Array, Y: Array) -> tuple[Any, Array]:
        theta, m, v, steps = carry
        loss, grads = jax.value_and_grad(self._mean_loss)(theta, X, Y)
        lr = self.case.lr
        if self.case.optimizer == "sgd":
            return (jax.tree.map(lambda p, grad: p - lr * grad, theta, grads), m, v, steps), loss
        beta1, beta2 = BETAS
        steps = steps + 1
        m = jax.tree.map(lambda m, grad: beta1 * m + (1 - beta1) * grad, m, grads)
        v = jax.tree.map(lambda v, grad: beta2 * v + (1 - beta2) * grad * grad, v, grads)
        m_scale, v_scale = 1 - beta1**steps, 1 - beta2**steps
        theta = jax.tree.map(
            lambda p, m, v: p - lr * (m / m_scale) / (jnp.sqrt(v / v_scale) + EPS), theta, m, v
        )
        return (theta, m, v, steps), loss

    def _make_epoch(self, gather_within: bool, unroll: int) -> Callable[..., tuple[Any, Array]]:
        @partial(jax.jit, donate_argnums=0)
        def epoch(carry: Any, order: Array, X: Array, Y: Array) -> tuple[Any, Array]:
            def step(carry: Any, batch: Any) -> tuple[Any, Array]:
                pair = (X[batch], Y[batch]) if gather_within else batch
                return self._update(carry, *pair)

            batches = order if gather_within else (X[order], Y[order])
            carry, losses = jax.lax.scan(step, carry, batches, unroll=unroll)
            return carry, losses.mean()

        return epoch

    def start(self, shuffle: bool) -> None:
        self.shuffle = shuffle
        self.rng = np.random.default_rng(0)
        theta = [(jnp.asarray(W), jnp.asarray(b)) for W, b in self.case.weights()]
        m, v = (
            ([], [])
            if self.case.optimizer == "sgd"
            else (jax.tree.map(jnp.zeros_like, theta), jax.tree.map(jnp.zeros_like, theta))
        )
        self.carry = jax.block_until_ready((theta, m, v, jnp.zeros((), self.case.dtype)))

    def train(self, epochs: int) -> list[float]:
        n = self.case.rows
        losses = []
        for _ in range(epochs):
            order = self.rng.permutation(n) if self.shuffle else np.arange(n)
            batches = order.astype(np.int32).reshape(-1, self.case.batch)
            self.carry, loss = self.epoch(self.carry, batches, self.X, self.Y)
            losses.append(loss)
        jax.block_until_ready(self.carry)
        return [float(loss) for loss in jax.device_get(losses)]
