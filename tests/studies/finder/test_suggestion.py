"""The suggested rate, compared with sweeps on raw and on standardised data."""

from itertools import product

import numpy as np
import pytest

from mlp import (
    MLP,
    SGD,
    BatchNorm,
    Dense,
    LearningRateNotFound,
    find_learning_rate,
    learning_rate_sweep,
)
from mlp.datasets import spirals
from mlp.studies.finder.race import Race
from tests.spread import spread

pytestmark = pytest.mark.slow


def ring(rng):
    points = rng.uniform(-1, 1, (300, 2))
    distance = np.hypot(*points.T)
    return points, ((distance > 0.35) & (distance < 0.8)).astype(int)


def sine(rng):
    x = rng.uniform(-3, 3, (200, 1))
    return x, np.sin(x) + rng.normal(0, 0.1, x.shape)


def apart(rng):
    """Two separable classes: the loss comes near 0."""
    points = rng.normal(size=(200, 5))
    labels = points[:, 0] > 0
    points[:, 0] += np.where(labels, 2.0, -2.0)
    return points, labels.astype(int)


def linear(rng, offset=0.0, scale=1.0, x_scale=1.0):
    X = rng.normal(size=(400, 6))
    y = X @ rng.normal(size=(6, 1))
    return x_scale * X, offset + scale * y


PROBLEMS = {
    "ring": (ring, [2, 16, 16, 2], "relu"),
    "sine": (sine, [1, 32, 32, 1], "tanh"),
    "spirals": (lambda rng: spirals(100, n_classes=3, seed=0), [2, 32, 32, 3], "relu"),
    "apart": (apart, [5, 8, 2], "relu"),
    "offset": (lambda rng: linear(rng, offset=100.0), [6, 32, 1], "tanh"),
    "large targets": (lambda rng: linear(rng, scale=1000.0), [6, 32, 1], "tanh"),
    "large inputs": (lambda rng: linear(rng, x_scale=100.0), [6, 32, 1], "tanh"),
}


@pytest.mark.parametrize(
    ("name", "optimizer"), spread(product(PROBLEMS, ["sgd", "momentum", "adam"]), 2)
)
def test_it_trains_nearly_as_well_as_the_best_rate_of_a_sweep(name, optimizer):
    make, sizes, hidden = PROBLEMS[name]
    X, y = make(np.random.default_rng(0))
    kind = ("identity", "mse") if y.ndim == 2 else ("softmax", "cross_entropy")
    net = MLP.from_sizes(sizes, hidden, *kind, seed=0)
    found = find_learning_rate(net, X, y, optimizer=optimizer, seed=1)
    rates = [*np.geomspace(1e-6, 10.0, 15), found.suggestion]
    sweep = learning_rate_sweep(net, X, y, rates, 20, 32, optimizer=optimizer)
    little = 0.01 * found.constant
    assert sweep.final[-1] + little < 3 * (np.nanmin(sweep.final) + little)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_other_seeds_suggest_nearly_the_same(optimizer):
    data = spirals(100, n_classes=3, seed=0)
    net = MLP.from_sizes([2, 16, 3], "relu", "softmax", "cross_entropy", seed=0)
    rates = [
        find_learning_rate(net, *data, seed=seed, optimizer=optimizer, lr_min=1e-4).suggestion
        for seed in range(4)
    ]
    assert max(rates) / min(rates) < 5


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
    assert 0.1 * highest < found.suggestion < highest


def race(losses, updates=200, constant=5.0):
    found = Race(MLP([Dense(1, 1)]), SGD(), np.geomspace(0.01, 1, 4), ([], []), {}, {}, constant)
    found.losses[:] = found.scores[:] = losses
    found.updates[:] = updates
    return found


def test_next_to_a_far_worse_rate_the_lower_one_is_taken():
    assert race([4.0, 3.5, 1.0, np.inf]).safest(2) == 1
    assert race([4.0, 3.5, 1.0, 11.0]).safest(2) == 1


@pytest.mark.parametrize(
    ("losses", "changes"),
    [
        ([4.0, 3.5, 1.0, 9.0], {}),  # the next is not far worse
        ([9.0, 4.5, 1.0, np.inf], {}),  # the lower one is
        ([4.0, 3.5, 1.0, np.inf], {"constant": 0.5}),  # nothing has been learned
        ([4.0, 3.5, 1.0, np.inf], {"updates": [200, 8, 200, 8]}),  # it had fewer updates
    ],
)
def test_otherwise_the_best_is(losses, changes):
    assert race(losses, **changes).safest(2) == 2


def test_a_run_that_exploded_counts_with_a_handicap():
    rng = np.random.default_rng(0)
    X, y = linear(rng, offset=100.0)
    net = MLP.from_sizes([6, 64, 32, 1], "relu", "identity", "mse", seed=0)
    own = Race(net, SGD(), np.array([1e-3, 0.3]), (X, y), {}, {"seed": 0}, float(y.var()))
    best = own.run(np.array([0, 1]), 100, 1e9)
    assert own.losses[1] < own.losses[0] < own.scores[1]  # units are dead, biases learn the mean
    assert best == 0


def test_targets_and_inputs_to_be_standardised_are_named_with_their_numbers():
    net = MLP.from_sizes([6, 8, 1], "relu", "identity", "mse", seed=0)
    rng = np.random.default_rng(0)
    X, y = linear(rng, offset=100.0, x_scale=1.0)
    reason = find_learning_rate(net, X, y, steps=20).reason
    assert f"Standardise the targets (column 0: mean {y.mean():.3g}, standard dev" in reason
    X[:, 3] = 500.0 + 2.0 * X[:, 3]
    reason = find_learning_rate(net, X, y, steps=20).reason
    assert "Standardise the inputs (column 3: mean 500, standard deviation " in reason
    assert " and the targets (column 0: mean" in reason
    small = find_learning_rate(net, *linear(rng, scale=1e-3), steps=20, lr_min=1e-4)
    assert "Standardise the targets" in small.reason
    with pytest.raises(LearningRateNotFound, match="Standardise the inputs"):
        find_learning_rate(net, X, y, lr_min=1e30, lr_max=1e31)


def test_standardised_data_labels_and_normalised_inputs_need_no_advice():
    rng = np.random.default_rng(0)
    net = MLP.from_sizes([6, 8, 1], "relu", "identity", "mse", seed=0)
    assert "Standardise" not in find_learning_rate(net, *linear(rng), steps=20).reason
    X, y = apart(rng)
    net = MLP([BatchNorm(), Dense(5, 2, "softmax")], "cross_entropy", seed=0)
    assert "Standardise" not in find_learning_rate(net, 1000.0 * X, y, steps=20).reason


def test_a_rate_that_does_no_better_than_a_constant_is_said_not_to():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 3)), rng.normal(size=(400, 1))
    net = MLP.from_sizes([3, 4, 1], "relu", "identity", "mse", seed=0)
    found = find_learning_rate(net, X, y)
    assert found.constant == pytest.approx(y.var())
    assert "no better than a constant output, which reaches" in found.reason


def test_a_loss_has_exploded_by_that_of_a_constant_output_too():
    """A network that is nearly right has so low a loss that every other one is far above it."""
    net = MLP([Dense(1, 1, weights=[[1.0 + 1e-5]])], "squared_error")
    X = np.array([[-1.0], [1.0]])  # a step with the rate 3 doubles the error
    scores = []
    for constant in (0.5, 0.0):
        options = {"batch_size": None, "shuffle": False}
        race = Race(net, SGD(), np.array([3.0]), (X, X), {}, options, constant)
        race.run(np.array([0]), 16, handicap=30.0)
        assert 1e4 * race.start < race.losses[0] < 0.5
        scores.append(race.scores[0] / race.losses[0])
    assert scores == pytest.approx([1.0, 30.0])
