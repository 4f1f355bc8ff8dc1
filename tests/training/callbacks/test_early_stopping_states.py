"""Early stopping from one `fit` to the next, and what it refuses."""

import copy
import math

import numpy as np
import pytest

from mlp import SGD, Adam, EarlyStopping, Trainer
from tests.training.callbacks.scored import HELD_OUT, TRAIN, X, make, y
from tests.training.small import classifier, numbers, regressor


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
