"""The trainer: epochs of batches, each a gradient and an update."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp.core.arrays import LossValue
from mlp.core.network import MLP
from mlp.core.penalties import Penalty
from mlp.core.validation import check_bool, check_count, check_sequence, make_rng
from mlp.optim import Optimizer, make_optimizer
from mlp.training.batches import Batches
from mlp.training.callbacks import Callback
from mlp.training.checks import check_batch_size, check_number
from mlp.training.class_weights import ClassWeight
from mlp.training.divergence import TrainingDiverged, note_divergence
from mlp.training.evaluation import Evaluation, check_training, check_validation
from mlp.training.history import History
from mlp.training.interrupt import Interrupt
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
        How many epochs the last `fit` was asked for.

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
            check_number("clip_norm", clip_norm, "a finite number > 0", positive=True)
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
        self._evaluation: Evaluation | None = None
        self._interrupt = Interrupt()
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
        net = self.net
        training = check_training(net, X, Y, sample_weight, class_weight)
        held_out = None if validation is None else check_validation(net, validation)
        evaluation = Evaluation(net, self.metrics, training, held_out, self.penalty)
        data = Batches(*training, n_out=net.n_out, batch_size=self.batch_size, shuffle=self.shuffle)
        check_batch_size(net.layers, data.n_rows, data.batch_size)
        self._update.begin(self.optimizer, self.clip_norm)
        self._evaluation = evaluation
        self.epochs = epochs
        self.history.status = "running"
        self.epoch = len(self.history.epochs)  # an epoch that diverged does not count
        self._stopping = False
        # what overflows is found by the checks before each update, so NumPy need not warn
        with np.errstate(all="ignore"), Interrupt() as self._interrupt:
            try:
                self._call("on_start")
                for _ in range(epochs):
                    if self._stopping or self._interrupt.requested or not self.alive.any():
                        break
                    self._run_epoch(data, evaluation)
                self.history.status = self._outcome()
            except BaseException as error:
                self.history.status = _OUTCOMES.get(type(error), "failed")
                raise
            finally:
                self._call_all("on_stop")
                self._evaluation = None
        if self._interrupt.requested and self.history.status != "interrupted":
            raise KeyboardInterrupt  # it came when there was nothing left to end
        return self.history

    def stop(self) -> None:
        """End the present `fit` after the epoch that is running."""
        self._stopping = True

    @property
    def monitored(self) -> Mapping[str, str]:
        """What callbacks can watch in this `fit`: names, and "min" or "max" for what is better."""
        return {} if self._evaluation is None else self._evaluation.modes

    def training_loss(self) -> LossValue:
        """Return the loss on all training data with the present weights, for callbacks.

        Weights of rows and penalties count, there is no dropout. RuntimeError outside of `fit`.
        """
        if self._evaluation is None:
            raise RuntimeError("training_loss: received no data, expected a call during fit")
        return self._evaluation.training_loss()

    def _outcome(self) -> str:
        if self._interrupt.requested:
            return "interrupted"
        return "completed" if self.alive.any() else "diverged"

    def _run_epoch(self, data: Batches, evaluation: Evaluation) -> None:
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
        interrupt, is_one_batch = self._interrupt, len(data) == 1
        total: LossValue = 0.0
        norms: LossValue = 0.0
        for X, Y, weight in data.epoch(rng):
            self.batch += 1
            loss = net._loss_and_grad(X, Y, weight, penalty, rng)
            norm = update.apply(loss)
            if update.has_new_diverged:
                note_divergence(self)
            self.batch_loss = loss
            if is_one_batch:
                total, norms = loss, norm
            else:
                total = total + loss * len(X)
                norms = norms + norm
            for call in after_batch:
                call(self)
            if interrupt.requested and self.batch < len(data):
                return
        if self._keeps_history:
            if not is_one_batch:
                total, norms = total / data.n_rows, norms / len(data)
            self._record_epoch(total, norms, evaluation, start)
        self._call("on_epoch_end")

    def _record_epoch(
        self, loss: LossValue, norm: LossValue, evaluation: Evaluation, start: float
    ) -> None:
        values: dict[str, Any] = {
            "loss": self._masked(loss),
            "lr": self._update.lr,
            "grad_norm": self._masked(norm),
        }
        values |= {name: self._masked(value) for name, value in evaluation.measure().items()}
        self.history.append(**values, seconds=time.perf_counter() - start)

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

    def _call_all(self, hook: str) -> None:
        """Call a hook of every callback, also of those that come after one that raises."""
        with ExitStack() as stack:
            for callback in reversed(self.callbacks):
                stack.callback(getattr(callback, hook), self)


_OUTCOMES: dict[type[BaseException], str] = {
    TrainingDiverged: "diverged",
    KeyboardInterrupt: "interrupted",
}
