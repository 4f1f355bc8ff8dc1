"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from mlp._checks import check_fraction, check_not_negative, check_positive
from mlp._types import Array, Rate
from mlp.optim.base import Optimizer


class Adam(Optimizer):
    """Adam: momentum divided by a running root mean square, both corrected for bias.

    ``theta -= lr * m_hat / (sqrt(v_hat) + eps)``, where m_hat and v_hat are the bias-corrected
    running means of the gradient and of its square.

    Parameters
    ----------
    lr : float, schedule or array (K,)
        The learning rate.
    betas : (float, float)
        The weights of the past in the two running means, each in [0, 1).
    eps : float
        Added to the divisor to keep it above 0; > 0.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter has the wrong type or is out of range.

    Notes
    -----
    The state holds the sums ``m = beta1 * m + grad`` and ``v = beta2 * v + grad**2``. The
    paper's means are ``(1 - beta1) * m`` and ``(1 - beta2) * v``; these factors and the bias
    corrections are part of the step's scalars, which saves two passes over memory.

    References
    ----------
    Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015; definition and
    defaults of ``torch.optim.Adam``.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.array([1.0, 1.0])
    >>> Adam(lr=0.1).step(theta, np.array([5.0, -0.001]))
    >>> theta.round(4)
    array([0.9, 1.1])
    """

    name = "adam"
    has_bounded_steps = True
    hyperparameters: ClassVar[tuple[str, ...]] = ("betas", "eps")

    def __init__(
        self,
        lr: Rate | Callable[[int], Rate] = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(lr)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise TypeError(f"betas: received {betas!r}, expected two numbers from 0 to below 1")
        self.betas = (check_fraction("betas[0]", betas[0]), check_fraction("betas[1]", betas[1]))
        self.eps = check_positive("eps", eps)

    @property
    def state_names(self) -> tuple[str, ...]:
        """``("m", "v")``, the decayed sums of the gradient and of its square."""
        return ("m", "v")

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        beta1, beta2 = self.betas
        # m_hat = m / m_weight, v_hat = v / v_weight: the total weight of the gradients so far
        m_weight = (1.0 - beta1**self.steps) / (1.0 - beta1)
        v_weight = (1.0 - beta2**self.steps) / (1.0 - beta2)
        return lr * (sqrt(v_weight) / m_weight), self.eps * sqrt(v_weight)

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        (m, v), (beta1, beta2), (lr, eps) = state, self.betas, sizes
        m *= beta1  # m = beta1 m + grad
        m += grad
        v *= beta2  # v = beta2 v + grad^2
        np.multiply(grad, grad, out=delta)
        v += delta
        np.sqrt(v, out=delta)  # delta = lr m / (sqrt(v) + eps)
        delta += eps
        np.divide(m, delta, out=delta)
        delta *= lr


class AdamW(Adam):
    """Adam with decoupled weight decay: ``theta *= 1 - lr * weight_decay`` before each update.

    Every parameter decays, biases too, as in ``torch.optim.AdamW``.

    Parameters
    ----------
    lr, betas, eps
        As in `Adam`.
    weight_decay : float
        The rate of decay, >= 0.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter has the wrong type or is out of range.

    References
    ----------
    Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019; definition and
    defaults of ``torch.optim.AdamW``.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.array([1.0, 1.0])
    >>> AdamW(lr=0.1, weight_decay=0.5).step(theta, np.array([5.0, 0.0]))
    >>> theta.round(4)
    array([0.85, 0.95])
    """

    name = "adamw"
    has_bounded_steps = True
    hyperparameters = ("betas", "eps", "weight_decay")

    def __init__(
        self,
        lr: Rate | Callable[[int], Rate] = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(lr, betas, eps)
        self.weight_decay = check_not_negative("weight_decay", weight_decay)

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        return (*super()._step_sizes(lr), 1.0 - lr * self.weight_decay)

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        lr, eps, keep = sizes
        theta *= keep  # theta = (1 - lr weight_decay) theta
        super()._update(theta, grad, state, (lr, eps), delta)
