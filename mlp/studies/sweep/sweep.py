"""The sweep over any parameters: each run bit-identical to a `Trainer` with its values alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import as_pair, check_bool, check_count
from mlp._names import shortened
from mlp.core import MLP
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.sweep.bar import SweepBar
from mlp.studies.sweep.engine import (
    Outcome,
    check_executor,
    failed_record,
    workers_of,
)
from mlp.studies.sweep.pieces import pieces_of, settings_of_sweep
from mlp.studies.sweep.pruning import Halving, make_halving
from mlp.studies.sweep.recorder import Record
from mlp.studies.sweep.runs import SweepRuns, Trained
from mlp.studies.sweep.search import grid
from mlp.studies.sweep.stack import Stack, stacks_of
from mlp.studies.sweep.stages import Stages
from mlp.studies.sweep.work import Work
from mlp.training import Callback
from mlp.training.callbacks.base import check_callbacks
from mlp.training.data import Rows
from mlp.training.metrics import MetricLike, make_metrics


def sweep(
    net: MLP,
    X: ArrayLike,
    Y: ArrayLike,
    parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    epochs: int = 20,
    batch_size: int | None = 32,
    optimizer: str | Optimizer = "sgd",
    *,
    schedule: str | Callable[[int], Any] | None = None,
    seeds: int = 1,
    seed: int = 0,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    sample_weight: ArrayLike | None = None,
    shuffle: bool = True,
    metrics: Sequence[MetricLike] = (),
    callbacks: Sequence[Callback] = (),
    prune: str | Halving | None = None,
    executor: Executor | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> SweepRuns:
    """Train a network with each of several sets of parameters.

    Runs of one structure train at once, as replicas of one network; each is bit-identical to a
    `Trainer` with these values and one BLAS thread. They start from the same weights and see the
    same batches in the same order, and the same random numbers in dropout. A run that diverges
    stops, is marked, and does not affect the others.

    Parameters
    ----------
    net : MLP
        The network that the runs start from. It is not changed.
    X : array_like (n, n_in)
        The inputs.
    Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
        The targets.
    parameters : dict of str to list, or list of dict
        A dict means every combination of its values; `mlp.search` also pairs values and draws
        them at random. A list holds the parameters of each run.

        Numbers: "lr" (also a schedule), "momentum", "alpha", "beta1", "beta2", "eps",
        "lr_decay", "initial_accumulator", "weight_decay", "l1", "l2", "clip_norm", "dropout".

        Structure: "hidden" (the widths of the hidden layers), "activation", "normalization",
        "loss", "optimizer", "nesterov", "centered", "schedule", "batch_size", and "seed" (of the
        order of the batches and of dropout).
    epochs : int, default 20
        The length of each run.
    batch_size : int or None, default 32
        As in `Trainer`.
    optimizer : str or Optimizer, default "sgd"
        Its hyperparameters apply to runs that do not set them.
    schedule : str, optional
        The name of a schedule of the learning rate over the whole run, as in `make_schedule`,
        such as "cosine".
    seeds : int, default 1
        The number of initialisations of each set of parameters. The first is that of `net`.
    seed : int, default 0
        For the order of the batches, dropout and further initialisations. If "hidden",
        "activation" or "normalization" is a parameter, the first weights, too, are drawn from it:
        those of ``MLP.from_sizes(..., seed=seed)``.
    validation : tuple (X, Y), optional
        Data on which loss and metrics are measured after each epoch.
    sample_weight, shuffle, metrics
        As in `Trainer`.
    callbacks : sequence of Callback
        Copied for each group of runs that train together. With `EarlyStopping`, each run stops on
        its own and then costs nothing, if all callbacks are of that kind or `ReduceLROnPlateau`.
    prune : {"halving", "asha"} or Halving, optional
        Ends the worse runs early, with the status "pruned"; see `mlp.search.Halving`. The
        decision does not depend on the executor. Until it is made, the state of the runs is kept
        beside the checkpoint, or in a temporary folder of this machine.
    executor : concurrent.futures.Executor, optional
        Trains the runs; any object with `submit` that returns the futures of `concurrent.futures`.
        The result is bit-identical with any executor and number of workers, or with none. A task
        whose worker dies is retried; runs that fail three times are marked "failed", with
        the error in ``errors``.
    checkpoint : path, optional
        A file that says how the sweep is cut; each piece writes its own beside it, such as
        ``sweep.1-of-4.npz``, every few seconds. After any interruption, the same call continues
        from them, with bit-identical results. Workers need access to the folder.
    progress : bool, default False
        Whether to show a bar on a terminal or in a notebook, with the best value so far.

    Returns
    -------
    SweepRuns

    Raises
    ------
    ValueError, TypeError
        If a parameter is unknown, a value or another argument is invalid, or the checkpoint
        belongs to another sweep; raised before any training.
    FileFormatError, OSError
        If the checkpoint is corrupted, is of another kind, or cannot be written.
    KeyboardInterrupt
        After Ctrl-C, at the end of the current batch and with the checkpoint written.

    Examples
    --------
    >>> import mlp
    >>> train, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
    >>> net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    >>> runs = mlp.sweep(
    ...     net,
    ...     *train,
    ...     {"lr": [0.01, 0.1], "momentum": [0.0, 0.9]},
    ...     epochs=2,
    ...     validation=tuple(held_out),
    ...     metrics=["accuracy"],
    ... )
    >>> runs.best.parameters
    {'lr': 0.1, 'momentum': 0.9}
    >>> runs.history(3)["val_accuracy"][-1] > 0.9
    True
    """
    if not isinstance(net, MLP) or net._lead:
        raise TypeError(f"net: received {shortened(net)}, expected an MLP without replicas")
    check_count("epochs", epochs)
    check_count("seeds", seeds)
    check_count("seed", seed, 0)
    check_executor(executor)
    if validation is not None:
        validation = as_pair("validation", validation)
    method = make_optimizer(optimizer)
    if isinstance(method.lr, np.ndarray):
        raise ValueError(f"optimizer: received {method!r}, expected one rate; sweep over 'lr'")
    sets = _runs(parameters)
    common: dict[str, Any] = {
        "batch_size": batch_size,
        "shuffle": check_bool("shuffle", shuffle),
        "metrics": make_metrics(metrics),
        "seed": seed,
    }
    if schedule is not None:
        common["schedule"] = schedule
    stacks = stacks_of(net, method, sets, common, seeds, seed)
    n_rows = Rows(X, net.n_in, net.dtype, net.feature_names).n_rows
    work = Work(X, Y, sample_weight, validation, epochs, n_rows, check_callbacks(callbacks))
    for stack in stacks:
        work.check(stack)
    modes = modes_of(common["metrics"], validation)
    halving, is_shown = make_halving(prune, modes), check_bool("progress", progress)
    settings = settings_of_sweep(sets, epochs, seeds, seed) | {"prune": repr(halving)}
    pieces, paths = pieces_of(stacks, workers_of(executor), checkpoint, settings)
    stages = Stages(work, pieces, paths, len(sets), seeds, halving, *_decisive(halving, modes))
    with SweepBar(len(sets) * seeds, modes, is_shown) as bar:
        outcomes = stages.run(executor, bar.advance)
    return result_of(pieces, outcomes, sets, seeds, modes)


def _runs(parameters: Any) -> list[dict[str, Any]]:
    """Return the parameters of each run; ValueError or TypeError if they are none."""
    if isinstance(parameters, Mapping):
        return grid(parameters)
    if not isinstance(parameters, list | tuple) or not parameters:
        raise TypeError(
            f"parameters: received {shortened(parameters)}, expected a dict of lists, or a list "
            "of dicts as mlp.search makes them"
        )
    for run in parameters:
        if not isinstance(run, Mapping):
            raise TypeError(f"parameters: received {shortened(run)} in the list, expected a dict")
    return [{**run} for run in parameters]


def modes_of(metrics: Sequence[Any], validation: object) -> dict[str, str]:
    """Return for each recorded quantity that can be compared whether "min" or "max" is better."""
    prefix = "" if validation is None else "val_"
    modes = {"loss": "min"} | ({} if validation is None else {"val_loss": "min"})
    words = {True: "max", False: "min"}
    known = (m for m in metrics if m.higher_is_better is not None)
    return modes | {prefix + m.name: words[m.higher_is_better] for m in known}


def _decisive(halving: Halving | None, modes: Mapping[str, str]) -> tuple[str, float]:
    """Return the quantity by which runs are pruned, and -1 if higher is better."""
    name = None if halving is None else halving.by
    name = name or ("val_loss" if "val_loss" in modes else "loss")
    return name, 1.0 if modes[name] == "min" else -1.0


def result_of(
    pieces: Sequence[Stack],
    outcomes: Sequence[Outcome],
    sets: list[dict[str, Any]],
    seeds: int,
    modes: dict[str, str],
) -> SweepRuns:
    """Return the result of all runs, in their order; if every run failed, raise the error."""
    errors = [error for error in outcomes if isinstance(error, BaseException)]
    if len(errors) == len(outcomes):
        raise errors[0]
    records = [
        found if isinstance(found, Record) else failed_record(piece)
        for piece, found in zip(pieces, outcomes, strict=True)
    ]
    order = np.argsort(np.concatenate([piece.runs for piece in pieces]))
    shape = next(c.shape for record in records for c in record.columns.values())
    names = dict.fromkeys(name for record in records for name in record.columns)

    def joined(parts: Iterable[Any]) -> Any:
        return np.concatenate(list(parts))[order]

    columns = {
        name: joined(record.columns.get(name, _nothing(shape[0], record)).T for record in records)
        for name in names
    }
    networks = [
        Trained(piece.net, numbers, None if rates is None else rates[k])
        for piece, record in zip(pieces, records, strict=True)
        for rates in [piece.numbers.get("dropout")]
        for k, numbers in enumerate(record.numbers)
    ]
    reasons = {
        run: f"{type(error).__name__}: {error}"
        for piece, error in zip(pieces, outcomes, strict=True)
        if isinstance(error, BaseException)
        for run in piece.runs
    }
    epochs = joined(record.lengths for record in records)
    diverged_at = joined(record.diverged_at for record in records)
    status = np.select(
        [
            np.isin(np.arange(len(order)), list(reasons)),
            diverged_at > 0,
            joined(record.pruned for record in records),
            epochs < shape[0],
        ],
        ["failed", "diverged", "pruned", "stopped"],
        "completed",
    )
    return SweepRuns(
        parameters=sets,
        seeds=seeds,
        columns=columns,
        status=status.tolist(),
        epochs=epochs,
        diverged_at=diverged_at,
        kept_epoch=joined(record.kept_epoch for record in records),
        modes=modes,
        errors=reasons,
        networks=[networks[k] for k in order],
    )


def _nothing(epochs: int, record: Record) -> NDArray[np.float64]:
    """Return a column for runs that did not record it."""
    return np.full((epochs, len(record.lengths)), np.nan)
