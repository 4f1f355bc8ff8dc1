"""How an estimator is fitted: scikit-learn's rules around this package's trainer, and L-BFGS."""
