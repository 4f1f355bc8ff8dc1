"""Batch normalisation: each unit is centred and scaled over the rows of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import check_number
from mlp._types import Array
from mlp.core.norm_buffers import Pass
from mlp.core.normalization import Normalization
from mlp.core.parameters import Parameter
from mlp.core.views import View


class BatchNorm(Normalization):
    """Normalises each unit over the rows of the batch (Ioffe & Szegedy, 2015).

    ``A = gamma * (A_in - mean) / sqrt(var + eps) + beta``. In training, mean and variance of a
    unit are those of the batch, and the gradient is that of this function; outside training they
    are running ones, so that a row's output does not depend on the rows beside it.

    Parameters
    ----------
    momentum : float, default 0.1
        The share of the batch in the running statistics, from 0 to 1: ``running = (1 - momentum)
        * running + momentum * batch``, as in PyTorch. Keras and TensorFlow call 1 minus this the
        momentum.
    eps : float, default 1e-5
        What is added to the variance before its root is taken.
    first : mapping of str to float or array_like (n,), optional
        First values of "gamma" (1 by default), "beta" (0), "running_mean" (0) and "running_var"
        (1), such as those that another system has trained.

    Attributes
    ----------
    gamma, beta, dgamma, dbeta : ndarray (n,)
        The trained scale and shift of each unit and their gradients: views of the network's
        vectors, with a leading K for replicas. Penalties count neither, as they do no bias.
    running_mean, running_var : ndarray (n,)
        The running statistics, views of the network's `fixed`. Setting one copies into it.
    A : ndarray (batch, n)
        The output of the last pass.

    Raises
    ------
    ValueError, TypeError
        If a number is out of its range or a first value does not fit.

    Notes
    -----
    The width n is that of the layer before, or of the inputs.

    Training needs two rows in a batch: of one, every distance from the mean is zero and nothing
    would be learned. `MLP.loss_and_grad` and `Trainer.fit`, whose last batch of an epoch may be
    short, refuse a single row before anything is changed.

    The running variance takes in the unbiased variance of each batch, ``n / (n - 1)`` times the
    one it normalises by, as in PyTorch. Each `MLP.loss_and_grad` takes in its batch once;
    `MLP.predict`, `MLP.evaluate`, `MLP.input_gradient` and `check_gradients` take in nothing. A
    step that diverges leaves the running statistics as they were. Weights of rows and classes
    count in the loss, not in the statistics of the batch.

    The equations are the paper's algorithms 1 and 2: S. Ioffe and C. Szegedy, Batch
    normalization: accelerating deep network training by reducing internal covariate shift, ICML
    2015.

    Examples
    --------
    >>> import mlp
    >>> layers = [mlp.Dense(2, 3, "tanh"), mlp.BatchNorm(), mlp.Dense(3, 1)]
    >>> net = mlp.MLP(layers, loss="mse", seed=0)
    >>> X, Y = [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]], [[1.0], [0.0], [1.0]]
    >>> error, where = mlp.check_gradients(net, X, Y)
    >>> error < 1e-6
    True
    >>> loss = net.loss_and_grad(X, Y)  # a training forward: the running statistics move
    >>> net.layers[1].running_mean.round(3)
    array([-0.038,  0.01 , -0.005])
    """

    axis = -2
    least_rows = 2
    outputs = "any number"
    running_mean = View("params", "running_mean", "The running means ``(n,)``.")
    running_var = View("params", "running_var", "The running variances ``(n,)``.")

    _defaults: ClassVar[Mapping[str, float]] = {
        **Normalization._defaults,
        "running_mean": 0.0,
        "running_var": 1.0,
    }

    def __init__(
        self,
        momentum: float = 0.1,
        eps: float = 1e-5,
        *,
        first: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        expected = "a number from 0 to 1"
        self.momentum = check_number("momentum", momentum, expected, lambda x: 0.0 <= x <= 1.0)
        super().__init__(eps, first)

    def _parameters_of(self, width: int) -> tuple[Parameter, ...]:
        kind = {"trainable": False, "running": True}
        return (
            *super()._parameters_of(width),
            self._parameter("running_mean", width, **kind),
            self._parameter("running_var", width, **kind, least=0.0),
        )

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """A = gamma * (A_in - mean) / sqrt(var + eps) + beta."""
        if not training:
            return self._forward_with_running(A_in)
        A = super().forward(A_in, training, rng)
        self._take_in(self._bound.now)
        return A

    def _forward_with_running(self, A_in: Array) -> Array:
        bound, A = self._bound, self._bound.pass_of(A_in).A
        scale = self.scratch("scale", bound.gamma)
        np.add(bound.rows["running_var"], self.eps, out=scale)
        np.sqrt(scale, out=scale)
        np.divide(bound.gamma, scale, out=scale)  # scale = gamma / sqrt(running_var + eps)
        np.subtract(A_in, bound.rows["running_mean"], out=A)
        A *= scale
        A += bound.beta  # A = scale * (A_in - running_mean) + beta          (batch, n)
        return A

    def _take_in(self, now: Pass) -> None:
        """running = (1 - momentum) * running + momentum * that of the batch."""
        rows, m = self._bound.rows, self.momentum
        now.mean *= m
        rows["running_mean"] *= 1.0 - m
        rows["running_mean"] += now.mean
        now.var *= m * now.batch / (now.batch - 1)  # the unbiased variance
        rows["running_var"] *= 1.0 - m
        rows["running_var"] += now.var

    def _write_means(self, now: Pass) -> None:
        """Over the rows, gamma is constant: the sums are gamma * dbeta and gamma * dgamma."""
        bound = self._bound
        np.multiply(bound.gamma, bound.dbeta, out=now.c)
        now.c /= now.batch
        np.multiply(bound.gamma, bound.dgamma, out=now.d)
        now.d /= now.batch

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        given = [f"momentum={self.momentum:g}"] if self.momentum != 0.1 else []
        given += [f"eps={self.eps:g}"] if self.eps != 1e-5 else []
        return f"BatchNorm({', '.join(given)})"
