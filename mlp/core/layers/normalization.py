"""Layers that normalise: over the rows of the batch, or over the units of each row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import check_number
from mlp._types import Array
from mlp.core.arrays import Products, empty, is_replicas_last
from mlp.core.layers.base import Layer, Parameter, View
from mlp.core.layers.per_unit import PerUnit


class Normalization(PerUnit):
    """The base of layers that normalise: ``A = gamma * N + beta``, N of mean 0 and variance 1.

    Means and variances are taken along `axis` of A_in ``(..., batch, n)``: over the rows for each
    unit, or over the units for each row.

    Parameters
    ----------
    eps : float
        What is added to a variance before its root is taken.
    first : mapping of str to float or array_like (n,), or None
        First values of parameters by their names.
    """

    axis: ClassVar[int]
    gamma = View("params", "gamma", "The scales ``(n,)``.")
    beta = View("params", "beta", "The shifts ``(n,)``.")
    dgamma = View("grads", "gamma", "The gradient of the scales.")
    dbeta = View("grads", "beta", "The gradient of the shifts.")

    _defaults: ClassVar[Mapping[str, float]] = {"gamma": 1.0, "beta": 0.0}
    _arrays: _Arrays
    _of_network = (
        *Layer._of_network,
        *("_gamma", "_beta", "_dgamma", "_dbeta", "_products", "_arrays"),
    )

    def __init__(self, eps: float, first: Mapping[str, ArrayLike] | None) -> None:
        # beyond, eps would not be itself in float32
        expected = "a number from 1e-30 to 1e30"
        self.eps = check_number("eps", eps, expected, lambda x: 1e-30 <= x <= 1e30)
        super().__init__(first)

    def _parameters_of(self, width: int) -> tuple[Parameter, ...]:
        return (self._parameter("gamma", width), self._parameter("beta", width))

    def bind(
        self,
        params: dict[str, Array],
        grads: dict[str, Array],
        dtype: np.dtype[np.floating[Any]],
        replicas: int | None,
    ) -> None:
        """Receive the views that the network has made for this layer."""
        super().bind(params, grads, dtype, replicas)
        # as rows (..., 1, n), in the shapes of the equations
        self._gamma, self._beta = params["gamma"][..., None, :], params["beta"][..., None, :]
        self._dgamma, self._dbeta = grads["gamma"][..., None, :], grads["beta"][..., None, :]
        self._products = Products()

    def forward(self, A_in: Array, training: bool, rng: np.random.Generator) -> Array:
        """Return A = gamma * N + beta."""
        arrays: _Arrays = self.kept("arrays", A_in, lambda A: _Arrays(self, A))
        self._arrays = arrays
        N, A = arrays.N, arrays.A
        self._normalize(A_in, arrays)
        np.multiply(N, self._gamma, out=A)
        A += self._beta  # A = gamma * N + beta                        (batch, n)
        return A

    def _normalize(self, A_in: Array, arrays: _Arrays) -> None:
        """N = (A_in - mean) / sqrt(var + eps), in two passes: the mean, then distances from it.

        Distances are first taken from the first number: a common offset costs no digits.
        mean, var and s have the shape ``(1, n)`` over rows and ``(batch, 1)`` over units.
        """
        N, mean, var, s = arrays.N, arrays.mean, arrays.var, arrays.s
        first = A_in[..., :1, :] if self.axis == -2 else A_in[..., :1]
        np.subtract(A_in, first, out=N)
        arrays.mean_of(N, out=mean)
        N -= mean  # N = A_in - mean                                  (batch, n)
        mean += first
        np.multiply(N, N, out=arrays.squares)
        arrays.mean_of(arrays.squares, out=var)  # var = mean of (A_in - mean)^2
        np.add(var, self.eps, out=s)
        np.sqrt(s, out=s)
        np.divide(1.0, s, out=s)  # s = 1 / sqrt(var + eps)
        N *= s  # N = (A_in - mean) * s                                (batch, n)

    def backward(self, dA: Array, need_dA_in: bool = True) -> Array | None:
        """Write dgamma and dbeta for dA = d loss / dA; return dA_in = d loss / dA_in.

        Mean and variance depend on A_in too: with c the mean of dN and d that of dN * N, along
        the axis, ``dA_in = s * (dN - c - N * d)``.
        """
        arrays = self._arrays
        N, dN, c, d, work = arrays.N, arrays.dN, arrays.c, arrays.d, arrays.work
        np.multiply(dA, N, out=work)
        arrays.sum_rows(work, out=self._dgamma)  # dgamma = sum of the rows of dA * N  (1, n)
        arrays.sum_rows(dA, out=self._dbeta)  # dbeta = sum of the rows of dA          (1, n)
        if not need_dA_in:
            return None
        np.multiply(dA, self._gamma, out=dN)  # dN = dA * gamma                (batch, n)
        self._write_means(arrays)
        np.multiply(N, d, out=work)
        dN -= c
        dN -= work
        dN *= arrays.s  # dA_in = s * (dN - c - N * d)                          (batch, n)
        return dN

    @abstractmethod
    def _write_means(self, arrays: _Arrays) -> None:
        """Write c, the mean of dN along the axis, and d, the mean of dN * N."""

    @property
    def A(self) -> Array:
        """The output of the last pass."""
        try:
            return self._arrays.A
        except AttributeError:
            raise AttributeError(f"{self!r} has no A before a pass") from None


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
        self._update_running(self._arrays)
        return A

    def _forward_with_running(self, A_in: Array) -> Array:
        arrays: _Arrays = self.kept("arrays", A_in, lambda A: _Arrays(self, A))
        self._arrays = arrays
        A, scale = arrays.A, self.scratch("scale", self._gamma)
        np.add(self.params["running_var"][..., None, :], self.eps, out=scale)
        np.sqrt(scale, out=scale)
        np.divide(self._gamma, scale, out=scale)  # scale = gamma / sqrt(running_var + eps)
        np.subtract(A_in, self.params["running_mean"][..., None, :], out=A)
        A *= scale
        A += self._beta  # A = scale * (A_in - running_mean) + beta          (batch, n)
        return A

    def _update_running(self, arrays: _Arrays) -> None:
        """running = (1 - momentum) * running + momentum * that of the batch."""
        # mean and var may be overwritten: backward needs only N and s
        m, mean, var = self.momentum, arrays.mean, arrays.var
        running_mean = self.params["running_mean"][..., None, :]
        running_var = self.params["running_var"][..., None, :]
        mean *= m
        running_mean *= 1.0 - m
        running_mean += mean
        var *= m * arrays.batch / (arrays.batch - 1)  # the unbiased variance
        running_var *= 1.0 - m
        running_var += var

    def _write_means(self, arrays: _Arrays) -> None:
        """Over the rows, gamma is constant: the sums are gamma * dbeta and gamma * dgamma."""
        c, d = arrays.c, arrays.d
        np.multiply(self._gamma, self._dbeta, out=c)
        c /= arrays.batch
        np.multiply(self._gamma, self._dgamma, out=d)
        d /= arrays.batch

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        given = [f"momentum={self.momentum:g}"] if self.momentum != 0.1 else []
        given += [f"eps={self.eps:g}"] if self.eps != 1e-5 else []
        return f"BatchNorm({', '.join(given)})"


class LayerNorm(Normalization):
    """Normalises each row over its units (Ba, Kiros & Hinton, 2016).

    ``A = gamma * (A_in - mean) / sqrt(var + eps) + beta`` with mean and variance of the row, in
    training and outside of it: no row depends on the rows beside it, and there are no running
    statistics.

    Parameters
    ----------
    eps : float, default 1e-5
        What is added to the variance before its root is taken.
    first : mapping of str to float or array_like (n,), optional
        First values of "gamma" (1 by default) and "beta" (0), such as those that another system
        has trained.

    Attributes
    ----------
    gamma, beta, dgamma, dbeta : ndarray (n,)
        The trained scale and shift of each unit and their gradients: views of the network's
        vectors, with a leading K for replicas. Penalties count neither, as they do no bias.
    A : ndarray (batch, n)
        The output of the last pass.

    Raises
    ------
    ValueError, TypeError
        If eps is out of its range or a first value does not fit.

    Notes
    -----
    The width n is that of the layer before, or of the inputs. The variance is the mean of the
    squared distances, divided by n as in the paper and in PyTorch.

    J. L. Ba, J. R. Kiros and G. E. Hinton, Layer normalization, arXiv:1607.06450, 2016,
    equations 3 and 4.

    Examples
    --------
    >>> import mlp
    >>> layers = [mlp.LayerNorm(), mlp.Dense(3, 1, weights=[[1.0], [0.0], [0.0]])]
    >>> net = mlp.MLP(layers, loss="mse")
    >>> net.predict([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]).round(3)
    array([[-1.225],
           [-1.225]])
    """

    axis = -1
    outputs = "any number"

    def __init__(self, eps: float = 1e-5, *, first: Mapping[str, ArrayLike] | None = None) -> None:
        super().__init__(eps, first)

    def _write_means(self, arrays: _Arrays) -> None:
        """Over the units, gamma differs from number to number: take the means as they are."""
        arrays.mean_of(arrays.dN, out=arrays.c)
        np.multiply(arrays.dN, arrays.N, out=arrays.work)
        arrays.mean_of(arrays.work, out=arrays.d)

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        return "LayerNorm()" if self.eps == 1e-5 else f"LayerNorm(eps={self.eps:g})"


class _Arrays:
    """The arrays of a normalising layer for one shape of its input, made when first needed.

    Means and variances are taken along `axis`, -2 for the rows or -1 for the units, where theirs
    has one element. Inputs that replicas share are normalised once, for all of them.
    """

    def __init__(self, layer: Normalization, A_in: Array) -> None:
        gamma, shape = layer._gamma, A_in.shape
        self.axis, self.shape, self.dtype = layer.axis, shape, gamma.dtype
        self.batch, self.n = shape[-2:]
        self.replicas_last = gamma.ndim == 3 and is_replicas_last(gamma)
        self.matmul = layer._products.matmul
        lead = gamma.shape[:-2] if len(shape) == 2 else ()
        self.A = self._empty((*lead, *shape))  # outputs, which replicas do not share

    def mean_of(self, X: Array, out: Array) -> None:
        """Write the mean along the axis into `out`."""
        if self.axis == -2:
            self.sum_rows(X, out)
            out /= self.batch
        else:
            np.add.reduce(X, axis=-1, keepdims=True, out=out)
            out /= self.n

    def sum_rows(self, X: Array, out: Array) -> None:
        """Write the sum of the rows of X ``(..., batch, n)`` into `out` ``(..., 1, n)``."""
        self.matmul(self.ones, X, out=out)

    @cached_property
    def ones(self) -> Array:
        """A row that sums rows: faster than ``X.sum(axis=-2)``."""
        return np.ones((1, self.batch), self.dtype)

    @cached_property
    def N(self) -> Array:
        """The normalised inputs."""
        return self._empty(self.shape)

    @cached_property
    def squares(self) -> Array:
        """The squares of the distances from the mean."""
        return self.work if self.work.shape == self.shape else self._empty(self.shape)

    @cached_property
    def work(self) -> Array:
        """An array for one product at a time."""
        return np.empty_like(self.A)

    @cached_property
    def dN(self) -> Array:
        """The derivative of the loss by N, which becomes that by A_in."""
        return np.empty_like(self.A)

    @cached_property
    def mean(self) -> Array:
        """The mean of the inputs along the axis."""
        return self._empty(self._shape_of_means(self.shape))

    @cached_property
    def var(self) -> Array:
        """Their variance."""
        return np.empty_like(self.mean)

    @cached_property
    def s(self) -> Array:
        """The scale of the distances from the mean, ``1 / sqrt(var + eps)``."""
        return np.empty_like(self.mean)

    @cached_property
    def c(self) -> Array:
        """The mean of dN along the axis."""
        return self._empty(self._shape_of_means(self.A.shape))

    @cached_property
    def d(self) -> Array:
        """The mean of dN * N along the axis."""
        return np.empty_like(self.c)

    def _shape_of_means(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-2], 1, self.n) if self.axis == -2 else (*shape[:-1], 1)

    def _empty(self, shape: tuple[int, ...]) -> Array:
        return empty(shape, self.dtype, len(shape) == 3 and self.replicas_last)
