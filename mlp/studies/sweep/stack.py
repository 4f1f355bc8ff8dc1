"""A stack: runs of one structure, which differ in numbers and train as one network."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlp._checks import check_bool, check_count
from mlp._names import did_you_mean, find_name
from mlp._types import Array
from mlp.core import MLP, Dropout
from mlp.optim import OPTIMIZERS, Optimizer, make_optimizer, make_schedule
from mlp.optim.schedules import PerReplica
from mlp.studies.sweep.variants import SHAPE, starts_of, variant
from mlp.training import Callback, Trainer

OF_TRAINER = ("l1", "l2", "clip_norm")
BETAS = ("beta1", "beta2")
NUMBERS = (
    *("lr", "momentum", "alpha", *BETAS, "eps", "lr_decay", "initial_accumulator"),
    *("weight_decay", *OF_TRAINER, "dropout"),
)
"""The parameters in which the runs of a stack may differ."""
STRUCTURE = (*SHAPE, "loss", "optimizer", "nesterov", "centered", "schedule", "batch_size", "seed")
"""The parameters that are the same in all runs of a stack."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Runs of one structure.

    Attributes
    ----------
    net : MLP
        The network of all of them.
    method : Optimizer
        The optimizer, whose numbers the runs replace.
    schedule : str, callable or None
        Makes a schedule of the learning rate.
    options : dict
        Arguments of `Trainer`.
    numbers : dict of str to list
        A value for each run.
    starts : ndarray (K, P + F)
        The first weights.
    runs : tuple of int
        Their numbers in the sweep.
    """

    net: MLP
    method: Optimizer
    schedule: Any
    options: dict[str, Any]
    numbers: dict[str, list[Any]]
    starts: Array
    runs: tuple[int, ...]

    def part(self, rows: Sequence[int]) -> Stack:
        """Return some of the runs."""
        numbers = {name: [column[k] for k in rows] for name, column in self.numbers.items()}
        runs = tuple(self.runs[k] for k in rows)
        return replace(self, numbers=numbers, starts=self.starts[list(rows)], runs=runs)

    def trainer(self, callbacks: Sequence[Callback], n_steps: int, rows: Sequence[int]) -> Trainer:
        """Return the trainer of these runs as replicas.

        What differs between any runs of the stack is an array for some of them, too, as in a
        stack that has shrunk to these.

        Raises
        ------
        ValueError, TypeError
            If there is no such trainer.
        """
        net = self.net.replicate(len(rows))
        net._numbers = self.starts[list(rows)]
        if "dropout" in self.numbers:
            for layer in net.layers:
                if isinstance(layer, Dropout):
                    layer.rate = _kept(_joined(self.numbers["dropout"]), rows)
        optimizer = self.optimizer(n_steps)
        optimizer._keep_replicas(np.array(rows, np.intp))
        numbers = {name: _kept(value, rows) for name, value in self._penalties().items()}
        return Trainer(net, optimizer, **self.options, **numbers, callbacks=callbacks)

    def optimizer(self, n_steps: int) -> Optimizer:
        """Return the optimizer of all runs, for this number of steps."""
        kind, numbers = type(self.method), self.numbers
        values: dict[str, Any] = {
            name: getattr(self.method, name) for name in self.method.hyperparameters
        }
        values |= {name: _joined(numbers[name]) for name in values if name in numbers}
        if set(BETAS) & set(numbers):
            pairs = zip(BETAS, values["betas"], strict=True)
            values["betas"] = tuple(_joined(numbers.get(name, [own])) for name, own in pairs)
        rates = numbers.get("lr", [self.method.lr])
        if self.schedule is not None and not any(map(callable, rates)):
            return kind(lr=make_schedule(self.schedule, _joined(rates), n_steps), **values)
        lr = rates[0] if len({id(rate) for rate in rates}) == 1 else _rates(rates)
        return kind(lr=lr, **values)

    def _penalties(self) -> dict[str, Any]:
        """Return the numbers that are arguments of the trainer."""
        found: dict[str, Any] = {}
        for name in OF_TRAINER:
            values = self.numbers.get(name)
            if values is None:
                continue
            if name == "clip_norm" and None in values:
                is_free = all(value is None for value in values)
                values = [None] if is_free else [np.inf if v is None else v for v in values]
            found[name] = values[0] if values == [None] else _joined(values)
        return found


def _joined(values: Sequence[Any]) -> Any:
    """Return the value that all share, or a list of all."""
    return values[0] if all(value == values[0] for value in values) else list(values)


def _kept(value: Any, rows: Sequence[int]) -> Any:
    """Return the values of these runs, or the one of all."""
    return [value[k] for k in rows] if isinstance(value, list) else value


def _rates(rates: Sequence[Any]) -> Any:
    """Return rates as one, as an array, or with a separate schedule for each replica."""
    return PerReplica(tuple(rates)) if any(map(callable, rates)) else _joined(rates)


def stacks_of(
    net: MLP,
    method: Optimizer,
    runs: Sequence[Mapping[str, Any]],
    common: Mapping[str, Any],
    seeds: int,
    seed: int,
) -> list[Stack]:
    """Put the runs of a sweep into as few stacks as possible.

    Run ``i * seeds + s`` has the parameters ``runs[i]`` and initialisation s.

    Parameters
    ----------
    net, method
        The network and the optimizer for runs that do not name others.
    runs : sequence of mapping
        The parameters of each run.
    common : mapping
        The parameters that all runs share unless they name them.
    seeds, seed : int
        As in `sweep`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is unknown, or has a value that it cannot have.
    """
    has_dropout = any(run.get("dropout") for run in runs)
    groups: dict[str, list[int]] = {}
    for i, run in enumerate(runs):
        _check_names(run)
        key = {name: run[name] for name in STRUCTURE if name in run}
        groups.setdefault(repr((key, not run.get("dropout", True), sorted(run))), []).append(i)
    stacks = []
    for members in groups.values():
        first = {**common, **runs[members[0]]}
        of_net = {name: first[name] for name in (*SHAPE, "loss") if name in first}
        own = variant(net, of_net, has_dropout, seed)
        chosen = _method(method, first)
        starts = starts_of(own, len(members), seeds, seed)
        numbers = {
            name: [{**common, **runs[i]}[name] for i in members for _ in range(seeds)]
            for name in NUMBERS
            if name in first
        }
        _check_numbers(numbers, chosen)
        if first["batch_size"] is not None:
            check_count("batch_size", first["batch_size"])
        trainer = ("batch_size", "shuffle", "metrics", "seed")
        stacks.append(
            Stack(
                net=own,
                method=chosen,
                schedule=first.get("schedule"),
                options={name: first[name] for name in trainer},
                numbers=numbers,
                starts=starts,
                runs=tuple(i * seeds + s for i in members for s in range(seeds)),
            )
        )
    return stacks


def _method(method: Optimizer, run: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer of a run, with its flags."""
    chosen = make_optimizer(run["optimizer"]) if "optimizer" in run else copy.deepcopy(method)
    chosen.reset()
    for flag in ("nesterov", "centered"):
        if flag in run:
            if flag not in chosen.hyperparameters:
                raise ValueError(f"{flag}: received it for {chosen!r}, which has no such option")
            setattr(chosen, flag, check_bool(flag, run[flag]))
    return chosen


def _check_names(run: Mapping[str, Any]) -> None:
    for name in run:
        if name not in (*NUMBERS, *STRUCTURE):
            known = (*NUMBERS, *STRUCTURE)
            hint = did_you_mean(name, known)
            raise ValueError(f"parameters: received {name!r}, expected {', '.join(known)}{hint}")
    if isinstance(run.get("optimizer"), str):
        find_name("optimizer", run["optimizer"], OPTIMIZERS)


def _check_numbers(numbers: Mapping[str, list[Any]], method: Optimizer) -> None:
    """Raise ValueError if the optimizer has no such hyperparameter."""
    known = ("lr", *method.hyperparameters, *OF_TRAINER, "dropout")
    for name in numbers:
        if name not in (*known, *(BETAS if "betas" in known else ())):
            raise ValueError(
                f"{name}: received it for {type(method).__name__}, "
                f"expected one of {', '.join(known)}"
            )
