"""Layers: what a network is made of."""

from mlp.core.layers.base import ActivatedLayer, Layer, Parameter, View
from mlp.core.layers.dense import Dense, default_initializer
from mlp.core.layers.elementwise import ActivationLayer, Dropout
from mlp.core.layers.normalization import BatchNorm, LayerNorm, Normalization
from mlp.core.layers.periodic import PeriodicEmbedding
from mlp.core.layers.scale import Scale

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
    "PeriodicEmbedding",
    "Scale",
    "View",
    "default_initializer",
]
