"""The learning-rate sweep: one network trained with many rates, as one vectorized run."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp.core import MLP, Dense
from mlp.core.arrays import Array, LossValue
from mlp.core.validation import as_pair, check_count, numeric
from mlp.machine import blas_threads, read_cpu
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.sweep_result import SweepResult
from mlp.training import Callback, Trainer

DOCUMENT_RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)


def learning_rate_sweep(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    rates: ArrayLike = DOCUMENT_RATES,
    epochs: int = 100,
    batch_size: int | None = None,
    optimizer: str | Optimizer = "sgd",
    *,
    seeds: int = 1,
    seed: int = 0,
    executor: Executor | None = None,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    sample_weight: ArrayLike | None = None,
    shuffle: bool = True,
    l1: float = 0.0,
    l2: float = 0.0,
    clip_norm: float | None = None,
    callbacks: Sequence[Callback] = (),
) -> SweepResult:
    """Train a network with each of several learning rates and record every epoch's loss.

    All runs are the replicas of one network and train at once. They start from the same weights
    and see the same batches in the same order (and the same dropout masks), so that they differ
    by the rate alone; each is bit for bit the run that a `Trainer` makes with this rate alone.
    A run that diverges stops, is marked, and does not touch the others. Where a callback stops
    the runs, the last loss stands for the epochs that were not made.

    Parameters
    ----------
    net : MLP
        Where all runs start. It is not changed.
    X : array_like (n, n_in)
        The inputs.
    Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
        The targets.
    rates : array_like (n_rates,), default (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
        Positive learning rates, each once.
    epochs : int, default 100
        How long each run lasts.
    batch_size : int or None, default None
        None for full-batch gradient descent.
    optimizer : str or Optimizer, default "sgd"
        The method; its own learning rate is replaced.
    seeds : int, default 1
        How many initialisations each rate is tried with. The first is that of `net`; for the
        others its weights are drawn anew, the same for every rate.
    seed : int, default 0
        For the order of the batches and the further initialisations.
    executor : concurrent.futures.Executor, optional
        Where to train, in as many parts as it has workers; by default here, in one.
    validation : tuple (X, Y), optional
        Data on which the trained networks are compared.
    sample_weight, shuffle, l1, l2, clip_norm, callbacks
        As in `Trainer`. With an executor, each part calls its own copy of the callbacks.

    Returns
    -------
    SweepResult
        With ``loss[k, e]``, the full training loss of rate k with the weights after e epochs.

    Raises
    ------
    ValueError, TypeError
        If the rates are not positive numbers, or anything else does not fit.
    KeyboardInterrupt
        After Ctrl-C, once the batch that was running has ended: half a sweep compares nothing.

    Examples
    --------
    >>> import mlp
    >>> example = mlp.examples.learning_rate_chart()
    >>> result = mlp.learning_rate_sweep(example.network, example.x, example.t, epochs=10)
    >>> result.best, result.loss.shape
    (2.0, (6, 11))
    """
    if not isinstance(net, MLP) or net.replicas is not None:
        raise TypeError(f"net: received {net!r}, expected an MLP without replicas")
    check_count("epochs", epochs)
    check_count("seeds", seeds)
    check_count("seed", seed, 0)
    checked_rates = _check_rates(rates)
    if executor is not None and not callable(getattr(executor, "map", None)):
        raise TypeError(
            f"executor: received {executor!r}, expected an Executor of concurrent.futures or None"
        )
    method = make_optimizer(optimizer)
    if callable(method.lr):
        raise ValueError(
            f"optimizer: received {method!r}, expected one without a schedule: "
            "the sweep sets its learning rate"
        )
    if validation is not None:
        net.copy().evaluate(
            *as_pair("validation", validation)
        )  # what does not fit is refused before the training
    starts = _initialisations(net, seeds, seed)
    options: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    options |= {"l1": l1, "l2": l2, "clip_norm": clip_norm, "callbacks": callbacks}
    run = _Run(net, method, X, Y, sample_weight, validation, epochs, options)

    # replica k is rate k // seeds with initialisation k % seeds
    of_start = np.tile(starts, (len(checked_rates), 1))
    of_rate = np.repeat(checked_rates, seeds)
    if executor is None:
        parts = [run(of_start, of_rate)]
    else:
        n_parts = min(len(of_rate), getattr(executor, "_max_workers", None) or os.cpu_count() or 1)
        cut = (np.array_split(of_start, n_parts), np.array_split(of_rate, n_parts))
        threads = max(1, read_cpu().cores // n_parts)
        with blas_threads(threads):  # for workers that are threads of this process
            parts = list(executor.map(replace(run, blas_threads=threads), *cut))

    shape = (len(checked_rates), seeds)
    networks = net.replicate(len(of_rate))
    networks._numbers = _joined([part.numbers for part in parts])
    val_losses = _joined([part.val_losses for part in parts]).reshape(shape)
    return SweepResult(
        rates=checked_rates,
        losses=_joined([part.losses for part in parts]).reshape(*shape, epochs + 1),
        diverged_at=_joined([part.diverged_at for part in parts]).reshape(shape),
        networks=networks,
        val_losses=None if validation is None else val_losses,
        loss_name=str(getattr(net.loss, "name", type(net.loss).__name__)),
    )


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@dataclass(frozen=True)
class _Trained:
    """What some of the runs came to: one row for each."""

    numbers: Array
    losses: NDArray[np.float64]
    diverged_at: NDArray[np.int64]
    val_losses: NDArray[np.float64]


@dataclass(frozen=True)
class _Run:
    """Trains some replicas; an object, so that it can be sent to a worker process."""

    net: MLP
    method: Optimizer
    X: ArrayLike
    Y: ArrayLike
    sample_weight: ArrayLike | None
    validation: tuple[ArrayLike, ArrayLike] | None
    epochs: int
    options: dict[str, Any]
    blas_threads: int | None = None
    parent: int = field(default_factory=os.getpid)

    def __call__(self, numbers: Array, rates: NDArray[np.float64]) -> _Trained:
        """Train replicas that start from these parameters ``(k, P + F)`` with rates ``(k,)``."""
        is_worker_process = os.getpid() != self.parent
        with blas_threads(self.blas_threads if is_worker_process else None):
            return self._train(numbers, rates)

    def _train(self, numbers: Array, rates: NDArray[np.float64]) -> _Trained:
        net = self.net.replicate(len(rates))
        net._numbers = numbers
        optimizer = copy.deepcopy(self.method)
        optimizer.reset()
        optimizer.lr = rates
        recorder = _LossRecorder(self.X, self.Y, self.sample_weight, len(rates), self.epochs)
        callbacks = [recorder, *self.options["callbacks"]]
        trainer = Trainer(net, optimizer, **(self.options | {"callbacks": callbacks}))
        watched = self.validation if self.options["callbacks"] else None
        trainer._keeps_history = bool(self.options["callbacks"])  # the recorder needs none
        trainer.fit(
            self.X, self.Y, self.epochs, validation=watched, sample_weight=self.sample_weight
        )
        if trainer.history.status == "interrupted":
            raise KeyboardInterrupt
        if self.options["callbacks"]:
            recorder.record_the_end(trainer)
        losses = recorder.losses
        diverged_at = np.array(trainer.history.diverged_at or np.zeros(len(rates)), np.int64)
        # the last update may have left weights that are finite and a loss that is not
        at_the_end = (diverged_at == 0) & ~np.isfinite(losses[:, -1])
        diverged_at[at_the_end] = self.epochs
        losses[at_the_end, -1] = np.nan
        val_losses = np.full(len(rates), np.nan)
        if self.validation is not None:
            with np.errstate(all="ignore"):
                val_losses = np.where(diverged_at, np.nan, net.evaluate(*self.validation))
        return _Trained(net._numbers, losses, diverged_at, val_losses)


class _LossRecorder(Callback):
    """Records the full training loss of every replica, before training and after each epoch.

    Full-batch training of dense layers has just that loss at hand: the one before each update.
    """

    def __init__(
        self, X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None, K: int, epochs: int
    ) -> None:
        self.data = (X, Y, sample_weight)
        self._by_epoch = np.empty((epochs + 1, K))  # an epoch's losses stand together in memory
        self._recorded = 0

    def on_start(self, trainer: Trainer) -> None:
        self.checked = trainer.net._check_data(*self.data)
        only_dense = all(isinstance(layer, Dense) for layer in trainer.net.layers)
        n_rows = len(self.checked[0])
        self.is_at_hand = only_dense and (trainer.batch_size or n_rows) >= n_rows
        if not self.is_at_hand:
            self._evaluate(trainer, 0)

    def on_epoch_begin(self, trainer: Trainer) -> None:
        self.alive = trainer.alive

    def on_batch_end(self, trainer: Trainer) -> None:
        if self.is_at_hand:
            self._record(trainer.batch_loss, trainer.epoch - 1, self.alive)

    def on_epoch_end(self, trainer: Trainer) -> None:
        is_last = trainer.epoch == len(self._by_epoch) - 1
        if not self.is_at_hand or is_last:
            self._evaluate(trainer, trainer.epoch)

    def record_the_end(self, trainer: Trainer) -> None:
        """Record what callbacks have left, for the last epoch and those that were not made."""
        with np.errstate(all="ignore"):
            for epoch in range(trainer.epoch, len(self._by_epoch)):
                self._evaluate(trainer, epoch)

    def _evaluate(self, trainer: Trainer, epoch: int) -> None:
        self._record(trainer.net._evaluate(*self.checked, trainer.penalty), epoch, trainer.alive)

    def _record(self, loss: LossValue, epoch: int, alive: NDArray[np.bool_]) -> None:
        row = self._by_epoch[epoch]
        row[...] = loss
        self._recorded = epoch + 1
        fine = np.isfinite(row) & alive
        if not fine.all():
            row[~fine] = np.nan

    @property
    def losses(self) -> NDArray[np.float64]:
        """The losses ``(K, epochs + 1)``, NaN where there was no epoch."""
        self._by_epoch[self._recorded :] = np.nan
        return self._by_epoch.T


def _check_rates(rates: ArrayLike) -> NDArray[np.float64]:
    checked = numeric("rates", rates).astype(np.float64)
    if checked.ndim != 1 or checked.size == 0:
        raise ValueError(
            f"rates: received shape {checked.shape}, expected (n_rates,) with n_rates >= 1"
        )
    if not (np.isfinite(checked) & (checked > 0)).all():
        raise ValueError(f"rates: received {checked.tolist()}, expected finite numbers > 0")
    if len(np.unique(checked)) < len(checked):
        raise ValueError(f"rates: received {checked.tolist()}, expected each rate once")
    return checked


def _initialisations(net: MLP, seeds: int, seed: int) -> Array:
    """Return theta and fixed of each start, ``(seeds, P + F)``; the first are the network's."""
    dense = [layer for layer in net.layers if isinstance(layer, Dense)]
    if seeds > 1 and dense and all(layer.has_given_weights for layer in dense):
        raise ValueError(
            f"seeds: received {seeds}, expected 1 for a network whose weights were all given"
        )
    starts, fresh = [net._numbers], net.copy()
    for i in range(1, seeds):
        fresh.initialize(np.random.default_rng([seed, i]))
        starts.append(fresh._numbers)
    return np.array(starts)
