"""Layers that end in an activation, which may be a pair with the loss that follows."""

from __future__ import annotations

import copy
from abc import abstractmethod

from mlp._types import Array
from mlp.core.activations import Activation, make_activation
from mlp.core.layers import Layer
from mlp.core.losses import Loss


class Activated(Layer):
    """The base of layers whose output is ``A = activation(Z)``.

    As the last of a network, such a layer may be a pair with the loss. Going forward, it then
    leaves the activation to `Loss.canonical_forward`; going back, dZ is written for it, and
    `backward_linear` takes the place of `backward`.

    Parameters
    ----------
    activation : str or Activation
        What is applied to Z.
    """

    activation: Activation
    canonical_loss: Loss | None
    """The loss that the activation is a pair with; the network sets it on its last layer."""

    def __init__(self, activation: str | Activation) -> None:
        self.activation = copy.copy(make_activation(activation))  # work arrays are its own
        self.canonical_loss = None

    @property
    @abstractmethod
    def canonical_Z(self) -> Array:
        """What `Loss.canonical_forward` left in Z in the last pass."""

    @property
    @abstractmethod
    def dZ(self) -> Array:
        """The derivative of the loss by Z in the last pass."""

    @abstractmethod
    def backward_linear(self, need_dA_in: bool = True) -> Array | None:
        """Write the gradients for the dZ that is in place; return dA_in = d loss / dA_in."""

    @property
    def _activation_name(self) -> str:
        return getattr(self.activation, "name", repr(self.activation))
