"""Train with several learning rates, or sets of parameters, at once and chart the error.

Without options, trains the 2-2-2 network of the learning-rate chart: six rates, 100 epochs of
full-batch gradient descent. Writes learning_rates.png and learning_rates.csv. With FILE, trains on
that table with each of several sets of parameters, and saves the best network.
"""

from mlp.cli.sweep.rates import EPILOG, HELP, add_arguments, run

__all__ = ["EPILOG", "HELP", "add_arguments", "run"]
