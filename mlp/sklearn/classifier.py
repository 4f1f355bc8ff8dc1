"""The classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels

from mlp._names import name_of
from mlp._types import Array
from mlp.core import MLP, Activation, Loss, make_loss
from mlp.core.layers import ActivatedLayer
from mlp.core.losses import BinaryCrossEntropy, CrossEntropy
from mlp.optim import Optimizer
from mlp.sklearn.base import NetworkEstimator, offers_partial_fit
from mlp.sklearn.fitting.data import FitData
from mlp.sklearn.fitting.scores import WeightedAccuracy
from mlp.sklearn.losses import BinaryLogLoss, LogLoss
from mlp.sklearn.network import with_output
from mlp.sklearn.parameters import OF_CLASSIFIER
from mlp.training import Callback, Metric


class MLPClassifier(ClassifierMixin, NetworkEstimator):
    """A multilayer perceptron for classes, in place of `sklearn.neural_network.MLPClassifier`.

    With scikit-learn's parameters it draws the same weights, visits the same batches and has the
    same ``loss_curve_``, weights and predictions, up to rounding (in float64, with scikit-learn
    1.9); the parameters from `loss` on are this package's. Two classes have one logistic output,
    more have softmax, and rows of labels 0 and 1 (multilabel) one logistic output for each label.

    Parameters
    ----------
    hidden_layer_sizes : int or array_like of int, default (100,)
        The widths of the hidden layers.
    activation : str, Activation or list of them, default "relu"
        The activation of all hidden layers, or of each: "logistic", "tanh", "relu", "identity",
        and all others of this package, such as "gelu" or "silu".
    solver : {"adam", "sgd", "lbfgs"}
        How the loss is minimised.
    alpha : float, default 0.0001
        The penalty: ``1/2 * alpha * sum of W^2`` is added to the sum of the losses of a batch.
    batch_size : int or "auto"
        Rows per batch; "auto" is ``min(200, n)``.
    learning_rate : {"constant", "invscaling", "adaptive"}
        For ``solver="sgd"``: the rate stays; falls with the number ``t_`` of rows seen as
        ``learning_rate_init / (t_ + 1) ** power_t``; or is divided by 5 when nothing improves.
    learning_rate_init : float, default 0.001
        The learning rate of the first epoch.
    power_t : float, default 0.5
        The exponent of "invscaling".
    max_iter : int, default 200
        The largest number of epochs, or of iterations of L-BFGS.
    shuffle : bool, default True
        Whether each epoch visits the rows in a new order.
    random_state : int, RandomState or None
        Draws the initial weights, the validation data and the order of the rows.
    tol : float, default 0.0001
        The least improvement of an epoch that counts; for L-BFGS, the gradient to stop at.
    verbose : bool, default False
        Whether each epoch is printed.
    warm_start : bool or "optimizer"
        Whether `fit` continues with the present weights; "optimizer" also keeps the optimizer's
        state, such as the moments of Adam.
    momentum : float, default 0.9
        For ``solver="sgd"``.
    nesterovs_momentum : bool, default True
        Whether to use Nesterov momentum.
    early_stopping : bool, default False
        Whether to hold out validation data, to stop when its score no longer improves, and to
        return to the best weights.
    validation_fraction : float, default 0.1
        The share of the rows that are held out.
    beta_1, beta_2, epsilon : float
        The parameters of Adam.
    n_iter_no_change : int or inf, default 10
        How many epochs in a row may pass without improvement.
    max_fun : int, default 15000
        The largest number of evaluations of the loss by L-BFGS.
    optimizer : Optimizer or str, optional
        An optimizer of this package in place of `solver`: a name, with `learning_rate_init` as
        its rate, or an object, which is copied.
    dropout : float, default 0.0
        If positive, a `Dropout` of this rate follows each hidden layer.
    normalization : {None, "batch", "layer"}
        A `BatchNorm` or `LayerNorm` in front of the activation of each hidden layer.
    metric : str, Metric or function, optional
        What early stopping compares: "loss", or a metric of this package; by default the accuracy.
        A quantity where lower is better is negated in ``validation_scores_``.
    clip_norm : float, optional
        The largest norm of the gradient; a longer one is scaled down to it.
    callbacks : list of Callback
        Callbacks of this package.
    dtype : {"float64", "float32"}, optional
        The dtype of the network; by default that of X.
    loss : str or Loss, default "log_loss"
        "log_loss" is scikit-learn's: cross-entropy (its binary form for one output or several
        labels) that counts at most 36 for a row. "cross_entropy" and "binary_cross_entropy" have no
        such bound. Any other loss of this package is possible.
    class_weight : "balanced", dict or list of dict, optional
        The weights of the classes, as `sklearn.utils.class_weight.compute_sample_weight` takes
        them; they multiply `sample_weight`.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
        The classes.
    coefs_, intercepts_ : list of ndarray
        The weights ``(n_in, n_out)`` and biases ``(n_out,)`` of each layer: views.
    loss_, best_loss_ : float
        The loss of the last epoch and the least one.
    loss_curve_ : list of float
        The loss of each epoch.
    validation_loss_curve_ : list of float
        The loss on the validation data after each epoch, without penalty and row weights.
    validation_scores_, best_validation_score_ : list of float, float
        The scores of early stopping, and the best one; None without it.
    n_iter_, t_ : int
        The number of epochs, and of rows seen by all fits.
    n_layers_, n_outputs_, out_activation_
        The layers (inputs included), the outputs and the last activation.

    Raises
    ------
    ValueError, TypeError
        Only by `fit`, by the rule of scikit-learn: if a parameter is out of range.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier([9, 5], activation=["silu", "tanh"], solver="lbfgs", random_state=0)
    >>> model.set_params(tol=0.01).fit(X, y).score(X, y) > 0.9
    True
    >>> model.transform(X).shape
    (150, 5)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = OF_CLASSIFIER
    classes_: NDArray[Any]
    class_weight: Any
    _label_binarizer: Any

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool | str = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        class_weight: Any = None,
        optimizer: Optimizer | str | None = None,
        dropout: float = 0.0,
        normalization: str | None = None,
        metric: Any = None,
        clip_norm: float | None = None,
        callbacks: Sequence[Callback] = (),
        dtype: Any = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            loss=loss,
            class_weight=class_weight,
            optimizer=optimizer,
            dropout=dropout,
            normalization=normalization,
            metric=metric,
            clip_norm=clip_norm,
            callbacks=callbacks,
            dtype=dtype,
        )

    def _row_weights(
        self, y: Any, weight: NDArray[Any] | None, incremental: bool
    ) -> NDArray[Any] | None:
        if self.class_weight is None:
            return weight
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight: received 'balanced' in partial_fit, which does not know how often "
                "each class occurs, expected a dict"
            )
        of_classes: NDArray[np.float64] = compute_sample_weight(self.class_weight, y)
        return of_classes if weight is None else weight * of_classes

    def _learn_targets(self, y: Any, incremental: bool) -> NDArray[Any]:
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
            return self._encoded(y)
        classes = unique_labels(y)
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        return self._targets(y)

    def _targets(self, y: Any) -> NDArray[Any]:
        classes = unique_labels(y)
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        return self._encoded(y)

    def _encoded(self, y: Any) -> NDArray[Any]:
        """Return the number of the class of each row, or rows of False and True."""
        if self._label_binarizer.y_type_ == "multiclass":
            labels: NDArray[np.intp] = np.searchsorted(self.classes_, y)
            return labels
        rows: NDArray[np.bool_] = self._label_binarizer.transform(y).astype(bool)
        if hasattr(self, "_net") and self._net.n_out == 2 and rows.shape[1] == 1:
            return rows[:, 0].astype(np.intp)  # of a network with softmax for two classes
        return rows

    def _n_outputs(self, targets: NDArray[Any]) -> int:
        return len(self.classes_) if targets.ndim == 1 else int(targets.shape[1])

    def _output(self, targets: NDArray[Any]) -> tuple[str | Activation, str | Loss]:
        is_multiclass = targets.ndim == 1
        loss = self.loss
        if loss == "log_loss":
            loss = LogLoss() if is_multiclass else BinaryLogLoss()
        elif not is_multiclass and make_loss(loss).takes_labels:
            raise ValueError(
                f"loss: received {loss!r} for {self._label_binarizer.y_type_} targets, which have "
                "logistic outputs, expected 'log_loss' or another loss"
            )
        return "softmax" if is_multiclass else "sigmoid", loss

    def _strata(self, data: FitData) -> NDArray[Any] | None:
        return data.targets if self.n_outputs_ == 1 else None

    def _default_metric(self, weight: NDArray[Any] | None) -> Metric:
        return WeightedAccuracy(weight)

    @available_if(offers_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, continuing with weights and optimizer of the last call.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val
            As in `fit`. Early stopping, which then only records the scores, needs X_val and y_val.
        classes : array_like (n_classes,)
            All classes; required in the first call only.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError, ZeroDivisionError
            As `fit`.
        """
        if _check_partial_fit_first_call(self, classes):
            is_multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if is_multilabel else classes)
        return self._fit(X, y, sample_weight, X_val, y_val, incremental=True)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the classes ``(n,)``, or rows of labels 0 and 1.

        Parameters
        ----------
        X : array_like or sparse matrix (n, n_features)
            The inputs.

        Raises
        ------
        ValueError
            If X does not fit.
        NotFittedError
            If the estimator has not been fitted.
        """
        outputs = self._outputs(X)
        if self._label_binarizer.y_type_ == "binary":
            outputs = outputs[:, -1]
        classes: NDArray[Any] = self._label_binarizer.inverse_transform(outputs)
        return classes

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each class ``(n, n_classes)``, or of each label.

        Parameters
        ----------
        X : array_like or sparse matrix (n, n_features)
            The inputs.

        Raises
        ------
        ValueError, NotFittedError
            As `predict`.
        """
        outputs = self._outputs(X)
        if outputs.shape[1] == 1:
            return np.concatenate([1.0 - outputs, outputs], axis=1)
        return outputs

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : array_like or sparse matrix (n, n_features)
            The inputs.

        Raises
        ------
        ValueError, NotFittedError
            As `predict`.
        """
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    @classmethod
    def from_network(cls, net: MLP, classes: Sequence[Any] | None = None, **params: Any) -> Self:
        """Return a fitted classifier with a copy of a network.

        Parameters
        ----------
        net : MLP
            Its outputs are probabilities: of two or more classes after softmax, of the second of
            two classes after one sigmoid, of several labels after several.
        classes : sequence, optional
            The classes in the order of the outputs, which must be sorted; 0, 1, ... by default.
        **params
            Parameters of the constructor. Those that describe the network are taken from it.

        Raises
        ------
        ValueError, TypeError
            If the network gives no probabilities, or the classes do not fit its outputs.

        Examples
        --------
        >>> import mlp
        >>> net = mlp.MLP.from_sizes([4, 8, 3], output="softmax", loss="cross_entropy", seed=0)
        >>> model = MLPClassifier.from_network(net, ["a", "b", "c"])
        >>> model.predict([[0.0, 0.0, 0.0, 0.0]])
        array(['a'], dtype='<U1')
        """
        estimator = cls._of_network(net, params)
        last = net.layers[-1]
        name = last._activation_name if isinstance(last, ActivatedLayer) else ""
        if not isinstance(last, ActivatedLayer) or name not in ("softmax", "sigmoid"):
            raise ValueError(f"net: received {net!r:.80}, expected softmax or sigmoid at the end")
        n_classes = max(net.n_out, 2)
        known = np.arange(n_classes) if classes is None else np.asarray(classes)
        is_sorted = known.ndim == 1 and len(known) > 1 and bool((known[:-1] < known[1:]).all())
        if not is_sorted or len(known) != n_classes:
            raise ValueError(f"classes: received {classes!r:.80}, expected {n_classes}, sorted")
        is_multilabel = name == "sigmoid" and net.n_out > 1
        examples = np.eye(n_classes, dtype=int) if is_multilabel else known
        estimator._label_binarizer = LabelBinarizer().fit(examples)
        estimator.classes_ = estimator._label_binarizer.classes_
        estimator.loss = params.get("loss", name_of(net.loss))
        if estimator.loss == "log_loss":
            loss = LogLoss() if name == "softmax" else BinaryLogLoss()
            estimator._net = with_output(net, last.activation, loss)
        return estimator

    def to_network(self) -> MLP:
        """Return a copy of the network, an `MLP` of this package; its loss is one of `mlp.core`.

        Raises
        ------
        NotFittedError
            If the estimator has not been fitted.
        """
        net = super().to_network()
        if isinstance(net.loss, LogLoss):
            return net._with(loss=CrossEntropy())
        return net._with(loss=BinaryCrossEntropy()) if isinstance(net.loss, BinaryLogLoss) else net

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
