"""One step of a network with every array that it used."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlp._names import shortened
from mlp._types import Array
from mlp.core import MLP, Layer, Penalty
from mlp.core.layers import ActivatedLayer
from mlp.optim import OPTIMIZERS, Optimizer
from mlp.studies.chain_rule.methods import Method
from mlp.studies.chain_rule.records import Equation, Named


@dataclass
class Pass:
    """What a layer was given and gave in one pass; training overwrites these arrays.

    Attributes
    ----------
    A_in, A : ndarray (batch, n_in) and (batch, n_out)
    Z : ndarray (batch, n_out)
        What the activation was applied to, in a layer that has one.
    dA : ndarray (batch, n_out) or None
        The derivative of the loss by A, or by Z where the layer is fused with the loss; None
        where training computes none.
    rng : numpy.random.Generator
        As it was before the pass.
    fixed : dict of str to ndarray
        The parameters that no gradient trains, from before the pass.
    """

    layer: Layer
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    fixed: dict[str, Array] = field(default_factory=dict)
    A_in: Array = field(default_factory=lambda: np.empty((0, 0)))
    A: Array = field(default_factory=lambda: np.empty((0, 0)))
    Z: Array = field(default_factory=lambda: np.empty((0, 0)))
    dA: Array | None = None

    def __post_init__(self) -> None:
        """Let the next pass of the layer be kept."""
        self.layer.forward = self._forward(self.layer.forward)  # type: ignore[method-assign]
        self.layer.backward = self._backward(self.layer.backward)  # type: ignore[method-assign]

    def _forward(self, forward: Callable[..., Array]) -> Callable[..., Array]:
        def keep(A_in: Array, training: bool, rng: np.random.Generator) -> Array:
            self.rng, self.A_in = copy.deepcopy(rng), A_in.copy()
            self.fixed = {
                name: array.copy()
                for name, array in self.layer.params.items()
                if name not in self.layer.grads
            }
            A = forward(A_in, training, rng)
            self.A = A.copy()
            if isinstance(self.layer, ActivatedLayer):
                self.Z = self.layer.Z.copy()  # type: ignore[attr-defined]
            return A

        return keep

    def _backward(self, backward: Callable[..., Array | None]) -> Callable[..., Array | None]:
        def keep(dA: Array, need_dA_in: bool = True) -> Array | None:
            self.dA = dA.copy()
            return backward(dA, need_dA_in)

        return keep


class Recorded:
    """A copy of a network, a pass of training through it, and the step that follows.

    Parameters
    ----------
    net : MLP
    X, T : ndarray (batch, n_in) and (batch, n_out)
    optimizer : Optimizer
        Its state moves.
    penalty : Penalty
    rng : numpy.random.Generator or None
        Where dropout draws from, by default the copy of the network's own.

    Attributes
    ----------
    net : MLP
        The copy after the pass, before the step.
    source : str
        What the random numbers of dropout come from, in words.
    passes : list of Pass
        One for each layer.
    data_gradient : ndarray (P,)
        The gradient without the penalty; ``net.grad`` is with it.
    data_loss, loss, loss_after : float
        Before and after the step, on the same rows with the same masks.
    after : MLP
        The network after the step.
    """

    def __init__(
        self,
        net: MLP,
        X: Array,
        T: Array,
        optimizer: Optimizer,
        penalty: Penalty,
        rng: np.random.Generator | None,
    ) -> None:
        self.net, self.X, self.T, self.penalty = net.copy(), X, T, penalty
        self.source = "the network's generator" if rng is None else "the generator given as rng"
        rng = self.net._rng if rng is None else rng
        again = copy.deepcopy(rng)
        self.passes = [Pass(layer) for layer in self.net.layers]
        self.data_loss = self.loss = float(self.net.loss_and_grad(X, T, rng=rng))
        self.data_gradient = self.net.grad.copy()
        if penalty:
            self.loss = self.data_loss + float(penalty.value(self.net.weights))
            penalty.add_gradient(self.net.weights, self.net._parameters.weights_grad)
        self.after = self.net.copy()
        self.moved = Moved(self.after, self.net.grad, optimizer)
        self.loss_after = float(
            self.after.copy().loss_and_grad(X, T, penalty=penalty or None, rng=again)
        )

    def place(self, layer: int, key: str, at: tuple[int, ...]) -> int:
        """Return where in theta a trained number is."""
        return int(self.moved.numbers[layer][key][at])


class Moved:
    """Moves a network by an optimizer, and keeps the numbers of the step.

    Parameters
    ----------
    net : MLP
        The network, which is moved.
    grad : ndarray (P,)
    optimizer : Optimizer
        Its state moves too.
    """

    def __init__(self, net: MLP, grad: Array, optimizer: Optimizer) -> None:
        lr = optimizer.rate(optimizer.steps)
        if not isinstance(lr, float):
            raise TypeError(f"lr: received {shortened(lr)}, expected a number")
        start = net.theta.copy()
        before = {n: np.full_like(grad, optimizer.initial_state) for n in optimizer.state_names}
        self._before = before | {name: a.copy() for name, a in optimizer.state.items()}
        self.method = Method(optimizer, lr)
        if type(optimizer) in {kind for kind, _ in OPTIMIZERS.values()}:
            from_zero = np.zeros_like(grad)  # moved by the step itself, without rounding
            copy.deepcopy(optimizer).step(from_zero, grad)
            self._step, self._factors = 0.0 - from_zero, net._parameters.factors
            optimizer.step(net.theta, grad, factors=self._factors)
        else:
            optimizer.step(net.theta, grad, factors=net._parameters.factors)
            self._step, self._factors = start - net.theta, None
        self._after = {name: array.copy() for name, array in optimizer.state.items()}
        numbered = net.copy()
        numbered.theta = np.arange(grad.size)
        self.numbers: list[dict[str, Any]] = [layer.params for layer in numbered.layers]

    def rules(self, gradient: Named, place: int) -> tuple[float, tuple[Equation, ...]]:
        """Return the step of a parameter, and how it is made."""
        before, after = (
            {name: float(array[place]) for name, array in state.items()}
            for state in (self._before, self._after)
        )
        step = self._step[place]
        rules = self.method.rules(gradient, before, after, float(step))
        if self._factors is None:
            return float(step), rules
        of, factor = Named("step", float(step)), self._factors[place]
        if not rules:
            rules = (Equation(of, (Named("lr", self.method.lr), " × ", gradient)),)
        scaled = Named("scaled step", float(step * factor))
        return scaled.value, (*rules, Equation(scaled, (f"{factor:.9g} × ", of)))

    def keep(self, place: int) -> float:
        """Return the factor of a parameter before the step: below 1 with weight decay."""
        factor = 1.0 if self._factors is None else float(self._factors[place])
        return 1.0 - self.method.decay * factor
