"""What is learned from training: sweeps, traces and worked examples."""

from mlp.studies import examples
from mlp.studies.chain_rule import Trace, trace
from mlp.studies.finder import find_learning_rate
from mlp.studies.finder_result import FinderResult, LearningRateNotFound
from mlp.studies.sweep import learning_rate_sweep
from mlp.studies.sweep_result import SweepResult

__all__ = [
    "FinderResult",
    "LearningRateNotFound",
    "SweepResult",
    "Trace",
    "examples",
    "find_learning_rate",
    "learning_rate_sweep",
    "trace",
]
