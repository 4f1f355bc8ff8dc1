"""Records of what happens inside the layers during training."""

from mlp.training.recording.record import LayerRecord
from mlp.training.recording.recorder import LayerRecorder
from mlp.training.recording.weights import WeightRecorder

__all__ = ["LayerRecord", "LayerRecorder", "WeightRecorder"]
