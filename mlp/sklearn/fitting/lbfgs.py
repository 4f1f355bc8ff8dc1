"""Fitting by SciPy's L-BFGS-B, on the flat vector of all parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.utils.optimize import _check_optimize_result

from mlp._types import Array
from mlp.core import Penalty
from mlp.sklearn.fitting.data import FitData
from mlp.sklearn.fitting.stochastic import NOT_FINITE
from mlp.sklearn.rows import readable
from mlp.training.data import Batches, check_training

_ROWS_AT_ONCE = 1024
_IN_BATCHES_ONLY = ("dropout", "clip_norm", "callbacks", "metric")


def check_no_batches(estimator: Any, X_val: Any) -> None:
    """Raise ValueError for a parameter that only fitting in batches can use."""
    given = [name for name in _IN_BATCHES_ONLY if getattr(estimator, name)]
    given += ["normalization"] * (estimator.normalization == "batch")
    given += ["X_val"] * (X_val is not None)
    if given:
        raise ValueError(
            f"{given[0]}: received with solver='lbfgs', which has no batches or epochs, "
            "expected 'adam', 'sgd' or an optimizer"
        )


def fit_by_lbfgs(estimator: Any, data: FitData) -> None:
    """Minimise the loss of all rows with scikit-learn's options."""
    net = estimator._net
    objective = Objective(net, data, float(estimator.alpha))
    net._access.begin_write("fit")
    try:
        with np.errstate(all="ignore"):
            result = minimize(
                objective,
                net.theta.astype(np.float64),
                method="L-BFGS-B",
                jac=True,
                options={
                    "maxfun": estimator.max_fun,
                    "maxiter": estimator.max_iter,
                    "gtol": estimator.tol,
                },
            )
        if not np.isfinite(result.x).all():
            raise ValueError(NOT_FINITE)
        net.theta = result.x
    finally:
        net._access.end_write()
    estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
    estimator.loss_ = float(result.fun)
    if estimator.verbose:
        print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")


class Objective:
    """The loss of all rows and its gradient, as functions of the flat vector of parameters.

    Parameters
    ----------
    net : MLP
        The network; each call changes its parameters.
    data : FitData
        The rows.
    alpha : float
        The penalty.
    """

    def __init__(self, net: Any, data: FitData, alpha: float) -> None:
        self.net = net
        n_rows = data.X.shape[0]
        weight = data.weight
        total = float(n_rows if weight is None else weight.sum())
        if weight is not None:
            weight = weight * (n_rows / total)
        self.penalty = Penalty(l2=alpha / total)
        training = check_training(net, readable(data.X), data.targets, weight)
        size = n_rows if training.X.is_in_memory else _ROWS_AT_ONCE
        self.batches = Batches(*training, n_out=net.n_out, batch_size=size, shuffle=False)
        self.rng = np.random.default_rng(0)  # nothing draws from it

    def __call__(self, theta: Array) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        net, n_rows = self.net, self.batches.n_rows
        net.theta[...] = theta
        loss, grad = 0.0, np.zeros(theta.shape)
        for X, Y, weight in self.batches.rest(0):
            share = len(X) / n_rows
            loss += share * float(net._loss_and_grad(X, Y, weight, None, self.rng))
            grad += share * net.grad
        if self.penalty:
            weights = net.weights
            loss += float(self.penalty.value(weights))
            self.penalty.add_gradient(weights, grad[: weights.size])
        return loss, grad
