"""The optimizers that the parameters of an estimator ask for."""

from __future__ import annotations

import copy
from math import sqrt
from typing import Any

from mlp._types import Rate
from mlp.optim import SGD, Adam, Optimizer, make_optimizer

SMALLEST_RATE = 1e-6


class PaperAdam(Adam):
    """Adam with epsilon next to the root of the uncorrected mean square.

    ``theta -= lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + eps)``: the efficient form
    at the end of section 2 of Kingma and Ba (2015), which scikit-learn computes.
    """

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        size, _, beta1, beta2 = super()._step_sizes(lr)
        return size, self.eps / sqrt(1.0 - self.betas[1]), beta1, beta2


def is_stochastic(estimator: Any) -> bool:
    """Return whether an estimator is fitted in batches."""
    return estimator.optimizer is not None or estimator.solver in ("sgd", "adam")


def optimizer_of(estimator: Any) -> Optimizer:
    """Return a new optimizer with the parameters of an estimator."""
    lr = estimator.learning_rate_init
    if isinstance(estimator.optimizer, str):
        return make_optimizer(estimator.optimizer, lr=lr)
    if estimator.optimizer is not None:
        optimizer: Optimizer = copy.deepcopy(estimator.optimizer)
        optimizer.reset()
        return optimizer
    if estimator.solver == "adam":
        return PaperAdam(lr, (estimator.beta_1, estimator.beta_2), estimator.epsilon)
    if not estimator.momentum:
        return SGD(lr)
    sgd = SGD(lr, 0.5, nesterov=estimator.nesterovs_momentum)
    sgd.momentum = estimator.momentum  # scikit-learn allows 1, at which nothing slows down
    return sgd


def set_rate(optimizer: Optimizer, lr: float) -> None:
    """Change the rate of the gradients to come.

    In scikit-learn the velocity contains the rates of the past gradients; here the rate
    multiplies the velocity.
    """
    velocity = optimizer.state.get("velocity")
    if velocity is not None:
        velocity *= optimizer.lr / lr  # type: ignore[operator]
    optimizer.lr = lr
