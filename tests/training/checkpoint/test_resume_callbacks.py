"""Callbacks in a run that is continued: what they remember, and what they are told."""

from itertools import product

import numpy as np
import pytest

from mlp import Callback, Checkpoint, CSVLogger, EarlyStopping, LambdaCallback
from tests.spread import spread
from tests.training.kinds import (
    BATCHES,
    EPOCHS,
    IN_AN_EPOCH,
    assert_same_run,
    fit,
    interrupted_after,
    resume,
    trainer,
    watched,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("K", "restore_best"), spread(product([None, 4], [True, False]), 3))
def test_early_stopping_and_a_falling_rate_go_on(tmp_path, K, restore_best):
    whole = watched(K, restore_best=restore_best)
    fit(whole, 20)
    batches = BATCHES * len(whole.history.epochs)
    assert batches < 20 * BATCHES  # it stopped early
    for place in range(1, batches):
        path = tmp_path / f"{place}.npz"
        first = watched(K, restore_best=restore_best)
        first.callbacks += [Checkpoint(path, every=None), interrupted_after(place)]
        fit(first, 20)
        second = watched(K, restore_best=restore_best)
        resume(second, path, 20)
        assert_same_run(second, whole)
        for mine, its in zip(second.callbacks, whole.callbacks, strict=True):
            assert_same_state(mine, its)


def assert_same_state(one, other):
    mine, its = one.state_dict(), other.state_dict()
    assert mine.keys() == its.keys()
    for name in mine:
        assert np.array_equal(mine[name], its[name])
    if isinstance(one, EarlyStopping):
        assert np.array_equal(one.best, other.best)
        assert np.array_equal(one.best_epoch, other.best_epoch)
        assert np.array_equal(one.stopped_epoch, other.stopped_epoch)


def test_the_csv_file_of_a_continued_run_has_each_epoch_once(tmp_path):
    def make(*more):
        callbacks = [CSVLogger(tmp_path / "log.csv"), Checkpoint(tmp_path / "run.npz"), *more]
        return trainer("Dropout", "fixed", "adam", callbacks=callbacks)

    fit(make(interrupted_after(BATCHES + 1)))
    second = make()
    resume(second, tmp_path / "run.npz")
    _, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3", "4"]
    assert [float(row.split(",")[1]) for row in rows] == second.history["loss"]


class Counter(Callback):
    """Counts what it is called for, and starts from zero as a naive callback does."""

    def on_start(self, trainer):
        self.batches = self.epochs = 0
        self.in_epoch = []

    def on_epoch_begin(self, trainer):
        self.epochs += 1
        self.in_epoch.clear()

    def on_batch_end(self, trainer):
        self.batches += 1
        self.in_epoch.append(float(trainer.batch_loss))

    def state_dict(self):
        return {"batches": self.batches, "epochs": self.epochs, "in_epoch": list(self.in_epoch)}

    def load_state_dict(self, saved):
        self.batches, self.epochs = saved["batches"], saved["epochs"]
        self.in_epoch = list(saved["in_epoch"])


def test_a_callback_of_ones_own_goes_on_in_the_middle_of_an_epoch(tmp_path):
    path = tmp_path / "run.npz"
    whole, parts = Counter(), Counter()
    fit(trainer("Dropout", "fixed", "sgd", callbacks=[whole]))
    cut = [Counter(), Checkpoint(path, every=None), interrupted_after(IN_AN_EPOCH)]
    fit(trainer("Dropout", "fixed", "sgd", callbacks=cut))
    resume(trainer("Dropout", "fixed", "sgd", callbacks=[parts]), path)
    assert parts.state_dict() == whole.state_dict()
    assert parts.batches == EPOCHS * BATCHES


def test_a_callback_without_a_state_is_told_that_the_epoch_begins(tmp_path):
    path, begun = tmp_path / "run.npz", []
    look = LambdaCallback(on_epoch_begin=lambda t: begun.append((t.epoch, t.batch)))
    cut = [Checkpoint(path, every=None), interrupted_after(IN_AN_EPOCH)]
    fit(trainer("Dropout", "fixed", "sgd", callbacks=cut))
    resume(trainer("Dropout", "fixed", "sgd", callbacks=[look]), path)
    assert begun == [(3, 2), (4, 0)]


def test_a_rate_that_a_callback_has_changed_goes_on(tmp_path):
    path = tmp_path / "run.npz"

    def make(*more):
        def lower(trainer):
            trainer.optimizer.lr *= 0.5

        callbacks = [LambdaCallback(on_epoch_end=lower), *more]
        return trainer("Dropout", "fixed", "adam", callbacks=callbacks)

    whole, second = make(), make()
    fit(whole)
    fit(make(Checkpoint(path), interrupted_after(IN_AN_EPOCH)))
    resume(second, path)
    assert_same_run(second, whole)
    assert second.optimizer.lr == 0.05 / 2**EPOCHS
