"""Sweeps of networks with running statistics: each run has its own."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mlp.studies.rates.sweep import learning_rate_sweep
from tests.studies.rates.sweeps import PROBLEMS, RATES, run_alone


@pytest.mark.parametrize(
    "problem", ["10-16-2 normalised", "2-2-2 normalised", "10-16-3 normalised before relu"]
)
def test_seeds_start_with_new_statistics_and_the_first_with_those_of_the_network(problem):
    net, X, y, options = PROBLEMS[problem]("float64")
    fixed = net.fixed.copy()
    result = learning_rate_sweep(net, X, y, RATES, 2, seeds=2, seed=5, **options)
    starts = [net.copy(), net.copy()]
    starts[1].initialize(np.random.default_rng([5, 1]))
    assert not np.array_equal(starts[1].fixed, starts[0].fixed)
    for k, rate in enumerate(RATES):
        for s, start in enumerate(starts):
            own, losses = run_alone(start, X, y, rate, 2, seed=5, **options)
            assert np.array_equal(result.network(k, s).theta, own.theta)
            assert np.array_equal(result.network(k, s).fixed, own.fixed)
            assert np.array_equal(result.losses[k, s], losses)
            assert result.network(k, s).evaluate(X, y) == losses[-1]
    assert np.array_equal(net.fixed, fixed)


def test_the_parts_that_an_executor_trains_bring_their_statistics_back():
    net, X, y, options = PROBLEMS["10-16-2 normalised"]("float32")
    whole = learning_rate_sweep(net, X, y, RATES, 2, **options)
    with ThreadPoolExecutor(2) as executor:
        parts = learning_rate_sweep(net, X, y, RATES, 2, executor=executor, **options)
    assert np.array_equal(parts.networks.theta, whole.networks.theta)
    assert np.array_equal(parts.networks.fixed, whole.networks.fixed)


def test_a_run_that_diverges_keeps_finite_statistics_and_the_others_theirs():
    net, X, y, options = PROBLEMS["10-16-2 normalised"]("float64")
    result = learning_rate_sweep(net, X, y, [0.1, 1.7e308], 3, **options)
    assert result.diverged_at[:, 0].tolist()[0] == 0
    assert result.diverged_at[1, 0] > 0
    assert np.isfinite(result.networks.fixed).all()
    own, _ = run_alone(net, X, y, 0.1, 3, **options)
    assert np.array_equal(result.network(0).fixed, own.fixed)
