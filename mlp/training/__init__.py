"""How a network is trained: batches, the trainer, what it records and what goes wrong."""

from mlp.training.batches import Batch, Batches
from mlp.training.callbacks import Callback, LambdaCallback
from mlp.training.checkpoint import Checkpoint
from mlp.training.csv_logger import CSVLogger
from mlp.training.divergence import TrainingDiverged
from mlp.training.early_stopping import EarlyStopping
from mlp.training.history import History
from mlp.training.layer_record import LayerRecord
from mlp.training.layer_recorder import LayerRecorder
from mlp.training.metric import Metric
from mlp.training.metrics import MAE, METRICS, R2, Accuracy, TopK, confusion_matrix, make_metric
from mlp.training.progress import ProgressBar
from mlp.training.reduce_lr import ReduceLROnPlateau
from mlp.training.trainer import Trainer

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
    "confusion_matrix",
    "make_metric",
]
