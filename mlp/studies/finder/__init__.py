"""The learning-rate finder: one short run with an increasing rate."""

from mlp.studies.finder.finder import find_learning_rate
from mlp.studies.finder.result import FinderResult, LearningRateNotFound

__all__ = ["FinderResult", "LearningRateNotFound", "find_learning_rate"]
