"""What training computes: compared with loops written out by hand."""

import numpy as np
import pytest

from mlp import MLP, SGD, Dense, Penalty, Trainer
from mlp.core import Dropout
from mlp.optim import Cosine, CosLog, Exponential, FlatCosine, LinearWarmup, OneCycle
from mlp.training import Checkpoint
from tests.training.small import (
    DTYPES,
    OPTIMIZERS,
    classes,
    classifier,
    numbers,
    optimizer,
    regressor,
    same_columns,
)


def naive_run(net, X, Y, lr, epochs, batch_size, seed=0, weight=None):
    """Train by the textbook and return the loss of each epoch."""
    rng, losses = np.random.default_rng(seed), []
    for _ in range(epochs):
        order, total = rng.permutation(len(X)), 0.0
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            some = None if weight is None else weight[rows]
            total += net.loss_and_grad(X[rows], Y[rows], some) * len(rows)
            net.theta -= net.dtype.type(lr) * net.grad
        losses.append(total / len(X))
    return losses


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_epoch_of_full_batch_sgd_is_theta_minus_lr_times_grad(dtype):
    X, y = classes()
    net = classifier(dtype)
    loss = net.loss_and_grad(X, y)
    expected = net.theta - net.dtype.type(0.3) * net.grad
    norm = float(np.linalg.norm(net.grad.astype(np.float64)))
    history = Trainer(net, SGD(0.3), batch_size=None).fit(X, y)
    assert np.array_equal(net.theta, expected)
    assert history["loss"] == [loss]
    assert history["grad_norm"] == pytest.approx([norm], rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [1, 16, 49])
def test_a_run_is_bit_for_bit_the_naive_loop(batch_size, dtype, weighted):
    X, Y = numbers()
    weight = np.random.default_rng(3).uniform(0, 2, len(X)) if weighted else None
    naive, net = regressor(dtype), regressor(dtype)
    losses = naive_run(naive, X, Y, 0.05, 3, batch_size, seed=7, weight=weight)
    trainer = Trainer(net, SGD(0.05), batch_size=batch_size, seed=7)
    history = trainer.fit(X, Y, epochs=3, sample_weight=weight)
    assert np.array_equal(net.theta, naive.theta)
    assert history["loss"] == losses
    assert trainer.optimizer.steps == 3 * -(-50 // batch_size)


def test_the_last_short_batch_counts_by_its_true_size():
    X, Y = numbers(n=5)
    net = regressor()
    whole = net.evaluate(X, Y)
    # with a rate of 0 every batch sees the same weights: the mean over rows is the full loss
    history = Trainer(net, SGD(0.0), batch_size=4).fit(X, Y)
    assert history["loss"][0] == pytest.approx(whole, rel=1e-14)
    equal_weight = (net.evaluate(X[:4], Y[:4]) + net.evaluate(X[4:], Y[4:])) / 2
    assert abs(equal_weight - whole) > 1e-3


@pytest.mark.parametrize("batch_size", [50, 51, 1000, np.int64(50)])
def test_a_batch_as_large_as_the_data_or_larger_is_the_full_batch(batch_size):
    X, y = classes()
    nets = classifier(), classifier()
    full = Trainer(nets[0], SGD(0.5), batch_size=None, seed=1).fit(X, y, 4)
    large = Trainer(nets[1], SGD(0.5), batch_size=batch_size, seed=2).fit(X, y, 4)
    assert np.array_equal(nets[0].theta, nets[1].theta)
    assert same_columns(full, large)


def test_without_shuffling_the_rows_come_in_their_order():
    X, Y = numbers()
    net, naive = regressor(), regressor()
    trainer = Trainer(net, SGD(0.05), batch_size=20, shuffle=False, seed=5)
    generator = trainer._rng.bit_generator.state
    trainer.fit(X, Y, 2)
    for start in [0, 20, 40] * 2:
        naive.loss_and_grad(X[start : start + 20], Y[start : start + 20])
        naive.theta -= 0.05 * naive.grad
    assert np.array_equal(net.theta, naive.theta)
    assert trainer._rng.bit_generator.state == generator


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("dtype", DTYPES)
def test_labels_and_one_hot_rows_give_the_same_bits(dtype, batch_size, shuffle):
    X, y = classes()
    runs = []
    for targets in (y, np.eye(3)[y]):
        net = classifier(dtype)
        trainer = Trainer(net, SGD(0.3), batch_size=batch_size, shuffle=shuffle)
        runs.append((net.theta, trainer.fit(X, targets, 3, validation=(X, targets))))
    (theta, history), (other_theta, other_history) = runs
    assert np.array_equal(theta, other_theta)
    assert same_columns(history, other_history, ("loss", "grad_norm", "val_loss"))


def test_a_sample_weight_of_two_is_a_row_that_occurs_twice():
    X, Y = numbers(n=6)
    weight = np.array([1.0, 2.0, 0.0, 1.0, 1.0, 1.0])
    rows = np.array([0, 1, 1, 3, 4, 5])
    nets = regressor(), regressor()
    weighted = Trainer(nets[0], SGD(0.1), batch_size=None).fit(X, Y, 3, sample_weight=weight)
    repeated = Trainer(nets[1], SGD(0.1), batch_size=None).fit(X[rows], Y[rows], 3)
    assert np.allclose(nets[0].theta, nets[1].theta, rtol=0, atol=1e-14)
    assert weighted["loss"] == pytest.approx(repeated["loss"], rel=1e-13)
    assert not np.allclose(nets[0].theta, regressor().theta)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_validation_loss_is_evaluate_and_changes_nothing_in_the_run(dropout):
    X, y = classes()
    X_val, y_val = classes(n=17, seed=9)
    with_it, without = classifier(dropout=dropout), classifier(dropout=dropout)
    trainer = Trainer(with_it, SGD(0.3, momentum=0.9), batch_size=16, l2=0.1)
    expected = []
    for _ in range(3):
        trainer.fit(X, y, validation=(X_val, y_val))
        expected.append(with_it.evaluate(X_val, y_val))
    plain = Trainer(without, SGD(0.3, momentum=0.9), batch_size=16, l2=0.1).fit(X, y, 3)
    assert trainer.history["val_loss"] == expected
    assert "val_loss" not in plain
    assert np.array_equal(with_it.theta, without.theta)
    assert same_columns(trainer.history, plain)


def test_penalties_are_in_the_reported_loss_and_in_its_gradient_but_not_on_biases():
    X, Y = numbers()
    net = regressor()
    net.theta = np.random.default_rng(0).normal(size=net.theta.shape)
    theta, (W1, W2) = net.theta.copy(), [layer.W.copy() for layer in net.layers]
    plain = net.loss_and_grad(X, Y)
    grad = net.grad.copy()
    history = Trainer(net, SGD(0.1), batch_size=None, l1=0.02, l2=0.3).fit(X, Y)

    W = np.concatenate([W1.ravel(), W2.ravel()])
    penalty = 0.02 * np.abs(W).sum() + 0.15 * (W**2).sum()
    assert history["loss"][0] == pytest.approx(plain + penalty, rel=1e-14)
    grad[: W.size] += 0.02 * np.sign(W) + 0.3 * W
    assert np.allclose(net.theta, theta - 0.1 * grad, rtol=1e-14, atol=1e-15)
    assert np.array_equal(net.theta[W.size :], (theta - 0.1 * grad)[W.size :])
    assert penalty > 0.1


def test_the_penalty_does_not_depend_on_how_many_batches_there_are():
    X, Y = numbers()
    net = regressor()
    expected = net.evaluate(X, Y, penalty=Penalty(0.1, 0.2))
    history = Trainer(net, SGD(0.0), batch_size=7, l1=0.1, l2=0.2).fit(X, Y)
    assert history["loss"][0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_long_gradient_is_cut_to_clip_norm_and_a_short_one_left_alone(dtype):
    X, Y = numbers()
    net = regressor(dtype)
    start = net.theta.copy()
    net.loss_and_grad(X, Y)
    grad = net.grad.astype(np.float64)
    norm = np.linalg.norm(grad)
    history = Trainer(net, SGD(1.0), batch_size=None, clip_norm=norm / 8).fit(X, Y)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    assert np.allclose(start - net.theta, grad / 8, rtol=0, atol=tolerance)
    assert history["grad_norm"] == pytest.approx([norm], rel=tolerance)  # before clipping

    short, plain = regressor(dtype), regressor(dtype)
    Trainer(short, SGD(1.0), batch_size=None, clip_norm=norm * 1.01).fit(X, Y)
    Trainer(plain, SGD(1.0), batch_size=None).fit(X, Y)
    assert np.array_equal(short.theta, plain.theta)


@pytest.mark.parametrize("replicas", [None, 2])
@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e30), ("float64", 1e200)])
def test_a_gradient_whose_square_overflows_is_clipped_all_the_same(dtype, scale, replicas):
    # huber's gradient is bounded, so only the inputs make it large
    net = MLP([Dense(2, 1, bias=False, weights=[[0.0], [0.0]])], "huber", dtype=dtype)
    net = net if replicas is None else net.replicate(replicas)
    X = np.array([[3.0, 4.0]]) * scale
    history = Trainer(net, SGD(1.0), batch_size=None, clip_norm=0.5).fit(X, [[-10.0]])
    assert np.allclose(net.theta, [-0.3, -0.4], rtol=1e-6)
    assert np.allclose(history["grad_norm"][0], 5.0 * scale, rtol=1e-6)


def test_a_gradient_of_zero_needs_no_clipping():
    net = MLP([Dense(1, 1, weights=[[1.0]])], "squared_error")
    history = Trainer(net, SGD(1.0), batch_size=None, clip_norm=1.0).fit([[2.0]], [[2.0]], 2)
    assert history["grad_norm"] == [0.0, 0.0]
    assert np.array_equal(net.theta, [1.0, 0.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_n_and_then_m_epochs_is_training_n_plus_m(name, dtype):
    X, y = classes()
    parts, whole = (classifier(dtype, dropout=0.2) for _ in range(2))
    trainer = Trainer(parts, optimizer(name), batch_size=16, seed=4)
    trainer.fit(X, y, 2)
    trainer.fit(X, y, 3)
    history = Trainer(whole, optimizer(name), batch_size=16, seed=4).fit(X, y, 5)
    assert np.array_equal(parts.theta, whole.theta)
    assert not np.array_equal(whole.theta, classifier(dtype, dropout=0.2).theta)
    assert same_columns(trainer.history, history)
    assert trainer.epoch == len(history.epochs) == 5


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    X, y = classes()
    thetas = []
    for seed in (3, 3, 4, np.random.default_rng(3)):
        net = classifier(dropout=0.3)
        Trainer(net, "sgd", batch_size=16, seed=seed).fit(X, y, 2)
        thetas.append(net.theta)
    assert np.array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[0], thetas[2])
    assert np.array_equal(thetas[0], thetas[3])


def test_the_order_is_drawn_anew_in_every_epoch():
    X, Y = numbers()
    trainer = Trainer(regressor(), SGD(0.0), batch_size=16)
    norms = trainer.fit(X, Y, 3)["grad_norm"]
    assert len(set(norms)) == 3


def test_numpys_global_random_state_is_neither_read_nor_changed():
    X, y = classes()
    thetas = []
    for global_seed in (0, 1):
        np.random.seed(global_seed)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        net = MLP([Dense(4, 6), Dropout(0.5), Dense(6, 3, "softmax")], "cross_entropy", seed=0)
        Trainer(net, "adam", batch_size=16).fit(X, y, 2)
        assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
        thetas.append(net.theta)
    assert np.array_equal(*thetas)


def test_a_schedule_is_the_rate_of_each_update_and_the_history_has_the_last_of_an_epoch():
    X, Y = numbers()
    asked = []

    def halving(step):
        asked.append(step)
        return 0.5 / 2**step

    net, naive = regressor(), regressor()
    history = Trainer(net, SGD(halving), batch_size=None).fit(X, Y, 4)
    for step in range(4):
        naive.loss_and_grad(X, Y)
        naive.theta -= 0.5 / 2**step * naive.grad
    assert np.array_equal(net.theta, naive.theta)
    assert history["lr"] == [0.5, 0.25, 0.125, 0.0625]
    assert sorted(set(asked)) == [0, 1, 2, 3]

    history = Trainer(regressor(), SGD(Exponential(1e-3, 0.5)), batch_size=20).fit(X, Y, 2)
    assert history["lr"] == [1e-3 * 0.5**2, 1e-3 * 0.5**5]


def test_no_epochs_is_a_run_that_changes_nothing():
    X, Y = numbers()
    net = regressor()
    history = Trainer(net, SGD(0.1)).fit(X, Y, epochs=0)
    assert np.array_equal(net.theta, regressor().theta)
    assert (len(history.epochs), history.status) == (0, "completed")


def test_an_optimizer_can_be_given_by_name():
    X, y = classes()
    nets = classifier(), classifier()
    Trainer(nets[0], "momentum").fit(X, y)
    Trainer(nets[1], SGD(momentum=0.9)).fit(X, y)
    assert np.array_equal(nets[0].theta, nets[1].theta)


def test_every_epoch_has_its_loss_rate_norm_and_time():
    X, y = classes()
    history = Trainer(classifier(), "sgd").fit(X, y, 3)
    assert set(history) == {"loss", "lr", "grad_norm", "seconds"}
    assert all(len(history[name]) == 3 for name in history)
    assert all(isinstance(value, float) for value in history["loss"] + history["seconds"])
    assert min(history["seconds"]) > 0
    assert history.status == "completed"


SCHEDULES = {
    "cosine": (Cosine(0.1, 6, lr_min=0.01), 6),
    "one_cycle": (OneCycle(0.1, 6), 6),
    "flat_cosine": (FlatCosine(0.1, 6), 6),
    "coslog": (CosLog(0.1, 6), 6),
    "warmup": (LinearWarmup(Cosine(0.1, 4), 2), 6),
    "warmup to a rate": (LinearWarmup(0.1, 2), None),
    "exponential": (Exponential(0.1, 0.9), None),
    "a function": (lambda step: 0.1, None),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_that_has_ended_is_said_once(name):
    schedule, end = SCHEDULES[name]
    trainer = Trainer(classifier(), SGD(schedule), batch_size=None)
    X, y = classes()
    trainer.fit(X, y, 5)
    trainer.fit(X, y, 1)
    trainer.fit(X, y, 0)
    if end is None:
        trainer.fit(X, y, 1)
        return
    with pytest.warns(UserWarning, match=r"ended after 6 updates.*optimizer\.reset\(\)") as caught:
        trainer.fit(X, y, 2)
    assert caught[0].filename == __file__
    trainer.fit(X, y, 1)
    assert set(trainer.history["lr"][6:]) == {schedule(6)}
    trainer.optimizer.reset()
    assert trainer.fit(X, y, 1)["lr"][-1] == schedule(0)


def test_a_resumed_run_says_so_too(tmp_path):
    def make():
        checkpoint = Checkpoint(tmp_path / "run.npz")
        method = SGD(Cosine(0.1, 3))
        return Trainer(classifier(), method, batch_size=None, callbacks=[checkpoint])

    X, y = classes()
    make().fit(X, y, 3)
    make().resume(tmp_path / "run.npz", X, y, 3)  # there is nothing to do
    with pytest.warns(UserWarning, match="ended after 3 updates"):
        make().resume(tmp_path / "run.npz", X, y, 4)
