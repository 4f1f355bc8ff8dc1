"""Layers: what a network is made of."""

from mlp.core.layers.activation import ActivationLayer
from mlp.core.layers.base import ActivatedLayer, Layer, Parameter, View
from mlp.core.layers.dense import Dense, default_initializer
from mlp.core.layers.dropout import Dropout
from mlp.core.layers.normalization import BatchNorm, LayerNorm, Normalization

__all__ = [
    "ActivatedLayer",
    "ActivationLayer",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Layer",
    "LayerNorm",
    "Normalization",
    "Parameter",
    "View",
    "default_initializer",
]
