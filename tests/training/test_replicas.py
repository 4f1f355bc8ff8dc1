"""K replicas at once: each is, bit for bit, its own run alone, whatever happens to the others."""

import numpy as np
import pytest

from mlp import MLP, SGD, Callback, Dense, Trainer, TrainingDiverged
from mlp.optim import Exponential
from tests.training.small import DTYPES, OPTIMIZERS, classes, classifier, numbers, optimizer

COLUMNS = ("loss", "grad_norm", "val_loss")


def linear(dtype="float64"):
    return MLP.from_sizes([4, 6, 3], "identity", "identity", "squared_error", dtype=dtype, seed=1)


def column(history, name, k):
    return [entry[k] for entry in history[name]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_replica_is_its_run_alone(name, dtype):
    X, y = classes()
    rates = np.array([0.3, 0.01, 0.1])
    options = {"batch_size": 16, "l1": 0.001, "l2": 0.01, "clip_norm": 0.5, "seed": 2}
    net = classifier(dtype, dropout=0.2).replicate(3)
    history = Trainer(net, optimizer(name, lr=rates), **options).fit(X, y, 3, validation=(X, y))
    for k, rate in enumerate(rates):
        alone = classifier(dtype, dropout=0.2)
        own = Trainer(alone, optimizer(name, lr=rate), **options).fit(X, y, 3, validation=(X, y))
        assert np.array_equal(net.theta[k], alone.theta)
        for quantity in (*COLUMNS, "lr"):
            assert column(history, quantity, k) == own[quantity]
    assert history.diverged_at == []
    assert history.status == "completed"


def test_replicas_with_different_weights_and_one_rate_are_their_runs_alone():
    X, y = classes()
    nets = [classifier(seed=seed) for seed in range(3)]
    together = nets[0].replicate(3)
    together.theta = np.array([net.theta for net in nets])
    history = Trainer(together, SGD(Exponential(0.5, 0.9)), batch_size=16).fit(X, y, 3)
    for k, net in enumerate(nets):
        own = Trainer(net, SGD(Exponential(0.5, 0.9)), batch_size=16).fit(X, y, 3)
        assert np.array_equal(together.theta[k], net.theta)
        assert column(history, "loss", k) == own["loss"]
        assert history["lr"] == own["lr"]


def alone(name, lr, dtype, X, Y, epochs, **options):
    """Return the network and the history of a run, and the epoch in which it diverged."""
    net = linear(dtype)
    trainer = Trainer(net, optimizer(name, lr=lr), **options)
    try:
        return net, trainer.fit(X, Y, epochs, validation=(X, Y)), 0
    except TrainingDiverged as diverged:
        return net, diverged.history, diverged.epoch


@pytest.mark.parametrize("clip_norm", [None, 1e4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_replica_that_diverges_stops_and_leaves_the_others_alone(name, dtype, clip_norm):
    X, Y = numbers()
    options = {"batch_size": 20, "clip_norm": clip_norm}
    huge = 1e30 if dtype == "float32" else 1e300
    rates = np.array([0.01, huge, 0.001, huge / 1e14])
    net = linear(dtype).replicate(4)
    history = Trainer(net, optimizer(name, lr=rates), **options).fit(X, Y, 6, validation=(X, Y))
    diverged_at = []
    for k, rate in enumerate(rates):
        own_net, own, epoch = alone(name, rate, dtype, X, Y, 6, **options)
        assert np.array_equal(net.theta[k], own_net.theta)
        diverged_at.append(epoch)
        for quantity in COLUMNS:
            mine = column(history, quantity, k)
            good = len(own.epochs)
            assert mine[:good] == own.get(quantity, [])
            assert np.isnan(mine[good:]).all()
            assert good == (epoch - 1 if epoch else 6)
    assert history.diverged_at == diverged_at
    assert diverged_at[0] == diverged_at[2] == 0
    assert diverged_at[1] >= 1
    assert np.isfinite(net.theta).all()
    assert history.status == "completed"


def test_replicas_that_diverge_in_different_epochs_are_each_marked_with_theirs():
    X, Y = numbers()
    rates = np.array([1e3, 0.8, 0.01, 1.0])
    net = linear().replicate(4)
    trainer = Trainer(net, SGD(rates), batch_size=25)
    alive, callback = [], Callback()
    callback.on_epoch_end = lambda trainer: alive.append(trainer.alive.tolist())
    trainer.callbacks.append(callback)
    history = trainer.fit(X, Y, 400)
    epochs = [alone("sgd", rate, "float64", X, Y, 400, batch_size=25)[2] for rate in rates]
    assert history.diverged_at == epochs
    assert 0 < epochs[0] < epochs[3] < epochs[1]
    assert epochs[2] == 0
    for epoch, now in enumerate(alive, start=1):
        assert now == [at == 0 or at > epoch for at in epochs]


def test_a_run_whose_replicas_have_all_diverged_ends_early():
    X, Y = numbers()
    net = linear().replicate(2)
    trainer = Trainer(net, SGD(np.array([1e3, 10.0])), batch_size=25)
    history = trainer.fit(X, Y, 10_000)
    assert history.status == "diverged"
    assert len(history.epochs) == max(history.diverged_at) < 1000
    assert min(history.diverged_at) > 0
    assert np.isnan(history["loss"][-1]).all()
    theta = net.theta.copy()
    again = trainer.fit(X, Y, 10_000)  # and there is nothing to go on with
    assert len(again.epochs) == max(again.diverged_at)
    assert again.status == "diverged"
    assert np.array_equal(net.theta, theta)


def test_a_replica_stays_dead_in_the_next_fit():
    X, Y = numbers()
    net = linear().replicate(2)
    trainer = Trainer(net, SGD(np.array([1e200, 0.01])), batch_size=25)
    trainer.fit(X, Y, 3)
    dead = net.theta[0].copy()
    history = trainer.fit(X, Y, 2)
    assert np.array_equal(net.theta[0], dead)
    assert np.array_equal(
        net.theta[1], alone("sgd", 0.01, "float64", X, Y, 5, batch_size=25)[0].theta
    )
    assert history.diverged_at[1] == 0
    assert np.isnan(column(history, "loss", 0)[-2:]).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_replicas_n_and_then_m_epochs_is_training_n_plus_m(name):
    X, Y = numbers()
    rates = np.array([0.01, 1e300, 0.1])
    parts, whole = (linear().replicate(3) for _ in range(2))
    trainer = Trainer(parts, optimizer(name, lr=rates), batch_size=16)
    trainer.fit(X, Y, 2)
    trainer.fit(X, Y, 2)
    history = Trainer(whole, optimizer(name, lr=rates), batch_size=16).fit(X, Y, 4)
    assert np.array_equal(parts.theta, whole.theta)
    assert trainer.history.diverged_at == history.diverged_at
    assert np.array_equal(trainer.history["loss"], history["loss"], equal_nan=True)


@pytest.mark.parametrize(("dtype", "size"), [("float32", 1e25), ("float64", 1e200)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_a_diverged_replica_leaves_behind_is_finite(name, dtype, size):
    # the second replica's gradient is in range, its square and a step of that size are not
    net = MLP([Dense(1, 2), Dense(2, 1)], "mae", dtype=dtype).replicate(2)
    net.layers[1].W[1] = size
    trainer = Trainer(net, optimizer(name, lr=np.array([0.01, size])), batch_size=1, shuffle=False)
    history = trainer.fit([[1.0], [-1.0]], [[3.0], [3.0]], 3)
    assert history.diverged_at == [0, 1]
    assert all(np.isfinite(state).all() for state in trainer.optimizer.state.values())
    assert np.array_equal(net.grad[1], np.zeros_like(net.grad[1]))
    assert np.isfinite(net.theta).all()
