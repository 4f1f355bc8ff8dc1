"""JAX: `vmap` over a `lax.scan` of the whole run, in one jitted call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from competitors.base import fastest
from jax import Array
from numpy.typing import NDArray
from sweep_cases import SweepCase

from sweep_competitors.base import Sweep

jax.config.update("jax_enable_x64", True)

Multiply = Callable[[Array, Array], Array]


def by_dot(A: Array, W: Array) -> Array:
    return A @ W


def by_sum(A: Array, W: Array) -> Array:
    """Multiply as a sum that XLA can fuse with its surroundings; for tiny W."""
    return (A[:, :, None] * W).sum(1)


class Jax(Sweep):
    """``jit(vmap(run))`` with ``run`` a scan over epochs, and in each a scan over batches.

    With the full batch the loss of a step is the loss before its update, so that it is not
    computed again. For 2-2-2 a trial chooses between matrix products and fused sums.
    """

    def __init__(self, case: SweepCase, trial: bool = True) -> None:
        super().__init__(case, trial)
        X, Y = case.data()
        self.X, self.Y = jnp.asarray(X), jnp.asarray(Y)
        self.first = jax.tree.map(jnp.asarray, case.weights())
        self.rates = jnp.asarray(case.rates)
        forms = (by_sum, by_dot) if case.problem == "2-2-2" else (by_dot,)
        runs = {form: self._make(form) for form in forms}
        self.run = runs[forms[0]]

        def run_once(form: Multiply) -> None:
            self.run = runs[form]
            self.sweep()

        best = fastest(forms, run_once) if trial else forms[0]
        self.run, self.form = runs[best], best.__name__.replace("_", " ")

    def _make(self, multiply: Multiply) -> Callable[..., Array]:
        case = self.case

        def mean_loss(theta: Any, X: Array, Y: Array) -> Array:
            (W1, b1), (W2, b2) = theta
            if case.problem == "2-2-2":
                A = jax.nn.sigmoid(multiply(X, W1))
                return 0.5 * jnp.square(jax.nn.sigmoid(multiply(A, W2)) - Y).sum(-1).mean()
            Z = multiply(jax.nn.relu(multiply(X, W1) + b1), W2) + b2
            one_hot = jax.nn.one_hot(Y, Z.shape[-1], dtype=Z.dtype)
            return -(one_hot * jax.nn.log_softmax(Z)).sum(-1).mean()

        def update(theta: Any, rate: Array, X: Array, Y: Array) -> tuple[Any, Array]:
            loss, grads = jax.value_and_grad(mean_loss)(theta, X, Y)
            return jax.tree.map(lambda p, grad: p - rate * grad, theta, grads), loss

        def run(rate: Array, theta: Any, orders: Array, X: Array, Y: Array) -> Array:
            def step(theta: Any, rows: Array) -> tuple[Any, None]:
                return update(theta, rate, X[rows], Y[rows])[0], None

            def epoch(theta: Any, batches: Array) -> tuple[Any, Array]:
                if case.batch is None:
                    return update(theta, rate, X, Y)
                loss = mean_loss(theta, X, Y)
                return jax.lax.scan(step, theta, batches)[0], loss

            theta, losses = jax.lax.scan(epoch, theta, orders)
            return jnp.append(losses, mean_loss(theta, X, Y))

        return jax.jit(jax.vmap(run, in_axes=(0, None, None, None, None)))

    def sweep(self) -> NDArray[np.float64]:
        orders = self.case.orders(self.shuffle).astype(np.int32)
        return np.asarray(self.run(self.rates, self.first, orders, self.X, self.Y))
