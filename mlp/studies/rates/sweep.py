"""The learning-rate sweep: one network trained with many rates in one vectorized run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_floats, as_pair, check_count, check_path, numeric
from mlp.core import MLP
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.rates.result import SweepResult
from mlp.studies.rates.run import SweepRun
from mlp.studies.sweep.variants import starts_of
from mlp.training import Callback
from mlp.training.callbacks.base import check_callbacks

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
    checkpoint: str | os.PathLike[str] | None = None,
) -> SweepResult:
    """Train a network with each of several learning rates and record the loss of every epoch.

    All runs train at once, as replicas of one network. They start from the same weights and see
    the same batches in the same order (and the same dropout masks), so only the rate differs; each
    run is bit-identical to that of a `Trainer` with this rate and as many BLAS threads. A run that
    diverges stops, is marked, and does not affect the others. If a callback stops the runs, the
    last loss is repeated for the remaining epochs.

    Parameters
    ----------
    net : MLP
        The network that all runs start from. It is not changed.
    X : array_like (n, n_in)
        The inputs.
    Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
        The targets.
    rates : array_like (n_rates,), default (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
        Distinct positive learning rates.
    epochs : int, default 100
        The length of each run.
    batch_size : int or None, default None
        None for full-batch gradient descent.
    optimizer : str or Optimizer, default "sgd"
        Its own learning rate is replaced.
    seeds : int, default 1
        The number of initializations per rate. The first is that of `net`; for the others the
        weights are drawn anew, the same for every rate.
    seed : int, default 0
        For the order of the batches and the further initializations.
    executor : concurrent.futures.Executor, optional
        Trains the runs, in as many parts as it has workers; by default they train here, in one.
        The workers share the cores, each with at most the BLAS threads of this process. With one
        (``OPENBLAS_NUM_THREADS=1``) the results are bit-identical with and without an executor.
    validation : tuple (X, Y), optional
        Data on which the trained networks are compared.
    sample_weight, shuffle, l1, l2, clip_norm, callbacks
        As in `Trainer`. Each part calls its own copy of the callbacks.
    checkpoint : path, optional
        A file that is written every few seconds. After an interruption of any kind the same call
        continues from it, with bit-identical results; after the end it returns at once. With an
        executor each part has its own file, such as ``sweep.1-of-4.npz``, and the sweep keeps
        these parts even if it continues with another executor or none.

    Returns
    -------
    SweepResult
        ``loss[k, e]`` is the full training loss of rate k with the weights after e epochs, that
        of `Trainer.training_loss`.

    Raises
    ------
    ValueError, TypeError
        If the rates are not positive numbers, another argument is invalid, or the checkpoint
        belongs to another sweep; the error lists the differences.
    FileFormatError, OSError
        If the checkpoint is corrupted, is not a checkpoint, or cannot be written.
    KeyboardInterrupt
        After Ctrl-C, at the end of the current batch and with the checkpoint written; half a sweep
        is not returned, because it compares nothing.

    Examples
    --------
    >>> import mlp
    >>> example = mlp.examples.learning_rate_chart()
    >>> result = mlp.learning_rate_sweep(example.network, example.x, example.t, epochs=10)
    >>> result.best, result.loss.shape
    (2.0, (6, 11))
    """
    if not isinstance(net, MLP) or net._lead:
        raise TypeError(f"net: received {net!r}, expected an MLP without replicas")
    check_count("epochs", epochs)
    check_count("seeds", seeds)
    check_count("seed", seed, 0)
    checked_rates = _check_rates(rates)
    if executor is not None and not callable(getattr(executor, "map", None)):
        raise TypeError(
            f"executor: received {executor!r}, expected an Executor of concurrent.futures or None"
        )
    callbacks = check_callbacks(callbacks)
    method = make_optimizer(optimizer)
    if callable(method.lr):
        raise ValueError(
            f"optimizer: received {method!r}, expected one without a schedule: "
            "the sweep sets its learning rate"
        )
    if validation is not None:  # rejected before the training, not after
        net.copy().evaluate(*as_pair("validation", validation))
    if checkpoint is not None:
        check_path("checkpoint", checkpoint)
    of_start = starts_of(net, len(checked_rates), seeds, seed)
    options: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    options |= {"l1": l1, "l2": l2, "clip_norm": clip_norm, "callbacks": callbacks}
    settings = {"epochs": epochs, "seeds": seeds, "seed": seed}
    run = SweepRun(net, method, X, Y, sample_weight, validation, epochs, options, settings)

    # replica k is rate k // seeds with initialisation k % seeds
    of_rate = np.repeat(checked_rates, seeds)
    trained = run.in_parts(of_start, of_rate, executor, checkpoint)

    shape = (len(checked_rates), seeds)
    networks = net.replicate(len(of_rate))
    networks._numbers = trained.numbers
    return SweepResult(
        rates=checked_rates,
        losses=trained.losses.reshape(*shape, epochs + 1),
        diverged_at=trained.diverged_at.reshape(shape),
        networks=networks,
        val_losses=None if validation is None else trained.val_losses.reshape(shape),
        loss_name=str(getattr(net.loss, "name", type(net.loss).__name__)),
    )


def _check_rates(rates: ArrayLike) -> NDArray[np.float64]:
    given = as_floats("rates", numeric("rates", rates), np.dtype(np.float64))
    checked: NDArray[Any] = given.copy()  # the result keeps them; the caller may change its own
    if checked.ndim != 1 or checked.size == 0:
        raise ValueError(
            f"rates: received shape {checked.shape}, expected (n_rates,) with n_rates >= 1"
        )
    if not (np.isfinite(checked) & (checked > 0)).all():
        raise ValueError(f"rates: received {checked.tolist()}, expected finite numbers > 0")
    if len(np.unique(checked)) < len(checked):
        raise ValueError(f"rates: received {checked.tolist()}, expected each rate once")
    return checked
