"""The sweep over any parameters: each run bit-identical to a `Trainer` with its values alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mlp._checks import as_pair, check_bool, check_count
from mlp._names import shortened
from mlp.core import MLP
from mlp.optim import Optimizer, make_optimizer
from mlp.studies.sweep.recorder import Record
from mlp.studies.sweep.runs import SweepRuns, Trained
from mlp.studies.sweep.search import grid
from mlp.studies.sweep.stack import Stack, stacks_of
from mlp.studies.sweep.work import Work
from mlp.training import Callback
from mlp.training.callbacks.base import check_callbacks
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
) -> SweepRuns:
    """Train a network with each of several sets of parameters.

    Runs of one structure train at once, as replicas of one network; each is bit-identical to that
    of a `Trainer` with these values and as many BLAS threads. They start from the same weights
    and see the same batches in the same order, and the same random numbers in dropout. A run that
    diverges stops, is marked, and does not affect the others.

    Parameters
    ----------
    net : MLP
        The network that the runs start from. It is not changed.
    X : array_like (n, n_in)
        The inputs.
    Y : array_like (n, n_out) or, for cross-entropy, integer labels (n,)
        The targets.
    parameters : dict of str to list, or list of dict
        A dict means every combination of its values; `mlp.search` has other choices: values side
        by side and random draws. A list holds the parameters of each run.

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
        Its hyperparameters hold for the runs that do not name others.
    schedule : str, optional
        The name of a schedule of the learning rate over the whole run, as `make_schedule` takes
        it, such as "cosine".
    seeds : int, default 1
        The number of initialisations of each set of parameters. The first is that of `net`.
    seed : int, default 0
        For the order of the batches, dropout and further initialisations. If "hidden",
        "activation" or "normalization" is a parameter, also the first weights are drawn from it,
        those of ``MLP.from_sizes(..., seed=seed)``.
    validation : tuple (X, Y), optional
        Data on which loss and metrics are measured after each epoch.
    sample_weight, shuffle, metrics
        As in `Trainer`.
    callbacks : sequence of Callback
        Copied for each group of runs that train together. With `EarlyStopping` each run stops by
        itself and costs no more, if all callbacks are of that kind or `ReduceLROnPlateau`.

    Returns
    -------
    SweepRuns

    Raises
    ------
    ValueError, TypeError
        If a parameter is unknown or has a value that it cannot have, or another argument is
        invalid. Nothing has been trained then.
    KeyboardInterrupt
        After Ctrl-C, at the end of the current batch.

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
    if not isinstance(net, MLP) or net.replicas is not None:
        raise TypeError(f"net: received {shortened(net)}, expected an MLP without replicas")
    check_count("epochs", epochs)
    check_count("seeds", seeds)
    check_count("seed", seed, 0)
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
    work = Work(X, Y, sample_weight, validation, epochs, check_callbacks(callbacks))
    for stack in stacks:
        work.check(stack)
    pieces = [piece for stack in stacks for piece in cut(stack)]
    records = [work.train(piece) for piece in pieces]
    return result_of(pieces, records, sets, seeds, metrics_modes(common["metrics"], validation))


def _runs(parameters: Any) -> list[dict[str, Any]]:
    """Return the parameters of each run; ValueError or TypeError if they are none."""
    if isinstance(parameters, Mapping):
        return grid(parameters)
    if not isinstance(parameters, list | tuple) or not parameters:
        raise TypeError(
            f"parameters: received {shortened(parameters)}, expected a dict of lists, or a list "
            "of dicts as mlp.search makes them"
        )
    return [{**run} if isinstance(run, Mapping) else _no_run(run) for run in parameters]


def _no_run(run: object) -> dict[str, Any]:
    raise TypeError(f"parameters: received {shortened(run)} in the list, expected a dict")


_BYTES = 1 << 21
"""How much memory the parameters of a stack may take, so that a step stays in the cache."""


def cut(stack: Stack) -> list[Stack]:
    """Cut a stack into pieces that train fastest; each run is the same in any of them."""
    K, P = stack.starts.shape
    most = max(1, _BYTES // (P * stack.net.dtype.itemsize))
    n_pieces = -(-K // most)
    return [stack.part(rows.tolist()) for rows in np.array_split(np.arange(K), n_pieces)]


def metrics_modes(metrics: Sequence[Any], validation: object) -> dict[str, str]:
    """Return for each recorded quantity that can be compared whether "min" or "max" is better."""
    prefix = "" if validation is None else "val_"
    modes = {"loss": "min"} | ({} if validation is None else {"val_loss": "min"})
    words = {True: "max", False: "min"}
    known = (m for m in metrics if m.higher_is_better is not None)
    return modes | {prefix + m.name: words[m.higher_is_better] for m in known}


def result_of(
    pieces: Sequence[Stack],
    records: Sequence[Record],
    sets: list[dict[str, Any]],
    seeds: int,
    modes: dict[str, str],
) -> SweepRuns:
    """Return the result of all runs, in their order."""
    order = np.argsort(np.concatenate([piece.runs for piece in pieces]))

    def joined(field: str) -> Any:
        return np.concatenate([getattr(record, field) for record in records])[order]

    names = dict.fromkeys(name for record in records for name in record.columns)
    columns = {
        name: np.concatenate([_column(record, name) for record in records])[order] for name in names
    }
    networks = [
        Trained(piece.net, numbers, None if rates is None else rates[k])
        for piece, record in zip(pieces, records, strict=True)
        for rates in [piece.numbers.get("dropout")]
        for k, numbers in enumerate(record.numbers)
    ]
    epochs, diverged_at = joined("lengths"), joined("diverged_at")
    longest = max(len(next(iter(r.columns.values()), ())) for r in records)
    status = np.select(
        [diverged_at > 0, joined("pruned"), epochs < longest],
        ["diverged", "pruned", "stopped"],
        "completed",
    )
    return SweepRuns(
        parameters=sets,
        seeds=seeds,
        columns=columns,
        status=status.tolist(),
        epochs=epochs,
        diverged_at=diverged_at,
        kept_epoch=joined("kept_epoch"),
        modes=modes,
        networks=[networks[k] for k in order],
    )


def _column(record: Record, name: str) -> Any:
    """Return a quantity of the runs, ``(K, epochs)``, NaN if it was not recorded."""
    epochs, K = next(iter(record.columns.values())).shape
    found = record.columns.get(name)
    return np.full((K, epochs), np.nan) if found is None else found.T
