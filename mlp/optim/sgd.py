"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mlp._checks import check_bool, check_fraction
from mlp._types import Array, Rate
from mlp.optim.base import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum or Nesterov's momentum.

    ``velocity = momentum * velocity + grad`` and ``theta -= lr * velocity``; with Nesterov's
    momentum ``theta -= lr * (grad + momentum * velocity)``; without momentum
    ``theta -= lr * grad``.

    Parameters
    ----------
    lr : float, schedule or array (K,)
        The learning rate.
    momentum : float
        In [0, 1); 0 is plain gradient descent, without state.
    nesterov : bool
        Whether to use Nesterov's momentum; requires momentum > 0.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter has the wrong type or is out of range.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, On the importance of initialization and momentum in
    deep learning, ICML 2013; in the form of ``torch.optim.SGD``, where lr multiplies the
    velocity instead of being part of it.

    Examples
    --------
    >>> import numpy as np
    >>> theta, grad = np.array([1.0, -1.0]), np.array([0.5, 0.0])
    >>> SGD(lr=0.1).step(theta, grad)
    >>> theta
    array([ 0.95, -1.  ])
    """

    name = "sgd"
    has_bounded_steps = True
    hyperparameters = ("momentum", "nesterov")

    def __init__(
        self,
        lr: Rate | Callable[[int], Rate] = 0.001,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(lr)
        self.momentum = check_fraction("momentum", momentum)
        self.nesterov = check_bool("nesterov", nesterov)
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("momentum: received 0.0 with nesterov=True, expected a number > 0")

    @property
    def state_names(self) -> tuple[str, ...]:
        """``("velocity",)`` with momentum, else nothing."""
        return ("velocity",) if self.momentum else ()

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        (lr,) = sizes
        if not self.momentum:
            np.multiply(grad, lr, out=delta)  # delta = lr grad
            return
        (velocity,) = state
        velocity *= self.momentum  # velocity = momentum velocity + grad
        velocity += grad
        if self.nesterov:
            np.multiply(velocity, self.momentum, out=delta)  # delta = lr (grad + momentum velocity)
            delta += grad
            delta *= lr
        else:
            np.multiply(velocity, lr, out=delta)  # delta = lr velocity
