"""Sweeps: many runs as one vectorized run."""

from mlp.studies.sweep import search
from mlp.studies.sweep.result import SweepResult
from mlp.studies.sweep.runs import SweepRuns
from mlp.studies.sweep.sweep import learning_rate_sweep
from mlp.studies.sweep.sweeping import sweep

__all__ = ["SweepResult", "SweepRuns", "learning_rate_sweep", "search", "sweep"]
