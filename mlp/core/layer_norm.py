"""Layer normalisation: each row is centred and scaled over its units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from mlp.core.norm_buffers import Pass
from mlp.core.normalization import Normalization


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

    def _write_means(self, now: Pass) -> None:
        """Over the units, gamma differs from number to number: the means are taken as they are."""
        now.mean_of(now.dN, out=now.c)
        np.multiply(now.dN, now.N, out=now.work)
        now.mean_of(now.work, out=now.d)

    def __repr__(self) -> str:
        """Return the call that makes the layer, without its numbers."""
        return "LayerNorm()" if self.eps == 1e-5 else f"LayerNorm(eps={self.eps:g})"
