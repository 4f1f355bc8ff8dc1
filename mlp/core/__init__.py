"""What a network is: layers, activations, losses, and the two passes through them."""

from mlp.core.activations import ACTIVATIONS, Activation, make_activation
from mlp.core.gradient_check import GradientCheck, check_gradients
from mlp.core.initializers import INITIALIZERS, Initializer, make_initializer
from mlp.core.layers import (
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    Parameter,
)
from mlp.core.losses import LOSSES, Loss, make_loss
from mlp.core.network import MLP
from mlp.core.penalties import Penalty

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "MLP",
    "Activation",
    "ActivationLayer",
    "BatchNorm",
    "Dense",
    "Dropout",
    "GradientCheck",
    "Initializer",
    "Layer",
    "LayerNorm",
    "Loss",
    "Parameter",
    "Penalty",
    "check_gradients",
    "make_activation",
    "make_initializer",
    "make_loss",
]
