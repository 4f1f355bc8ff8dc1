"""The regressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from mlp._names import name_of
from mlp._types import Array
from mlp.core import MLP, Activation, Loss
from mlp.core.losses import LOSSES
from mlp.optim import Optimizer
from mlp.sklearn.base import NetworkEstimator, offers_partial_fit
from mlp.sklearn.fitting.scores import WeightedR2
from mlp.sklearn.losses import Exp, PoissonDeviance
from mlp.sklearn.parameters import OF_REGRESSOR
from mlp.training import Callback, Metric


class MLPRegressor(RegressorMixin, NetworkEstimator):
    """A multilayer perceptron for numbers, in place of `sklearn.neural_network.MLPRegressor`.

    With scikit-learn's parameters it draws the same weights, visits the same batches and has the
    same ``loss_curve_``, weights and predictions, up to rounding (in float64, with scikit-learn
    1.9); the parameters from `optimizer` on are this package's.

    With several outputs, "squared_error" is half the sum of the squared errors over the outputs,
    which training minimises. scikit-learn (as of 1.9.1) reports the mean over the outputs but
    follows the gradient of the sum (its issue 8349): its weights are the same, its loss is not, and
    its L-BFGS, which compares the two, finds other weights.

    Parameters
    ----------
    loss : str or Loss, default "squared_error"
        "squared_error"; "poisson", half the Poisson deviance after an exponential, as in
        scikit-learn; or any other loss of this package, such as "mae" or "huber".
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
        What early stopping compares: "loss", or a metric of this package; by default R2, the
        coefficient of determination. A quantity where lower is better is negated in
        ``validation_scores_``.
    clip_norm : float, optional
        The largest norm of the gradient; a longer one is scaled down to it.
    callbacks : list of Callback
        Callbacks of this package.
    dtype : {"float64", "float32"}, optional
        The dtype of the network; by default that of X.

    Attributes
    ----------
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
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor("huber", [16], learning_rate_init=0.1, random_state=0)
    >>> model.fit(X, y / 100).score(X, y / 100) > 0.45
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = OF_REGRESSOR

    def __init__(
        self,
        loss: Any = "squared_error",
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
        optimizer: Optimizer | str | None = None,
        dropout: float = 0.0,
        normalization: str | None = None,
        metric: Any = None,
        clip_norm: float | None = None,
        callbacks: Sequence[Callback] = (),
        dtype: Any = None,
    ) -> None:
        super().__init__(
            loss=loss,
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
            optimizer=optimizer,
            dropout=dropout,
            normalization=normalization,
            metric=metric,
            clip_norm=clip_norm,
            callbacks=callbacks,
            dtype=dtype,
        )

    def _targets(self, y: Any) -> NDArray[Any]:
        rows: NDArray[Any] = y.reshape(len(y), -1)
        return rows

    def _n_outputs(self, targets: NDArray[Any]) -> int:
        return int(targets.shape[1])

    def _output(self, targets: NDArray[Any]) -> tuple[str | Activation, str | Loss]:
        if self.loss == "poisson":
            return Exp(), PoissonDeviance()
        return "identity", self.loss

    def _default_metric(self, weight: NDArray[Any] | None) -> Metric:
        return WeightedR2(weight)

    @available_if(offers_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, continuing with weights and optimizer of the last call.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val
            As in `fit`. Early stopping, which then only records the scores, needs X_val and y_val.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError, ZeroDivisionError
            As `fit`.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, incremental=True)

    def predict(self, X: ArrayLike) -> Array:
        """Return the predictions ``(n,)``, or ``(n, n_outputs)`` for several outputs.

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
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    @classmethod
    def from_network(cls, net: MLP, **params: Any) -> Self:
        """Return a fitted regressor with a copy of a network.

        Parameters
        ----------
        net : MLP
            Any network.
        **params
            Parameters of the constructor. Those that describe the network are taken from it.

        Raises
        ------
        ValueError, TypeError
            If it is not a network without replicas.

        Examples
        --------
        >>> import mlp
        >>> model = MLPRegressor.from_network(mlp.MLP.from_sizes([4, 8, 1], seed=0))
        >>> model.predict([[0.0, 0.0, 0.0, 0.0]])
        array([0.])
        """
        estimator = cls._of_network(net, params)
        if "loss" not in params:
            name = name_of(net.loss)
            is_deviance = isinstance(net.loss, PoissonDeviance)
            estimator.loss = "poisson" if is_deviance else name if name in LOSSES else net.loss
        return estimator
