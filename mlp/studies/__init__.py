"""Studies of training: sweeps, the learning-rate finder, traces and worked examples."""

from mlp.studies import examples
from mlp.studies.chain_rule import Trace, trace
from mlp.studies.finder.finder import find_learning_rate
from mlp.studies.finder.result import FinderResult, LearningRateNotFound
from mlp.studies.rates.result import SweepResult
from mlp.studies.rates.sweep import learning_rate_sweep

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
