"""The trainer: epochs of batches, each a gradient and an update."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import (
    check_bool,
    check_count,
    check_path,
    check_positive,
    check_sequence,
    make_rng,
)
from mlp._types import LossValue
from mlp.core.network import MLP
from mlp.core.penalties import Penalty
from mlp.optim import Optimizer, make_optimizer
from mlp.training.callbacks.base import Callback
from mlp.training.checkpoint.checkpoint import require_checkpoint
from mlp.training.checkpoint.file import continue_run
from mlp.training.class_weights import ClassWeight
from mlp.training.data import check_batch_size, check_training, check_validation
from mlp.training.history import History
from mlp.training.loop import Run
from mlp.training.metrics import MetricLike, make_metrics
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
        epoch may be shorter; it counts by its true size. A size that leaves a batch of one row is
        refused where a layer needs two, as `BatchNorm` does.
    shuffle : bool, default True
        Whether each epoch goes through the rows in a new order.
    seed : int, numpy.random.Generator or None, default 0
        For the order and for dropout.
    l1, l2 : float, default 0.0
        Penalties on the weights, ``l1 * sum |w| + 1/2 * l2 * sum w^2``, in the reported loss and
        in its gradient. Biases are not penalised.
    clip_norm : float, optional
        The greatest norm of the whole gradient; a longer one is scaled down to it.
    metrics : sequence of str, Metric or function
        What is recorded after each epoch besides the loss: "accuracy", "top_3", "mae", "r2", a
        `Metric`, or a function ``(Y, outputs) -> float``. On the validation data, as
        ``val_accuracy``; where there is none on the training data, as ``accuracy``, which takes
        one more pass over them.
    callbacks : sequence of Callback
        What else happens.

    Attributes
    ----------
    history : History
        All epochs of all calls of `fit`; train(n) followed by train(m) is train(n + m).
    epoch, batch : int
        Where the run is, counted from 1. An epoch that did not end is not counted.
    batch_loss : float or ndarray (K,)
        The loss of the last batch, taken before its update.
    epochs : int
        How many epochs the last `fit` or `resume` was asked for.

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
        metrics: Sequence[MetricLike] = (),
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if not isinstance(net, MLP):
            raise TypeError(f"net: received {net!r}, expected an MLP")
        if batch_size is not None:
            check_count("batch_size", batch_size)
        if clip_norm is not None:
            check_positive("clip_norm", clip_norm)
        self.net = net
        self.optimizer = make_optimizer(optimizer)
        self.batch_size = batch_size
        self.shuffle = check_bool("shuffle", shuffle)
        self.penalty = Penalty(l1, l2)
        self.clip_norm = clip_norm
        self.metrics = make_metrics(metrics)
        self.callbacks = list(check_sequence("callbacks", callbacks, "callbacks"))
        self.history = History()
        self.epoch = self.batch = self.epochs = 0
        self.batch_loss: LossValue = math.nan
        self._run: Run | None = None
        self._rng = make_rng(seed)
        self._update = GuardedUpdate(net)
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

        Ctrl-C ends the run after the batch that is running: the history, whose status is then
        "interrupted", is returned, and holds the epochs that came to their end. A second Ctrl-C
        interrupts at once.

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
        class_weight : "balanced" or dict, optional
            What the loss of each class's rows is multiplied by, besides: a weight for each label,
            or ``n / (n_classes * count)``. A weight of 2 does what a second copy of the rows does.

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
        run = self._prepare(X, Y, validation, sample_weight, class_weight)
        run.begin(epochs)
        return self._carry_out(run, epochs)

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
        """Continue the run of a `Checkpoint`, bit for bit as if it had never ended.

        The network, the optimizer and the trainer are made as they were made for that run: what
        differs is named in the error. Their state is replaced by that of the run, so it is no
        matter how the network was initialised or what it was trained with since. A run that is
        over returns at once. It may be given more epochs than it was begun with.

        The line that a script needs to be simply run again after whatever has ended it, with
        ``Checkpoint("run.npz")`` among the callbacks::

            history = trainer.resume("run.npz", X, Y, epochs=100, missing_ok=True)

        Parameters
        ----------
        path : path
            What `Checkpoint` wrote.
        X, Y, validation, sample_weight, class_weight
            The data of the run, as in `fit`. What is in memory must have the same numbers, what
            is read from a memory map or a `RowSource` the same shape.
        epochs : int
            How many epochs the run has altogether, those before included.
        missing_ok : bool, default False
            Whether to begin the run if there is no such file yet. A `Checkpoint` that writes it
            has to be among the callbacks then.

        Returns
        -------
        History
            Of the whole run. Only its "seconds" are not those of a run that never ended.

        Raises
        ------
        ValueError, TypeError
            If the data does not fit, or the file is of another run, or has come further than
            `epochs`.
        FileFormatError
            If the file is damaged or something else. Nothing has been changed when any of these
            is raised.
        OSError
            If there is no such file or it cannot be read.
        TrainingDiverged
            As `fit`.
        """
        check_count("epochs", epochs, 0)
        check_bool("missing_ok", missing_ok)
        check_path("path", path)
        run = self._prepare(X, Y, validation, sample_weight, class_weight)
        run.last_epoch = epochs
        if missing_ok and not os.path.lexists(path):
            require_checkpoint(self.callbacks, path)
            run.begin(max(0, epochs - len(self.history.epochs)))
        else:
            continue_run(path, run)
        return self._carry_out(run, epochs)

    def stop(self) -> None:
        """End the present `fit` after the epoch that is running."""
        if self._run is not None:
            self._run.is_stopping = True

    @property
    def monitored(self) -> Mapping[str, str]:
        """What callbacks can watch in this `fit`: names, and "min" or "max" for what is better."""
        return {} if self._run is None else self._run.evaluation.modes

    def training_loss(self) -> LossValue:
        """Return the loss on all training data with the present weights, for callbacks.

        Weights of rows and penalties count, there is no dropout. RuntimeError outside of `fit`.
        """
        if self._run is None:
            raise RuntimeError("training_loss: received no data, expected a call during fit")
        return self._run.evaluation.training_loss()

    def _prepare(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        validation: tuple[ArrayLike, ArrayLike] | None,
        sample_weight: ArrayLike | None,
        class_weight: ClassWeight | None,
    ) -> Run:
        """Check the data, and that the optimizer fits the network."""
        training = check_training(self.net, X, Y, sample_weight, class_weight)
        held_out = None if validation is None else check_validation(self.net, validation)
        run = Run(self, training, held_out)
        check_batch_size(self.net.layers, run.data.n_rows, run.data.batch_size)
        self._update.begin(self.optimizer, self.clip_norm)
        return run

    def _carry_out(self, run: Run, epochs: int) -> History:
        self._run, self.epochs = run, epochs
        try:
            run.carry_out()
        finally:
            self._run = None
        return self.history

    @property
    def is_training(self) -> bool:
        """Whether `fit` or `resume` is running."""
        return self._run is not None

    @property
    def is_resumed(self) -> bool:
        """Whether the present run was continued from a checkpoint, for callbacks."""
        return self._run is not None and self._run.source is not None

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Which replicas have not diverged, ``(K,)``; one element for a single network."""
        return self._update.alive
