"""The quantile loss: scikit-learn's values, its gradient, and the quantiles it finds."""

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense
from mlp.core.losses import Pinball
from tests.core.cases import assert_same_bits

rng = np.random.default_rng(0)
A, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
QUANTILES = [0.1, 0.5, 0.9]


def identity(loss):
    return MLP([Dense(3, 3, weights=np.eye(3), bias=False)], loss)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9, QUANTILES])
def test_the_loss_is_that_of_scikit_learn(quantile):
    metrics = pytest.importorskip("sklearn.metrics")
    weight = rng.uniform(0.5, 2.0, 50)
    each = [
        metrics.mean_pinball_loss(y, a, alpha=q, sample_weight=weight)
        for y, a, q in zip(Y.T, A.T, np.broadcast_to(quantile, 3), strict=True)
    ]
    expected = np.mean(each) * weight.mean()  # they divide by the sum of the weights
    assert identity(Pinball(quantile)).evaluate(A, Y, weight) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("quantile", [0.2, QUANTILES])
def test_the_gradient_is_that_of_central_differences(quantile):
    net = MLP([Dense(3, 4, "tanh"), Dense(4, 3)], Pinball(quantile), seed=0)
    error, where = mlp.check_gradients(net, A, Y)
    assert error < 1e-6, where


def test_at_zero_the_derivative_is_the_mean_of_both_sides():
    dA, at = np.empty((1, 3)), np.zeros((1, 3))
    Pinball(QUANTILES).gradient(at, at, out=dA)
    assert dA[0] == pytest.approx((0.5 - np.array(QUANTILES)) / 3, abs=1e-16)


def test_training_finds_the_quantiles_of_the_targets():
    X, targets = np.zeros((999, 1)), rng.exponential(size=(999, 1)).repeat(3, axis=1)
    net = MLP([Dense(1, 3)], Pinball(QUANTILES), seed=0)
    trainer = mlp.Trainer(net, mlp.SGD(mlp.optim.Cosine(1.0, 1500)), batch_size=None)
    trainer.fit(X, targets, epochs=1500)
    expected = np.quantile(targets[:, 0], QUANTILES)
    assert net.layers[0].b == pytest.approx(expected, abs=0.02)


def test_replicas_are_bit_identical_to_each_alone():
    net = MLP([Dense(3, 4, "tanh"), Dense(4, 3)], Pinball(QUANTILES), dtype="float32", seed=0)
    net = net.replicate(3)
    net.theta = rng.normal(size=net.theta.shape)
    assert_same_bits(net, A.astype("f4"), Y.astype("f4"))


def test_quantiles_are_saved(tmp_path):
    for quantile in (0.9, QUANTILES):
        identity(Pinball(quantile)).save(tmp_path / "net.npz")
        assert mlp.load(tmp_path / "net.npz").loss.config()["quantile"] == quantile


def test_a_trace_of_one_quantile_has_a_formula_and_of_several_none():
    net = MLP([Dense(3, 3)], Pinball(0.9), seed=0)
    (first, *_) = mlp.trace(net, A[0], Y[0]).errors
    assert first.formula.startswith("max(0.9 ×")
    assert mlp.trace(identity(Pinball(QUANTILES)), A[0], Y[0]).errors == ()


def test_quantiles_for_other_outputs_are_rejected():
    with pytest.raises(ValueError, match="^quantile: received 3 numbers, expected 2, one for each"):
        MLP([Dense(3, 2)], Pinball(QUANTILES), seed=0).evaluate(A, Y[:, :2])


@pytest.mark.parametrize("quantile", [0.0, 1.0, np.nan, "0.5", None, [], [0.5, 1.5], [[0.5]]])
def test_a_quantile_out_of_range_is_rejected(quantile):
    with pytest.raises((ValueError, TypeError), match="^quantile: received"):
        Pinball(quantile)
