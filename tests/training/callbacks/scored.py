"""Runs whose scores are given, for the tests of early stopping."""

from mlp import SGD, Callback, EarlyStopping, Trainer
from tests.training.small import classes, classifier

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
