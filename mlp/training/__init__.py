"""How a network is trained: batches, the trainer, what it records and what goes wrong."""

from mlp.training.batches import Batch, Batches
from mlp.training.callbacks import Callback
from mlp.training.divergence import TrainingDiverged
from mlp.training.history import History
from mlp.training.progress import ProgressBar
from mlp.training.trainer import Trainer

__all__ = ["Batch", "Batches", "Callback", "History", "ProgressBar", "Trainer", "TrainingDiverged"]
