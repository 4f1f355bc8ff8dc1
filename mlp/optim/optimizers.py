"""The optimizers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlp._names import find_name
from mlp.optim.adam import Adam, AdamW
from mlp.optim.adaptive import Adagrad, RMSprop
from mlp.optim.base import Optimizer
from mlp.optim.schedules import schedule_from_config
from mlp.optim.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "make_optimizer",
    "optimizer_from_config",
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
"""Each name's class and the options it sets."""


def make_optimizer(spec: str | Optimizer, **options: Any) -> Optimizer:
    """Return an optimizer from its name; an optimizer is returned as it is.

    Parameters
    ----------
    spec : str or Optimizer
        A key of `OPTIMIZERS`, in any case.
    **options
        Hyperparameters for a name, such as ``lr``.

    Raises
    ------
    TypeError
        If `spec` is neither, an option is not known, or an optimizer came with options.
    ValueError
        If the name is not known; the message holds the known ones and the nearest.

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
    """Return the optimizer that `Optimizer.config` described.

    Raises
    ------
    TypeError, ValueError
        If `config` is not such a description.

    Examples
    --------
    >>> optimizer_from_config({"name": "adam", "lr": 0.1})
    Adam(lr=0.1, betas=(0.9, 0.999), eps=1e-08)
    """
    if not isinstance(config, Mapping) or "name" not in config:
        raise ValueError(f"config: received {config!r}, expected a dict with a name")
    options = {key: value for key, value in config.items() if key != "name"}
    if isinstance(options.get("lr"), Mapping):
        options["lr"] = schedule_from_config(options["lr"])
    return make_optimizer(config["name"], **options)
