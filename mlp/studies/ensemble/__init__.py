"""Ensembles: several networks trained at once, whose mean predicts and whose spread is told."""

from mlp.studies.ensemble.ensemble import MEMBERS, Ensemble
from mlp.studies.ensemble.rows import ROWS

__all__ = ["MEMBERS", "ROWS", "Ensemble"]
