"""Early stopping: when a run ends, and with which weights."""

import math
import os
import signal

import numpy as np
import pytest

import mlp
from mlp import SGD, EarlyStopping, LambdaCallback, Trainer, TrainingDiverged
from tests.training.callbacks.scored import HELD_OUT, TRAIN, X, make, run, y
from tests.training.small import classifier, numbers, regressor


def weights_by_epoch(epochs):
    """The weights after each epoch of an uninterrupted run."""
    net, thetas = classifier(), []
    keep = LambdaCallback(on_epoch_end=lambda trainer: thetas.append(net.theta.copy()))
    Trainer(net, SGD(0.5), callbacks=[keep]).fit(*TRAIN, epochs)
    return thetas


@pytest.mark.parametrize("monitor", ["val_loss", "loss", "val_accuracy"])
def test_the_restored_weights_are_bit_for_bit_those_after_the_best_epoch(monitor):
    net, stopping = classifier(), EarlyStopping(monitor, patience=4)
    trainer = Trainer(net, SGD(0.5), callbacks=[stopping], metrics=["accuracy"])
    trainer.fit(*TRAIN, 60, validation=HELD_OUT)
    thetas = weights_by_epoch(trainer.epoch)
    assert np.array_equal(net.theta, thetas[stopping.best_epoch - 1])
    if monitor == "loss":
        assert net.evaluate(*TRAIN) == stopping.best
    else:
        column = trainer.history[monitor]
        assert stopping.best == column[stopping.best_epoch - 1]
        assert stopping.best == (max if monitor == "val_accuracy" else min)(column)
    if stopping.stopped_epoch:
        assert not np.array_equal(net.theta, thetas[-1])


def test_the_training_loss_is_scored_with_the_weights_it_belongs_to():
    # the batches' mean loss before each update is least in the epoch after the best weights
    stopping, net = EarlyStopping("loss"), classifier()
    weight = np.linspace(0.0, 2.0, 40)
    trainer = Trainer(net, SGD(0.1), batch_size=None, l2=0.01, callbacks=[stopping])
    history = trainer.fit(*TRAIN, 5, sample_weight=weight)
    score = net.evaluate(*TRAIN, weight, penalty=trainer.penalty)
    assert stopping.best == score < history["loss"][-1]
    assert stopping.best_epoch == 5


def test_the_run_ends_after_patience_epochs_without_a_better_score():
    stopping, net, thetas = run([3.0, 2.0, 2.5, 2.0, 2.1], patience=3)
    assert len(thetas) == 5
    assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (2.0, 2, 5)
    assert np.array_equal(net.theta, thetas[1])


def test_a_better_score_starts_the_waiting_anew():
    stopping, _, thetas = run([3.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0], patience=2)
    assert len(thetas) == stopping.stopped_epoch == 7
    assert stopping.best_epoch == 5


def test_what_beats_by_less_than_min_delta_does_not_prolong_the_run_but_is_the_best():
    stopping, net, thetas = run([1.0, 0.96, 0.92, 0.91], patience=3, min_delta=0.1)
    assert len(thetas) == 4
    assert (stopping.best, stopping.best_epoch) == (0.91, 4)
    assert np.array_equal(net.theta, thetas[3])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_no_improvement_and_does_not_reset_the_patience(bad):
    stopping, net, thetas = run([2.0, bad, 3.0, bad, 3.0], patience=4)
    assert len(thetas) == 5
    assert stopping.best == 2.0
    assert np.array_equal(net.theta, thetas[0])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_without_a_finite_score_the_run_ends_and_the_weights_stay(bad):
    stopping, net, thetas = run([bad], patience=3)
    assert len(thetas) == stopping.stopped_epoch == 3
    assert math.isnan(stopping.best)
    assert stopping.best_epoch == 0
    assert np.array_equal(net.theta, thetas[-1])


def test_a_finite_score_after_nan_is_the_first_improvement():
    stopping, _, thetas = run([math.nan, math.nan, 5.0, 5.0, 5.0, 5.0], patience=3)
    assert len(thetas) == 6
    assert stopping.best_epoch == 3


def test_mode_max_takes_the_highest_score():
    stopping, net, thetas = run([1.0, 3.0, 2.0, 2.0], patience=2, mode="max")
    assert (stopping.best, stopping.best_epoch) == (3.0, 2)
    assert np.array_equal(net.theta, thetas[1])


def test_without_restore_best_the_last_weights_stay():
    stopping, net, thetas = run([1.0, 2.0, 3.0], patience=2, restore_best=False)
    assert stopping.best_epoch == 1
    assert np.array_equal(net.theta, thetas[2])


class Stop(Exception):
    pass


def end_by_epochs(trainer):
    pass


def end_by_stop(trainer):
    trainer.stop()


def end_by_exception(trainer):
    raise Stop


def end_by_ctrl_c(trainer):
    os.kill(os.getpid(), signal.SIGINT)


def end_by_ctrl_c_at_once(trainer):
    raise KeyboardInterrupt


def end_by_divergence(trainer):
    trainer.optimizer.lr = 1e300


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (end_by_epochs, None),
        (end_by_stop, None),
        (end_by_exception, Stop),
        (end_by_ctrl_c, None),
        (end_by_ctrl_c_at_once, KeyboardInterrupt),
        (end_by_divergence, TrainingDiverged),
    ],
)
def test_the_best_weights_are_restored_on_every_way_out(end, error):
    begin = LambdaCallback(on_epoch_begin=lambda t: end(t) if t.epoch == 5 else None)
    scores, _, trainer = make([3.0, 1.0, 2.0], regressor(), after=[begin])
    if error is None:
        trainer.fit(*numbers(), 5)
    else:
        with pytest.raises(error):
            trainer.fit(*numbers(), 7)
    assert len(scores.theta) in (4, 5)
    assert np.array_equal(trainer.net.theta, scores.theta[1])


def test_nor_does_another_callbacks_failing_on_stop_keep_them_from_it():
    def fail(trainer):
        raise Stop

    scores, _, trainer = make([1.0, 2.0], before=[LambdaCallback(on_stop=fail)])
    with pytest.raises(Stop):
        trainer.fit(X, y, 2)
    assert np.array_equal(trainer.net.theta, scores.theta[0])


@pytest.mark.parametrize("restore_best", [True, False])
def test_each_replica_ends_with_the_bits_that_its_run_alone_ends_with(restore_best):
    rates = [0.02, 0.5, 2.0, 3.0]
    stopping = EarlyStopping(patience=3, restore_best=restore_best)
    nets = classifier().replicate(4)
    Trainer(nets, SGD(rates), callbacks=[stopping]).fit(*TRAIN, 40, validation=HELD_OUT)
    for k, rate in enumerate(rates):
        net, own = classifier(), EarlyStopping(patience=3, restore_best=restore_best)
        Trainer(net, SGD(rate), callbacks=[own]).fit(*TRAIN, 40, validation=HELD_OUT)
        assert np.array_equal(nets.theta[k], net.theta)
        ends = own.best, own.best_epoch, own.stopped_epoch
        assert (stopping.best[k], stopping.best_epoch[k], stopping.stopped_epoch[k]) == ends
    assert len(set(stopping.stopped_epoch)) > 1


def test_a_replica_that_diverges_gets_its_best_weights_and_the_others_go_on():
    grow = LambdaCallback(
        on_epoch_begin=lambda t: setattr(t.optimizer, "lr", [1e300, 0.01]) if t.epoch == 3 else None
    )
    stopping, nets = EarlyStopping(patience=50), regressor().replicate(2)
    data = numbers()
    trainer = Trainer(nets, SGD([0.01, 0.01]), callbacks=[grow, stopping])
    history = trainer.fit(*data, 6, validation=data)
    assert history.diverged_at == [3, 0]
    assert stopping.best_epoch.tolist() == [2, 6]
    alone = regressor()
    Trainer(alone, SGD(0.01)).fit(*data, 2)
    assert np.array_equal(nets.theta[0], alone.theta)


def test_without_patience_the_run_goes_on_and_the_best_weights_are_restored():
    train, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
    net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    keeping = mlp.EarlyStopping(patience=None)
    trainer = mlp.Trainer(net, mlp.SGD(1.0), callbacks=[keeping])
    history = trainer.fit(train.X[:300], train.y[:300], epochs=40, validation=tuple(held_out))
    assert history.status == "completed"
    assert len(history["loss"]) == 40
    assert keeping.stopped_epoch == 0
    assert keeping.best_epoch < 40
    assert net.evaluate(*held_out) == keeping.best == min(history["val_loss"])


def test_neither_patience_nor_the_best_weights_is_rejected():
    with pytest.raises(ValueError, match="patience: received None, expected a number without"):
        mlp.EarlyStopping(patience=None, restore_best=False)
    with pytest.raises(TypeError, match="patience: received None, expected"):
        mlp.ReduceLROnPlateau(patience=None)
