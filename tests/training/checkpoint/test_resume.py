"""A run that is continued is the run that was never interrupted, to the last bit."""

from itertools import product

import numpy as np
import pytest

from mlp import Checkpoint, LambdaCallback, Trainer
from mlp.training import run as run_module
from tests.spread import spread
from tests.training.kinds import (
    AT_ITS_END,
    COLUMNS,
    DATA,
    EPOCHS,
    HELD_OUT,
    IN_AN_EPOCH,
    LAYERS,
    OPTIONS,
    RATES,
    assert_same_run,
    fit,
    interrupted_after,
    network,
    pairs,
    resume,
    trainer,
    watched,
)
from tests.training.small import OPTIMIZERS, optimizer


def test_the_pairs_below_are_all_rates_with_all_optimizers():
    found = {pair for layers in LAYERS for pair in pairs(layers, None)}
    assert found == {(rate, name) for rate in RATES for name in OPTIMIZERS}
    assert {name for _, name in pairs("Dense", 3)} == set(OPTIMIZERS)


@pytest.mark.parametrize(
    ("layers", "K", "place"), spread(product(LAYERS, (None, 3), (IN_AN_EPOCH, AT_ITS_END)), 3)
)
def test_for_every_optimizer_and_schedule_and_layer(tmp_path, layers, K, place):
    path = tmp_path / "run.npz"
    for rate, name in pairs(layers, K):
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
    for rate, name in pairs(layers, K):
        whole, parts = trainer(layers, rate, name, K), trainer(layers, rate, name, K)
        fit(whole)
        fit(parts, 1)
        fit(parts, 0)
        fit(parts, EPOCHS - 1)
        assert_same_run(parts, whole)


def test_a_replica_that_has_diverged_stays_where_it_was(tmp_path):
    path = tmp_path / "run.npz"

    def make(*callbacks):
        net = network("Dense", 3)
        method = optimizer("momentum", np.array([0.1, 1e200, 0.01]))
        return Trainer(net, method, **OPTIONS | {"clip_norm": None}, callbacks=callbacks)

    whole, second = make(), make()
    fit(whole)
    assert whole.alive.tolist() == [True, False, True]
    fit(make(Checkpoint(path, every=None), interrupted_after(IN_AN_EPOCH)))
    resume(second, path)
    assert_same_run(second, whole)


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


def test_an_epoch_that_is_continued_lasts_as_long_as_both_parts(tmp_path, monkeypatch):
    path, now = tmp_path / "run.npz", [0.0]
    monkeypatch.setattr(run_module.time, "perf_counter", lambda: now[0])

    def a_minute(trainer):
        now[0] += 60.0

    def make(*more):
        watch = LambdaCallback(on_batch_end=a_minute)
        return trainer("Dropout", "fixed", "sgd", callbacks=[watch, *more])

    fit(make(Checkpoint(path), interrupted_after(IN_AN_EPOCH)))
    now[0] += 1e6
    second = make()
    resume(second, path)
    assert second.history["seconds"] == [240.0] * EPOCHS


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
