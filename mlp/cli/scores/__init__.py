"""Scores of predictions, and of the baselines that they are compared with."""

from mlp.cli.scores.baseline import baseline_scores
from mlp.cli.scores.scores import SINGLE, confusion_text, number, percent, score, score_line

__all__ = [
    "SINGLE",
    "baseline_scores",
    "confusion_text",
    "number",
    "percent",
    "score",
    "score_line",
]
