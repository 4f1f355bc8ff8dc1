"""The sweep over learning rates: one network trained with many of them in one vectorized run."""

from mlp.studies.rates.result import SweepResult
from mlp.studies.rates.sweep import learning_rate_sweep

__all__ = ["SweepResult", "learning_rate_sweep"]
