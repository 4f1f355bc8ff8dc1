"""The learning-rate finder: short runs with many rates, compared."""

from mlp.studies.finder.finder import find_learning_rate
from mlp.studies.finder.result import FinderResult, LearningRateNotFound

__all__ = ["FinderResult", "LearningRateNotFound", "find_learning_rate"]
