"""What is learned from training: sweeps, traces and worked examples."""

from mlp.studies import examples
from mlp.studies.chain_rule import trace
from mlp.studies.sweep import learning_rate_sweep
from mlp.studies.sweep_result import SweepResult
from mlp.studies.trace_record import Trace

__all__ = ["SweepResult", "Trace", "examples", "learning_rate_sweep", "trace"]
