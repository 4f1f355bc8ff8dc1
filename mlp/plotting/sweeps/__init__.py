"""Pictures of sweeps: over learning rates, over any parameters, and of the finder."""

from mlp.plotting.sweeps.finder import plot_learning_rate_finder
from mlp.plotting.sweeps.learning_rates import plot_learning_rates
from mlp.plotting.sweeps.sweep import plot_sweep

__all__ = ["plot_learning_rate_finder", "plot_learning_rates", "plot_sweep"]
