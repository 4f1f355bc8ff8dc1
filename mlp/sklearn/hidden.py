"""Hidden activations as features: an estimator as a transformer."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mlp.core import MLP
from mlp.sklearn.network import hidden_parts
from mlp.sklearn.rows import predict


class HiddenActivations:
    """What makes an estimator a transformer: its hidden activations.

    This is no `TransformerMixin`, which would name the columns of every layer after the last one.
    """

    _net: MLP

    def transform(self, X: ArrayLike, layer: int = -1) -> Any:
        """Return the activations of a hidden layer.

        Parameters
        ----------
        X : array_like or sparse matrix (n, n_features)
            The inputs.
        layer : int, default -1
            Which hidden layer, counted from 0, or backwards from -1.

        Returns
        -------
        ndarray (n, n_units)
            Or what `set_output` asks for.

        Raises
        ------
        ValueError
            If X does not fit, or there is no such layer.
        """
        check_is_fitted(self)
        columns = _Columns(self, layer)
        columns.set_output(**getattr(self, "_sklearn_output_config", {}))
        return columns.transform(X)

    def get_feature_names_out(
        self, input_features: object = None, layer: int = -1
    ) -> NDArray[np.object_]:
        """Return the names of the activations of a hidden layer: ``mlpclassifier0`` and so on.

        Parameters
        ----------
        input_features : None
            Not used.
        layer : int, default -1
            Which hidden layer.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        check_is_fitted(self)
        return _Columns(self, layer).get_feature_names_out()


class _Columns(TransformerMixin, BaseEstimator):
    """The activations of one hidden layer, in the container and with the names of `set_output`."""

    def __init__(self, estimator: Any, layer: int) -> None:
        parts = hidden_parts(estimator._net)
        if isinstance(layer, bool) or not isinstance(layer, int | np.integer):
            raise TypeError(f"layer: received {layer!r}, expected a whole number")
        if not -len(parts) <= layer < len(parts):
            raise ValueError(
                f"layer: received {layer}, expected the number of one of {len(parts)} hidden layers"
            )
        net = estimator._net
        self.estimator = estimator
        self.net = MLP(list(map(copy.copy, parts[layer])), dtype=net.dtype, seed=0)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        X = validate_data(self.estimator, X, accept_sparse=["csr", "csc"], reset=False)
        return predict(self.net, X)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        prefix = type(self.estimator).__name__.lower()
        return np.array([f"{prefix}{i}" for i in range(self.net.n_out)], dtype=object)
