"""Ensembles: several networks trained at once, whose mean predicts and whose spread is told."""

from mlp.studies.ensemble.ensemble import Ensemble
from mlp.studies.ensemble.trainer import EnsembleTrainer

__all__ = ["Ensemble", "EnsembleTrainer"]
