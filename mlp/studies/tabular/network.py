"""The networks of a table: RealMLP's parts, small, and several at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp.core import MLP, Dense, Layer, PiecewiseLinear, Scale
from mlp.core.losses import CrossEntropy
from mlp.optim import Adam
from mlp.optim.schedules import CosLog
from mlp.studies.ensemble import Ensemble
from mlp.studies.tabular import settings as chosen
from mlp.studies.tabular.settings import Settings
from mlp.tables import ClassTarget, NumberTarget


def make_ensemble(
    settings: Settings,
    X: NDArray[Any],
    n_numbers: int,
    target: ClassTarget | NumberTarget,
    n_folds: int,
    bins: int,
    seed: int,
    dtype: str = "float32",
) -> Ensemble:
    """Return new members, one for each fold of the inputs X, of which numbers come first.

    Without bins the numbers are not encoded.
    """
    is_class = isinstance(target, ClassTarget)
    n_out = len(target.labels if isinstance(target, ClassTarget) else target.names)
    activation = chosen.ACTIVATION_CLASSES if is_class else chosen.ACTIVATION_NUMBERS
    layers: list[Layer] = [Scale(chosen.SCALE_LR_FACTOR)]
    width = X.shape[1]
    if bins:
        encoding = PiecewiseLinear.of_quantiles(X, bins, n_numbers)
        layers.insert(0, encoding)
        width = encoding.n_out
    for _ in range(chosen.DEPTH):
        layers.append(_dense(width, settings.width, activation, "lecun_normal"))
        width = settings.width
    layers.append(_dense(width, n_out, "softmax" if is_class else "identity", "zeros"))
    loss = CrossEntropy(label_smoothing=chosen.LABEL_SMOOTHING) if is_class else "mse"
    net = MLP(layers, loss=loss, dtype=dtype, seed=seed)
    ensemble = Ensemble(net, n_folds, rows="folds", seed=seed)
    rng = np.random.default_rng([seed, 1])
    hidden = [layer for layer in ensemble.net.layers if isinstance(layer, Dense)][:-1]
    for layer in hidden:
        layer.b = rng.normal(0.0, chosen.BIAS_DEVIATION, layer.b.shape)
    return ensemble


def make_optimizer(target: ClassTarget | NumberTarget, steps: int) -> Adam:
    """Return Adam with RealMLP's waves of the learning rate."""
    lr = chosen.LR_CLASSES if isinstance(target, ClassTarget) else chosen.LR_NUMBERS
    return Adam(CosLog(lr, steps), betas=chosen.BETAS)


def _dense(n_in: int, n_out: int, activation: str, weights: str) -> Dense:
    """Return a layer in the NTK parametrisation: W of 1/sqrt(n_in), moved in such steps."""
    factor = n_in**-0.5
    return Dense(
        n_in,
        n_out,
        activation,
        weights=weights,
        lr_factor=factor,
        bias_lr_factor=chosen.BIAS_LR_FACTOR,
    )
