"""ReduceLROnPlateau: the rate falls when a run gets no better."""

import math

import numpy as np
import pytest

from mlp import SGD, Adam, LambdaCallback, ReduceLROnPlateau, Trainer
from mlp.optim import Cosine, Exponential
from tests.training.small import classes, classifier

X, y = classes()


def scripted(*scores):
    """A metric that gives these scores, and the last one from then on."""
    given = list(scores)

    def score(Y, outputs):
        return given.pop(0) if len(given) > 1 else given[0]

    return score


def run(scores, optimizer, epochs=6, net=None, **options):
    slower = ReduceLROnPlateau("score", mode=options.pop("mode", "min"), **options)
    net = classifier() if net is None else net
    metrics = [scripted(*scores)]
    trainer = Trainer(net, optimizer, batch_size=None, metrics=metrics, callbacks=[slower])
    return trainer, trainer.fit(X, y, epochs)


def test_the_rate_falls_after_patience_epochs_without_a_better_value():
    _, history = run([3.0, 2.0, 2.0, 2.0, 1.0, 1.0], SGD(0.5), patience=2, factor=0.5)
    assert history["lr"] == [0.5, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_it_is_the_rate_of_the_updates():
    trainer, _ = run([1.0], SGD(0.5), 4, patience=1, factor=0.5)
    lower, net = iter([0.5, 0.5, 0.25, 0.125]), classifier()
    set_lr = LambdaCallback(on_epoch_begin=lambda t: setattr(t.optimizer, "lr", next(lower)))
    Trainer(net, SGD(0.5), batch_size=None, callbacks=[set_lr]).fit(X, y, 4)
    assert np.array_equal(trainer.net.theta, net.theta)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_no_improvement(bad):
    _, history = run([2.0, bad, 2.0, bad], SGD(0.5), 5, patience=3, factor=0.5)
    assert history["lr"] == [0.5, 0.5, 0.5, 0.5, 0.25]


def test_mode_max_and_min_delta():
    _, history = run([1.0, 1.05, 1.2], SGD(1.0), 4, patience=1, min_delta=0.1, mode="max")
    assert history["lr"] == [1.0, 1.0, 0.1, 0.1]


def test_a_schedule_goes_on_and_is_scaled():
    schedule = Exponential(0.5, 0.9)
    _, history = run([1.0], Adam(schedule), 4, patience=2, factor=0.5)
    expected = [schedule(0), schedule(1), schedule(2), 0.5 * schedule(3)]
    assert history["lr"] == expected


def test_each_replicas_rate_falls_by_itself():
    def score(Y, outputs):
        return next(scores)

    scores = iter([1.0, 1.0, 0.9, 1.0, 0.8, 1.0, 0.7, 1.0])
    slower = ReduceLROnPlateau("score", patience=1, factor=0.5, mode="min")
    trainer = Trainer(
        classifier().replicate(2), SGD([0.1, 0.4]), metrics=[score], callbacks=[slower]
    )
    history = trainer.fit(X, y, 4)
    expected = [[0.1, 0.4], [0.1, 0.4], [0.1, 0.2], [0.1, 0.1]]
    assert np.array_equal(history["lr"], expected)


def test_replicas_that_share_a_rate_get_their_own():
    trainer, history = run([1.0], SGD(0.5), 3, classifier().replicate(2), patience=1, factor=0.5)
    assert np.array_equal(history["lr"][-1], [0.25, 0.25])
    assert trainer.optimizer.lr == 0.5


def test_the_rate_falls_no_lower_than_min_lr():
    _, history = run([1.0], SGD(0.5), 5, patience=1, factor=0.1, min_lr=0.02)
    assert history["lr"] == pytest.approx([0.5, 0.5, 0.05, 0.02, 0.02])


def test_a_further_fit_goes_on_with_the_rate_that_was_reached():
    trainer, _ = run([1.0], SGD(0.5), 3, patience=2, factor=0.5)
    history = trainer.fit(X, y, 4)
    assert history["lr"] == [0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


def test_its_state_brings_the_rate_back():
    trainer, _ = run([1.0], SGD(0.5), 4, patience=2, factor=0.5)
    (old,), new = trainer.callbacks, ReduceLROnPlateau("score", 0.5, 2, mode="min")
    new.load_state_dict(old.state_dict())
    again = Trainer(classifier(), SGD(0.5), metrics=[scripted(1.0)], callbacks=[new])
    assert again.fit(X, y, 3)["lr"] == [0.25, 0.125, 0.125]


def test_the_loss_of_the_history_can_be_watched():
    slower = ReduceLROnPlateau("loss", patience=2)
    trainer = Trainer(classifier(), SGD(0.0), batch_size=None, callbacks=[slower])
    trainer.fit(X, y, 5)
    assert trainer.optimizer.lr_scale == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"factor": 1.0}, ValueError, "factor: received 1.0, expected a number between 0 and 1"),
        ({"factor": 0.0}, ValueError, "factor"),
        ({"factor": "0.1"}, TypeError, "factor"),
        ({"min_lr": -1.0}, ValueError, "min_lr"),
        ({"patience": 0}, ValueError, "patience"),
    ],
)
def test_bad_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        ReduceLROnPlateau(**options)


@pytest.mark.parametrize(
    ("lr", "message"),
    [(Cosine(0.1, 100), "min_lr: received 0.01 and a schedule"), (0.001, "at most the rate 0.001")],
)
def test_a_min_lr_without_meaning_is_refused_before_anything_is_changed(lr, message):
    net = classifier()
    trainer = Trainer(net, SGD(lr), callbacks=[ReduceLROnPlateau("loss", min_lr=0.01)])
    with pytest.raises(ValueError, match=message):
        trainer.fit(X, y)
    assert np.array_equal(net.theta, classifier().theta)
