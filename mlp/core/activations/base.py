"""The base of all activations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from mlp._types import Array
from mlp.core.arrays import Workspace


class Activation(Workspace, ABC):
    """What a layer applies to ``Z``. A custom activation needs `forward` and `backward` only.

    Any object with these two methods can be given instead of a name; it need not derive from
    this class. `check_gradients` checks that the two belong together.
    """

    name: str
    needs_z: bool = True
    """Whether `backward` reads Z; if not, A may be written over Z."""
    couples_units: bool = False
    """Whether an output depends on all units of its row, as with softmax."""
    initializer: ClassVar[str] = "glorot_uniform"
    """How the weights before it are drawn by default."""
    outputs: ClassVar[str | None] = None
    """What A is: "any number", "numbers >= 0" or "probabilities"; None if not known."""

    @abstractmethod
    def forward(self, Z: Array, out: Array) -> None:
        """Write ``A = activation(Z)``, of Z's shape ``(..., batch, n)``, into `out`."""

    @abstractmethod
    def backward(self, dA: Array, Z: Array, A: Array, out: Array) -> None:
        """Write ``dZ = dA * activation'(Z)`` into `out`; dA, Z and A stay as they are."""

    def __repr__(self) -> str:
        """Return the class name and its settings."""
        settings = ", ".join(f"{k}={v!r}" for k, v in self.config().items() if k != "name")
        return f"{type(self).__name__}({settings})"

    def config(self) -> dict[str, str | float]:
        """Return the name and the settings."""
        return {"name": getattr(self, "name", type(self).__name__)}
