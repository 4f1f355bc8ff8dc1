"""The arguments of a sweep: which are rejected, and that none is changed."""

import numpy as np
import pytest

from mlp import (
    MLP,
    SGD,
    Trainer,
)
from mlp.optim import Exponential, make_optimizer
from mlp.studies.rates.sweep import learning_rate_sweep
from tests.chart import CHART_T, CHART_X, chart_network
from tests.studies.rates.sweeps import PROBLEMS, RATES


def test_what_the_caller_gave_is_not_changed():
    net, X, y, options = PROBLEMS["10-16-3 with dropout"]("float64")
    net.loss_and_grad(X, y)
    method = SGD(0.123, momentum=0.9)
    rates = np.array(RATES)
    before = [net.theta.copy(), net.grad.copy(), X.copy(), y.copy(), rates.copy()]
    generator = net._rng.bit_generator.state
    result = learning_rate_sweep(
        net, X, y, rates, 2, optimizer=method, seeds=2, validation=(X, y), **options
    )
    after = [net.theta, net.grad, X, y, rates]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert net._rng.bit_generator.state == generator
    assert (method.lr, method.steps, method.state) == (0.123, 0, {})
    rates[:] = 0.0
    assert tuple(result.rates) == RATES


def test_an_optimizer_that_was_used_before_starts_anew():
    net, X, y, options = PROBLEMS["10-16-3 tanh"]("float64")
    used = make_optimizer("adam")
    Trainer(net.copy(), used).fit(X, y)
    steps = used.steps
    result = learning_rate_sweep(net, X, y, RATES, 2, optimizer=used, **options)
    fresh = learning_rate_sweep(net, X, y, RATES, 2, optimizer="adam", **options)
    assert np.array_equal(result.losses, fresh.losses)
    assert used.steps == steps > 0


GIVEN = chart_network()
DRAWN = MLP.from_sizes([2, 2], seed=0)
BAD = {
    "a negative rate": (ValueError, "rates", {"rates": [0.1, -0.1]}),
    "a rate of zero": (ValueError, "rates", {"rates": [0.0]}),
    "NaN": (ValueError, "rates", {"rates": [0.1, np.nan]}),
    "infinity": (ValueError, "rates", {"rates": [np.inf]}),
    "no rates": (ValueError, "rates", {"rates": []}),
    "one number": (ValueError, r"rates.*\(\), expected \(n_rates,\)", {"rates": 0.1}),
    "a rate twice": (ValueError, "rates.*0.2, 0.1.*each rate once", {"rates": [0.1, 0.2, 0.1]}),
    "no callbacks": (TypeError, "callbacks: received None", {"callbacks": None}),
    "a number as a callback": (TypeError, "callbacks: received 1 at 0", {"callbacks": [1]}),
    "no executor": (TypeError, "executor: received 4, expected an Executor", {"executor": 4}),
    "half a pair": (TypeError, "validation: received tuple of 1", {"validation": (1,)}),
    "a matrix": (ValueError, r"rates.*\(1, 2\)", {"rates": [[0.1, 0.2]]}),
    "words": (TypeError, "rates", {"rates": ["0.1"]}),
    "a schedule": (ValueError, "schedule", {"optimizer": SGD(Exponential(0.1, 0.9))}),
    "an unknown optimizer": (ValueError, "adam", {"optimizer": "adamm"}),
    "replicas": (TypeError, "replicas", {"net": DRAWN.replicate(2)}),
    "no network": (TypeError, "net", {"net": "net"}),
    "no epochs": (ValueError, "epochs", {"epochs": 0}),
    "half an epoch": (TypeError, "epochs", {"epochs": 0.5}),
    "no seeds": (ValueError, "seeds", {"seeds": 0}),
    "seeds for given weights": (ValueError, "given", {"net": GIVEN, "seeds": 2}),
    "a negative seed": (ValueError, "seed", {"seed": -1}),
    "no seed": (TypeError, "seed", {"seed": None}),
    "an empty batch": (ValueError, "batch_size", {"batch_size": 0}),
    "a negative l2": (ValueError, "l2", {"l2": -1.0}),
    "inputs that do not fit": (ValueError, r"X.*\(1, 3\)", {"X": np.ones((1, 3))}),
    "targets that do not fit": (ValueError, r"Y.*\(2, 2\)", {"Y": np.ones((2, 2))}),
    "weights that do not fit": (ValueError, "sample_weight", {"sample_weight": [1.0, 1.0]}),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_what_came_and_what_was_expected(case):
    error, message, changes = BAD[case]
    arguments = {"net": DRAWN, "X": CHART_X, "Y": CHART_T, "epochs": 2} | changes
    with pytest.raises(error, match=message):
        learning_rate_sweep(**arguments)


def test_validation_data_that_does_not_fit_is_refused_before_the_training():
    class Never:
        _max_workers = 1

        def map(self, *_):
            raise AssertionError("the training has begun")

    with pytest.raises(ValueError, match=r"X.*\(1, 3\)"):
        learning_rate_sweep(
            DRAWN, CHART_X, CHART_T, executor=Never(), validation=(np.ones((1, 3)), CHART_T)
        )


def test_one_seed_is_enough_for_given_weights():
    result = learning_rate_sweep(GIVEN, CHART_X, CHART_T, [0.5], 1, seeds=1)
    assert result.losses.shape == (1, 1, 2)
