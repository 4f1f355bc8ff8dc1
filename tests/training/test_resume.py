"""A run that is continued is the run that was never interrupted, to the last bit."""

import itertools

import numpy as np
import pytest

from mlp import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ReduceLROnPlateau,
    Trainer,
)
from tests.training.kinds import (
    BATCHES,
    COLUMNS,
    DATA,
    EPOCHS,
    HELD_OUT,
    LAYERS,
    OPTIONS,
    RATES,
    assert_same_run,
    interrupted_after,
    network,
    trainer,
)
from tests.training.small import OPTIMIZERS, optimizer

IN_AN_EPOCH, AT_ITS_END = 2 * BATCHES + 2, 2 * BATCHES


def fit(trainer, epochs=EPOCHS):
    return trainer.fit(*DATA, epochs, validation=HELD_OUT)


def resume(trainer, path, epochs=EPOCHS):
    return trainer.resume(path, *DATA, epochs, validation=HELD_OUT)


@pytest.mark.parametrize("place", [IN_AN_EPOCH, AT_ITS_END])
@pytest.mark.parametrize("K", [None, 3])
@pytest.mark.parametrize("layers", LAYERS)
def test_for_every_optimizer_and_schedule_and_layer(tmp_path, layers, K, place):
    path = tmp_path / "run.npz"
    for rate, name in itertools.product(RATES, OPTIMIZERS):
        kind = (layers, rate, name, K)
        whole = trainer(*kind)
        fit(whole)
        checkpoint = Checkpoint(path, every=None)
        first = trainer(*kind, callbacks=[checkpoint, interrupted_after(place)])
        assert fit(first).status == "interrupted"
        second = trainer(*kind, seed=5)
        second.net.initialize(5)
        resume(second, path)
        assert_same_run(second, whole)
        path.unlink()


@pytest.mark.parametrize("K", [None, 3])
@pytest.mark.parametrize("layers", LAYERS)
def test_training_n_and_then_m_epochs_is_training_n_plus_m_for_every_kind(layers, K):
    for rate, name in itertools.product(RATES, OPTIMIZERS):
        whole, parts = trainer(layers, rate, name, K), trainer(layers, rate, name, K)
        fit(whole)
        fit(parts, 1)
        fit(parts, 0)
        fit(parts, EPOCHS - 1)
        assert_same_run(parts, whole)


def watched(K=None, patience=4, **options):
    """A trainer with everything that watches a run and changes it."""
    callbacks = [
        EarlyStopping(patience=patience, **options),
        ReduceLROnPlateau(patience=1, factor=0.5),
    ]
    net = network("Dropout", K)
    lr = 0.3 if K is None else np.geomspace(0.01, 1.0, K)
    return Trainer(net, optimizer("momentum", lr), **OPTIONS, callbacks=callbacks)


@pytest.mark.parametrize("restore_best", [True, False])
@pytest.mark.parametrize("K", [None, 4])
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


@pytest.mark.parametrize("how", ["every epoch", "every batch"])
def test_a_run_may_be_interrupted_again_and_again(tmp_path, how):
    path = tmp_path / "run.npz"
    whole = watched()
    fit(whole, 12)
    for _ in range(100):
        checkpoint = Checkpoint(path, every_batches=None if how == "every epoch" else 1)
        part = watched()
        part.callbacks += [checkpoint, interrupted_after(3)]
        if part.resume(path, *DATA, 12, validation=HELD_OUT, missing_ok=True).status == "completed":
            break
    assert_same_run(part, whole)


def test_a_run_that_is_over_returns_at_once(tmp_path):
    path = tmp_path / "run.npz"
    first = watched()
    first.callbacks.append(Checkpoint(path))
    fit(first, 20)
    written = path.read_bytes()
    second = watched()
    never = LambdaCallback(on_epoch_begin=pytest.fail, on_batch_end=pytest.fail)
    second.callbacks += [Checkpoint(path), never]
    resume(second, path, 20)
    assert_same_run(second, first)
    assert path.read_bytes() == written


def test_more_epochs_continue_a_run_that_was_over_and_kept_its_best_weights(tmp_path):
    path = tmp_path / "run.npz"
    whole, first, second = (watched(patience=50) for _ in range(3))
    fit(whole, 12)
    first.callbacks.append(Checkpoint(path))
    fit(first, 5)
    resume(second, path, 12)
    assert_same_run(second, whole)


def test_a_run_that_a_callback_has_stopped_is_over(tmp_path):
    path = tmp_path / "run.npz"

    def make():
        stop = LambdaCallback(on_epoch_end=lambda t: t.stop() if t.epoch >= 2 else None)
        return trainer("Dropout", "fixed", "adam", callbacks=[stop, Checkpoint(path)])

    first, second = make(), make()
    fit(first)
    resume(second, path)
    assert second.history.epochs == range(1, 3)
    assert_same_run(second, first)


def test_after_it_the_same_trainer_trains_on_as_ever(tmp_path):
    path = tmp_path / "run.npz"
    whole = trainer("Dropout", "fixed", "adam")
    fit(whole, 6)
    first = trainer("Dropout", "fixed", "adam", callbacks=[Checkpoint(path)])
    fit(first, 2)
    second = trainer("Dropout", "fixed", "adam", callbacks=[Checkpoint(path)])
    resume(second, path, 3)
    fit(second, 3)
    assert_same_run(second, whole)


def test_the_same_trainer_may_go_back_to_its_checkpoint(tmp_path):
    whole = trainer("Dropout", "fixed", "adam")
    fit(whole, 6)
    checkpoint = Checkpoint(tmp_path / "run.npz", every=4)
    one = trainer("Dropout", "fixed", "adam", callbacks=[checkpoint, interrupted_after(18)])
    fit(one, 6)
    resume(one, checkpoint.path, 6)
    assert_same_run(one, whole)


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


@pytest.mark.parametrize("kind", ["MT19937", "Philox", "SFC64", "PCG64DXSM"])
def test_any_random_generator_of_numpy_goes_on(tmp_path, kind):
    path = tmp_path / "run.npz"

    def make(seed, *callbacks):
        rng = np.random.Generator(getattr(np.random, kind)(seed))
        return trainer("Dropout", "fixed", "adam", callbacks=callbacks, seed=rng)

    whole, second = make(3), make(4)
    fit(whole)
    fit(make(3, Checkpoint(path, every=None), interrupted_after(IN_AN_EPOCH)))
    resume(second, path)
    assert second.net.theta.tobytes() == whole.net.theta.tobytes()
    for name in COLUMNS:
        assert second.history[name] == whole.history[name]
