"""The multilayer perceptron: layers in a row, a loss at the end, one flat parameter vector."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from mlp._checks import check_data, check_dtype, check_inputs, make_rng
from mlp._types import Array, LossValue
from mlp.core.activated import Activated
from mlp.core.activations import Activation
from mlp.core.copied import Copied
from mlp.core.layers import Layer
from mlp.core.losses import Loss, make_loss
from mlp.core.parameters import Parameters
from mlp.core.passes import Passes
from mlp.core.penalties import Penalty, check_penalty
from mlp.core.structure import (
    check_layers,
    check_pair,
    check_rows,
    is_canonical,
    layers_of_sizes,
    summarize,
    tell_widths,
)
from mlp.core.vectors import Vectors


class MLP(Vectors, Copied):
    """A multilayer perceptron.

    Parameters
    ----------
    layers : sequence of Layer
        From input to output; each layer belongs to one network.
    loss : str or Loss, default "squared_error"
        What training minimises: "squared_error", "mse", "mae", "huber", "cross_entropy",
        "binary_cross_entropy", "poisson", or an object of one's own.
    dtype : {"float64", "float32"}
        The type of all its numbers.
    seed : int, numpy.random.Generator or None
        Where the first weights come from; None for new ones each time.

    Attributes
    ----------
    theta, grad : ndarray ``(P,)`` or ``(K, P)``
        All trained parameters and the last gradient: weights first, then biases. Views of them
        are ``layers[i].W``, ``layers[i].dW`` and so on. Setting theta copies into it.
    fixed : ndarray ``(F,)`` or ``(K, F)``
        All other numbers that the outputs depend on: what no gradient trains. Setting it copies
        into it.
    layers : tuple of Layer
    loss : Loss
    replicas : int or None
        K for a network of replicas.

    Raises
    ------
    ValueError, TypeError
        If widths do not follow one another, a layer already belongs to a network, a name or
        dtype is unknown, or the loss has no meaning for the outputs of the last activation, as
        cross-entropy for those of relu.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([mlp.Dense(2, 3, "tanh"), mlp.Dense(3, 1)], loss="mse", seed=0)
    >>> net.predict([[0.0, 1.0], [1.0, 1.0]]).shape
    (2, 1)
    >>> net.theta.shape, net.layers[0].W.shape
    ((13,), (2, 3))
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        loss: str | Loss = "squared_error",
        *,
        dtype: DTypeLike = "float64",
        seed: int | np.random.Generator | None = None,
    ) -> None:
        layers, self.n_in, self.n_out = check_layers(layers)
        self.loss = copy.copy(make_loss(loss))  # work arrays are its own
        check_pair(layers[-1], self.loss)
        self.dtype = check_dtype(dtype)
        self.replicas: int | None = None
        self.layers = layers
        self._rng = make_rng(seed)
        self._build()
        self._parameters.initialize(self._rng)

    @classmethod
    def from_sizes(
        cls,
        sizes: Sequence[int],
        hidden: str | Activation = "relu",
        output: str | Activation = "identity",
        loss: str | Loss = "squared_error",
        *,
        dropout: float = 0.0,
        normalization: str | None = None,
        dtype: DTypeLike = "float64",
        seed: int | np.random.Generator | None = None,
    ) -> MLP:
        """Make a network of dense layers from the list of its widths.

        Parameters
        ----------
        sizes : sequence of int
            The widths from input to output, at least two.
        hidden, output : str or Activation
            The activation of all hidden layers, and of the last.
        loss, dtype, seed
            As in the constructor.
        dropout : float, default 0.0
            If positive, a `Dropout` of this rate follows each hidden layer.
        normalization : {None, "batch", "layer"}
            What stands between the weights and the activation of each hidden layer: nothing, a
            `BatchNorm`, which makes a bias needless, or a `LayerNorm`. The first weights of one
            seed are the same with all three.

        Examples
        --------
        >>> MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
        MLP([Dense(64, 32, 'relu'), Dense(32, 10, 'softmax')], loss='cross_entropy')
        >>> MLP.from_sizes([2, 3, 1], normalization="batch", seed=0).layers[:3]
        (Dense(2, 3, 'identity'), BatchNorm(), ActivationLayer('relu'))
        """
        layers = layers_of_sizes(sizes, hidden, output, dropout, normalization)
        return cls(layers, loss, dtype=dtype, seed=seed)

    def _build(self) -> None:
        """Allocate theta and grad, bind the layers, and pair the last activation with the loss."""
        tell_widths(self.layers, self.n_in)
        last = self.layers[-1]
        for layer in self.layers:
            if isinstance(layer, Activated):
                fused = layer is last and is_canonical(layer, self.loss)
                layer.canonical_loss = self.loss if fused else None
        self._parameters = Parameters(self.layers, self.dtype, self.replicas)
        self._passes = Passes(self.layers, self.loss)

    def initialize(self, seed: int | np.random.Generator | None = None) -> None:
        """Draw all parameters anew; those given as numbers return to these."""
        self._rng = make_rng(seed)
        self._parameters.initialize(self._rng)

    def predict(self, X: ArrayLike) -> Array:
        """Return the outputs, a fresh array.

        Parameters
        ----------
        X : array_like (n, n_in)
            The inputs; for a network of replicas also ``(K, n, n_in)``.

        Returns
        -------
        ndarray (n, n_out) or (K, n, n_out)
        """
        X = check_inputs(X, self.n_in, self.dtype, self.replicas)
        outputs = np.empty((*self.theta.shape[:-1], X.shape[-2], self.n_out), self.dtype)
        self._passes.outputs(X, outputs, self._rng)
        return outputs

    def loss_and_grad(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        penalty: Penalty | None = None,
        rng: np.random.Generator | None = None,
    ) -> LossValue:
        """Return the mean loss over the rows and fill `grad` with its gradient.

        A step of training without its update: dropout is at work, and `BatchNorm` normalises by
        the rows given and takes them into its running statistics.

        Parameters
        ----------
        X : array_like (n, n_in)
            The inputs.
        Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
            The targets.
        sample_weight : array_like (n,), optional
            What each row's loss is multiplied by before the mean over the n rows.
        penalty : Penalty, optional
            Added to the loss and to its gradient.
        rng : numpy.random.Generator, optional
            Where dropout draws from; the network's own generator by default.

        Returns
        -------
        float or ndarray (K,)
            The loss, one for each replica.

        Examples
        --------
        >>> import mlp
        >>> net = MLP([mlp.Dense(1, 1, weights=[[2.0]])], loss="squared_error")
        >>> net.loss_and_grad([[1.0], [2.0]], [[0.0], [0.0]])
        5.0
        >>> net.grad  # of W, then of b
        array([5., 3.])
        """
        check_penalty(penalty)
        X, Y, weight = self._check_data(X, Y, sample_weight)
        check_rows(self.layers, X.shape[-2])
        return self._loss_and_grad(X, Y, weight, penalty, rng or self._rng)

    def _loss_and_grad(
        self,
        X: Array,
        Y: Array,
        weight: Array | None,
        penalty: Penalty | None,
        rng: np.random.Generator,
    ) -> LossValue:
        """Do what `loss_and_grad` does, for data that has been checked."""
        with self._parameters.running:
            loss = self._passes.loss_and_grad(X, Y, weight, rng)
        if penalty:
            loss = loss + penalty.value(self.weights)
            penalty.add_gradient(self.weights, self._parameters.weights_grad)
        return loss

    def input_gradient(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Array:
        """Return the derivative of the mean loss by the inputs, ``(n, n_in)``; fills `grad`.

        As in `loss_and_grad`, whose parameters these are; running statistics stay as they are.
        """
        X, Y, weight = self._check_data(X, Y, sample_weight)
        check_rows(self.layers, X.shape[-2])
        with self._parameters.running as running:
            self._passes.loss_and_grad(X, Y, weight, rng or self._rng, need_dX=True)
            running.restore()
        return np.array(self._passes.dX)

    def evaluate(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        penalty: Penalty | None = None,
    ) -> LossValue:
        """Return the mean loss of `predict`'s outputs, without dropout; nothing is changed.

        The parameters are those of `loss_and_grad`.
        """
        check_penalty(penalty)
        X, Y, weight = self._check_data(X, Y, sample_weight)
        return self._evaluate(X, Y, weight, penalty)

    def _evaluate(
        self, X: Array, Y: Array, weight: Array | None, penalty: Penalty | None
    ) -> LossValue:
        """Do what `evaluate` does, for data that has been checked."""
        loss = self._passes.mean_loss(X, Y, weight, self._rng)
        return loss + penalty.value(self.weights) if penalty else loss

    def _check_data(
        self, X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Array, Array, Array | None]:
        sizes = (self.n_in, self.n_out)
        return check_data(X, Y, sample_weight, self.loss, sizes, self.dtype, self.replicas)

    def summary(self) -> str:
        """Return a table of the layers, their outputs and their parameters."""
        return summarize(self.n_in, self.layers, self.loss, self.dtype, self.replicas)

    def __repr__(self) -> str:
        """Return the call that makes the network, without its numbers."""
        layers = ", ".join(map(repr, self.layers))
        loss = getattr(self.loss, "name", repr(self.loss))
        each = f" x {self.replicas} replicas" if self.replicas else ""
        return f"MLP([{layers}], loss={loss!r}){each}"
