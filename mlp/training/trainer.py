"""The trainer: epochs of batches, each a gradient and an update."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp.core.arrays import Array, LossValue
from mlp.core.network import MLP
from mlp.core.penalties import Penalty
from mlp.core.validation import (
    as_pair,
    check_bool,
    check_count,
    check_inputs,
    check_sequence,
    check_targets,
    check_weights,
    make_rng,
    one_hot,
)
from mlp.optim import Optimizer, make_optimizer
from mlp.training.batches import Batches
from mlp.training.callbacks import Callback
from mlp.training.divergence import TrainingDiverged, first_not_finite
from mlp.training.history import History
from mlp.training.rows import Rows
from mlp.training.update import GuardedUpdate


class Trainer:
    """Trains a network: one network, or K replicas of one at once.

    Parameters
    ----------
    net : MLP
        The network; it is trained in place.
    optimizer : Optimizer or str, default "sgd"
        How it moves, with the learning rate: a float, a schedule, or ``(K,)`` rates for replicas.
    batch_size : int or None, default 32
        Rows in a batch, None for all of them (full-batch gradient descent). The last batch of an
        epoch may be shorter; it counts by its true size.
    shuffle : bool, default True
        Whether each epoch goes through the rows in a new order.
    seed : int, numpy.random.Generator or None, default 0
        For the order and for dropout.
    l1, l2 : float, default 0.0
        Penalties on the weights, ``l1 * sum |w| + 1/2 * l2 * sum w^2``, in the reported loss and
        in its gradient. Biases are not penalised.
    clip_norm : float, optional
        The greatest norm of the whole gradient; a longer one is scaled down to it.
    callbacks : sequence of Callback
        What else happens.

    Attributes
    ----------
    history : History
        All epochs of all calls of `fit`; train(n) followed by train(m) is train(n + m).
    epoch, batch : int
        Where the run is, counted from 1.
    batch_loss : float or ndarray (K,)
        The loss of the last batch, before its update.

    Examples
    --------
    >>> import mlp
    >>> X, y = mlp.datasets.xor()
    >>> net = mlp.MLP.from_sizes([2, 8, 2], "tanh", "softmax", "cross_entropy", seed=1)
    >>> trainer = mlp.Trainer(net, mlp.SGD(0.5, momentum=0.9), batch_size=None)
    >>> history = trainer.fit(X, y, epochs=200)
    >>> history["loss"][-1] < 0.01
    True
    """

    def __init__(
        self,
        net: MLP,
        optimizer: Optimizer | str = "sgd",
        *,
        batch_size: int | None = 32,
        shuffle: bool = True,
        seed: int | np.random.Generator | None = 0,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if not isinstance(net, MLP):
            raise TypeError(f"net: received {net!r}, expected an MLP")
        if batch_size is not None:
            check_count("batch_size", batch_size)
        _check_clip_norm(clip_norm)
        self.net = net
        self.optimizer = make_optimizer(optimizer)
        self.batch_size = batch_size
        self.shuffle = check_bool("shuffle", shuffle)
        self.penalty = Penalty(l1, l2)
        self.clip_norm = clip_norm
        self.callbacks = list(check_sequence("callbacks", callbacks, "callbacks"))
        self.history = History()
        self.epoch = self.batch = 0
        self.batch_loss: LossValue = math.nan
        self._rng = make_rng(seed)
        self._update = GuardedUpdate(net)
        self._stopping = False
        self._keeps_history = True  # False for a sweep, which records the losses itself

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        epochs: int = 1,
        *,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> History:
        """Train for a number of epochs.

        Parameters
        ----------
        X : array_like (n, n_in), np.memmap or RowSource
            The inputs. Of a memory map, or of any object with `shape`, `dtype` and
            ``take(indices, axis=0)``, a batch is read at a time.
        Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
            The targets.
        epochs : int, default 1
            How often all rows are seen.
        validation : tuple (X, Y), optional
            Data whose loss is recorded after each epoch.
        sample_weight : array_like (n,), optional
            What each row's loss is multiplied by.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If the data does not fit; nothing has been changed then.
        TrainingDiverged
            If loss, gradient or update is no longer finite. The network keeps the weights from
            before that update. With replicas nothing is raised: the replica that diverged keeps
            its last good weights and the others go on.
        """
        check_count("epochs", epochs, 0)
        data = self._check(X, Y, sample_weight)
        held_out = None if validation is None else self._check_validation(validation)
        self._update.begin(self.optimizer, self.clip_norm)
        self.history.status = "running"
        self.epoch = len(self.history.epochs)  # an epoch that diverged does not count
        self._stopping = False
        # what overflows is found by the checks before each update, so NumPy need not warn
        with np.errstate(all="ignore"):
            try:
                self._call("on_start")
                for _ in range(epochs):
                    if self._stopping or not self.alive.any():
                        break
                    self._run_epoch(data, held_out)
                self.history.status = "completed"
                if not self._update.alive.any():
                    self.history.status = "diverged"
            finally:
                self._call("on_stop")
        return self.history

    def stop(self) -> None:
        """End the present `fit` after the epoch that is running."""
        self._stopping = True

    def _check(self, X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None) -> Batches:
        net = self.net
        rows = Rows(X, net.n_in, net.dtype)
        return Batches(
            rows,
            check_targets(Y, net.loss, len(rows), net.n_out, net.dtype),
            check_weights(sample_weight, len(rows), net.dtype),
            n_out=net.n_out,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
        )

    def _check_validation(self, validation: Any) -> tuple[Array, Array]:
        X, Y = as_pair("validation", validation)
        net = self.net
        X = check_inputs(X, net.n_in, net.dtype)
        targets = check_targets(Y, net.loss, len(X), net.n_out, net.dtype)
        return X, one_hot(targets, net.n_out, net.dtype)

    def _run_epoch(self, data: Batches, held_out: tuple[Array, Array] | None) -> None:
        """Train on every row once and record the epoch."""
        self.epoch += 1
        self.batch = 0
        self._call("on_epoch_begin")
        start = time.perf_counter()
        after_batch = [
            callback.on_batch_end
            for callback in self.callbacks
            if getattr(callback.on_batch_end, "__func__", None) is not Callback.on_batch_end
        ]
        net, update, penalty, rng = self.net, self._update, self.penalty or None, self._rng
        is_one_batch = len(data) == 1
        total: LossValue = 0.0
        norms: LossValue = 0.0
        for X, Y, weight in data.epoch(rng):
            self.batch += 1
            loss = net._loss_and_grad(X, Y, weight, penalty, rng)
            norm = update.apply(loss)
            if update.has_new_diverged:
                self._record_divergence()
            self.batch_loss = loss
            if is_one_batch:
                total, norms = loss, norm
            else:
                total = total + loss * len(X)
                norms = norms + norm
            for call in after_batch:
                call(self)
        if self._keeps_history:
            if not is_one_batch:
                total, norms = total / data.n_rows, norms / len(data)
            self._record_epoch(total, norms, held_out, start)
        self._call("on_epoch_end")

    def _record_epoch(
        self,
        loss: LossValue,
        norm: LossValue,
        held_out: tuple[Array, Array] | None,
        start: float,
    ) -> None:
        values: dict[str, Any] = {
            "loss": self._masked(loss),
            "lr": self._update.lr,
            "grad_norm": self._masked(norm),
        }
        if held_out is not None:
            values["val_loss"] = self._masked(self.net._evaluate(*held_out, None, None))
        self.history.append(**values, seconds=time.perf_counter() - start)

    def _record_divergence(self) -> None:
        """Raise for a single network; for replicas write down when it happened."""
        if self.net.replicas is None:
            self.history.status = "diverged"
            layer = first_not_finite(self.net.layers)
            raise TrainingDiverged(
                self.epoch, self.batch, float(self._update.lr), layer, self.history
            )
        diverged_at = self.history.diverged_at or [0] * self.net.replicas
        self.history.diverged_at = [
            at if at or alive else self.epoch
            for at, alive in zip(diverged_at, self.alive, strict=True)
        ]

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Which replicas have not diverged, ``(K,)``; one element for a single network."""
        return self._update.alive

    def _masked(self, values: LossValue) -> LossValue:
        """Replace the numbers of diverged replicas by NaN."""
        if self.net.replicas is None or self.alive.all():
            return values
        return np.where(self.alive, values, np.nan)

    def _call(self, hook: str) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self)


def _check_clip_norm(clip_norm: object) -> None:
    if clip_norm is None:
        return
    if isinstance(clip_norm, bool) or not isinstance(clip_norm, (int, float, np.number)):
        raise TypeError(f"clip_norm: received {clip_norm!r}, expected a finite number > 0")
    if not (clip_norm > 0 and math.isfinite(clip_norm)):
        raise ValueError(f"clip_norm: received {clip_norm!r}, expected a finite number > 0")
