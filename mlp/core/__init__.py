"""What a network is: layers, activations, losses, and the two passes through them.

After a step, this is in memory: theta, grad and fixed belong to the network (`Parameters`), and
a layer's W, b, dW, db are views of them. A layer owns its output A and its dA_in; in the memory of
A stands Z as long as the activation lets it. The gradient of the last output belongs to the
`Output`. Activations, losses and penalties own their temporary arrays. All of these are made once
for each batch size, and kept for the eight sizes used last (`Workspace`).
"""

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
    MemberDense,
    Parameter,
    PeriodicEmbedding,
    PiecewiseLinear,
    Scale,
    SharedDense,
)
from mlp.core.losses import LOSSES, Loss, Penalty, make_loss
from mlp.core.network import MLP

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
    "MemberDense",
    "Parameter",
    "Penalty",
    "PeriodicEmbedding",
    "PiecewiseLinear",
    "Scale",
    "SharedDense",
    "check_gradients",
    "make_activation",
    "make_initializer",
    "make_loss",
]
