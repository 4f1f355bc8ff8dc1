"""The flat vectors of a network, as attributes of the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mlp._types import Array
from mlp.core.parameters import Parameters


class Vectors:
    """The part of a network that shows its parameters; setting a vector copies into it."""

    _parameters: Parameters

    @property
    def theta(self) -> Array:
        """All trained parameters ``(P,)`` or ``(K, P)``, weights first."""
        return self._parameters.theta

    @theta.setter
    def theta(self, value: ArrayLike) -> None:
        self._parameters.assign("theta", value)

    @property
    def fixed(self) -> Array:
        """All numbers that no gradient trains, ``(F,)`` or ``(K, F)``.

        Layer by layer, they are the biases of layers with ``train_bias=False``, and then the
        running statistics. With theta they are all that the outputs depend on.
        """
        return self._parameters.fixed

    @fixed.setter
    def fixed(self, value: ArrayLike) -> None:
        self._parameters.assign("fixed", value)

    @property
    def _numbers(self) -> Array:
        """Theta and fixed in one array ``(P + F,)`` or ``(K, P + F)``, a copy."""
        return np.concatenate([self.theta, self.fixed], axis=-1)

    @_numbers.setter
    def _numbers(self, value: Array) -> None:
        self.theta, self.fixed = np.split(value, [self.theta.shape[-1]], axis=-1)

    @property
    def grad(self) -> Array:
        """The gradient of the last `loss_and_grad`, in the order of theta."""
        return self._parameters.grad

    @property
    def weights(self) -> Array:
        """The part of theta that penalties count: all weights, no biases; a view."""
        return self._parameters.weights

    def locate(self, index: int) -> str:
        """Return the name of the parameter at `index` of theta.

        Examples
        --------
        >>> import mlp
        >>> mlp.MLP.from_sizes([2, 3, 1], seed=0).locate(7)
        'layers[1] W[1, 0]'
        """
        return self._parameters.locate(index)
