"""The sweep over any parameters: runs of one structure train as one network."""

from mlp.studies.sweep import search
from mlp.studies.sweep.runs import SweepRuns
from mlp.studies.sweep.sweep import sweep

__all__ = ["SweepRuns", "search", "sweep"]
