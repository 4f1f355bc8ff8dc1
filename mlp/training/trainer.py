"""The trainer: its settings, and the data it is given."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import check_bool, check_count, check_path, make_rng
from mlp._replicas import check_positives, check_replicas
from mlp._types import LossValue, Rate
from mlp.core.losses import Penalty
from mlp.core.network import MLP
from mlp.optim import Optimizer, Schedule, make_optimizer
from mlp.training.callbacks.base import Callback, check_callbacks
from mlp.training.checkpoint.checkpoint import continue_run, require_checkpoint
from mlp.training.checkpoint.settings import settings_of
from mlp.training.class_weights import ClassWeight
from mlp.training.data import (
    Batches,
    check_batch_size,
    check_training,
    check_validation,
)
from mlp.training.evaluation import Evaluation
from mlp.training.history import History
from mlp.training.loop import train
from mlp.training.metrics import MetricLike, make_metrics
from mlp.training.run import Run, RunState
from mlp.training.update import GuardedUpdate


class Trainer:
    """Trains a network, or K replicas of it at once.

    With replicas, every number that decides how they move may be an array ``(K,)``: the learning
    rate and all other hyperparameters of the optimizer, the penalties, `clip_norm`, and the rate
    of a `Dropout` layer. Each replica is bit-identical to a run of its own with its numbers.

    Parameters
    ----------
    net : MLP
        The network; it is trained in place.
    optimizer : Optimizer or str, default "sgd"
        The optimizer, with the learning rate: a float, a schedule, or ``(K,)`` rates for replicas.
    batch_size : int or None, default 32
        Rows per batch, None for all rows (full-batch gradient descent). The last batch of an
        epoch may be shorter, and is weighted by its true size. A size that leaves a batch of one
        row is rejected if a layer needs two, as `BatchNorm` does.
    shuffle : bool, default True
        Whether each epoch visits the rows in a new order.
    seed : int, numpy.random.Generator or None, default 0
        The seed of the order and of dropout.
    l1, l2 : float or array (K,), default 0.0
        Penalties on the weights, ``l1 * sum |w| + 1/2 * l2 * sum w^2``, in the reported loss and
        in its gradient. Biases are not penalised.
    clip_norm : float or array (K,), optional
        The largest norm of the whole gradient; a longer gradient is scaled down to it. In an
        array, infinity stands for a replica without a limit.
    metrics : sequence of str, Metric or function
        Recorded after each epoch: "accuracy", "top_3", "mae", "r2", a `Metric`, or a function
        ``(Y, outputs) -> float``. They are measured on the validation data and recorded as
        ``val_accuracy`` and so on; without validation data, on the training data as ``accuracy``,
        which takes another pass over it.
    callbacks : sequence of Callback
        Called during training.

    Warns
    -----
    UserWarning
        Once, by `fit` or `resume`, if the schedule of the optimizer has ended before.

    Attributes
    ----------
    history : History
        The epochs of all calls of `fit`; ``fit(n)`` followed by ``fit(m)`` equals ``fit(n + m)``.
    epochs : int
        The number of epochs requested from the last `fit` or `resume`.

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
        l1: Rate = 0.0,
        l2: Rate = 0.0,
        clip_norm: Rate | None = None,
        metrics: Sequence[MetricLike] = (),
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if not isinstance(net, MLP):
            raise TypeError(f"net: received {net!r}, expected an MLP")
        if batch_size is not None:
            check_count("batch_size", batch_size)
        self.net = net
        self.optimizer = make_optimizer(optimizer)
        self.batch_size = batch_size
        self.shuffle = check_bool("shuffle", shuffle)
        self.penalty = Penalty(l1, l2)
        self.penalty.check(net.replicas)
        self.clip_norm: Rate | None = None
        if clip_norm is not None:
            self.clip_norm = check_positives("clip_norm", clip_norm, infinite=True)
            check_replicas("clip_norm", self.clip_norm, net.replicas)
        self.metrics = make_metrics(metrics)
        self.callbacks = check_callbacks(callbacks)
        self.history = History()
        self.epochs = 0
        self._state = RunState()
        self._run: Run | None = None  # the one in progress
        self._rng = make_rng(seed)
        self._update = GuardedUpdate(net)
        self._make_batches: Callable[..., Batches] = Batches
        self._make_evaluation: Callable[..., Evaluation] = Evaluation
        self._has_warned = False
        self._keeps_history = True  # False for a sweep, which records the losses itself

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        epochs: int = 1,
        *,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        sample_weight: ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
    ) -> History:
        """Train for a number of epochs.

        Ctrl-C ends the run after the current batch and returns the history, which holds the
        complete epochs and has the status "interrupted". A second Ctrl-C interrupts at once.

        Parameters
        ----------
        X : array_like (n, n_in), np.memmap or RowSource
            The inputs. A memory map, or any object with `shape`, `dtype` and
            ``take(indices, axis=0)``, is read a batch at a time. Frames and tensors are
            converted; the names of a frame's columns become ``net.feature_names``.
        Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
            The targets; for one output also ``(n,)``.
        epochs : int, default 1
            The number of passes over all rows.
        validation : tuple (X, Y), optional
            Data whose loss is recorded after each epoch.
        sample_weight : array_like (n,), optional
            Factors of the rows' losses; with K replicas or members also ``(K, n)``, such as how
            often each bootstrap sample holds each row.
        class_weight : "balanced" or dict, optional
            Further factors by class: a weight for each label, or ``n / (n_classes * count)``. A
            weight of 2 has the effect of a second copy of the rows.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If the data does not fit; nothing has been changed then.
        TrainingDiverged
            If the loss, the gradient or the update is not finite. The network keeps the weights
            from before that update. With replicas nothing is raised: a replica that diverges
            keeps its last good weights, and the others go on.
        RuntimeError
            If this trainer is training already, or another thread uses the network. Callbacks may
            use it.
        """
        check_count("epochs", epochs, 0)
        with self._alone("fit"):
            run = self._prepare(X, Y, validation, sample_weight, class_weight)
            run.begin()
            run.state.last_epoch = run.state.epoch + epochs
            return self._train(run, epochs)

    def resume(
        self,
        path: str | os.PathLike[str],
        X: ArrayLike,
        Y: ArrayLike,
        epochs: int,
        *,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        sample_weight: ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
        missing_ok: bool = False,
    ) -> History:
        """Continue the run of a `Checkpoint`, bit-identical to a run that never stopped.

        (On the same machine, with the same NumPy and number of threads.)

        Set up the network, the optimizer and the trainer as for that run; an error lists any
        differences. Their state is replaced by that of the run, so the initial weights and any
        training since do not matter. A run that is over returns at once; a larger number of
        epochs extends it.

        With ``Checkpoint("run.npz")`` among the callbacks, this line lets a script simply be run
        again after any interruption::

            history = trainer.resume("run.npz", X, Y, epochs=100, missing_ok=True)

        Parameters
        ----------
        path : path
            The file of the `Checkpoint`.
        X, Y, validation, sample_weight, class_weight
            The data of the run, as in `fit`. Arrays in memory must hold the same numbers; a
            memory map or a `RowSource` must have the same shape.
        epochs : int
            The total number of epochs, including those before.
        missing_ok : bool, default False
            Whether to start the run if the file does not exist yet. A `Checkpoint` that writes it
            must then be among the callbacks.

        Returns
        -------
        History
            The history of the whole run. Only "seconds" differs from an uninterrupted run.

        Raises
        ------
        ValueError, TypeError
            If the data does not fit, or the file holds another run, or one past `epochs`.
        FileFormatError
            If the file is corrupted or of another kind. Nothing has been changed when one of
            these is raised.
        OSError
            If the file does not exist or cannot be read.
        TrainingDiverged
            As in `fit`.
        """
        check_count("epochs", epochs, 0)
        check_bool("missing_ok", missing_ok)
        check_path("path", path)
        with self._alone("resume"):
            run = self._prepare(X, Y, validation, sample_weight, class_weight)
            if missing_ok and not os.path.lexists(path):
                require_checkpoint(self.callbacks, path)
                run.begin()
                run.state.last_epoch = max(run.state.epoch, epochs)
            else:
                continue_run(path, run, epochs)
            return self._train(run, epochs)

    def stop(self) -> None:
        """End the current `fit` after this epoch."""
        if self._run is not None:
            self._state.is_stopping = True

    @property
    def monitored(self) -> Mapping[str, str]:
        """The quantities that callbacks can monitor during `fit`: which of "min", "max" is better.

        It is "" for a metric that does not say.
        """
        return {} if self._run is None else self._run.evaluation.modes

    def training_loss(self) -> LossValue:
        """Return the loss on all training data with the current weights, for callbacks.

        It includes row weights and penalties, but no dropout. For full-batch training without
        dropout and running statistics it is, bit for bit, what `History` records as "loss" with
        the next update. RuntimeError outside of `fit`.
        """
        if self._run is None:
            raise RuntimeError("training_loss: received no data, expected a call during fit")
        return self._run.evaluation.training_loss()

    @contextmanager
    def _alone(self, call: str) -> Iterator[None]:
        """Train the network alone; RuntimeError if anything else is at work on it."""
        if self._run is not None:
            raise RuntimeError(
                f"{call}: received during a fit of this trainer, expected one at a time"
            )
        self.net._access.begin_write(call)
        try:
            yield
        finally:
            self.net._access.end_write()

    def _prepare(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        validation: tuple[ArrayLike, ArrayLike] | None,
        sample_weight: ArrayLike | None,
        class_weight: ClassWeight | None,
    ) -> Run:
        """Check the data, and that the optimizer fits the network; nothing is changed."""
        training = check_training(self.net, X, Y, sample_weight, class_weight)
        names = training.X.names
        held_out = None if validation is None else check_validation(self.net, validation, names)
        run = Run(self, training, held_out)
        check_batch_size(self.net.layers, run.data.n_rows, run.data.batch_size)
        self._update.begin(self.optimizer, self.clip_norm)
        return run

    def _train(self, run: Run, epochs: int) -> History:
        lr = self.optimizer._lr
        end = lr.end if isinstance(lr, Schedule) else None
        if (
            end is not None
            and self.optimizer.steps >= end
            and not (run.is_over or self._has_warned)
        ):
            self._has_warned = True
            warnings.warn(
                f"the schedule {lr!r} ended after {end} updates, and the rate stays "
                "at its last value: give it more steps, set optimizer.lr, or call "
                "optimizer.reset() to start again",
                stacklevel=3,
            )
        self._run, self.epochs = run, epochs
        self.history.is_weighted |= run.data.weight is not None
        names = run.data.X.names
        if names is not None and self.net.feature_names is None:
            self.net.feature_names = names
        try:
            if run.savers:
                settings_of(run)  # before a callback changes one of them
            train(run)
        finally:
            self._run = None
        return self.history

    @property
    def epoch(self) -> int:
        """The current epoch, counted from 1; one that did not end is not counted later."""
        return self._state.epoch

    @property
    def batch(self) -> int:
        """The current batch of the epoch, counted from 1."""
        return self._state.batch

    @property
    def batch_loss(self) -> LossValue:
        """The loss of the last batch, before its update: a float or ``(K,)``."""
        return self._state.batch_loss

    @property
    def is_training(self) -> bool:
        """Whether `fit` or `resume` is running."""
        return self._run is not None

    @property
    def is_resumed(self) -> bool:
        """Whether the current run continues a checkpoint."""
        return self._run is not None and self._run.source is not None

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Which replicas have not diverged, ``(K,)``; one element for a single network."""
        return self._update.alive
