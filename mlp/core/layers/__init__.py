"""Layers: what a network is made of."""

from mlp.core.layers.base import ActivatedLayer, Layer, Parameter, View
from mlp.core.layers.dense import Dense, default_initializer
from mlp.core.layers.elementwise import ActivationLayer, Dropout
from mlp.core.layers.members import MemberDense, MemberLayer, SharedDense
from mlp.core.layers.normalization import BatchNorm, LayerNorm, Normalization
from mlp.core.layers.periodic import PeriodicEmbedding
from mlp.core.layers.piecewise import PiecewiseLinear
from mlp.core.layers.scale import Scale

__all__ = [
    "ActivatedLayer",
    "ActivationLayer",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Layer",
    "LayerNorm",
    "MemberDense",
    "MemberLayer",
    "Normalization",
    "Parameter",
    "PeriodicEmbedding",
    "PiecewiseLinear",
    "Scale",
    "SharedDense",
    "View",
    "default_initializer",
]
