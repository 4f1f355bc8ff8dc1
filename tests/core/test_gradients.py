"""The gradient is that of the loss that is reported."""

from itertools import product

import numpy as np
import pytest

import mlp
from mlp.core import ACTIVATIONS, MLP, Dense, Dropout, Penalty
from tests.core.cases import PAIRS, case, network, targets
from tests.spread import spread

# The full product of all factors has thousands of cases. This cover keeps the product of output
# activation, loss, width and depth, and gives each pair of activation and loss these 8 runs, in
# which any two of the five other factors take all four combinations of their values (an
# orthogonal array: columns are sums of three bits). Depth and hidden activation move on from run
# to run, by steps that let 82 pairs x 8 runs meet every hidden activation with every value of
# every other factor; a cross-entropy, which has two pairs only, with 11 of 13.
RUNS = [(a, b, c, a ^ b, a ^ b ^ c) for a, b, c in product((0, 1), repeat=3)]
NAMES, DEPTHS = list(ACTIVATIONS), (0, 1, 3)
# One unit of softmax is always 1, where log(1 - A) has no derivative.
UNDEFINED = ("softmax", "binary_cross_entropy", 1)
CASES = [(*pair, n_out) for pair in PAIRS for n_out in (1, 3) if (*pair, n_out) != UNDEFINED]


def relative_error(exact, numeric, scale):
    return np.max(np.abs(exact - numeric) / np.maximum(np.abs(numeric), scale))


def assert_differences_agree(net, X, Y, weight, penalty, seed):
    """Compare with the package's checker, and with differences along a direction of theta, X."""
    error, where = mlp.check_gradients(net, X, Y, weight, penalty=penalty)
    assert error < 1e-6, where

    def loss(step_theta=0.0, step_X=0.0):
        moved = net.copy()
        moved.theta = net.theta + step_theta
        return moved.evaluate(X + step_X, Y, weight, penalty=penalty)

    rng, h = np.random.default_rng(seed), 1e-5
    scale = 1e-3 * np.max(np.abs(loss())) + 1e-6
    reported = net.loss_and_grad(X, Y, weight, penalty=penalty)
    assert np.allclose(reported, loss(), rtol=1e-13, atol=0.0)
    u = rng.normal(size=net.theta.shape[-1])
    numeric = (loss(step_theta=h * u) - loss(step_theta=-h * u)) / (2 * h)
    assert relative_error(net.grad @ u, numeric, scale) < 1e-6
    v = rng.normal(size=X.shape[-2:])
    numeric = (loss(step_X=h * v) - loss(step_X=-h * v)) / (2 * h)
    dX = net.input_gradient(X, Y, weight)
    assert relative_error((dX * v).sum(axis=(-2, -1)), numeric, scale) < 1e-6


def depth_and_hidden(number, run):
    """Return the number of hidden layers and their activation in this run of this pair."""
    depth = DEPTHS[(number + 2 * run) % 3]
    return depth, NAMES[(12 * number + 7 * run + 8 * depth) % len(NAMES)]


@pytest.mark.parametrize(("output", "loss", "n_out"), spread(CASES, 3))
def test_the_gradient_is_that_of_the_reported_loss(output, loss, n_out):
    number = PAIRS.index((output, loss))
    runs = [(i, *rest) for i, (outputs, *rest) in enumerate(RUNS) if (1, 3)[outputs] == n_out]
    for run, penalised, weighted, batch, replicated in runs:
        depth, hidden = depth_and_hidden(number, run)
        seed = [number, depth, run]
        net, X, Y = case(
            [2, *[3] * depth, n_out],
            hidden,
            output,
            loss,
            rows=(1, 7)[batch],
            replicas=(None, 3)[replicated],
            shared_X=run % 3 > 0,
            l1=bool(penalised),
            seed=seed,
        )
        weight = np.random.default_rng(seed).uniform(0.2, 3.0, len(Y)) if weighted else None
        penalty = Penalty(l1=0.01, l2=0.1) if penalised else None
        assert_differences_agree(net, X, Y, weight, penalty, seed)


@pytest.mark.parametrize("replicas", [None, 3])
@pytest.mark.parametrize("penalty", [Penalty(l1=0.3), Penalty(l2=0.3)], ids=["l1", "l2"])
@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "cross_entropy"), ("tanh", "mse"), ("identity", "mse")]
)
def test_the_gradient_with_one_penalty_alone_is_that_of_the_reported_loss(
    output, loss, penalty, replicas
):
    net, X, Y = case([2, 3, 3], "tanh", output, loss, rows=5, replicas=replicas, l1=True, seed=6)
    assert_differences_agree(net, X, Y, None, penalty, seed=6)
    without = net.evaluate(X, Y)
    assert np.all(net.evaluate(X, Y, penalty=penalty) - without > 0.1)


def test_the_cover_pairs_every_hidden_activation_with_every_value():
    met, depths = set(), set()
    for number, run in product(range(len(PAIRS)), range(len(RUNS))):
        depth, hidden = depth_and_hidden(number, run)
        depths.add((number, RUNS[run][0], depth))
        if depth:
            factors = (*RUNS[run], *PAIRS[number], depth)
            met |= {(hidden, factor, value) for factor, value in enumerate(factors)}
    assert len(depths) == len(PAIRS) * 2 * len(DEPTHS)
    outputs, losses = map(set, zip(*PAIRS, strict=True))
    rare = {"cross_entropy", "binary_cross_entropy"}
    values = [2] * 5 + [len(outputs), len(losses - rare), 2]
    of_rare = sum(value in rare for _, _, value in met)
    assert (of_rare, len(met) - of_rare) == (2 * 11, len(NAMES) * sum(values))


def test_any_two_binary_factors_take_all_their_combinations():
    columns = list(zip(*RUNS, strict=True))
    for i, first in enumerate(columns):
        for second in columns[:i]:
            assert len(set(zip(first, second, strict=True))) == 4


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize(
    ("hidden", "output", "loss"),
    [
        ("tanh", "softmax", "cross_entropy"),
        ("gelu", "sigmoid", "binary_cross_entropy"),
        ("silu", "softplus", "poisson"),
        ("elu", "softmax", "squared_error"),
        ("sigmoid", "identity", "huber"),
    ],
)
def test_the_gradient_of_a_larger_network_is_right_along_random_directions(
    hidden, output, loss, replicas
):
    rng = np.random.default_rng(1)
    net = network([40, 60, 30, 10], hidden, output, loss, rng=rng, replicas=replicas)
    net.theta *= 0.3
    X, Y = rng.normal(size=(32, 40)), targets(loss, rng, 32, 10)
    error, where = mlp.check_gradients(net, X, Y, penalty=Penalty(l2=0.01), directions=10)
    assert "direction" in where
    assert error < 1e-6, where


@pytest.mark.parametrize("replicas", [None, 3])
def test_the_gradient_with_dropout_is_that_of_the_loss_with_the_same_masks(replicas):
    rng = np.random.default_rng(2)
    layers = [Dropout(0.2), Dense(3, 8, "tanh"), Dropout(0.5), Dense(8, 2, "softmax")]
    net = MLP(layers, "cross_entropy", seed=0)
    net = net.replicate(replicas) if replicas else net
    X, Y = rng.normal(size=(6, 3)), rng.integers(0, 2, 6)
    error, where = mlp.check_gradients(net, X, Y)
    assert error < 1e-6, where


@pytest.mark.parametrize("share_bias", [False, True])
@pytest.mark.parametrize("train_bias", [False, True])
@pytest.mark.parametrize("bias", [False, 0.3])
def test_the_gradient_is_right_for_every_kind_of_bias(bias, train_bias, share_bias):
    kind = {"bias": bias, "train_bias": train_bias, "share_bias": share_bias}
    net = MLP([Dense(2, 4, "sigmoid", **kind), Dense(4, 3, "tanh", **kind)], seed=3)
    X, Y = np.random.default_rng(3).normal(size=(2, 5, 3))[..., :2], np.zeros((5, 3))
    for some in (net, net.replicate(2)):
        error, where = mlp.check_gradients(some, X[0], Y)
        assert error < 1e-6, where


def test_the_gradient_of_a_layer_of_ones_own_is_checked_like_any_other():
    class Scale(mlp.Layer):
        """``A = g * A_in`` with one trained number g a unit."""

        n_in = n_out = 3

        def parameters(self):
            return (mlp.core.Parameter("g", (3,), lambda rng: rng.uniform(0.5, 1.5, 3)),)

        def forward(self, A_in, training, rng):
            self.A_in = A_in
            return A_in * self.params["g"][..., None, :]

        def backward(self, dA, need_dA_in=True):
            np.sum(dA * self.A_in, axis=-2, out=self.grads["g"])
            return dA * self.params["g"][..., None, :]

    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    for layers in ([Dense(2, 3, "tanh"), Scale()], [Dense(2, 3, "tanh"), Scale(), Dense(3, 3)]):
        net = MLP(layers, "mse", seed=5)
        for some in (net, net.replicate(2)):
            error, where = mlp.check_gradients(some, X, Y)
            assert error < 1e-6, where
