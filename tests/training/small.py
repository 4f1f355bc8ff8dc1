"""Small problems and the optimizers that the tests of training share."""

import numpy as np

from mlp import MLP
from mlp.optim import make_optimizer

OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw")
DTYPES = ("float32", "float64")


def classes(n=50, n_in=4, n_out=3, seed=0):
    """Inputs and labels."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_in)), rng.integers(0, n_out, n)


def numbers(n=50, n_in=4, n_out=3, seed=0):
    """Inputs and rows of targets."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_in)), rng.normal(size=(n, n_out))


def classifier(dtype="float64", seed=1, **options):
    return MLP.from_sizes(
        [4, 6, 3], "tanh", "softmax", "cross_entropy", dtype=dtype, seed=seed, **options
    )


def regressor(dtype="float64", seed=1):
    return MLP.from_sizes([4, 6, 3], "tanh", "identity", "squared_error", dtype=dtype, seed=seed)


def optimizer(name, lr=0.05):
    return make_optimizer(name, lr=lr)


def same_columns(one, other, names=("loss", "lr", "grad_norm")):
    """Whether two histories agree to the last bit in everything but the time."""
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in names)


def state_of(trainer):
    """Everything that bad input must leave alone."""
    saved = trainer.optimizer.state_dict()
    return (
        trainer.net.theta.tobytes(),
        trainer.net.grad.tobytes(),
        saved["steps"],
        {name: array.tobytes() for name, array in saved["state"].items()},
        trainer._rng.bit_generator.state,
        trainer.history.to_json(),
        trainer.epoch,
    )
