"""Callbacks: what else happens while a trainer trains."""

from mlp.training.callbacks.base import Callback, LambdaCallback
from mlp.training.callbacks.csv_logger import CSVLogger
from mlp.training.callbacks.early_stopping import EarlyStopping
from mlp.training.callbacks.progress import ProgressBar
from mlp.training.callbacks.reduce_lr import ReduceLROnPlateau

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "LambdaCallback",
    "ProgressBar",
    "ReduceLROnPlateau",
]
