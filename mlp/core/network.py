"""The multilayer perceptron: layers in a row, a loss at the end, one flat parameter vector."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from mlp._checks import check_data, check_dtype, check_inputs, check_names, make_rng
from mlp._hooks import HOOKS
from mlp._names import name_of
from mlp._types import Array, LossValue
from mlp.core.access import Access
from mlp.core.activations import Activation
from mlp.core.description import describe_layers, describe_loss, save_model
from mlp.core.html import Described
from mlp.core.layers import ActivatedLayer, Layer
from mlp.core.losses import Loss, Penalty, check_penalty, make_loss
from mlp.core.output import FusedOutput, Output, check_pair, make_output
from mlp.core.parameters import Parameters
from mlp.core.replicas import Copyable
from mlp.core.structure import check_layers, check_rows, layers_of_sizes, members_of, tell_widths

_NUMBERS_AT_ONCE = 1 << 17  # of the widest layer: digits, 2000 rows in 4/5 of the time of 256 rows


class MLP(Copyable, Described):
    """A multilayer perceptron.

    Parameters
    ----------
    layers : sequence of Layer
        From input to output; each layer belongs to one network.
    loss : str or Loss, default "squared_error"
        What training minimises: "squared_error", "mse", "mae", "huber", "pinball",
        "cross_entropy", "binary_cross_entropy", "poisson", or a custom loss.
    dtype : {"float64", "float32"}
        The dtype of all arrays.
    seed : int, numpy.random.Generator or None
        Seed of the initial weights; None draws different ones each time.

    Attributes
    ----------
    theta, grad : ndarray ``(P,)`` or ``(K, P)``
        All trained parameters and the last gradient: weights first, then biases. Views of them
        are ``layers[i].W``, ``layers[i].dW`` and so on. Assigning to theta copies in place.
    fixed : ndarray ``(F,)`` or ``(K, F)``
        All other numbers that the outputs depend on, which no gradient trains. Assigning to it
        copies in place.
    layers : tuple of Layer
    loss : Loss
    replicas : int or None
        K for a network of replicas.
    members : int or None
        k for a network whose layers are those of k members, such as `mlp.core.SharedDense`.
        The loss is then the mean of theirs, and `predict` returns ``(k, n, n_out)``.
    feature_names : list of str or None
        The names of the inputs. `Trainer.fit` takes them from the columns of a frame; a frame
        with other columns, or in another order, is then rejected everywhere. None accepts any.

    Raises
    ------
    ValueError, TypeError
        If the widths of two layers do not match, a layer already belongs to a network, a name or
        dtype is unknown, or the loss has no meaning for the outputs of the last activation, such
        as cross-entropy after relu.

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
        self._feature_names = None
        self._rng = make_rng(seed)
        try:
            self._build()
            self._parameters.initialize(self._rng)
        except BaseException:
            for layer in layers:
                layer.unbind()
            raise

    @classmethod
    def from_sizes(
        cls,
        sizes: Sequence[int],
        hidden: str | Activation | Sequence[str | Activation] = "relu",
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
        hidden : str, Activation or list of them
            The activation of all hidden layers, or of each.
        output : str or Activation
            The activation of the last layer.
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
        """Allocate theta and grad, bind the layers to them, and join the last with the loss."""
        layers = self.layers
        tell_widths(layers, self.n_in)
        self.members = members_of(layers, self.replicas)
        self._output = make_output(layers[-1], self.loss, self.members)
        for layer in layers:
            if isinstance(layer, ActivatedLayer):
                layer.fused = None
        if isinstance(self._output, FusedOutput):
            self._output.layer.fused = self._output
        self._parameters = Parameters(layers, self.dtype, self.replicas)
        self._access = Access(layers, self._output)
        # nothing before the first layer with parameters needs a derivative
        first = next((i for i, layer in enumerate(layers) if layer.parameters()), 0)
        # how many rows go through the layers at once outside training; it does not depend on the
        # number of replicas: each is bit-identical to its run alone
        widest = max(self.n_in, *(layer.n_out or 0 for layer in layers))
        self._block = min(max(_NUMBERS_AT_ONCE // widest, 256), 1024)
        self._backward = [(layers[i], i > first) for i in range(len(layers) - 1, first - 1, -1)]

    def initialize(self, seed: int | np.random.Generator | None = None) -> None:
        """Draw all parameters anew; those given as numbers are reset to them."""
        rng = make_rng(seed)
        self._access.begin_write("initialize")
        try:
            self._rng = rng
            self._parameters.initialize(rng)
        finally:
            self._access.end_write()

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
    def feature_names(self) -> list[str] | None:
        """The names of the inputs, if the network was trained on a frame with named columns."""
        return self._feature_names

    @feature_names.setter
    def feature_names(self, names: Sequence[str] | None) -> None:
        if names is not None:
            names = check_names("feature_names", names, self.n_in)
        self._feature_names: list[str] | None = names

    @property
    def grad(self) -> Array:
        """The gradient of the last `loss_and_grad`, in the order of theta."""
        return self._parameters.grad

    @property
    def _lead(self) -> tuple[int, ...]:
        """The leading axis of the outputs: that of the replicas or members, if there are any."""
        copies = self.replicas or self.members
        return () if copies is None else (copies,)

    @property
    def weights(self) -> Array:
        """The part of theta that penalties count: all weights, no biases; a view."""
        return self._parameters.weights

    def locate(self, index: int) -> str:
        """Return the name of the parameter at `index` of theta.

        Raises
        ------
        TypeError, IndexError
            If `index` is no whole number, or there is no such parameter.

        Examples
        --------
        >>> import mlp
        >>> mlp.MLP.from_sizes([2, 3, 1], seed=0).locate(7)
        'layers[1] W[1, 0]'
        """
        return self._parameters.locate(index)

    def predict(self, X: ArrayLike) -> Array:
        """Return the outputs, a fresh array.

        Any number of threads may call `predict` and `evaluate` of one network at once; each
        gets the numbers that it would get alone.

        Parameters
        ----------
        X : array_like (n, n_in)
            The inputs; for a network of replicas also ``(K, n, n_in)``.

        Returns
        -------
        ndarray (n, n_out) or (K, n, n_out)

        Raises
        ------
        ValueError, TypeError
            If X does not fit.
        RuntimeError
            If another thread trains the network.
        """
        X = check_inputs(X, self.n_in, self.dtype, self.replicas, self._feature_names)
        outputs = np.empty((*self._lead, X.shape[-2], self.n_out), self.dtype)
        layers, _ = self._access.begin_read("predict")
        try:
            for rows in _blocks(X.shape[-2], self._block):
                outputs[..., rows, :] = _forward(layers, X[..., rows, :], False, self._rng)
        finally:
            self._access.end_read(layers)
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

        A step of training without its update: dropout is active, and `BatchNorm` normalises by
        the rows given and updates its running statistics.

        Parameters
        ----------
        X : array_like (n, n_in)
            The inputs: an array, or a frame or tensor, which is converted.
        Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
            The targets; for one output also ``(n,)``.
        sample_weight : array_like (n,), optional
            What each row's loss is multiplied by before the mean over the n rows; with K replicas
            or members also ``(K, n)``.
        penalty : Penalty, optional
            Added to the loss and to its gradient.
        rng : numpy.random.Generator, optional
            Where dropout draws from; the network's own generator by default.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        RuntimeError
            If another thread is using the network: a call that writes must be alone.

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
        check_penalty(penalty, self.replicas)
        X, Y, weight = self._check_data(X, Y, sample_weight)
        check_rows(self.layers, X.shape[-2])
        rng = self._checked(rng)
        if penalty is not None:  # its work arrays may be in use in another thread
            penalty = copy.copy(penalty)
        self._access.begin_write("loss_and_grad")
        try:
            return self._loss_and_grad(X, Y, weight, penalty, rng)
        finally:
            self._access.end_write()

    def _loss_and_grad(
        self,
        X: Array,
        Y: Array,
        weight: Array | None,
        penalty: Penalty | None,
        rng: np.random.Generator,
    ) -> LossValue:
        """Do what `loss_and_grad` does, for data that has been checked."""
        running = self._parameters.running
        if running is not None:
            running.save()
        try:
            loss, _ = self._backpropagate(X, Y, weight, rng)
        except BaseException:  # Ctrl-C, too
            if running is not None:
                running.restore()
            raise
        if penalty:
            loss = loss + penalty.value(self.weights)
            penalty.add_gradient(self.weights, self._parameters.weights_grad)
        return loss

    def _backpropagate(
        self,
        X: Array,
        Y: Array,
        weight: Array | None,
        rng: np.random.Generator,
        need_dX: bool = False,
    ) -> tuple[LossValue, Array | None]:
        """Go forward, then back; return the loss and dX. The layers write their gradients."""
        A = _forward(self.layers, X, True, rng)
        loss: LossValue = self._output.total(A, Y, weight) / X.shape[-2]

        dA: Array | None = self._output.gradient(A, Y, weight)  # d loss / dA, (..., batch, n_out)
        order = [(layer, True) for layer in reversed(self.layers)] if need_dX else self._backward
        for layer, need_dA_in in order:
            dA = layer.backward(dA, need_dA_in)  # type: ignore[arg-type]
        return loss, dA

    def input_gradient(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Array:
        """Return the derivative of the mean loss by the inputs, of their shape; fills `grad`.

        The parameters are those of `loss_and_grad`. Running statistics stay as they are.

        Returns
        -------
        ndarray (n, n_in) or (K, n, n_in)
        """
        X, Y, weight = self._check_data(X, Y, sample_weight)
        check_rows(self.layers, X.shape[-2])
        rng, running = self._checked(rng), self._parameters.running
        self._access.begin_write("input_gradient")
        try:
            if running is not None:
                running.save()
            try:
                _, dX = self._backpropagate(X, Y, weight, rng, need_dX=True)
                return np.array(dX)
            finally:
                if running is not None:
                    running.restore()
        finally:
            self._access.end_write()

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
        check_penalty(penalty, self.replicas)
        X, Y, weight = self._check_data(X, Y, sample_weight)
        if penalty is not None:
            penalty = copy.copy(penalty)
        layers, output = self._access.begin_read("evaluate")
        try:
            loss: LossValue = self._total_loss(X, Y, weight, None, layers, output) / X.shape[-2]
            return loss + penalty.value(self.weights) if penalty else loss
        finally:
            self._access.end_read(layers)

    def _evaluate(
        self, X: Array, Y: Array, weight: Array | None, penalty: Penalty | None
    ) -> LossValue:
        """Do what `evaluate` does, for data that has been checked."""
        loss: LossValue = self._total_loss(X, Y, weight) / X.shape[-2]
        return loss + penalty.value(self.weights) if penalty else loss

    def _total_loss(
        self,
        X: Array,
        Y: Array,
        weight: Array | None,
        out: Array | None = None,
        layers: Sequence[Layer] | None = None,
        output: Output | None = None,
    ) -> LossValue:
        """Return the sum of weight * loss over the rows, outside training; outputs go to `out`."""
        layers, output = layers or self.layers, output or self._output
        total: LossValue = 0.0
        for rows in _blocks(X.shape[-2], self._block):
            A = _forward(layers, X[..., rows, :], False, self._rng)
            if out is not None:
                out[..., rows, :] = A
            block_weight = None if weight is None else weight[..., rows]
            total = total + output.total(A, Y[..., rows, :], block_weight)
        return total

    def _batch_loss(self, X: Array, Y: Array, weight: Array | None) -> LossValue:
        """Return the mean loss with the statistics of these rows, but without dropout.

        Running statistics move, as in training.
        """
        A = X
        for layer in self.layers:
            has_running = any(p.running for p in layer.parameters())
            A = layer.forward(A, has_running, self._rng)
        mean: LossValue = self._output.total(A, Y, weight) / X.shape[-2]
        return mean

    def _checked(self, rng: object) -> np.random.Generator:
        """Return the generator that was given, or the network's own."""
        if rng is None:
            return self._rng
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng: received {rng!r}, expected a numpy Generator or None")
        return rng

    def _check_data(
        self, X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Array, Array, Array | None]:
        sizes = (self.n_in, self.n_out)
        names = self._feature_names
        copies = (self.replicas, self.members)
        return check_data(X, Y, sample_weight, self.loss, sizes, self.dtype, copies, names)

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Write the network to a file; `mlp.load` reads it back, bit-identical.

        The same network gives the same bytes, without pickle. The file is replaced as a whole or
        not at all. It holds the structure, all parameters, running statistics and initial values
        that were given as numbers; no gradient, optimizer or random generator.

        Parameters
        ----------
        path : path
            Taken as it is; end it in ``.npz``.
        metadata : mapping, optional
            What else belongs to the network, such as the names of its classes, for
            `mlp.files.read_model`: a tree of dicts, lists, strings, numbers, booleans, None and
            arrays.

        Raises
        ------
        TypeError
            If a layer, activation, loss or initializer is custom.
        ValueError
            If a parameter is not finite. In both cases no file has been touched.
        OSError
            If the file cannot be written; an earlier file is unchanged.
        """
        save_model(path, self._describe(), metadata)

    def _describe(self) -> dict[str, Any]:
        """Return the network as a tree for a file; its arrays are views."""
        if type(self) is not MLP:
            raise TypeError(f"net: received {self!r} of {type(self).__name__}, expected an MLP")
        names = self._feature_names
        return {
            "dtype": self.dtype.name,
            "replicas": self.replicas,
            **({} if names is None else {"feature_names": names}),
            "loss": describe_loss(self.loss),
            "layers": describe_layers(self.layers),
        }

    def to_torch(self) -> Any:
        """Return the network as a PyTorch ``nn.Sequential``; see `mlp.export.to_torch`.

        Raises
        ------
        TypeError, ValueError
            If a layer or an activation is custom, or the network has replicas.
        ImportError
            If PyTorch is not installed.
        """
        return HOOKS["to_torch"](self)

    def __repr__(self) -> str:
        """Return the call that makes the network, without its numbers."""
        layers = ", ".join(map(repr, self.layers))
        loss = name_of(self.loss)
        each = f" x {self.replicas} replicas" if self.replicas else ""
        return f"MLP([{layers}], loss={loss!r}){each}"


def _forward(layers: Sequence[Layer], X: Array, training: bool, rng: np.random.Generator) -> Array:
    """Return the output for X ``(..., batch, n_in)``, an array that the last layer owns."""
    A = X
    for layer in layers:
        A = layer.forward(A, training, rng)  # (..., batch, n_out of the layer)
    return A


def _blocks(n_rows: int, size: int) -> Iterator[slice]:
    """Cut the rows into blocks, so that a pass over many rows needs little memory."""
    return (slice(start, start + size) for start in range(0, n_rows, size))
