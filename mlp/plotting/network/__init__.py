"""The diagram of a network: its units, weights, activations and gradients."""

from mlp.plotting.network.plot import plot_network, plot_trace

__all__ = ["plot_network", "plot_trace"]
