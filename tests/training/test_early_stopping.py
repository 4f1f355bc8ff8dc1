"""Early stopping: when a run ends, and with which weights."""

import copy
import math
import os
import signal

import numpy as np
import pytest

from mlp import SGD, Adam, Callback, EarlyStopping, LambdaCallback, Trainer, TrainingDiverged
from tests.training.small import classes, classifier, numbers, regressor

X, y = classes(80)
TRAIN, HELD_OUT = (X[:40], y[:40]), (X[40:], y[40:])


class Scores(Callback):
    """A metric that gives these scores, the last one from then on; keeps the weights by epoch."""

    name, higher_is_better = "score", False

    def __init__(self, *scores):
        self.scores, self.theta = scores, []

    def __call__(self, Y, outputs):
        return self.scores[min(len(self.theta), len(self.scores) - 1)]

    def on_epoch_end(self, trainer):
        self.theta.append(trainer.net.theta.copy())


def make(scores, net=None, before=(), after=(), **options):
    """Return scores, a callback that watches them, and a trainer with them."""
    given, stopping = Scores(*scores), EarlyStopping("score", **options)
    net = classifier() if net is None else net
    callbacks = [*before, given, stopping, *after]
    return given, stopping, Trainer(net, SGD(0.01), metrics=[given], callbacks=callbacks)


def run(scores, epochs=20, **options):
    """Train with given scores; return the callback, the network and the weights by epoch."""
    given, stopping, trainer = make(scores, **options)
    trainer.fit(X, y, epochs)
    return stopping, trainer.net, given.theta


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
    assert history.diverged_at == [3, 0] or history.diverged_at == [4, 0]
    assert stopping.best_epoch.tolist() == [2, 6]
    alone = regressor()
    Trainer(alone, SGD(0.01)).fit(*data, 2)
    assert np.array_equal(nets.theta[0], alone.theta)


def test_a_further_fit_goes_on_and_the_old_best_still_counts():
    given, stopping, trainer = make([5.0, 1.0, 3.0, 3.0], patience=9)
    for _ in range(4):
        trainer.fit(X, y, 1)
    assert (stopping.best, stopping.best_epoch) == (1.0, 2)
    assert np.array_equal(trainer.net.theta, given.theta[1])
    assert stopping.state_dict()["waited"] == 2


def test_a_run_that_had_stopped_gets_its_whole_patience_again():
    _, stopping, trainer = make([1.0, 2.0], patience=2)
    trainer.fit(X, y, 10)
    assert (trainer.epoch, stopping.stopped_epoch) == (3, 3)
    trainer.fit(X, y, 10)
    assert (trainer.epoch, stopping.stopped_epoch) == (5, 5)


def test_with_another_trainer_it_starts_anew():
    stopping = EarlyStopping(patience=3)
    for seed in (1, 2):
        net = classifier(seed=seed)
        history = Trainer(net, SGD(0.1), callbacks=[stopping]).fit(*TRAIN, 4, validation=HELD_OUT)
        assert stopping.best == min(history["val_loss"])
        assert net.evaluate(*HELD_OUT) == stopping.best


def test_its_state_continues_a_run_bit_for_bit():
    def begin():
        stopping = EarlyStopping("loss", patience=5)
        return stopping, Trainer(classifier(), Adam(0.05), batch_size=None, callbacks=[stopping])

    whole, trainer = begin()
    trainer.fit(*TRAIN, 8)
    first, begun = begin()
    begun.fit(*TRAIN, 3)
    saved = copy.deepcopy(first.state_dict())
    assert all(isinstance(array, np.ndarray) for array in saved.values())

    stopping, trainer_2 = begin()
    trainer_2.net.theta = begun.net.theta
    trainer_2.optimizer.load_state_dict(begun.optimizer.state_dict())
    trainer_2.history, trainer_2._rng = begun.history, begun._rng
    stopping.load_state_dict(saved)
    trainer_2.fit(*TRAIN, 5)
    for name, array in whole.state_dict().items():
        assert np.array_equal(array, stopping.state_dict()[name])
    assert np.array_equal(trainer.net.theta, trainer_2.net.theta)


def test_a_state_of_something_else_is_refused_and_changes_nothing():
    stopping = EarlyStopping("loss")
    Trainer(classifier(), "sgd", callbacks=[stopping]).fit(X, y)
    before = stopping.state_dict()
    with pytest.raises(ValueError, match=r"received the state \['waited'\], expected"):
        stopping.load_state_dict({"waited": np.zeros(1)})
    assert all(np.array_equal(before[name], stopping.state_dict()[name]) for name in before)
    net = regressor().replicate(2)
    theta = net.theta.copy()
    stopping.load_state_dict(before)
    with pytest.raises(ValueError, match="state of another network"):
        Trainer(net, "sgd", callbacks=[stopping]).fit(*numbers())
    assert np.array_equal(net.theta, theta)


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ("val_loss", "no validation data"),
        ("val_los", "did you mean"),
        ("lr", "expected one of loss"),
    ],
)
def test_what_cannot_be_watched_is_said_before_the_first_epoch(monitor, message):
    net = classifier()
    trainer = Trainer(net, "sgd", callbacks=[EarlyStopping(monitor)])
    data = None if monitor == "val_loss" else HELD_OUT
    with pytest.raises(ValueError, match=message):
        trainer.fit(*TRAIN, validation=data)
    assert np.array_equal(net.theta, classifier().theta)
    assert len(trainer.history.epochs) == 0


def test_a_users_metric_needs_a_mode():
    def spread(Y, outputs):
        return outputs.std()

    trainer = Trainer(classifier(), metrics=[spread], callbacks=[EarlyStopping("spread")])
    with pytest.raises(ValueError, match="mode: received 'auto' for spread"):
        trainer.fit(X, y)
    stopping = EarlyStopping("spread", mode="max")
    Trainer(classifier(), metrics=[spread], callbacks=[stopping]).fit(X, y, 3)
    assert stopping.best > 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"patience": 0}, ValueError, "patience: received 0"),
        ({"patience": 1.5}, TypeError, "patience"),
        ({"min_delta": -0.1}, ValueError, "min_delta: received -0.1"),
        ({"min_delta": math.nan}, ValueError, "min_delta"),
        ({"mode": "lower"}, ValueError, "mode: received 'lower'"),
        ({"monitor": 3}, TypeError, "monitor"),
    ],
)
def test_bad_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        EarlyStopping(**options)
