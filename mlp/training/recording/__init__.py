"""What happens inside the layers while a network is trained."""

from mlp.training.recording.record import LayerRecord
from mlp.training.recording.recorder import LayerRecorder

__all__ = ["LayerRecord", "LayerRecorder"]
