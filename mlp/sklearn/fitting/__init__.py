"""How an estimator is fitted: scikit-learn's rules around this package's trainer, and L-BFGS."""

from mlp.sklearn.fitting.lbfgs import fit_by_lbfgs
from mlp.sklearn.fitting.stochastic import fit_in_batches

__all__ = ["fit_by_lbfgs", "fit_in_batches"]
