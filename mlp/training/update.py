"""The guarded update: clipped, and applied only where everything stays finite."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlp._types import Array, LossValue
from mlp.core.arrays import Workspace, sum_of_squares
from mlp.core.network import MLP
from mlp.optim import Optimizer, Rate


class GuardedUpdate:
    """Applies an optimizer's step to a network's gradient, unless it would ruin the weights.

    A network, or one replica of it, has diverged when its loss, its gradient, a running statistic
    or what the update would leave is not finite. Its parameters and its running statistics then
    stay as they were before the step, now and from then on; the other replicas are not touched.

    Parameters
    ----------
    net : MLP
        The network, whose `grad` holds the gradient.

    Attributes
    ----------
    alive : ndarray of bool (K,), or (1,) for a single network
        What has not diverged.
    has_new_diverged : bool
        Whether the last `apply` found a divergence.
    lr : float or ndarray (K,)
        The learning rate of the last update.
    """

    optimizer: Optimizer
    clip_norm: float | None
    lr: Rate = 0.0

    def __init__(self, net: MLP) -> None:
        self.net = net
        self._scratch = Workspace()
        self.alive: NDArray[np.bool_] = np.ones(net.replicas or 1, np.bool_)
        self.has_new_diverged = False
        self._all_alive = True

    def begin(self, optimizer: Optimizer, clip_norm: float | None) -> None:
        """Take over what moves the network and how; a network that diverged may go on.

        Parameters
        ----------
        optimizer : Optimizer
            What moves it; ValueError or TypeError if its state or rates do not fit the network.
        clip_norm : float or None
            The greatest norm of a gradient.
        """
        optimizer._check(self.net.theta, self.net.grad, optimizer.rate(optimizer.steps))
        if optimizer.moves_other_than(self.net.theta):
            raise ValueError(
                f"optimizer: received {optimizer!r}, whose state belongs to another network, "
                "expected a new one for each network, or one after reset()"
            )
        self.optimizer = optimizer
        self.clip_norm = clip_norm
        if self.net.replicas is None:  # its last good weights are finite
            self.alive = np.ones(1, np.bool_)
            self._all_alive = True

    def restore(self, alive: NDArray[np.bool_]) -> None:
        """Go on where only these had not diverged."""
        self.alive = alive
        self._all_alive = bool(alive.all())

    def apply(self, loss: LossValue) -> LossValue:
        """Make the update for this loss and the gradient in place; return the gradient's norm."""
        theta, grad = self.net.theta, self.net.grad
        optimizer = self.optimizer
        norm = self._norm(grad)
        lr = self.lr = optimizer.rate(optimizer.steps)
        self.has_new_diverged = False
        running = self.net._parameters.running
        if not _is_finite(loss + norm) or not (running is None or running.is_finite().all()):
            finite = np.isfinite(loss) & np.isfinite(norm)
            self._drop(finite if running is None else finite & running.is_finite())
            if self.has_new_diverged and self.net.replicas is None:
                return norm  # the gradient stays as it came, to be looked at
        if self.clip_norm is not None:
            scale = self.clip_norm / np.maximum(norm, self.clip_norm)
            grad *= np.asarray(scale, grad.dtype)[..., None]
        if not self._all_alive:
            grad[~self.alive] = 0.0
            norm = np.where(self.alive, norm, 0.0)
            lr = np.where(self.alive, lr, 0.0)
            if running is not None:
                running.restore(~self.alive)
        if self._is_far_from_overflow(norm, lr):
            optimizer._step(theta, grad, lr)
        else:
            self._step_and_look(lr)
        return norm

    def _norm(self, grad: Array) -> LossValue:
        """Return the norm of the gradient in float64, also where its square leaves the dtype."""
        squared = sum_of_squares(grad, self._scratch)
        if grad.ndim == 1 and math.isfinite(squared):
            return math.sqrt(squared)
        if grad.ndim == 2 and np.isfinite(squared).all():
            return np.sqrt(squared, dtype=np.float64)
        largest = np.abs(grad).max(axis=-1, keepdims=True)
        scaled = grad / np.where(largest > 0.0, largest, 1.0)
        careful = largest[..., 0] * np.sqrt(np.vecdot(scaled, scaled), dtype=np.float64)
        norm = np.where(np.isfinite(squared), np.sqrt(squared, dtype=np.float64), careful)
        return norm if norm.ndim else float(norm)

    def _is_far_from_overflow(self, norm: LossValue, lr: Rate) -> bool:
        """Whether no update of this size can leave the range of the network's dtype.

        The bound leaves room for the square of the gradient, which Adam and its kin keep. Weight
        decay multiplies theta by 1 - lr * decay, which must not make it grow.
        """
        if not type(self.optimizer).has_bounded_steps:
            return False
        bound = 1e15 if self.net.dtype == np.float32 else 1e150
        decay = getattr(self.optimizer, "weight_decay", 0.0)
        longest = norm if isinstance(norm, float) else float(norm.max())
        fastest = lr if isinstance(lr, float) else float(lr.max())
        return max(longest, fastest, longest * fastest) < bound and fastest * decay <= 2.0

    def _step_and_look(self, lr: Rate) -> None:
        """Make an update that may overflow, and take it back where it did."""
        theta, optimizer = self.net.theta, self.optimizer
        theta_before, before = theta.copy(), optimizer.state_dict()
        optimizer.step(theta, self.net.grad, lr)
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
        """Leave what is not fine behind."""
        still = self.alive & fine
        self.has_new_diverged = bool((still != self.alive).any())
        self.alive = still
        self._all_alive = bool(still.all())
        if self.net._parameters.running is not None:
            self.net._parameters.running.restore(~still)


def _is_finite(value: LossValue) -> bool:
    return math.isfinite(value) if isinstance(value, float) else bool(np.isfinite(value).all())
