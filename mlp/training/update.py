"""The guarded update: clipped, and applied only where everything stays finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlp._replicas import are_all, kept_replicas
from mlp._types import Array, LossValue, Rate
from mlp.core.arrays import Workspace, sum_of_squares
from mlp.core.layers import Layer
from mlp.core.network import MLP
from mlp.optim import Optimizer
from mlp.training.history import History


class GuardedUpdate:
    """Applies the optimizer's step to a network, unless it would ruin the weights.

    A network, or one of its replicas, has diverged when its loss, its gradient, a running
    statistic or the result of the update is not finite. Its parameters and running statistics
    then keep their values from before the step for good; other replicas are not affected.

    Parameters
    ----------
    net : MLP
        The network, whose `grad` holds the gradient.

    Attributes
    ----------
    alive : ndarray of bool (K,), or (1,) for a single network
        Which replicas have not diverged.
    has_new_diverged : bool
        Whether the last `apply` found a divergence.
    lr : float or ndarray (K,)
        The learning rate of the last update.
    """

    optimizer: Optimizer
    clip_norm: Rate | None
    lr: Rate = 0.0

    def __init__(self, net: MLP) -> None:
        self.net = net
        self._workspace = Workspace()
        self.alive: NDArray[np.bool_] = np.ones(net.replicas or 1, np.bool_)
        self.has_new_diverged = False
        self.restore(self.alive)
        self._bound = 0.0

    def begin(self, optimizer: Optimizer, clip_norm: Rate | None) -> None:
        """Start a run; nothing is changed before the optimizer has been checked.

        Parameters
        ----------
        optimizer : Optimizer
            Moves the network; ValueError or TypeError if its state or rates do not fit it.
        clip_norm : float, array (K,) or None
            The largest allowed norm of the gradient.
        """
        theta, grad = self.net._parameters.theta, self.net._parameters.grad
        optimizer._check(theta, grad, optimizer.rate(optimizer.steps))
        if optimizer.moves_other_than(theta):
            raise ValueError(
                f"optimizer: received {optimizer!r}, whose state belongs to another network, "
                "expected a new one for each network, or one after reset()"
            )
        self.optimizer = optimizer
        self.clip_norm = clip_norm
        # below it no update overflows: there is room for the squared gradient, which Adam keeps
        self._bound = 1e15 if self.net.dtype == np.float32 else 1e150
        if not type(optimizer).has_bounded_steps:
            self._bound = 0.0
        self._decays = "weight_decay" in optimizer.hyperparameters

    def restore(self, alive: NDArray[np.bool_]) -> None:
        """Continue where only these replicas had not diverged."""
        self.alive = alive
        self._all_alive, self.any_alive = bool(alive.all()), bool(alive.any())

    def _keep_replicas(self, rows: NDArray[np.intp]) -> None:
        """Go on with only these replicas."""
        self.restore(self.alive[rows])
        self.clip_norm = kept_replicas(self.clip_norm, rows)
        self.lr = kept_replicas(self.lr, rows)
        self.optimizer._keep_replicas(rows)

    def apply(self, loss: LossValue) -> LossValue:
        """Make the update for this loss and the gradient in place; return the gradient's norm."""
        parameters, optimizer = self.net._parameters, self.optimizer
        theta, grad, running = parameters.theta, parameters.grad, parameters.running
        squared = sum_of_squares(grad, self._workspace)
        is_usual = grad.ndim == 1 and math.isfinite(squared)
        norm: LossValue = math.sqrt(squared) if is_usual else _norm(grad, squared)
        lr = optimizer._lr
        if callable(lr) or optimizer._lr_scale is not None:
            lr = optimizer.rate(optimizer.steps)
        self.lr = lr

        self.has_new_diverged = False
        total = loss + norm
        fine = math.isfinite(total) if isinstance(total, float) else are_all(np.isfinite(total))
        if not fine or (running is not None and not are_all(running.is_finite())):
            statistics = True if running is None else running.is_finite()
            self._drop(np.isfinite(loss) & np.isfinite(norm) & statistics)
            if self.has_new_diverged and self.net.replicas is None:
                return norm  # the gradient stays as it is, for a look at it
        if self.clip_norm is not None:
            scale = np.minimum(np.divide(self.clip_norm, norm), 1.0)
            grad *= np.asarray(scale, grad.dtype)[..., None]
        if not self._all_alive:
            grad[~self.alive] = 0.0
            norm = np.where(self.alive, norm, 0.0)
            lr = np.where(self.alive, lr, 0.0)
            if running is not None:
                running.restore(~self.alive)

        longest, fastest = _largest(norm), _largest(lr)
        if parameters.factors is not None:
            fastest *= parameters.largest_factor
        is_safe = longest < self._bound and fastest < self._bound > longest * fastest
        # weight decay multiplies theta by 1 - lr * decay, which must not make it grow
        if is_safe and (not self._decays or fastest * _largest(optimizer.weight_decay) <= 2.0):  # type: ignore[attr-defined]
            optimizer._step(theta, grad, lr, parameters.factors)
        else:
            self._step_and_look(lr)
        return norm

    def _step_and_look(self, lr: Rate) -> None:
        """Make an update that may overflow, and undo it where it did."""
        theta, optimizer = self.net.theta, self.optimizer
        theta_before, before = theta.copy(), optimizer.state_dict()
        optimizer.step(theta, self.net.grad, lr, self.net._parameters.factors)
        arrays = (theta, *optimizer.state.values())
        fine = np.logical_and.reduce([np.isfinite(array).all(axis=-1) for array in arrays])
        if fine.all():
            return
        theta[~fine] = theta_before[~fine]
        if self.net.replicas is None:
            optimizer.load_state_dict(before)
        else:
            for name, state in optimizer.state.items():
                old = before["state"].get(name)
                state[~fine] = 0.0 if old is None else old[~fine]
        self._drop(fine)

    def _drop(self, fine: NDArray[np.bool_] | np.bool_) -> None:
        """Mark replicas that are not fine as diverged, and restore their running statistics."""
        still = self.alive & fine
        self.has_new_diverged = bool((still != self.alive).any())
        self.restore(still)
        running = self.net._parameters.running
        if running is not None:
            running.restore(~still)


def _largest(number: LossValue) -> float:
    return number if isinstance(number, float) else float(np.maximum.reduce(number))


def _norm(grad: Array, squared: Array) -> LossValue:
    """Return the norm of the gradient in float64, even if its square leaves the dtype."""
    if grad.ndim == 2 and are_all(np.isfinite(squared)):
        return np.sqrt(squared, dtype=np.float64)
    largest = np.abs(grad).max(axis=-1, keepdims=True)
    scaled = grad / np.where(largest > 0.0, largest, 1.0)
    careful = largest[..., 0] * np.sqrt(np.vecdot(scaled, scaled), dtype=np.float64)
    norm = np.where(np.isfinite(squared), np.sqrt(squared, dtype=np.float64), careful)
    return norm if norm.ndim else float(norm)


class TrainingDiverged(ArithmeticError):
    """Loss, gradient or update is no longer finite; the network keeps its last good weights.

    Running statistics return to their values from before the step, too.

    A loss that is huge but finite is not a divergence. If it is huge in the first epoch and then
    stays high, the learning rate is still far too high: the steps were so long that all ReLU
    units may be dead. `LayerRecorder` lists them. Start again with new weights and a lower rate.

    Attributes
    ----------
    epoch, batch : int
        When it happened, counted from 1.
    lr : float
        The learning rate of the update, which was not applied.
    layer : str
        The layer in which the first number that is not finite appeared.
    history : History
        The epochs before.
    """

    def __init__(self, epoch: int, batch: int, lr: float, layer: str, history: History) -> None:
        self.epoch, self.batch, self.lr, self.layer = epoch, batch, lr, layer
        self.history = history
        super().__init__(
            f"training diverged in epoch {epoch}, batch {batch} with learning rate {lr:g}: "
            f"{layer} is not finite; the network keeps its last good weights "
            "(a lower learning rate or clip_norm may help)"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickle needs to make an equal error."""
        return type(self), (self.epoch, self.batch, self.lr, self.layer, self.history)


def first_not_finite(layers: Sequence[Layer]) -> str:
    """Name the first output that is not finite, or else the first gradient in backward order."""
    for i, layer in enumerate(layers):
        A = getattr(layer, "A", None)
        if A is not None and not np.isfinite(A).all():
            return f"the output of layers[{i}], {layer!r},"
    for i, layer in reversed(list(enumerate(layers))):
        for name, grad in layer.grads.items():
            if not np.isfinite(grad).all():
                return f"the gradient of {name} in layers[{i}], {layer!r},"
    return "the loss, a running statistic or the update"
