"""Learning-rate sweeps: many runs as one vectorized run."""

from mlp.studies.sweep.result import SweepResult
from mlp.studies.sweep.sweep import learning_rate_sweep

__all__ = ["SweepResult", "learning_rate_sweep"]
