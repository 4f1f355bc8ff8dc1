"""Multilayer perceptrons in NumPy: readable, exact, fast.

>>> import mlp
>>> X, y = mlp.datasets.load_digits()
>>> net = mlp.MLP.from_sizes([64, 32, 10], "relu", "softmax", "cross_entropy", seed=0)
>>> trainer = mlp.Trainer(net, mlp.SGD(0.1, momentum=0.9), batch_size=32)
>>> history = trainer.fit(X, y, epochs=3)
>>> history["loss"][-1] < 0.2
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlp._hooks import HOOKS
from mlp._version import __version__ as __version__

if TYPE_CHECKING:
    from mlp import core, datasets, export, files, optim, plotting, studies, tables, training
    from mlp.core import (
        MLP,
        ActivationLayer,
        BatchNorm,
        Dense,
        Dropout,
        Layer,
        LayerNorm,
        Penalty,
        PeriodicEmbedding,
        PiecewiseLinear,
        Scale,
        check_gradients,
    )
    from mlp.export import from_torch
    from mlp.files import FileFormatError, load
    from mlp.machine import show_config
    from mlp.optim import SGD, Adagrad, Adam, AdamW, RMSprop
    from mlp.studies import examples
    from mlp.studies.chain_rule import trace
    from mlp.studies.ensemble import Ensemble
    from mlp.studies.finder import LearningRateNotFound, find_learning_rate
    from mlp.studies.rates import learning_rate_sweep
    from mlp.studies.sweep import SweepRuns, search, sweep
    from mlp.studies.tabular import TabularModel, tabular
    from mlp.training import (
        MAE,
        R2,
        Accuracy,
        Callback,
        CSVLogger,
        EarlyStopping,
        History,
        LambdaCallback,
        LayerRecorder,
        Metric,
        ProgressBar,
        ReduceLROnPlateau,
        TopK,
        Trainer,
        TrainingDiverged,
        WeightRecorder,
        confusion_matrix,
    )

__all__ = [
    "MAE",
    "MLP",
    "R2",
    "SGD",
    "Accuracy",
    "ActivationLayer",
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Ensemble",
    "FileFormatError",
    "History",
    "LambdaCallback",
    "Layer",
    "LayerNorm",
    "LayerRecorder",
    "LearningRateNotFound",
    "Metric",
    "Penalty",
    "PeriodicEmbedding",
    "PiecewiseLinear",
    "ProgressBar",
    "RMSprop",
    "ReduceLROnPlateau",
    "Scale",
    "SweepRuns",
    "TabularModel",
    "TopK",
    "Trainer",
    "TrainingDiverged",
    "WeightRecorder",
    "check_gradients",
    "confusion_matrix",
    "core",
    "datasets",
    "examples",
    "export",
    "files",
    "find_learning_rate",
    "from_torch",
    "learning_rate_sweep",
    "load",
    "optim",
    "plotting",
    "search",
    "show_config",
    "studies",
    "sweep",
    "tables",
    "tabular",
    "trace",
    "training",
]

# Where each name is; it is loaded when it is first asked for, so that `import mlp` costs little.
_MODULES = {
    "core": (
        "MLP",
        "ActivationLayer",
        "BatchNorm",
        "Dense",
        "Dropout",
        "Layer",
        "LayerNorm",
        "Penalty",
        "PeriodicEmbedding",
        "PiecewiseLinear",
        "Scale",
        "check_gradients",
    ),
    "files": ("FileFormatError", "load"),
    "optim": ("SGD", "Adagrad", "Adam", "AdamW", "RMSprop"),
    "training": (
        "MAE",
        "R2",
        "Accuracy",
        "CSVLogger",
        "Callback",
        "Checkpoint",
        "EarlyStopping",
        "History",
        "LambdaCallback",
        "LayerRecorder",
        "Metric",
        "ProgressBar",
        "ReduceLROnPlateau",
        "TopK",
        "Trainer",
        "TrainingDiverged",
        "WeightRecorder",
        "confusion_matrix",
    ),
    "studies.chain_rule": ("trace",),
    "studies.ensemble": ("Ensemble",),
    "studies.finder": ("LearningRateNotFound", "find_learning_rate"),
    "studies.rates": ("learning_rate_sweep",),
    "studies.sweep": ("SweepRuns", "search", "sweep"),
    "studies.tabular": ("TabularModel", "tabular"),
    "studies": ("examples",),
    "export": ("from_torch",),
    "machine": ("show_config",),
    "datasets": (),
    "tables": (),
    "plotting": (),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(f"mlp.{_MODULE_OF[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"mlp.{name}")
    else:
        raise AttributeError(f"module 'mlp' has no attribute {name!r}")
    globals()[name] = value
    return value


HOOKS["Ensemble"] = lambda: __getattr__("Ensemble")
HOOKS["TabularModel"] = lambda: __getattr__("TabularModel")
HOOKS["to_torch"] = lambda net: __getattr__("export").to_torch(net)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
