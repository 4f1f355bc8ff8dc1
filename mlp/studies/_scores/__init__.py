"""Scores of predictions, and of the baselines that they are compared with."""

from mlp.studies._scores.baseline import baseline_scores, fold_outputs
from mlp.studies._scores.scores import SINGLE, confusion_text, number, percent, score, score_line

__all__ = [
    "SINGLE",
    "baseline_scores",
    "confusion_text",
    "fold_outputs",
    "number",
    "percent",
    "score",
    "score_line",
]
