"""Scores of predictions, and of the baselines that they are compared with."""

from mlp.studies.scores.baseline import baseline_outputs, baseline_scores
from mlp.studies.scores.scores import SINGLE, confusion_text, number, percent, score, score_line

__all__ = [
    "SINGLE",
    "baseline_outputs",
    "baseline_scores",
    "confusion_text",
    "number",
    "percent",
    "score",
    "score_line",
]
