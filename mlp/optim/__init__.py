"""How a network moves: optimizers over flat arrays, and learning-rate schedules."""

from mlp._types import Rate
from mlp.optim.base import StateDict
from mlp.optim.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    make_optimizer,
    optimizer_from_config,
)
from mlp.optim.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    LinearWarmup,
    OneCycle,
    Schedule,
    StepDecay,
    make_schedule,
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
    "Cosine",
    "Exponential",
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
