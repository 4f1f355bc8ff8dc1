"""The suggested rate, compared with curvatures, sweeps and handmade curves."""

import numpy as np
import pytest

from mlp import MLP, Dense, find_learning_rate, learning_rate_sweep
from mlp.datasets import spirals
from mlp.studies.finder.rule import Measured, suggest


def ring(rng):
    points = rng.uniform(-1, 1, (300, 2))
    distance = np.hypot(*points.T)
    return points, ((distance > 0.35) & (distance < 0.8)).astype(int)


def sine(rng):
    x = rng.uniform(-3, 3, (200, 1))
    return x, np.sin(x) + rng.normal(0, 0.1, x.shape)


def apart(rng):
    """Two separable classes: the loss comes near 0, and no rate raises it again."""
    points = rng.normal(size=(200, 5))
    labels = points[:, 0] > 0
    points[:, 0] += np.where(labels, 2.0, -2.0)
    return points, labels.astype(int)


PROBLEMS = {
    "ring": (ring, [2, 16, 16, 2], "relu"),
    "sine": (sine, [1, 32, 32, 1], "tanh"),
    "spirals": (lambda rng: spirals(100, n_classes=3, seed=0), [2, 32, 32, 3], "relu"),
    "apart": (apart, [5, 8, 2], "relu"),
}


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_on_few_rows_it_trains_nearly_as_well_as_the_best_rate_of_a_sweep(name, optimizer):
    make, sizes, hidden = PROBLEMS[name]
    X, y = make(np.random.default_rng(0))
    kind = ("identity", "mse") if name == "sine" else ("softmax", "cross_entropy")
    net = MLP.from_sizes(sizes, hidden, *kind, seed=0)
    rate = find_learning_rate(net, X, y, optimizer=optimizer).suggestion
    rates = [*np.geomspace(1e-3, 3.0, 8), rate]
    sweep = learning_rate_sweep(net, X, y, rates, 60, 32, optimizer=optimizer)
    best, start = np.nanmin(sweep.final), sweep.loss[0, 0]
    assert sweep.final[-1] < 3 * best + 0.02 * start


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_other_seeds_suggest_nearly_the_same(optimizer):
    data = spirals(100, n_classes=3, seed=0)
    net = MLP.from_sizes([2, 16, 3], "relu", "softmax", "cross_entropy", seed=0)
    options = {"optimizer": optimizer, "lr_min": 1e-4, "steps": 500}
    rates = [find_learning_rate(net, *data, seed=seed, **options).suggestion for seed in range(4)]
    assert 1 < max(rates) / min(rates) < 4


@pytest.mark.parametrize("scales", [[1.0, 1.0, 1.0], [1.0, 0.3, 0.1], [10.0, 1.0, 1.0]])
def test_on_a_parabola_it_lies_below_the_rate_that_its_curvature_allows(scales):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3)) * scales
    net = MLP([Dense(3, 1)], "mse", seed=0)
    curvature = np.empty((4, 4))
    for i, step in enumerate(np.eye(4)):
        net.theta[:] = step
        net.loss_and_grad(X, np.zeros((100, 1)))
        curvature[i] = net.grad  # of a parabola about 0: a column of its second derivatives
    highest = 2 / np.linalg.eigvalsh(curvature).max()
    net.initialize(seed=0)
    found = find_learning_rate(net, X, X @ [[1.0], [2.0], [3.0]], batch_size=None)
    assert 0.01 * highest < found.suggestion < highest


def found(losses, start=1.0, diverged_at=None):
    """The suggestion for a curve over the rates 0.01, 0.02, 0.04, ..."""
    rates = 0.01 * 2.0 ** np.arange(len(losses))
    return suggest(Measured(rates, np.array(losses), start, diverged_at), 0.0, 1e-9, "mse")


def test_it_is_half_of_the_rate_where_nearly_all_of_the_fall_is_done():
    # a steep fall at 0.02 and a gentle one up to 0.16
    result = found([1.0, 0.5, 0.45, 0.42, 0.40, 2.0, 9.0], diverged_at=1.28)
    assert result.suggestion == 0.08
    assert result.alternatives["steepest"] < 0.03
    assert result.reason == (
        "While the rate rises, the loss falls from 1 at the start to 0.4 at the rate 0.16, and "
        "then rises. 99% of the fall is done at 0.16; half of this rate keeps clear of the rates "
        "that are too high."
    )


def test_what_creeps_towards_nothing_does_not_raise_it():
    assert found([0.9, 0.3, 0.008, 0.006, 0.005, 0.004, 0.003, 0.002]).suggestion == 0.02


def test_a_rise_by_chance_does_not_lower_it_and_a_fall_after_a_long_rise_does_not_raise_it():
    assert found([0.9, 0.5, 0.6, 0.3, 0.1, 0.9], diverged_at=0.64).suggestion == 0.08
    assert found([0.9, 0.5, 0.9, 0.3, 0.1, 0.9], diverged_at=0.64).suggestion == 0.01


def test_it_is_no_lower_than_the_first_rate():
    result = found([0.1, 0.5, 2.0], diverged_at=0.04)
    assert result.suggestion == 0.01
    assert "lower lr_min" in result.reason
