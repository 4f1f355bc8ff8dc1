"""What is learned from training: sweeps, traces and worked examples."""

from mlp.studies import examples
from mlp.studies.sweep import learning_rate_sweep
from mlp.studies.sweep_result import SweepResult
from mlp.studies.trace import trace

__all__ = ["SweepResult", "examples", "learning_rate_sweep", "trace"]
