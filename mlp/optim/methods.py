"""The optimizers: SGD with momentum, Adagrad, RMSprop, Adam and AdamW."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from mlp._checks import check_bool
from mlp._replicas import check_fractions, check_not_negatives, check_positives
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
    momentum : float or array (K,)
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
        momentum: Rate = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(lr)
        self.momentum = check_fractions("momentum", momentum)
        self.nesterov = check_bool("nesterov", nesterov)
        if self.nesterov and not np.all(self.momentum):
            raise ValueError("momentum: received 0.0 with nesterov=True, expected a number > 0")

    @property
    def state_names(self) -> tuple[str, ...]:
        """``("velocity",)`` with momentum, else nothing."""
        return ("velocity",) * _is_used(self.momentum)

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        return (lr, self.momentum) if _is_used(self.momentum) else (lr,)

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        if not state:
            np.multiply(grad, sizes[0], out=delta)  # delta = lr grad
            return
        (lr, momentum), (velocity,) = sizes, state
        velocity *= momentum  # velocity = momentum velocity + grad
        velocity += grad
        if self.nesterov:
            np.multiply(velocity, momentum, out=delta)  # delta = lr (grad + momentum velocity)
            delta += grad
            delta *= lr
        else:
            np.multiply(velocity, lr, out=delta)  # delta = lr velocity


class Adagrad(Optimizer):
    """Adagrad: each parameter's rate falls with the sum of its squared gradients.

    ``total += grad**2`` and ``theta -= lr_t * grad / (sqrt(total) + eps)`` with
    ``lr_t = lr / (1 + step * lr_decay)``, where step is 0 at the first update.

    Parameters
    ----------
    lr : float, schedule or array (K,)
        The learning rate.
    lr_decay : float or array (K,)
        How fast `lr` itself falls, >= 0.
    initial_accumulator : float or array (K,)
        The initial value of each sum of squares, >= 0.
    eps : float or array (K,)
        Added to the divisor to keep it above 0; > 0.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter has the wrong type or is out of range.

    References
    ----------
    Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and stochastic
    optimization, JMLR 12, 2011; definition and defaults of ``torch.optim.Adagrad``.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.array([1.0, 1.0])
    >>> Adagrad(lr=0.5).step(theta, np.array([3.0, -0.001]))
    >>> theta.round(6)
    array([0.5, 1.5])
    """

    name = "adagrad"
    has_bounded_steps = True
    hyperparameters = ("lr_decay", "initial_accumulator", "eps")

    def __init__(
        self,
        lr: Rate | Callable[[int], Rate] = 0.01,
        lr_decay: Rate = 0.0,
        initial_accumulator: Rate = 0.0,
        eps: Rate = 1e-10,
    ) -> None:
        super().__init__(lr)
        self.lr_decay = check_not_negatives("lr_decay", lr_decay)
        self.initial_accumulator = check_not_negatives("initial_accumulator", initial_accumulator)
        self.eps = check_positives("eps", eps)

    @property
    def state_names(self) -> tuple[str, ...]:
        """``("total",)``, the sum of the squared gradients."""
        return ("total",)

    @property
    def initial_state(self) -> Rate:
        """`initial_accumulator`."""
        return self.initial_accumulator

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        return lr / (1.0 + (self.steps - 1) * self.lr_decay), self.eps

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        (lr, eps), (total,) = sizes, state
        np.multiply(grad, grad, out=delta)  # total = total + grad^2
        total += delta
        np.sqrt(total, out=delta)  # delta = lr grad / (sqrt(total) + eps)
        delta += eps
        np.divide(grad, delta, out=delta)
        delta *= lr


class RMSprop(Optimizer):
    """RMSprop: each gradient divided by a running root mean square of its past.

    ``v = alpha * v + (1 - alpha) * grad**2`` and ``theta -= lr * grad / (sqrt(v) + eps)``.
    If centered, the variance ``v - m**2`` replaces v, with m the running mean of the gradient.
    With momentum, ``velocity = momentum * velocity + grad / (sqrt(v) + eps)`` and
    ``theta -= lr * velocity``.

    Parameters
    ----------
    lr : float, schedule or array (K,)
        The learning rate.
    alpha : float or array (K,)
        The weight of the past in the running means, in [0, 1).
    eps : float or array (K,)
        Added to the divisor to keep it above 0; > 0.
    momentum : float or array (K,)
        In [0, 1); 0 means no momentum.
    centered : bool
        Whether to divide by the standard deviation instead of the root mean square.

    Raises
    ------
    TypeError, ValueError
        If a hyperparameter has the wrong type or is out of range.

    References
    ----------
    Hinton, Neural networks for machine learning, lecture 6e, 2012; Graves, Generating
    sequences with recurrent neural networks, 2013 (centered); definition and defaults of
    ``torch.optim.RMSprop``, except that a variance made negative by rounding counts as 0.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.array([1.0, 1.0])
    >>> RMSprop(lr=0.01).step(theta, np.array([5.0, -0.001]))
    >>> theta.round(4)
    array([0.9, 1.1])
    """

    name = "rmsprop"
    has_bounded_steps = True
    hyperparameters = ("alpha", "eps", "momentum", "centered")

    def __init__(
        self,
        lr: Rate | Callable[[int], Rate] = 0.01,
        alpha: Rate = 0.99,
        eps: Rate = 1e-8,
        momentum: Rate = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(lr)
        self.alpha = check_fractions("alpha", alpha)
        self.eps = check_positives("eps", eps)
        self.momentum = check_fractions("momentum", momentum)
        self.centered = check_bool("centered", centered)

    @property
    def state_names(self) -> tuple[str, ...]:
        """``"v"``, then ``"m"`` if centered, then ``"velocity"`` with momentum."""
        return ("v",) + ("m",) * self.centered + ("velocity",) * _is_used(self.momentum)

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        return lr, self.alpha, 1.0 - self.alpha, self.eps, self.momentum

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        (lr, alpha, rest, eps, momentum), v = sizes, state[0]  # rest = 1 - alpha
        v *= alpha  # v = alpha v + (1 - alpha) grad^2
        np.multiply(grad, grad, out=delta)
        delta *= rest
        v += delta
        if self.centered:
            m = state[1]
            np.subtract(grad, m, out=delta)  # m = m + (1 - alpha) (grad - m)
            delta *= rest
            m += delta
            np.multiply(m, m, out=delta)  # delta = v - m^2
            np.subtract(v, delta, out=delta)
            np.maximum(delta, 0.0, out=delta)
            np.sqrt(delta, out=delta)
        else:
            np.sqrt(v, out=delta)
        delta += eps  # delta = grad / (sqrt(v) + eps)
        np.divide(grad, delta, out=delta)
        if len(state) == 2 + self.centered:
            velocity = state[-1]
            velocity *= momentum  # velocity = momentum velocity + delta
            velocity += delta
            np.multiply(velocity, lr, out=delta)  # delta = lr velocity
        else:
            delta *= lr


class Adam(Optimizer):
    """Adam: momentum divided by a running root mean square, both corrected for bias.

    ``theta -= lr * m_hat / (sqrt(v_hat) + eps)``, where m_hat and v_hat are the bias-corrected
    running means of the gradient and of its square.

    Parameters
    ----------
    lr : float, schedule or array (K,)
        The learning rate.
    betas : (float, float)
        The weights of the past in the two running means, each in [0, 1) or an array (K,).
    eps : float or array (K,)
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
        betas: tuple[Rate, Rate] = (0.9, 0.999),
        eps: Rate = 1e-8,
    ) -> None:
        super().__init__(lr)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise TypeError(f"betas: received {betas!r}, expected two numbers from 0 to below 1")
        self.betas = (check_fractions("betas[0]", betas[0]), check_fractions("betas[1]", betas[1]))
        self.eps = check_positives("eps", eps)

    @property
    def state_names(self) -> tuple[str, ...]:
        """``("m", "v")``, the decayed sums of the gradient and of its square."""
        return ("m", "v")

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        beta1, beta2 = self.betas
        # m_hat = m / m_weight, v_hat = v / v_weight: the total weight of the gradients so far
        m_weight = (1.0 - _power(beta1, self.steps)) / (1.0 - beta1)
        v_weight = (1.0 - _power(beta2, self.steps)) / (1.0 - beta2)
        root = np.sqrt(v_weight) if isinstance(v_weight, np.ndarray) else sqrt(v_weight)
        return lr * (root / m_weight), self.eps * root, beta1, beta2

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        (m, v), (lr, eps, beta1, beta2) = state, sizes
        np.multiply(grad, grad, out=delta)
        v *= beta2  # v = beta2 v + grad^2
        v += delta
        np.sqrt(v, out=delta)  # delta = lr m / (sqrt(v) + eps)
        delta += eps
        # after v, so that the division finds m in the cache: 2 to 4 % of a step of 100,000
        m *= beta1  # m = beta1 m + grad
        m += grad
        np.divide(m, delta, out=delta)
        delta *= lr


class AdamW(Adam):
    """Adam with decoupled weight decay: ``theta *= 1 - lr * weight_decay`` before each update.

    Every parameter decays, biases too, as in ``torch.optim.AdamW``. Learning-rate factors of layers
    scale the decay, too.

    Parameters
    ----------
    lr, betas, eps
        As in `Adam`.
    weight_decay : float or array (K,)
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
        betas: tuple[Rate, Rate] = (0.9, 0.999),
        eps: Rate = 1e-8,
        weight_decay: Rate = 0.01,
    ) -> None:
        super().__init__(lr, betas, eps)
        self.weight_decay = check_not_negatives("weight_decay", weight_decay)

    def _step_sizes(self, lr: Rate) -> tuple[Rate, ...]:
        decay = lr * self.weight_decay
        return (*super()._step_sizes(lr), 1.0 - decay, decay)

    def _update(
        self, theta: Array, grad: Array, state: Sequence[Array], sizes: Sequence[Any], delta: Array
    ) -> None:
        *of_adam, keep, _ = sizes
        theta *= keep  # theta = (1 - lr weight_decay) theta
        super()._update(theta, grad, state, of_adam, delta)

    def _scaled_update(
        self,
        theta: Array,
        grad: Array,
        state: Sequence[Array],
        sizes: Sequence[Any],
        delta: Array,
        factors: Array,
    ) -> None:
        *of_adam, _, decay = sizes
        np.multiply(factors, decay, out=delta)  # theta = (1 - factor lr weight_decay) theta
        np.subtract(1.0, delta, out=delta)
        theta *= delta
        super()._update(theta, grad, state, of_adam, delta)
        delta *= factors


def _is_used(momentum: Rate) -> bool:
    """Return whether there is a velocity; an array of zeros may be what is left of others."""
    return isinstance(momentum, np.ndarray) or momentum != 0.0


def _power(base: Rate, n: int) -> Rate:
    """Return base**n; NumPy's own power of an array may differ from Python's in the last bit."""
    return np.array([b**n for b in base.tolist()]) if isinstance(base, np.ndarray) else base**n
