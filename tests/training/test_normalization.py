"""Training of networks that normalise: their running statistics go with the weights."""

import contextlib
import os
import signal

import numpy as np
import pytest

import mlp
from mlp import (
    MLP,
    SGD,
    Adam,
    BatchNorm,
    Callback,
    Dense,
    Dropout,
    EarlyStopping,
    LambdaCallback,
    LayerNorm,
    Trainer,
    TrainingDiverged,
)
from tests.training.small import DTYPES, OPTIMIZERS, numbers, optimizer, state_of


def make(dtype="float64", seed=1, widths=(4, 6, 3)):
    n_in, hidden, n_out = widths
    layers = [
        BatchNorm(),
        Dense(n_in, hidden, "tanh"),
        BatchNorm(0.3),
        Dropout(0.2),
        Dense(hidden, hidden),
        LayerNorm(),
        Dense(hidden, n_out),
    ]
    return MLP(layers, "squared_error", dtype=dtype, seed=seed)


class Seen(Callback):
    """Keeps weights and statistics as they are before the first step and after each."""

    def __init__(self, net):
        self.theta, self.fixed = [net.theta.copy()], [net.fixed.copy()]

    def on_batch_end(self, trainer):
        self.theta.append(trainer.net.theta.copy())
        self.fixed.append(trainer.net.fixed.copy())


# --- what is refused


@pytest.mark.parametrize(
    ("n", "batch_size", "message"),
    [
        (33, 32, "received 32 for 33 rows, whose last batch has 1; expected at least 2 .*: 33"),
        (33, 16, "received 16 for 33 rows, whose last batch has 1; expected at least 2 .*: 17"),
        (6, 1, "received 1 for 6 rows, whose last batch has 1; expected at least 2 .*: 2 would do"),
        (7, 3, "received 3 for 7 rows, whose last batch has 1; expected .* BatchNorm.*: 4 would"),
    ],
)
def test_a_batch_of_one_row_is_refused_before_anything_is_changed(n, batch_size, message):
    X, Y = numbers(n)
    trainer = Trainer(make(), Adam(), batch_size=batch_size)
    before, fixed = state_of(trainer), trainer.net.fixed.copy()
    with pytest.raises(ValueError, match=f"^batch_size: {message}"):
        trainer.fit(X, Y, 1)
    assert state_of(trainer) == before
    assert np.array_equal(trainer.net.fixed, fixed)
    fitting = int(message.split(": ")[-1].split()[0])
    Trainer(make(), Adam(), batch_size=fitting).fit(X, Y, 1)


@pytest.mark.parametrize("batch_size", [None, 32, 1])
def test_one_row_alone_is_refused(batch_size):
    X, Y = numbers(1)
    with pytest.raises(ValueError, match="^X: received 1 row, expected at least 2 .* BatchNorm"):
        Trainer(make(), batch_size=batch_size).fit(X, Y, 1)
    with pytest.raises(ValueError, match="^X: received 1 row"):
        mlp.learning_rate_sweep(make(), X, Y, epochs=1)


def test_one_row_is_enough_to_validate_with_and_for_layer_norm():
    X, Y = numbers(33)
    one = (X[:1], Y[:1])
    history = Trainer(make(), batch_size=11).fit(X, Y, 1, validation=one)
    assert np.isfinite(history["val_loss"]).all()
    net = MLP([LayerNorm(), Dense(4, 3)], seed=0)
    assert Trainer(net, batch_size=32).fit(X, Y, 1).status == "completed"


# --- runs and their parts


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_run_in_two_parts_is_the_run_as_a_whole(dtype):
    X, Y = numbers()
    whole, parts = make(dtype), make(dtype)
    Trainer(whole, Adam(0.01), batch_size=12).fit(X, Y, 5)
    trainer = Trainer(parts, Adam(0.01), batch_size=12)
    trainer.fit(X, Y, 2)
    trainer.fit(X, Y, 3)
    assert np.array_equal(parts.theta, whole.theta)
    assert np.array_equal(parts.fixed, whole.fixed)


def test_ctrl_c_leaves_weights_and_statistics_of_the_same_step():
    X, Y = numbers()
    net, whole = make(), make()
    seen = Seen(whole)
    Trainer(whole, SGD(0.1), batch_size=10, callbacks=[seen]).fit(X, Y, 2)

    def press(trainer):
        if (trainer.epoch, trainer.batch) == (2, 2):
            os.kill(os.getpid(), signal.SIGINT)

    trainer = Trainer(net, SGD(0.1), batch_size=10, callbacks=[LambdaCallback(on_batch_end=press)])
    assert trainer.fit(X, Y, 2).status == "interrupted"
    assert np.array_equal(net.theta, seen.theta[7])
    assert np.array_equal(net.fixed, seen.fixed[7])


def test_validation_and_metrics_change_no_statistics():
    X, Y = numbers()
    with_it, without = make(), make()
    Trainer(with_it, batch_size=10, metrics=["mae"]).fit(X, Y, 3, validation=(10 * X, Y))
    Trainer(without, batch_size=10).fit(X, Y, 3)
    assert np.array_equal(with_it.fixed, without.fixed)


# --- replicas


@pytest.mark.parametrize("widths", [(4, 6, 3), (2, 2, 1)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_replica_is_its_run_alone(name, dtype, widths):
    X, Y = numbers(50, widths[0], widths[2])
    weight, rates = np.linspace(0.0, 2.0, 50), np.array([0.3, 0.01, 0.1])
    options = {"batch_size": 16, "l2": 0.01, "clip_norm": 0.5, "seed": 2}
    fit = {"epochs": 3, "validation": (X, Y), "sample_weight": weight}
    net = make(dtype, widths=widths).replicate(3)
    history = Trainer(net, optimizer(name, lr=rates), **options).fit(X, Y, **fit)
    for k, rate in enumerate(rates):
        alone = make(dtype, widths=widths)
        own = Trainer(alone, optimizer(name, lr=rate), **options).fit(X, Y, **fit)
        assert np.array_equal(net.theta[k], alone.theta)
        assert np.array_equal(net.fixed[k], alone.fixed)
        for quantity in ("loss", "grad_norm", "val_loss"):
            assert [entry[k] for entry in history[quantity]] == own[quantity]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sgd", "momentum", "rmsprop", "adam"])
def test_a_replica_that_diverges_keeps_its_statistics_and_leaves_the_others_alone(name, dtype):
    X, Y = numbers()
    huge = 1e30 if dtype == "float32" else 1e300
    rates = np.array([0.01, huge, 0.001, huge / 1e14])
    net = make(dtype).replicate(4)
    seen = Seen(net)
    trainer = Trainer(net, optimizer(name, lr=rates), batch_size=20, callbacks=[seen])
    history = trainer.fit(X, Y, 6, validation=(X, Y))
    assert np.isfinite(net.fixed).all()
    for k, rate in enumerate(rates):
        alone = make(dtype)
        with contextlib.suppress(TrainingDiverged):
            Trainer(alone, optimizer(name, lr=rate), batch_size=20).fit(X, Y, 6)
        assert np.array_equal(net.theta[k], alone.theta)
        assert np.array_equal(net.fixed[k], alone.fixed)
    assert history.diverged_at[1] > 0
    assert not np.array_equal(net.fixed[0], net.fixed[1])


def test_a_replica_whose_update_was_not_made_stays_as_it_was_whatever_it_sees_later():
    X, Y = numbers()
    net = make().replicate(2)
    seen = Seen(net)
    rates = np.array([0.01, 1.7e308])
    history = Trainer(net, SGD(rates), batch_size=10, callbacks=[seen]).fit(X, 100 * Y, 3)
    assert history.diverged_at == [0, 1]
    assert np.isfinite(net.copy().loss_and_grad(X, Y)).all()  # it could see every later batch
    assert np.array_equal(net.theta[1], seen.theta[0][1])
    assert np.array_equal(net.fixed[1], seen.fixed[0][1])
    alone = make()
    Trainer(alone, SGD(0.01), batch_size=10).fit(X, 100 * Y, 3)
    assert np.array_equal(net.fixed[0], alone.fixed)


# --- divergence


def assert_undone(trainer, seen, X, Y):
    """Train until the run diverges: weights and statistics are those from before that step."""
    net = trainer.net
    with pytest.raises(TrainingDiverged):
        trainer.fit(X, Y, 1000)
    assert len(seen.theta) > 1
    assert np.array_equal(net.theta, seen.theta[-1])
    assert np.array_equal(net.fixed, seen.fixed[-1])
    assert np.isfinite(net.fixed).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_that_diverged_leaves_the_statistics_from_before_it(name, dtype):
    X, Y = numbers()
    net = make(dtype)
    seen = Seen(net)

    def grow(trainer):
        if len(seen.theta) == 4:
            trainer.optimizer.lr = 1e38 if dtype == "float32" else 1e300

    callbacks = [seen, LambdaCallback(on_batch_end=grow)]
    trainer = Trainer(net, optimizer(name), batch_size=20, callbacks=callbacks)
    assert_undone(trainer, seen, X, Y)


def test_a_variance_that_overflows_while_the_loss_is_finite_is_a_divergence():
    X, Y = numbers(20)
    net = MLP([Dense(4, 3), BatchNorm(), Dense(3, 3)], "squared_error", dtype="float32", seed=0)
    seen = Seen(net)
    X[12, 0] = 1e25  # in the second batch; normalised by an infinite deviation it gives zeros
    trainer = Trainer(net, SGD(1e-3), batch_size=10, shuffle=False, callbacks=[seen])
    with np.errstate(all="ignore"):
        assert np.isfinite(net.copy().loss_and_grad(X[10:], Y[10:]))
    assert_undone(trainer, seen, X[:, :4], Y)
    assert len(seen.theta) == 2


def test_a_network_that_diverged_can_be_trained_on():
    X, Y = numbers()
    net = make()
    with pytest.raises(TrainingDiverged):
        Trainer(net, SGD(0.01), batch_size=20).fit(1e300 * X, Y, 10)
    history = Trainer(net, SGD(0.01), batch_size=20).fit(X, Y, 20)
    assert history["loss"][-1] < history["loss"][0]


# --- early stopping


@pytest.mark.parametrize("monitor", ["val_loss", "loss", "val_mae"])
def test_the_statistics_of_the_best_epoch_are_given_back_with_its_weights(monitor):
    X, Y = numbers(80)
    net, stopping = make(), EarlyStopping(monitor, patience=4)
    fixed = []
    keep = LambdaCallback(on_epoch_end=lambda trainer: fixed.append(trainer.net.fixed.copy()))
    trainer = Trainer(net, SGD(0.3), metrics=["mae"], callbacks=[keep, stopping])
    history = trainer.fit(X[:40], Y[:40], 60, validation=(X[40:], Y[40:]))
    assert stopping.best_epoch < len(fixed)
    assert np.array_equal(net.fixed, fixed[stopping.best_epoch - 1])
    assert not np.array_equal(net.fixed, fixed[-1])
    if monitor == "loss":
        assert net.evaluate(X[:40], Y[:40]) == stopping.best
    elif monitor == "val_loss":
        assert net.evaluate(X[40:], Y[40:]) == stopping.best == min(history["val_loss"])
    else:
        assert np.abs(net.predict(X[40:]) - Y[40:]).mean() == pytest.approx(stopping.best)


@pytest.mark.parametrize("restore_best", [True, False])
def test_with_replicas_each_gets_its_own_statistics_back(restore_best):
    X, Y = numbers(80)
    rates = np.array([0.5, 0.02, 0.2])
    fit = {"epochs": 40, "validation": (X[40:], Y[40:])}

    def stopping():
        return EarlyStopping(patience=3, restore_best=restore_best)

    net = make().replicate(3)
    Trainer(net, SGD(rates), callbacks=[stopping()]).fit(X[:40], Y[:40], **fit)
    for k, rate in enumerate(rates):
        alone = make()
        Trainer(alone, SGD(rate), callbacks=[stopping()]).fit(X[:40], Y[:40], **fit)
        assert np.array_equal(net.theta[k], alone.theta)
        assert np.array_equal(net.fixed[k], alone.fixed)
