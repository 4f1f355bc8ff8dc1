"""Training: the trainer, its data, metrics, callbacks, checkpoints and records."""

from mlp.training.callbacks.base import Callback, LambdaCallback
from mlp.training.callbacks.csv_logger import CSVLogger
from mlp.training.callbacks.early_stopping import EarlyStopping
from mlp.training.callbacks.progress import ProgressBar
from mlp.training.callbacks.reduce_lr import ReduceLROnPlateau
from mlp.training.checkpoint.checkpoint import Checkpoint
from mlp.training.data import Batch, Batches
from mlp.training.history import History
from mlp.training.metrics import (
    MAE,
    METRICS,
    R2,
    Accuracy,
    Metric,
    TopK,
    confusion_matrix,
    make_metric,
)
from mlp.training.recording.record import LayerRecord
from mlp.training.recording.recorder import LayerRecorder
from mlp.training.recording.weights import WeightRecorder
from mlp.training.trainer import Trainer
from mlp.training.update import TrainingDiverged

__all__ = [
    "MAE",
    "METRICS",
    "R2",
    "Accuracy",
    "Batch",
    "Batches",
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LayerRecord",
    "LayerRecorder",
    "Metric",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TopK",
    "Trainer",
    "TrainingDiverged",
    "WeightRecorder",
    "confusion_matrix",
    "make_metric",
]
