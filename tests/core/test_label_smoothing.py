"""Label smoothing: the loss and the gradient are those of the smoothed targets."""

import numpy as np
import pytest

import mlp
from mlp import MLP, Dense
from mlp.core.losses import BinaryCrossEntropy, CrossEntropy
from tests.core.cases import assert_same_bits
from tests.core.test_losses import Same, from_logits

rng = np.random.default_rng(0)
Z, labels = 3 * rng.normal(size=(6, 4)), np.array([3, 0, 1, 1, 2, 0])
ONE_HOT, YES = np.eye(4)[labels], rng.uniform(size=(6, 4))
PAIRS = [("softmax", CrossEntropy, ONE_HOT, 4), ("sigmoid", BinaryCrossEntropy, YES, 2)]


@pytest.mark.parametrize(("output", "kind", "Y", "n"), PAIRS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_the_loss_of_smoothed_targets(output, kind, Y, n, dtype):
    plain, smooth = (from_logits(Z, output, loss, dtype) for loss in (kind(), kind(0.1)))
    weight = np.arange(1.0, 7.0)
    by_hand = 0.9 * Y + 0.1 / n
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    loss = plain.loss_and_grad(Z, by_hand, weight)
    assert smooth.loss_and_grad(Z, Y, weight) == pytest.approx(loss, rel=tolerance)
    assert np.allclose(smooth.grad, plain.grad, rtol=tolerance, atol=tolerance)
    assert smooth.evaluate(Z, Y, weight) == pytest.approx(loss, rel=tolerance)


@pytest.mark.parametrize(("output", "kind", "Y", "n"), PAIRS)
def test_fused_and_by_the_chain_rule_it_is_the_same(output, kind, Y, n):
    fused, chain = (from_logits(Z, o, kind(0.2)) for o in (output, Same(output)))
    assert fused.loss_and_grad(Z, Y) == pytest.approx(chain.loss_and_grad(Z, Y), rel=1e-14)
    assert np.allclose(fused.grad, chain.grad, rtol=1e-12, atol=1e-15)
    error, where = mlp.check_gradients(chain, Z, Y)
    assert error < 1e-6, where


def test_labels_count_as_one_hot_rows():
    net = from_logits(Z, "softmax", CrossEntropy(0.1))
    assert net.loss_and_grad(Z, labels) == net.loss_and_grad(Z, ONE_HOT)


@pytest.mark.parametrize(("output", "kind", "Y", "n"), PAIRS)
def test_replicas_are_bit_identical_to_each_alone(output, kind, Y, n):
    net = MLP([Dense(4, 5, "tanh"), Dense(5, 4, output)], kind(0.1), seed=0).replicate(3)
    net.theta = rng.normal(size=net.theta.shape)
    assert_same_bits(net, Z, Y)


def test_without_it_nothing_is_computed():
    assert CrossEntropy().targets(ONE_HOT) is ONE_HOT
    assert CrossEntropy().config() == {"name": "cross_entropy"}


def test_it_is_saved_and_a_checkpoint_of_another_is_rejected(tmp_path):
    def network(e):
        return MLP([Dense(4, 4, "softmax")], CrossEntropy(e), seed=0)

    network(0.1).save(tmp_path / "net.npz")
    assert mlp.load(tmp_path / "net.npz").loss.config()["label_smoothing"] == 0.1
    path = tmp_path / "run.npz"
    mlp.Trainer(network(0.1), callbacks=[mlp.Checkpoint(path)]).fit(Z, labels)
    with pytest.raises(ValueError, match=r"label_smoothing: received 0\.2, expected 0\.1"):
        mlp.Trainer(network(0.2)).resume(path, Z, labels, epochs=2)


def test_a_trace_shows_the_smoothed_targets():
    net = MLP([Dense(4, 4, "softmax")], CrossEntropy(0.1), seed=0)
    found = mlp.trace(net, Z[0], [0.0, 0.0, 0.0, 1.0])
    assert found.loss == net.evaluate(Z[:1], ONE_HOT[:1])
    assert [error.target for error in found.errors] == pytest.approx([0.025] * 3 + [0.925])


@pytest.mark.parametrize("value", [-0.1, 1.0, np.nan, "0.1"])
def test_a_share_out_of_range_is_rejected(value):
    with pytest.raises((ValueError, TypeError), match="^label_smoothing: received"):
        CrossEntropy(value)
