"""Ensembles: several networks trained at once, whose mean predicts and whose spread is told."""

from mlp.studies.ensemble.ensemble import Ensemble

__all__ = ["Ensemble"]
