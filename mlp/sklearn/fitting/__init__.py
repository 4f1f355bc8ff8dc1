"""How an estimator is fitted: scikit-learn's rules around this package's trainer, and L-BFGS."""

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__
