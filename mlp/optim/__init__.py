"""Optimizers over flat arrays, and learning-rate schedules.

>>> from mlp import optim
>>> optim.make_optimizer("adam", lr=optim.Cosine(0.01, steps=1000))
Adam(lr=Cosine(lr=0.01, steps=1000, lr_min=0.0), betas=(0.9, 0.999), eps=1e-08)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp._names import find_name
from mlp._types import Rate
from mlp.optim.base import Optimizer, StateDict
from mlp.optim.methods import SGD, Adagrad, Adam, AdamW, RMSprop
from mlp.optim.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    CosLog,
    Exponential,
    FlatCosine,
    InverseScaling,
    LinearWarmup,
    OneCycle,
    Schedule,
    StepDecay,
    make_schedule,
    read_config,
    schedule_from_config,
    schedule_values,
)

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Constant",
    "CosLog",
    "Cosine",
    "Exponential",
    "FlatCosine",
    "InverseScaling",
    "LinearWarmup",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "Rate",
    "Schedule",
    "StateDict",
    "StepDecay",
    "make_optimizer",
    "make_schedule",
    "optimizer_from_config",
    "schedule_from_config",
    "schedule_values",
]

OPTIMIZERS: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "sgd": (SGD, {}),
    "momentum": (SGD, {"momentum": 0.9}),
    "nesterov": (SGD, {"momentum": 0.9, "nesterov": True}),
    "rmsprop": (RMSprop, {}),
    "adagrad": (Adagrad, {}),
    "adam": (Adam, {}),
    "adamw": (AdamW, {}),
}
"""The class of each name, and the options that the name sets."""


def make_optimizer(spec: str | Optimizer, **options: Any) -> Optimizer:
    """Return an optimizer by name; an optimizer is returned unchanged.

    Parameters
    ----------
    spec : str or Optimizer
        A key of `OPTIMIZERS`, in any case, or an optimizer.
    **options
        Hyperparameters for a name, such as ``lr``.

    Raises
    ------
    TypeError
        If `spec` is neither, an option is unknown, or options come with an optimizer.
    ValueError
        If the name is unknown; the message lists the known ones and the nearest.

    Examples
    --------
    >>> make_optimizer("momentum", lr=0.1)
    SGD(lr=0.1, momentum=0.9, nesterov=False)
    """
    if isinstance(spec, Optimizer):
        if options:
            raise TypeError(f"optimizer: received {spec!r} and {options}, expected no options")
        return spec
    if not isinstance(spec, str):
        raise TypeError(f"optimizer: received {spec!r}, expected a name or an Optimizer")
    kind, defaults = OPTIMIZERS[find_name("optimizer", spec, OPTIMIZERS)]
    known = ("lr", *kind.hyperparameters)
    for option in options:
        if option not in known:
            raise TypeError(f"{spec}: received the option {option!r}, expected {', '.join(known)}")
    return kind(**{**defaults, **options})


def optimizer_from_config(config: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer described by `Optimizer.config`.

    Raises
    ------
    TypeError, ValueError
        If `config` is not valid.

    Examples
    --------
    >>> optimizer_from_config({"name": "adam", "lr": 0.1})
    Adam(lr=0.1, betas=(0.9, 0.999), eps=1e-08)
    """
    name, options = read_config(config)
    return make_optimizer(name, **options)


def __dir__() -> list[str]:
    return __all__
