"""What the classifier and the regressor share: checks, fits and the network below."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, is_regressor
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mlp._types import Array
from mlp.core import MLP, Activation, Loss
from mlp.core.layers import ActivatedLayer
from mlp.optim import Optimizer
from mlp.sklearn import saving
from mlp.sklearn.fitting.data import FitData, split_rows
from mlp.sklearn.fitting.lbfgs import check_no_batches, fit_by_lbfgs
from mlp.sklearn.fitting.optimizers import is_stochastic
from mlp.sklearn.fitting.stochastic import fit_in_batches
from mlp.sklearn.fitting.tasks import CallbackSupportMixin, FitTask
from mlp.sklearn.hidden import HiddenActivations
from mlp.sklearn.network import (
    dense_layers,
    hidden_activations,
    hidden_widths,
    make_network,
    structure_of,
)
from mlp.sklearn.rows import predict
from mlp.training import Callback, Metric
from mlp.training.callbacks.base import check_callbacks


class NetworkEstimator(HiddenActivations, TransformerMixin, CallbackSupportMixin, BaseEstimator):
    """The base of the estimators: a network, trained by the rules of scikit-learn's.

    Parameters
    ----------
    **params
        Those of the derived class, whose constructor names them.
    """

    hidden_layer_sizes: Any
    activation: str | Activation | Sequence[str | Activation]
    solver: str
    loss: str | Loss
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool | int
    warm_start: bool | str
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    optimizer: Optimizer | str | None
    dropout: float
    normalization: str | None
    metric: Any
    clip_norm: float | None
    callbacks: Sequence[Callback]
    dtype: Any
    _net: MLP
    _best_numbers: Array

    def __init__(self, **params: Any) -> None:
        for name, value in params.items():
            setattr(self, name, value)

    @property
    def coefs_(self) -> list[Array]:
        """The weights of each layer ``(n_in, n_out)``, views of the network's."""
        return [layer.W for layer in dense_layers(self._net)]

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of each layer ``(n_out,)``; zeros where a `BatchNorm` replaces them."""
        return [
            np.zeros(layer.n_out, layer.W.dtype) if layer.bias is None else layer.b
            for layer in dense_layers(self._net)
        ]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array_like or sparse matrix (n, n_features)
            The inputs.
        y : array_like (n,) or (n, n_outputs)
            The targets: classes, rows of labels 0 and 1, or numbers.
        sample_weight : array_like (n,), optional
            The weights of the rows; what counts is each weight's share of its batch.
        X_val, y_val : array_like, optional
            Validation data. ``validation_loss_curve_`` records its loss, and early stopping
            scores it, instead of a part of X.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If the data or a parameter does not fit, or the weights have not stayed finite.
        ZeroDivisionError
            If the weights of all rows, or of a batch, sum to zero; as in scikit-learn.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, incremental=False)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        *,
        incremental: bool,
    ) -> Self:
        self._check_combination(X_val, y_val, incremental)
        is_first = not hasattr(self, "_net") or not (self.warm_start or incremental)
        in_batches = is_stochastic(self)
        task = FitTask(self, X, y, sample_weight, self.max_iter if in_batches else 0)

        X, y = self._check_data(X, y, reset=is_first)
        with np.errstate(over="ignore"):  # a number beyond float64 is rejected as infinite
            weight = None if sample_weight is None else _check_sample_weight(sample_weight, X)
            if weight is not None and not np.isfinite(weight.sum()):
                raise ValueError("sample_weight: received weights whose sum is not finite")
        weight = self._row_weights(y, weight, incremental)
        if weight is not None and weight.sum() == 0.0:
            raise ZeroDivisionError("sample_weight: received weights that sum to zero")
        data = FitData(X, self._learn_targets(y, incremental), weight)
        self._random_state = check_random_state(self.random_state)
        if is_first:
            self._start(data)
        if in_batches and (is_first or not self._has_curves()):
            self._begin_curves()
        if not in_batches:
            fit_by_lbfgs(self, data)
        else:
            data, held_out = self._hold_out(data, X_val, y_val)
            fit_in_batches(self, data, held_out, incremental=incremental, task=task)
        task.end()
        return self

    def _check_combination(self, X_val: Any, y_val: Any, incremental: bool) -> None:
        """Raise ValueError or TypeError for parameters that do not fit each other."""
        hidden_activations(self.activation, len(hidden_widths(self.hidden_layer_sizes)))
        check_callbacks(self.callbacks)
        if not is_stochastic(self):
            check_no_batches(self, X_val)
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val, y_val: received one of them, expected both or none")
        if incremental and self.early_stopping and X_val is None:
            raise ValueError(
                "partial_fit does not support early_stopping=True without X_val and y_val"
            )

    def _check_data(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Return checked inputs and targets, as `sklearn.utils.validation.validate_data` does."""
        try:
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse=["csr", "csc"],
                multi_output=True,
                y_numeric=is_regressor(self),
                dtype=(np.float64, np.float32) if self.dtype is None else self.dtype,
                reset=reset,
            )
        except OverflowError as error:
            raise ValueError(f"X, y: received a number out of range, {error}") from None
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _start(self, data: FitData) -> None:
        """Make the network."""
        widths = hidden_widths(self.hidden_layer_sizes)
        activations = hidden_activations(self.activation, len(widths))
        n_outputs = self._n_outputs(data.targets)
        output, loss = self._output(data.targets)
        sizes = [data.X.shape[1], *widths, n_outputs]
        self._take_network(
            make_network(
                sizes,
                activations,
                output,
                loss,
                dropout=self.dropout,
                normalization=self.normalization,
                dtype=data.X.dtype,
                random_state=self._random_state,
            )
        )

    def _has_curves(self) -> bool:
        """Return whether the last fit recorded what this one continues."""
        scores = getattr(self, "validation_scores_", None)
        return hasattr(self, "loss_curve_") and (scores is not None) == self.early_stopping

    def _begin_curves(self) -> None:
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None
        self.best_loss_ = None if self.early_stopping else np.inf
        self._best_numbers = self._net._numbers
        self._no_improvement_count = 0

    def _take_network(self, net: MLP) -> None:
        """Become an estimator with this network."""
        self._net = net
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(dense_layers(net)) + 1
        self.n_outputs_ = net.n_out
        last = net.layers[-1]
        name = last._activation_name if isinstance(last, ActivatedLayer) else "identity"
        self.out_activation_ = "logistic" if name == "sigmoid" else name

    def _hold_out(self, data: FitData, X_val: Any, y_val: Any) -> tuple[FitData, FitData | None]:
        """Return the data to train on, and what is scored after each epoch."""
        if X_val is not None:
            X_val, y_val = self._check_data(X_val, y_val, reset=False)
            return data, FitData(X_val, self._targets(y_val), None)
        if not self.early_stopping:
            return data, None
        train, held_out = split_rows(
            data.X.shape[0], self.validation_fraction, self._random_state, self._strata(data)
        )
        return data.take(train), data.take(held_out)

    def _row_weights(
        self, y: Any, weight: NDArray[Any] | None, incremental: bool
    ) -> NDArray[Any] | None:
        """Return the weights of the rows, those of their classes included."""
        return weight

    def _learn_targets(self, y: Any, incremental: bool) -> NDArray[Any]:
        """Return the targets of the network; the classes are learnt from them, or checked."""
        return self._targets(y)

    @abstractmethod
    def _targets(self, y: Any) -> NDArray[Any]:
        """Return the targets of the network for targets of the user's."""

    @abstractmethod
    def _n_outputs(self, targets: NDArray[Any]) -> int:
        """Return the number of outputs."""

    @abstractmethod
    def _output(self, targets: NDArray[Any]) -> tuple[str | Activation, str | Loss]:
        """Return the last activation and the loss."""

    def _strata(self, data: FitData) -> NDArray[Any] | None:
        """Return what a split into training and validation data keeps the shares of."""
        return None

    @abstractmethod
    def _default_metric(self, weight: NDArray[Any] | None) -> Metric:
        """Return what early stopping compares."""

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return predict(self._net, X)

    def to_network(self) -> MLP:
        """Return a copy of the network, an `MLP` of this package.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        check_is_fitted(self)
        net = self._net.copy()
        if hasattr(self, "feature_names_in_"):
            net.feature_names = [str(name) for name in self.feature_names_in_]
        return net

    @classmethod
    def _of_network(cls, net: Any, params: Mapping[str, Any]) -> Self:
        """Return a fitted estimator with a copy of a network, and its structure as parameters."""
        if not isinstance(net, MLP) or net._lead:
            raise TypeError(f"net: received {net!r:.80}, expected an MLP without replicas")
        estimator = cls(**{**structure_of(net), **params})
        estimator._take_network(net.copy())
        estimator.n_features_in_ = net.n_in
        if net.feature_names is not None:
            estimator.feature_names_in_ = np.array(net.feature_names, dtype=object)
        estimator._net.feature_names = None  # scikit-learn checks the names
        estimator._begin_curves()
        return estimator

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file, without pickle; `load` reads it back.

        The file is that of `MLP.save`, from which `mlp.load` reads the network alone. It does not
        hold the optimizer's state.

        Parameters
        ----------
        path : path
            Taken as it is; end it in ``.npz``.

        Raises
        ------
        TypeError
            If a parameter is a custom object, a callback or a random generator.
        NotFittedError
            If the estimator has not been fitted.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        saving.save_estimator(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return the estimator that `save` wrote to a file; it predicts bit-identically.

        Raises
        ------
        FileFormatError
            If the file is corrupted, or of another kind or class.
        OSError
            If it cannot be read.
        """
        estimator: Self = saving.load_estimator(cls, path)
        return estimator

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_net")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def offers_partial_fit(estimator: Any) -> bool:
    """Return True, or raise AttributeError if the estimator is not fitted in batches."""
    if not is_stochastic(estimator):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True
