"""What the parameters of the estimators may be; scikit-learn checks them in `fit`."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from mlp.core.activations import ACTIVATIONS
from mlp.core.losses import LOSSES
from mlp.optim import OPTIMIZERS, Optimizer
from mlp.training import Metric

_OBJECT = HasMethods(["forward", "backward"])
_LOSS = HasMethods(["rows", "gradient"])

OF_SCIKIT_LEARN: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({"logistic", *ACTIVATIONS}), list, tuple, _OBJECT],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean", StrOptions({"optimizer"})],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
}

OF_BOTH: dict[str, list[Any]] = {
    **OF_SCIKIT_LEARN,
    "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer, None],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "normalization": [StrOptions({"batch", "layer"}), None],
    "metric": [str, Metric, callable, None],
    "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "callbacks": [list, tuple],
    "dtype": [StrOptions({"float64", "float32"}), Options(type, {np.float64, np.float32}), None],
}

OF_CLASSIFIER: dict[str, list[Any]] = {
    **OF_BOTH,
    "loss": [StrOptions({"log_loss", *LOSSES}), _LOSS],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
}

OF_REGRESSOR: dict[str, list[Any]] = {**OF_BOTH, "loss": [StrOptions(set(LOSSES)), _LOSS]}
